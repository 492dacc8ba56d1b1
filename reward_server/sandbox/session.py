"""The verbs of a sandbox, spoken to its runner. The same for every driver."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from typing import Any

from reward_server.errors import InvalidTask
from reward_server.sandbox import values
from reward_server.sandbox.base import (
    WALL_EXTRA_S,
    WALL_FACTOR,
    Build,
    Call,
    CallResult,
    Calls,
    ErrorInfo,
    Execution,
    ExecutionLimits,
    Hosted,
    ImageInfo,
    Interaction,
    Language,
    Program,
    SandboxDied,
    Tester,
    TestReport,
)
from reward_server.sandbox.build_cache import LARGEST, BuildCache, Made
from reward_server.sandbox.channel import Channel
from reward_server.sandbox.frame import Head

_GRACE_S = 15.0
_WAITED_FACTOR, _WAITED_S = 4.0, 40.0
"""The runner gives a starved execution up to four times its wall limit and 30 seconds."""
_LOADED_BYTES = 1 << 20
_CHUNK_INPUTS, _CHUNK_BYTES = 64, 8 << 20
_NO_EXECUTION = Execution(exit_code=0)


class NotClean(SandboxDied):
    """The sandbox could not be cleaned of its last occupant: nothing of this one has run in it."""


class Session:
    """One occupant's use of one sandbox: ``base.Sandbox`` over a channel."""

    def __init__(self, channel: Channel, image: ImageInfo, isolation: str, compiled: BuildCache) -> None:
        self._channel, self.image, self.isolation, self._compiled = channel, image, isolation, compiled
        channel.hold({"do": "reset"})  # of who was there before
        channel.occupants += 1
        self.is_first = channel.occupants == 1
        """Whether nobody was there before, so that whatever happens to the sandbox is this occupant's doing."""
        self._builds = 0
        self._iterator: Iterator[Execution] | None = None
        self.dirty: str | None = None
        """Why the sandbox must not have another occupant."""

    def build(self, program: Program) -> Build:
        """See ``base.Sandbox.build``."""
        self._free()
        language, self._builds = program.language, self._builds + 1
        limits = ExecutionLimits(language.compile_time_s, language.compile_memory_mb, processes=256, file_mb=256)
        key = self._compiled.key(self.image, program) if language.compile is not None else None
        made = self._compiled.get(key) if key is not None else None
        head: Head = {
            "do": "put",
            "build": self._builds,
            "language": _language(language),
            "files": list(program.files),
            "made": None if made is None else [[name, mode] for name, mode, _ in made.files],
            "limits": _limits(limits, language),
        }
        _check_names(program.files, language.file)
        contents = [content for _, _, content in made.files] if made else []
        parts = [program.source, *program.files.values(), *contents]
        if key is None or made is not None:  # nothing runs, so nothing is answered
            self._channel.hold(head, parts)
            return Build(self._builds, program, _NO_EXECUTION if made is None else made.execution)
        self._channel.send(head, parts)
        head, parts = self._answer(_patience(limits.time_s))
        build = Build(self._builds, program, _execution(head["executions"][0], parts))
        if build.ok:
            self._keep(key, build)
        return build

    def _keep(self, key: bytes, build: Build) -> None:
        """Remember what the compiler made, before any program has run beside it."""
        self._channel.send({"do": "fetch", "build": build.id, "bytes": LARGEST})
        head, parts = self._answer(_GRACE_S)
        if parts:
            files = tuple((name, mode, content) for (name, mode), content in zip(head["files"], parts, strict=True))
            self._compiled.put(key, Made(build.execution, files))

    def run(
        self,
        build: Build,
        stdin: bytes = b"",
        limits: ExecutionLimits | None = None,
        *,
        files: Mapping[str, bytes] = {},
    ) -> Execution:
        """See ``base.Sandbox.run``."""
        limits = limits or ExecutionLimits()
        self._start(build, [stdin], limits, files)
        head, parts = self._answer(_patience(limits.time_s))
        return _execution(head["executions"][0], parts)

    def run_each(
        self, build: Build, stdins: Iterable[bytes], limits: ExecutionLimits | None = None
    ) -> Iterator[Execution]:
        """See ``base.Sandbox.run_each``."""
        self._free()
        self._iterator = self._run_each(build, stdins, limits or ExecutionLimits())
        return self._iterator

    def call(
        self,
        build: Build,
        entry: str,
        calls: Sequence[Call],
        limits: ExecutionLimits | None = None,
        *,
        prelude: str = "",
        value_classes: Sequence[str] = (),
        after: bool = False,
    ) -> Calls:
        """See ``base.Sandbox.call``."""
        self._free()
        limits = limits or ExecutionLimits()
        try:
            arguments = [call.written for call in calls]
        except values.NotPlain as error:
            raise InvalidTask(f"an argument cannot be passed: {error}") from None
        job = {"entry": entry, "prelude": prelude, "classes": list(value_classes), "after": after}
        head = {"do": "call", "build": build.id, "count": len(calls), "job": job}
        head["limits"] = _limits(limits, build.program.language)
        self._channel.send(head, [json.dumps(arguments).encode()])
        answer, parts = self._answer(_patience(limits.time_s, len(calls) + 1, limits.total_s))
        execution = _execution(answer["executions"][0], parts)
        return _calls(execution, parts[2], [call.most_bytes for call in calls])

    def host(self, candidate: Build, tester: Tester, limits: ExecutionLimits | None = None) -> Hosted:
        """See ``base.Sandbox.host``."""
        self._free()
        limits = limits or ExecutionLimits()
        job = {
            "setup": tester.setup,
            "tests": list(tester.tests),
            "entries": list(tester.entries),
            "stop": tester.stop_at_first_failure,
        }
        loaded = {
            "entries": list(tester.entries),
            "prelude": tester.prelude,
            "classes": list(tester.value_classes),
        }
        head = {"do": "host", "build": candidate.id, "candidate": loaded}
        head["limits"] = _limits(limits, candidate.program.language)
        self._channel.send(head, [json.dumps(job).encode()])
        answer, parts = self._answer(_patience(limits.time_s, len(tester.tests) + 2, limits.total_s))
        return _hosted(answer, parts)

    def interact(
        self,
        judge: Build,
        program: Build,
        limits: ExecutionLimits | None = None,
        *,
        judge_files: Mapping[str, bytes] = {},
        judge_args: Sequence[str] = (),
    ) -> Interaction:
        """See ``base.Sandbox.interact``."""
        self._free()
        limits = limits or ExecutionLimits()
        _check_names(judge_files)
        head = {
            "do": "interact",
            "build": judge.id,
            "other": program.id,
            "files": list(judge_files),
            "args": [*judge.program.args, *judge_args],
            "other_args": list(program.program.args),
            "limits": _limits(limits, judge.program.language),
            "other_limits": _limits(limits, program.program.language),
        }
        self._channel.send(head, list(judge_files.values()))
        answer, parts = self._answer(_patience(limits.time_s))
        first, second = (_execution(head, parts[2 * at :]) for at, head in enumerate(answer["executions"]))
        return Interaction(first, second)

    def end(self) -> None:
        """Have nothing run any more; the next occupant has the sandbox cleaned. Raises ``SandboxDied``."""
        self._free()
        self._channel.forget_held()

    def _start(self, build: Build, stdins: list[bytes], limits: ExecutionLimits, files: Mapping[str, bytes]) -> None:
        self._free()
        _check_names(files)
        language = build.program.language
        head = {"do": "run", "build": build.id, "args": list(build.program.args), "files": list(files)}
        self._channel.send({**head, "limits": _limits(limits, language)}, [*files.values(), *stdins])

    def _run_each(self, build: Build, stdins: Iterable[bytes], limits: ExecutionLimits) -> Iterator[Execution]:
        source, patience = iter(stdins), _patience(limits.time_s)
        mine = self._iterator
        while chunk := _chunk(source):
            self._iterator = None
            self._start(build, chunk, limits, {})
            self._iterator = mine
            ended = False
            try:
                while not ended:
                    try:
                        head, parts = self._answer(patience)
                    except SandboxDied:
                        ended = True  # there is nothing to cancel
                        raise
                    ended = bool(head["end"])
                    for at, execution in enumerate(head.get("executions", ())):
                        yield _execution(execution, parts[2 * at :])
            finally:
                if not ended:
                    self._channel.send({"do": "cancel"})
                    while not ended:
                        ended = bool(self._answer(patience)[0]["end"])

    def _free(self) -> None:
        """Stop a run that the occupant has left unfinished. Raises ``SandboxDied`` where one has left files behind."""
        iterator, self._iterator = self._iterator, None
        close: Callable[[], None] | None = getattr(iterator, "close", None)
        if close is not None:
            close()
        if self.dirty is not None:  # not even the same occupant's next program may find what the last one left
            raise SandboxDied(f"the sandbox could not be cleaned: {self.dirty}")

    def _answer(self, within_s: float) -> tuple[Head, list[bytes]]:
        head, parts = self._channel.receive(within_s=within_s)
        self.dirty = self.dirty or head.get("dirty")
        if "unclean" in head:
            raise NotClean(f"the sandbox could not be cleaned: {str(head['unclean'])[:200]}")
        if "failed" in head:
            raise SandboxDied(f"the sandbox cannot go on: {str(head['failed'])[:200]}")
        return head, parts


def _patience(time_s: float, steps: int = 1, total_s: float = 0.0) -> float:
    """Longest that the runner may take for an execution of so many steps."""
    step_s = _WAITED_FACTOR * (WALL_FACTOR * time_s + WALL_EXTRA_S) + _WAITED_S
    longest_s = _WAITED_FACTOR * total_s + _WAITED_S if total_s else float("inf")
    return min(step_s * steps, longest_s) + _GRACE_S


def _chunk(source: Iterator[bytes]) -> list[bytes]:
    chunk, size = [], 0
    for stdin in islice(source, _CHUNK_INPUTS):
        chunk.append(stdin)
        size += len(stdin)
        if size > _CHUNK_BYTES:
            break
    return chunk


def _language(language: Language) -> Head:
    return {
        "file": language.file,
        "run": list(language.run),
        "compile": None if language.compile is None else list(language.compile),
        "warm": language.warm,
        "template": language.template,
        "env": dict(language.env),
    }


def _limits(limits: ExecutionLimits, language: Language) -> Head:
    cap = language.address_space_mb
    return {
        "time_s": limits.time_s,
        "total_s": limits.total_s,
        "memory_mb": limits.memory_mb,
        "address_space_mb": limits.memory_mb + cap if cap else 0,
        "processes": limits.processes,
        "output_bytes": limits.output_bytes,
        "file_mb": limits.file_mb,
        "open_files": limits.open_files,
    }


def _check_names(files: Mapping[str, bytes], own: str = "") -> None:
    for name in files:
        if own and name.startswith(f"{own}/"):
            raise InvalidTask(f"{name!r} lies below the program's own file")
        if not name or name.startswith("/") or "\0" in name or ".." in name.split("/"):
            raise InvalidTask(f"{name!r} is no relative file name")


def _execution(head: Head, parts: Sequence[bytes]) -> Execution:
    return Execution(
        exit_code=head["exit_code"],
        signal=head["signal"],
        limit=head["limit"],
        stdout=parts[0],
        stderr=parts[1],
        cpu_s=head["cpu_s"],
        wall_s=head["wall_s"],
        waited_s=head["waited_s"],
        memory_mb=head["memory_mb"],
        flags=tuple(head["flags"]),
    )


def _records(data: bytes, at_most: Iterable[int] = repeat(64 << 20)) -> Iterator[Any]:
    """The records in ``data``, each as JSON; stops at the first that is none (a forging program wrote it).

    One longer than its share of ``at_most`` is not read: hostile JSON costs fifty times its length in memory.
    """
    at = 0
    for most in at_most:
        if at + 4 > len(data):
            return
        size = int.from_bytes(data[at : at + 4], "little")
        if size > most:
            yield {"o": f"result of {size:,} bytes"}
            at += 4 + size
            continue
        try:
            record = json.loads(data[at + 4 : at + 4 + size])
        except (ValueError, RecursionError):
            return
        if not isinstance(record, dict):
            return
        yield record
        at += 4 + size


def _calls(execution: Execution, data: bytes, at_most: Sequence[int]) -> Calls:
    records = _records(data, [_LOADED_BYTES, *at_most])
    first = next(records, None)
    if first is None or "load" in first:
        return Calls((), execution, _error(first["load"]) if first else None)
    results = []
    for record in records:
        try:
            results.append(_call_result(record))
        except values.NotPlain as error:
            results.append(CallResult(error=ErrorInfo("NotPlain", str(error)), flags=("tampering",)))
    return Calls(tuple(results), execution)


def _call_result(record: Mapping[str, Any]) -> CallResult:
    after = record.get("a")
    args = values.decode(after) if isinstance(after, list) else None
    if "e" in record:
        return CallResult(error=_error(record["e"]))
    if "v" in record:
        return CallResult(value=values.decode(record["v"]), args=args)
    return CallResult(opaque=str(record.get("o"))[:200], args=args)


def _hosted(answer: Head, parts: Sequence[bytes]) -> Hosted:
    tester = _execution(answer["executions"][0], parts)
    candidate = _execution(answer["executions"][1], parts[2:])
    calls, records = int.from_bytes(parts[4][:4], "little"), list(_records(parts[4][4:]))
    last: dict[str, Any] = records[-1] if records else {}
    flags = last.get("end")
    return Hosted(
        tests=tuple(
            TestReport(_error(record["error"]) if record.get("error") else None, record["calls"])
            for record in records
            if type(record.get("calls")) is int
        ),
        finished="end" in last,
        calls=calls,
        tester=tester,
        candidate=candidate,
        setup_error=_error(last["setup"]) if "setup" in last else None,
        load_error=_error(last["load"]) if "load" in last else None,
        flags=tuple(str(flag)[:100] for flag in flags) if isinstance(flags, list) else (),
    )


def _error(told: Any) -> ErrorInfo:
    """An exception as the program's process described it: any field may be anything."""
    if not isinstance(told, dict):
        return ErrorInfo("Exception")
    text = {name: str(told.get(name) or "")[:2000] for name in ("type", "message", "traceback")}
    line = told.get("line")
    return ErrorInfo(**text, line=line if type(line) is int else None)
