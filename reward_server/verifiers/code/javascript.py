"""Function tests of JavaScript and TypeScript: a harness of a few lines calls the program and writes tagged JSON."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from reward_server.sandbox.base import Execution, Language, Program, Sandbox, Sandboxes
from reward_server.sandbox.values import NotPlain, decode
from reward_server.verifiers.code.compare_values import value_matches
from reward_server.verifiers.code.detail import FirstFailure, cut, shown
from reward_server.verifiers.code.function import shown_call, suspects_function
from reward_server.verifiers.code.judgement import Judgement, TestResult, ended_badly, not_compiled
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.reference import FunctionTests
from reward_server.verifiers.code.running import run_all, shuffled

LANGUAGES = ("javascript", "typescript")


@dataclass(frozen=True, slots=True)
class JavaScriptFunctionJudge:
    """One process a call, which holds the arguments and nothing else; keyword arguments do not exist there."""

    language: Language
    tests: FunctionTests
    params: CodeParams
    kind: str = "function"

    @property
    def total(self) -> int:
        """One test a case."""
        return len(self.tests.cases)

    def suspects(self, source: str) -> bool:
        """Whether most argument lists stand in the source beside what they should give."""
        return suspects_function(self.tests, source)

    def judge(self, sandboxes: Sandboxes, source: str) -> Judgement:
        """Build the program with the harness below it, run it once a case."""
        return sandboxes.within(
            lambda sandbox: self._judge(sandbox, source), image=self.language.image, memory_mb=self.params.memory_mb
        )

    def _judge(self, sandbox: Sandbox, source: str) -> Judgement:
        judgement, order = Judgement(self.total), shuffled(self.total, self.params.seed)
        program = source + "\n" + _harness().replace("$ENTRY$", json.dumps(self.tests.entry.split(".")))
        build = sandbox.build(Program(self.language, program.encode("utf-8", "replace")))
        if not build.ok:
            return not_compiled(judgement, build)
        judgement.build = build
        marks = [secrets.token_hex(8) for _ in order]
        limits = self.params.execution_limits()
        for index, execution in run_all(sandbox, build, order, lambda index: self._stdin(index, marks), limits):
            judgement.used(execution)
            if judgement.spent(self.params.total(self.total)):
                judgement.add(TestResult(index, "limit", "total_time"))
                break
            if not judgement.add(self._result(index, execution, marks[index])) and self.params.stop_at_first_failure:
                break
        return judgement

    def _stdin(self, index: int, marks: list[str]) -> bytes:
        return json.dumps({"mark": marks[index], "args": self.tests.cases[index].args}).encode()

    def _result(self, index: int, execution: Execution, mark: str) -> TestResult:
        case = self.tests.cases[index]
        result = ended_badly(index, execution)
        if result is None:
            # the mark tells the result from what the program prints; it guards nothing, since values are no verdicts
            _, _, written = execution.stdout.rpartition(mark.encode())
            answer = _decoded(written)
            if answer is None:
                result = TestResult(index, "early_exit", None, FirstFailure(message="the function did not return"))
            elif "e" in answer:
                result = TestResult(index, "error", None, FirstFailure(message=cut(str(answer["e"]))))
            elif value_matches(case.expected, answer["v"]):
                return TestResult(index)
            else:
                result = TestResult(index, "wrong", None, FirstFailure(actual=shown(answer["v"])))
        result.shown["input"], result.shown["expected"] = shown_call(case.args, case.kwargs), shown(case.expected)
        return result


def _decoded(written: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(base64.b64decode(written.strip(), validate=True))
        if not isinstance(answer, dict) or not ({"v", "e"} & answer.keys()):
            return None
        return {"v": decode(answer["v"])} if "v" in answer else {"e": answer["e"]}
    except (ValueError, RecursionError, NotPlain):
        return None


@cache
def _harness() -> str:
    return (files(__package__) / "inside" / "function.js").read_text("utf-8")
