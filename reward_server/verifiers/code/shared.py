"""Tests in the program's own process, for those that need the module itself. Lower trust, and every verdict says so.

The harness gets a random word on standard input and reads it before the program is loaded; only a report that
carries the word counts, and only after every test. A program that walks the frames of its process can find the
word: that is the trust which ``isolation: "shared"`` gives up.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from reward_server.sandbox.base import Execution, Language, Program, Sandbox, Sandboxes
from reward_server.types import Json
from reward_server.verifiers.code.detail import FirstFailure, cut, shown_bytes
from reward_server.verifiers.code.judgement import Judgement, TestResult, ended_badly
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.running import deserves_another_run


@dataclass(frozen=True, slots=True)
class SharedJudge:
    """Runs assert or pytest code beside the program, in one process."""

    language: Language
    params: CodeParams
    kind: str
    job: Mapping[str, Json]
    """What the harness is told: ``tests`` in order or ``files`` for pytest, ``setup``, ``entries``, ``module``."""
    total: int = 1

    def suspects(self, source: str) -> bool:
        """Not looked at here."""
        return False

    def judge(self, sandboxes: Sandboxes, source: str) -> Judgement:
        """One process for all tests."""
        return sandboxes.within(
            lambda sandbox: self._judge(sandbox, source), image=self.language.image, memory_mb=self.params.memory_mb
        )

    def _judge(self, sandbox: Sandbox, source: str) -> Judgement:
        judgement = Judgement(self.total, flags={"shared_process"})
        build, limits = sandbox.build(Program(self.language, _harness().encode())), self.params.execution_limits()
        word = secrets.token_hex(16)
        job = {**self.job, "source": source, "word": word, "stop": self.params.stop_at_first_failure}
        stdin = json.dumps(job).encode()
        execution = sandbox.run(build, stdin, limits)
        if deserves_another_run(execution):
            execution = sandbox.run(build, stdin, limits)
        judgement.used(execution)
        report = _report(execution, word)
        failures = report.get("failures", []) if report else []
        for index in range(report.get("passed", 0) if report else 0):
            judgement.add(TestResult(min(index, self.total - 1)))
        judgement.results = judgement.results[: self.total]
        if failures or report is None:
            at = min(len(judgement.results), self.total - 1)
            judgement.results = judgement.results[:at]
            judgement.add(self._failure(at, execution, failures))
        return judgement

    def _failure(self, index: int, execution: Execution, failures: list[Any]) -> TestResult:
        if failures:
            return TestResult(index, "wrong", None, FirstFailure(message=cut(str(failures[0]), 2000)))
        shown = FirstFailure(message=shown_bytes(execution.stderr))
        return ended_badly(index, execution, early=True) or TestResult(index, "early_exit", None, shown)


def _report(execution: Execution, word: str) -> dict[str, Any] | None:
    if not execution.ok:
        return None
    _, found, written = execution.stdout.rpartition(b"\n" + word.encode())
    try:
        report = json.loads(written) if found else None
    except (ValueError, RecursionError):
        return None
    return report if isinstance(report, dict) else None


@cache
def _harness() -> str:
    return (files(__package__) / "inside" / "shared_driver.py").read_text("utf-8")
