"""Interactive tests: the program and a judge of the task's owner talk to each other, and the judge decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reward_server.errors import LimitExceeded
from reward_server.sandbox.base import (
    PYTHON,
    Build,
    Execution,
    ExecutionLimits,
    Interaction,
    Language,
    Program,
    Sandbox,
    Sandboxes,
)
from reward_server.verifiers.code.detail import FirstFailure, cut, shown_bytes
from reward_server.verifiers.code.judgement import Judgement, TestResult, ended_badly, not_compiled
from reward_server.verifiers.code.owned import ACCEPTED, REJECTED, OwnedProgram, blame_for_sandboxes
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.reference import StdioTests
from reward_server.verifiers.code.running import shuffled

FILES = ("input.txt", "answer.txt")
"""The judge's arguments: the case, and what the reference states."""


_SILENT = b"import sys, time\nwhile sys.stdin.buffer.read1(): pass\ntime.sleep(3600)"
"""A program that hears everything, says nothing and stays: a judge that fails with it fails by itself, one that waits
is well. One that leaves would not do, since many a judge fails at the end of its input."""
_BRIEF = ExecutionLimits(time_s=0.25)


def _by_itself(talk: Interaction) -> Execution:
    """The judge's execution with the silent program; where a limit ended their silence it has waited: a rejection."""
    return Execution(exit_code=REJECTED[0]) if talk.program.limit or talk.judge.limit else talk.judge


@dataclass(frozen=True, slots=True)
class InteractiveJudge:
    """One conversation a case, in one sandbox and under two uids."""

    language: Language
    tests: StdioTests
    params: CodeParams
    owned: OwnedProgram
    image: str
    """One that runs both languages."""
    kind: str = "stdio"

    @property
    def total(self) -> int:
        """One test a case."""
        return len(self.tests.cases)

    def suspects(self, source: str) -> bool:
        """Nothing to suspect: the answers are not texts."""
        return False

    def judge(self, sandboxes: Sandboxes, source: str) -> Judgement:
        """Build both, hold a conversation for every case."""
        try:
            return self._within(sandboxes, source)
        except LimitExceeded as killed:
            silent = replace(self, language=PYTHON, params=self.params.model_copy(update={"time_s": _BRIEF.time_s}))
            blame_for_sandboxes("judge", killed, lambda: silent._within(sandboxes, _SILENT.decode()))
            raise

    def _within(self, sandboxes: Sandboxes, source: str) -> Judgement:
        return sandboxes.within(
            lambda sandbox: self._judge(sandbox, source), image=self.image, memory_mb=self.params.memory_mb
        )

    def _judge(self, sandbox: Sandbox, source: str) -> Judgement:
        judgement, limits = Judgement(self.total), self.params.execution_limits()
        host = self.owned.built(sandbox)
        build = sandbox.build(Program(self.language, source.encode("utf-8", "replace")))
        if not build.ok:
            return not_compiled(judgement, build)
        judgement.build = build
        silent = sandbox.build(Program(PYTHON, _SILENT))
        for index in shuffled(self.total, self.params.seed):
            case = self.tests.cases[index]
            texts = (case.input.encode("utf-8", "replace"), case.output.encode("utf-8", "replace"))
            files = dict(zip(FILES, texts, strict=True))

            def talk(to: Build, limits: ExecutionLimits, files: dict[str, bytes] = files) -> Interaction:
                return sandbox.interact(host, to, limits, judge_files=files, judge_args=FILES)

            done = talk(build, limits)
            judgement.used(done.program)
            if judgement.spent(self.params.total(self.total)):
                judgement.add(TestResult(index, "limit", "total_time"))
                break
            result = self._result(index, done, lambda talk=talk: _by_itself(talk(silent, _BRIEF)))  # type: ignore[misc] # bound early
            if not judgement.add(result) and self.params.stop_at_first_failure:
                break
        return judgement

    def _result(self, index: int, talk: Interaction, silent: Callable[[], Execution]) -> TestResult:
        if talk.judge.limit is None and talk.judge.exit_code == ACCEPTED:
            # a program that the judge was content with may be killed by the end of the conversation
            result = ended_badly(index, talk.program) if talk.program.limit else None
        elif talk.program.limit or talk.judge.limit:
            # a judge that waits for a silent program, or drowns in what it says, is not at fault
            result = ended_badly(index, talk.program if talk.program.limit else talk.judge)
        else:
            comment = self.owned.objection_or_blame(talk.judge, silent)
            result = TestResult(index, "wrong", None, FirstFailure(message=comment or ""))
        if result is None:
            return TestResult(index)
        result.shown["input"] = cut(self.tests.cases[index].input)
        result.shown["actual"] = shown_bytes(talk.program.stdout)
        return result
