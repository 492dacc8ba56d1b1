"""From the results of single tests to a verdict: one place for all kinds of tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from reward_server.sandbox.base import Build, ErrorInfo, Execution, Sandboxes
from reward_server.types import Json, Outcome, Verdict
from reward_server.verifiers.code.detail import MAX_TESTS_LISTED, CodeDetail, FirstFailure, cut, shown_bytes


class Judge(Protocol):
    """One kind of tests, checked and ready."""

    @property
    def kind(self) -> str:
        """The word of the reference."""
        ...

    @property
    def total(self) -> int:
        """How many tests there are."""
        ...

    def suspects(self, source: str) -> bool:
        """Whether the program's text holds most of the tests (flag ``hard_coded_suspect``)."""
        ...

    def judge(self, sandboxes: Sandboxes, source: str) -> Judgement:
        """Run the tests, holding no two sandboxes at once.

        Raises ``InvalidTask`` where the tests turn out to be at fault, ``LimitExceeded`` where the program ended
        its sandbox twice, and ``Unavailable``.
        """
        ...


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test: passed where ``why`` is None."""

    __test__ = False  # for pytest, which collects classes of this name

    index: int
    why: str | None = None
    limit: str | None = None
    shown: FirstFailure = field(default_factory=lambda: FirstFailure())


@dataclass(slots=True)
class Judgement:
    """What running the tests gave, as it comes in."""

    total: int
    results: list[TestResult] = field(default_factory=list)
    build: Build | None = None
    """Of a program that was compiled."""
    message: str = ""
    flags: set[str] = field(default_factory=set)
    cpu_s: float = 0.0
    wall_s: float = 0.0
    stopped: bool = False
    """Nothing more is to be run: the budget of all tests together is spent."""

    def add(self, result: TestResult) -> bool:
        """Take a result in; returns whether it passed."""
        self.results.append(result)
        return result.why is None

    def merge(self, other: Judgement) -> None:
        """Take in what another sandbox gave."""
        self.build = other.build or self.build
        self.results += other.results
        self.flags |= other.flags
        self.cpu_s += other.cpu_s
        self.wall_s += other.wall_s
        self.stopped = self.stopped or other.stopped

    def used(self, execution: Execution) -> None:
        """Count what an execution of the program used, and what was seen of it."""
        self.cpu_s += execution.cpu_s
        self.wall_s += execution.wall_s - execution.waited_s
        self.flags.update(execution.flags)
        if execution.limit == "output":
            self.flags.add("output_flood")

    def spent(self, total_s: float) -> bool:
        """Whether tests are left although the time of all together is used up."""
        return self.wall_s > total_s and len(self.results) + 1 < self.total

    @property
    def failure(self) -> TestResult | None:
        """The first test that failed, in the order in which they were run."""
        return next((result for result in self.results if result.why is not None), None)


def not_compiled(judgement: Judgement, build: Build) -> Judgement:
    """The judgement of a program that its compiler refused, or took too long over."""
    judgement.build = build
    execution = build.execution
    judgement.flags.update(execution.flags)
    why = "limit" if execution.limit else "compile"
    judgement.add(TestResult(0, why, f"compile_{execution.limit}" if execution.limit else None))
    return judgement


def ended_badly(index: int, execution: Execution, *, early: bool = False) -> TestResult | None:
    """The result of a run that did not end well by itself; None where it did."""
    shown = FirstFailure(message=shown_bytes(execution.stderr))
    if execution.limit:
        return TestResult(index, "limit", execution.limit, shown)
    if execution.signal is not None:
        shown["message"] = f"signal {execution.signal}\n" + shown["message"]
        return TestResult(index, "error", None, shown)
    if early:
        shown["message"] = f"the process ended with status {execution.exit_code}\n" + shown["message"]
        return TestResult(index, "early_exit", None, shown)
    if execution.exit_code != 0:
        shown["message"] = f"exit status {execution.exit_code}\n" + shown["message"]
        return TestResult(index, "exit_status", None, shown)
    return None


def error_text(error: ErrorInfo) -> str:
    """An exception on one line, with where it was raised below."""
    head = f"{error.type}: {error.message}" if error.message else error.type
    return cut(f"{head}\n{error.traceback}" if error.traceback else head, 2000)


def verdict_of(judgement: Judgement, detail: CodeDetail) -> Verdict:
    """The verdict: the first test that failed decides, and without one all must have been run."""
    failure, passed = judgement.failure, sum(result.why is None for result in judgement.results)
    compiled = failure is None or failure.why != "compile" and not (failure.limit or "").startswith("compile_")
    detail.update(_report(judgement, passed, compiled))
    outcome, score = Outcome.CORRECT, 1.0
    if failure is not None:
        outcome = Outcome.LIMIT_EXCEEDED if failure.limit else Outcome.INCORRECT
        detail["limit"] = failure.limit or ""
        if compiled:
            detail["first_failure"] = FirstFailure(**{"index": failure.index, "why": failure.why, **failure.shown})  # type: ignore[typeddict-item] # the spread of a TypedDict
    elif passed < judgement.total:
        raise AssertionError("a judgement without a failure must have run every test")
    ran_all = len(judgement.results) == judgement.total and compiled
    fraction: float | None = passed / judgement.total if ran_all else None if compiled else 0.0
    if failure is None:
        fraction = score
    cleaned = {key: value for key, value in detail.items() if value not in ("", None)}
    return Verdict(outcome, fraction, cast(Mapping[str, Json], cleaned), tuple(sorted(judgement.flags)))


def _report(judgement: Judgement, passed: int, compiled: bool) -> CodeDetail:
    words = ["not_run"] * min(judgement.total, MAX_TESTS_LISTED)
    for result in judgement.results if compiled else ():
        if result.index < len(words):
            words[result.index] = result.why or "passed"
    report = CodeDetail(
        tests=words,
        passed=passed,
        run=len(judgement.results) if compiled else 0,
        total=judgement.total,
        cpu_s=round(judgement.cpu_s, 4),
        wall_s=round(judgement.wall_s, 4),
        message=judgement.message,
    )
    if judgement.build is not None and judgement.build.program.language.compile is not None:
        execution = judgement.build.execution
        message = shown_bytes(execution.stderr + execution.stdout)
        report["compile"] = {"ok": judgement.build.ok, "message": message, "cpu_s": round(execution.cpu_s, 4)}
    return report


def mostly_within(source: str, needles: Iterable[tuple[str, ...]], total: int) -> bool:
    """Whether at least three quarters of the tests, and three, stand in the source with all their parts."""
    wanted = max(3, -(-3 * total // 4))
    if total < wanted:
        return False
    found = missing = 0
    for parts in needles:
        if all(part in source for part in parts):
            found += 1
        else:
            missing += 1
        if found >= wanted or missing > total - wanted:
            break
    return found >= wanted
