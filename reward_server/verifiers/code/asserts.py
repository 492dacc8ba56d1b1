"""Assert-style test code, run in a process of its own against a proxy of the program."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.sandbox.base import ErrorInfo, Hosted, Language, Program, Sandbox, Sandboxes, Tester
from reward_server.verifiers.code.detail import FirstFailure, cut
from reward_server.verifiers.code.judgement import Judgement, TestResult, ended_badly, error_text, not_compiled
from reward_server.verifiers.code.owned import blame_for_sandboxes
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.running import deserves_another_run

T = TypeVar("T")

_BY_THEMSELVES = re.compile("NameError|ImportError|ModuleNotFoundError|SyntaxError|fixture")
"""How tests fail whatever the program."""
_WORD = re.compile(r"\w+")
_PLAIN_ENTRY = "plain_entry"
"""The tester's flag for an entry that crossed by value."""


def _dummy(entries: tuple[str, ...], *, classes: bool) -> bytes:
    """A program that has the entries, as functions or as classes, and does nothing."""
    lines = []
    if classes:
        names = {entry.partition(".")[0] for entry in entries}
        return "\n".join(f"class {name}:\n    def __init__(*args, **kwargs): pass" for name in names).encode()
    for entry in entries:
        first, _, method = entry.partition(".")
        lines += (
            [f"class {first}:", f"    def {method}(*args, **kwargs): pass"]
            if method
            else [f"def {first}(*args, **kwargs): pass"]
        )
    return "\n".join(lines).encode()


@dataclass(frozen=True)
class AssertJudge:
    """One conversation between tests and program; what the tests report is believed, the program cannot write there."""

    language: Language
    tester: Tester
    params: CodeParams
    kind: str = "asserts"

    @property
    def total(self) -> int:
        """One test for each piece of the test code."""
        return len(self.tester.tests)

    def suspects(self, source: str) -> bool:
        """Whether most of the tests' lines with an assertion stand in the source."""
        wanted = self._assertions
        return len(wanted) >= 3 and sum(line in source for line in wanted) >= 0.75 * len(wanted)

    @cached_property
    def _assertions(self) -> list[str]:
        """What the tests assert, of some length: looked for once for all completions."""
        lines = [line.strip() for test in self.tester.tests for line in test.split("\n")]
        return [line.removeprefix("assert ") for line in lines if line.startswith("assert ") and len(line) > 20]

    def judge(self, sandboxes: Sandboxes, source: str) -> Judgement:
        """Host the program for the tests."""

        def within(job: Callable[[Sandbox], T]) -> T:
            return sandboxes.within(job, image=self.language.image, memory_mb=self.params.memory_mb)

        try:
            return within(lambda sandbox: self._judge(sandbox, source))
        except LimitExceeded as killed:
            blame_for_sandboxes("tests", killed, lambda: within(self._with_dummy))
            raise

    def _judge(self, sandbox: Sandbox, source: str) -> Judgement:
        judgement = Judgement(self.total)
        build = sandbox.build(Program(self.language, source.encode("utf-8", "replace")))
        if not build.ok:
            return not_compiled(judgement, build)
        limits = self.params.execution_limits(self.total)
        hosted = sandbox.host(build, self.tester, limits)
        if deserves_another_run(hosted.candidate) or deserves_another_run(hosted.tester):
            hosted = sandbox.host(build, self.tester, limits)
        judgement.used(hosted.candidate)
        judgement.flags.update({*hosted.flags} - {_PLAIN_ENTRY})
        self._read(judgement, hosted)
        if hosted.calls == 0 and hosted.load_error is None:
            self._blame(sandbox, judgement, _PLAIN_ENTRY in hosted.flags)
        return judgement

    def _read(self, judgement: Judgement, hosted: Hosted) -> None:
        if hosted.load_error is not None:
            shown = FirstFailure(message=error_text(hosted.load_error))
            judgement.add(TestResult(0, "error", None, shown))
            return
        for index, report in enumerate(hosted.tests):
            if report.error is None:
                judgement.add(TestResult(index))
                continue
            ended = hosted.candidate.limit is not None and index == len(hosted.tests) - 1
            if ended:
                judgement.add(self._ended(index, hosted))
                return
            why = "wrong" if report.error.type == "AssertionError" else "error"
            shown = FirstFailure(message=error_text(report.error), input=self._line(index, report.error.line))
            judgement.add(TestResult(index, why, None, shown))
        complete = hosted.finished and (judgement.failure is not None or len(hosted.tests) == self.total)
        if not complete and judgement.failure is None:
            judgement.add(self._ended(min(len(hosted.tests), self.total - 1), hosted))

    def _ended(self, index: int, hosted: Hosted) -> TestResult:
        """Why the conversation stopped short: the program, or tests that drowned in what it gave them."""
        for execution in (hosted.candidate, hosted.tester):
            if execution.limit is not None:
                return ended_badly(index, execution) or TestResult(index, "error")
        return ended_badly(index, hosted.candidate, early=True) or TestResult(index, "early_exit")

    def _line(self, index: int, line: int | None) -> str:
        lines = self.tester.tests[index].split("\n")
        return cut(lines[line - 1].strip()) if line is not None and 0 < line <= len(lines) else ""

    def _objects(self, index: int, error: ErrorInfo) -> bool:
        """Whether a test fails by an assertion about an entry: it has looked at it, though it called nothing."""
        text = f"{self._line(index, error.line)}\n{error.message}"
        names = {"candidate", *(entry.partition(".")[0] for entry in self.tester.entries)}
        asserts = error.type == "AssertionError" or "issubclass() arg 1" in error.message
        return asserts and not _BY_THEMSELVES.search(text) and not names.isdisjoint(_WORD.findall(text))

    def _with_dummy(self, sandbox: Sandbox, *, classes: bool = False) -> Hosted:
        dummy = sandbox.build(Program(self.language, _dummy(self.tester.entries, classes=classes)))
        first = replace(self.tester, stop_at_first_failure=True)
        return sandbox.host(dummy, first, self.params.execution_limits(self.total))

    def _blame(self, sandbox: Sandbox, judgement: Judgement, plain: bool) -> None:
        """The tests never reached the program: see whether they ever reach any.

        Of an entry that is a ``plain`` value they see all without a call; that they look shows in their objection to
        a function in its place.
        """
        again = self._with_dummy(sandbox)
        if again.setup_error is not None:
            raise InvalidTask(f"the tests' setup fails: {error_text(again.setup_error)}", reason="broken_tests")
        if again.calls == 0:
            failed = ((at, report.error) for at, report in enumerate(again.tests) if report.error is not None)
            at, error = next(failed, (0, None))
            if error and (plain or (judgement.failure is not None and self._objects(at, error))):
                return
            if not error or not self._with_dummy(sandbox, classes=True).calls:  # which they may ask of, and not call
                how = f"fail before they call the program: {error_text(error)}" if error else "never call the program"
                raise InvalidTask(f"the tests {how}", reason="broken_tests")
        if judgement.failure is None:
            judgement.add(TestResult(0, "error", None, FirstFailure(message="the tests did not reach the program")))
