;(() => {
  // Calls the function that the program above defines with arguments from standard input, and writes what came.
  const fs = typeof require === "function" ? require("fs") : harnessFs; // an ES module was given it by its compiler
  const job = JSON.parse(fs.readFileSync(0, "utf8"));
  const entry = $ENTRY$;
  const seen = [];
  const write = (value) => {
    if (value === null || value === undefined) return null;
    if (typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "bigint") return { i: value.toString(16) };
    if (typeof value === "number") {
      if (Number.isFinite(value)) return value;
      return { f: Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf" };
    }
    if (typeof value === "function" || typeof value === "symbol") throw new TypeError("the result is a " + typeof value);
    if (seen.includes(value)) throw new TypeError("the result contains itself");
    seen.push(value);
    let written;
    if (Array.isArray(value) || ArrayBuffer.isView(value)) written = Array.from(value, write);
    else if (value instanceof Set) written = { s: Array.from(value, write) };
    else if (value instanceof Map) written = { d: Array.from(value, ([k, v]) => [write(k), write(v)]) };
    else if (value instanceof Number || value instanceof String || value instanceof Boolean) written = write(value.valueOf());
    else written = { d: Object.entries(value).map(([k, v]) => [k, write(v)]) };
    seen.pop();
    return written;
  };
  const answer = (result) => {
    const text = Buffer.from(JSON.stringify(result)).toString("base64");
    const bytes = Buffer.from("\n" + job.mark + text + "\n");
    for (let at = 0; at < bytes.length; ) {
      try { at += fs.writeSync(1, bytes, at); } catch (error) { if (error.code !== "EAGAIN") throw error; }
    }
  };
  const failed = (error) => answer({ e: String((error && error.stack) || error).slice(0, 2000) });
  const find = () => {
    let target;
    try { target = eval(entry[0]); } catch (error) { if (!(error instanceof ReferenceError)) throw error; }
    if (target === undefined && typeof module !== "undefined") target = module.exports[entry[0]] ?? (entry.length === 1 && typeof module.exports === "function" && module.exports.name === entry[0] ? module.exports : undefined);
    if (entry.length === 2 && target !== undefined) { const owner = new target(); return owner[entry[1]].bind(owner); }
    if (target === undefined && typeof Solution !== "undefined") { const owner = new Solution(); target = owner[entry[0]]?.bind(owner); }
    if (typeof target !== "function") throw new ReferenceError("the program defines no function " + entry.join("."));
    return target;
  };
  try {
    const result = find()(...job.args);
    if (result && typeof result.then === "function") result.then((value) => answer({ v: write(value) }), failed).catch(failed);
    else answer({ v: write(result) });
  } catch (error) {
    failed(error);
  }
})();
