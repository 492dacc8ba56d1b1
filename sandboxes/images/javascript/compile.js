// Checks a program before its tests run, and turns TypeScript into JavaScript.
// Usage: node compile.js source.js | source.ts | --version       Writes main.js, and package.json for an ES module.
"use strict";
const fs = require("fs");
const vm = require("vm");
const typescript = () => {
  module.paths.push("/usr/share/nodejs", "/usr/lib/node_modules", "/usr/local/lib/node_modules");
  return require("typescript");
};
const file = process.argv[2];

function transpiled(source) {
  const ts = typescript();
  const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, esModuleInterop: true };
  const out = ts.transpileModule(source, { compilerOptions: options, reportDiagnostics: true, fileName: file });
  const errors = out.diagnostics.filter((d) => d.category === ts.DiagnosticCategory.Error);
  for (const error of errors) {
    const at = error.file ? error.file.getLineAndCharacterOfPosition(error.start) : { line: 0, character: 0 };
    console.error(`${file}:${at.line + 1}:${at.character + 1} ${ts.flattenDiagnosticMessageText(error.messageText, "\n")}`);
  }
  if (errors.length) process.exit(1);
  return out.outputText;
}

function check(source) {
  const body = source.replace(/^#!.*/, "");
  try {
    // what Node wraps a CommonJS module in: `return` is legal at its top level
    vm.compileFunction(body, ["exports", "require", "module", "__filename", "__dirname"], { filename: file });
  } catch (error) {
    const isModule = /import statement|import\.meta|Unexpected token 'export'|await is only valid|Unexpected (identifier|strict mode)/;
    if (!isModule.test(error.message) || !/^\s*(import|export)\b|\bawait\b/m.test(body)) throw error;
    fs.writeFileSync("package.json", '{"type": "module"}'); // Node finds what is wrong with it when it runs
    return 'import * as harnessFs from "fs"; ' + source; // for a harness below it, since a module has no `require`
  }
  return source;
}

if (file === "--version") {
  console.log(`TypeScript ${typescript().version}, Node.js ${process.version}`);
} else {
  let source = fs.readFileSync(file, "utf8");
  if (file.endsWith(".ts")) source = transpiled(source);
  try {
    fs.writeFileSync("main.js", check(source));
  } catch (error) {
    console.error(String(error.stack).split("\n    at ")[0]);
    process.exit(1);
  }
}
