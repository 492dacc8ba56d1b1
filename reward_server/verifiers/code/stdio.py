"""Tests of standard input and output: one fresh process a case, compared outside of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reward_server.sandbox.base import Execution, ExecutionLimits, Language, Program, Sandbox, Sandboxes
from reward_server.verifiers.code.checker import Checker
from reward_server.verifiers.code.compare_text import output_matches
from reward_server.verifiers.code.detail import FirstFailure, cut, shown_bytes
from reward_server.verifiers.code.judgement import Judgement, TestResult, ended_badly, mostly_within, not_compiled
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.reference import StdioTests
from reward_server.verifiers.code.running import run_all, shuffled

_MOST_OUTPUT = 96 << 20
"""What fits in an answer of the runner, both streams of it."""
_CHECKED_AT_ONCE = 16
"""Outputs that are gathered before the sandbox is handed back and a checker looks at them."""


@dataclass(frozen=True, slots=True)
class StdioJudge:
    """Compares what the program printed, or asks the checker."""

    language: Language
    tests: StdioTests
    params: CodeParams
    checker: Checker | None = None
    kind: str = "stdio"

    @property
    def total(self) -> int:
        """One test a case."""
        return len(self.tests.cases)

    def suspects(self, source: str) -> bool:
        """Whether most inputs stand in the source beside their outputs."""
        pairs = ((case.input.strip(), case.output.strip()) for case in self.tests.cases)
        needles = ((_literal(given), _literal(printed)) if len(given) > 3 else ("\0",) for given, printed in pairs)
        return mostly_within(source, needles, self.total)

    def judge(self, sandboxes: Sandboxes, source: str) -> Judgement:
        """Build once a sandbox, run the cases, stop at the first failure where asked to."""
        judgement, order = Judgement(self.total), shuffled(self.total, self.params.seed)
        size = _CHECKED_AT_ONCE if self.checker else self.total
        for start in range(0, self.total, size):
            batch = order[start : start + size]
            part = sandboxes.within(
                lambda sandbox, batch=batch: self._run(sandbox, source, batch, judgement.wall_s),  # type: ignore[misc] # a default to bind early
                image=self.language.image,
                memory_mb=self.params.memory_mb,
            )
            judgement.merge(part.judgement)
            if self.checker and part.outputs:
                self._check(judgement, sandboxes, self.checker, part.outputs)
            if judgement.failure and (self.params.stop_at_first_failure or judgement.stopped):
                break
        return judgement

    def _run(self, sandbox: Sandbox, source: str, batch: Sequence[int], before_s: float) -> _Part:
        part = _Part(Judgement(self.total), [])
        judgement, limits = part.judgement, self._limits()
        build = sandbox.build(Program(self.language, source.encode("utf-8", "replace")))
        judgement.build = build
        if not build.ok:
            not_compiled(judgement, build)
            return part
        done = 0
        for index, execution in run_all(sandbox, build, batch, self._stdin, limits):
            judgement.used(execution)
            result, done = self._result(index, execution), done + 1
            if result is None:
                part.outputs.append((index, execution.stdout))
            elif not judgement.add(result) and self.params.stop_at_first_failure:
                break
            if before_s + judgement.wall_s > self.params.total(self.total) and done < len(batch):
                judgement.add(TestResult(batch[done], "limit", "total_time"))
                judgement.stopped = True
                break
        return part

    def _limits(self) -> ExecutionLimits:
        """Room for twice the longest output that is expected, however long."""
        limits = self.params.execution_limits()
        longest = max(len(case.output) for case in self.tests.cases)
        return replace(limits, output_bytes=max(limits.output_bytes, min(2 * longest, _MOST_OUTPUT)))

    def _stdin(self, index: int) -> bytes:
        return self.tests.cases[index].input.encode("utf-8", "replace")

    def _result(self, index: int, execution: Execution) -> TestResult | None:
        """None where the output is for the checker to see."""
        result = ended_badly(index, execution)
        if result is None:
            if self.checker is not None:
                return None
            if output_matches(self.tests.cases[index].output, execution.stdout, self.tests.compare):
                return TestResult(index)
            result = TestResult(index, "wrong", None, FirstFailure(message=shown_bytes(execution.stderr)))
        return self._explained(result, execution.stdout)

    def _explained(self, result: TestResult, output: bytes) -> TestResult:
        case = self.tests.cases[result.index]
        result.shown["input"], result.shown["expected"] = cut(case.input), cut(case.output)
        result.shown["actual"] = shown_bytes(output)
        return result

    def _check(
        self, judgement: Judgement, sandboxes: Sandboxes, checker: Checker, outputs: Sequence[tuple[int, bytes]]
    ) -> None:
        cases = [(self.tests.cases[index], output) for index, output in outputs]
        for (index, output), comment in zip(outputs, checker.objections(sandboxes, cases), strict=True):
            result = TestResult(index, None if comment is None else "wrong")
            if comment is not None:
                result.shown["message"] = comment
                self._explained(result, output)
            judgement.add(result)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one sandbox gave: results, and the outputs that a checker must see."""

    judgement: Judgement
    outputs: list[tuple[int, bytes]]


def _literal(text: str) -> str:
    """A text as the inside of a string literal of most languages."""
    return text.replace("\\", "\\\\").replace("\r", "").replace("\n", "\\n")
