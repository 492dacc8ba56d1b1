"""Tests of a function's return values: arguments go in, typed plain values come out, and are compared here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

from reward_server.sandbox.base import Call, CallResult, Calls, Language, Program, Sandbox, Sandboxes
from reward_server.verifiers.code.compare_values import value_matches
from reward_server.verifiers.code.detail import FirstFailure, shown
from reward_server.verifiers.code.judgement import (
    Judgement,
    TestResult,
    ended_badly,
    error_text,
    mostly_within,
    not_compiled,
)
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.prelude import LEETCODE_IMPORTS
from reward_server.verifiers.code.reference import FunctionCase, FunctionTests
from reward_server.verifiers.code.running import deserves_another_run, shuffled


@dataclass(frozen=True)
class FunctionJudge:
    """Calls a Python function once per case, all in one process that holds arguments and nothing else."""

    language: Language
    tests: FunctionTests
    params: CodeParams
    kind: str = "function"

    @property
    def total(self) -> int:
        """One test a case."""
        return len(self.tests.cases)

    @cached_property
    def _calls(self) -> tuple[list[int], list[Call]]:
        """The order of the cases, and their calls in it: made and written once for all completions."""
        order = shuffled(self.total, self.params.seed)
        return order, [_call(self.tests.cases[index]) for index in order]

    def suspects(self, source: str) -> bool:
        """Whether most argument lists stand in the source beside what they should give."""
        return suspects_function(self.tests, source)

    def judge(self, sandboxes: Sandboxes, source: str) -> Judgement:
        """Call, compare, and say of the calls that were not answered why."""
        return sandboxes.within(
            lambda sandbox: self._judge(sandbox, source), image=self.language.image, memory_mb=self.params.memory_mb
        )

    def _judge(self, sandbox: Sandbox, source: str) -> Judgement:
        judgement, limits = Judgement(self.total), self.params.execution_limits(self.total)
        build = sandbox.build(Program(self.language, source.encode("utf-8", "replace")))
        if not build.ok:
            return not_compiled(judgement, build)
        order, calls = self._calls
        answer = sandbox.call(build, self.tests.entry, calls, limits, prelude=LEETCODE_IMPORTS)
        if deserves_another_run(answer.execution):
            answer = sandbox.call(build, self.tests.entry, calls, limits, prelude=LEETCODE_IMPORTS)
        judgement.used(answer.execution)
        self._compare(judgement, order, answer)
        return judgement

    def _compare(self, judgement: Judgement, order: list[int], answer: Calls) -> None:
        if answer.load_error is not None:
            shown_error = FirstFailure(message=error_text(answer.load_error))
            judgement.add(TestResult(order[0], "error", None, shown_error))
            return
        for index, result in zip(order, answer.results, strict=False):
            judgement.flags.update(result.flags)
            if not judgement.add(self._result(index, result)) and self.params.stop_at_first_failure:
                return
        if len(answer.results) < self.total:
            index = order[len(answer.results)]
            ended = ended_badly(index, answer.execution, early=True)
            if ended is None or ended.why == "early_exit":
                judgement.flags.add("early_exit")
            judgement.add(ended or TestResult(index, "early_exit"))

    def _result(self, index: int, result: CallResult) -> TestResult:
        case = self.tests.cases[index]
        if result.error is not None:
            failure = TestResult(index, "error", None, FirstFailure(message=error_text(result.error)))
        elif result.opaque is not None:
            failure = TestResult(index, "opaque", None, FirstFailure(actual=f"<{result.opaque[:200]} object>"))
        elif value_matches(case.expected, result.value):
            return TestResult(index)
        else:
            failure = TestResult(index, "wrong", None, FirstFailure(actual=shown(result.value)))
        failure.shown["input"] = shown_call(case.args, case.kwargs)
        failure.shown["expected"] = shown(case.expected)
        return failure


def _call(case: FunctionCase) -> Call:
    """The call of a case, with room for any way to write what is expected: twenty times the length of its JSON."""
    return Call(case.args, case.kwargs, most_bytes=10_000 + 20 * len(json.dumps(case.expected)))


def shown_call(args: tuple[object, ...], kwargs: dict[str, object]) -> str:
    """Arguments as they would be written in a call, cut to size."""
    parts = [shown(value) for value in args[:20]] + [f"{name}={shown(value)}" for name, value in kwargs.items()]
    return ", ".join(parts)[:2000]


def suspects_function(tests: FunctionTests, source: str) -> bool:
    """Whether most argument lists of at least four characters stand in the source beside the expected value."""
    compact = source.replace(" ", "")
    written = (
        (repr(case.args)[1:-1].rstrip(",").replace(" ", ""), repr(case.expected).replace(" ", ""))
        for case in tests.cases
    )
    needles = ((given, value) if len(given) > 3 else ("\0",) for given, value in written)
    return mostly_within(compact, needles, len(tests.cases))
