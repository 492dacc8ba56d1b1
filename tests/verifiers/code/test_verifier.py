"""The code verifier as its clients see it: outcomes, scores, details, and whose fault a null is."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.sandbox.base import PYTHON, ExecutionLimits, ImageInfo
from reward_server.types import Completion, Json, Outcome, Verdict
from reward_server.verifiers.base import Context
from reward_server.verifiers.code import CodeVerifier
from reward_server.verifiers.code.check import judge_for
from reward_server.verifiers.code.checker import Checker
from reward_server.verifiers.code.owned import OwnedProgram
from reward_server.verifiers.code.params import CodeParams
from reward_server.verifiers.code.reference import CodeReference, StdioCase
from reward_server.verifiers.registry import Registry
from tests.live import Grader


def stdio(*pairs: tuple[str, str], **more: Json) -> dict[str, Json]:
    return {"kind": "stdio", "cases": [{"input": given, "output": want} for given, want in pairs], **more}


def function(*pairs: tuple[Json, Json]) -> Json:
    return {"kind": "function", "entry": "f", "cases": [{"args": [given], "expected": want} for given, want in pairs]}


def asserts(code: str, **more: Json) -> Json:
    return {"kind": "asserts", "entry": "f", "code": code, **more}


SQUARES = [(n, n * n) for n in range(10)]
MOSTLY = "def f(n):\n    return n * n if n != 3 else 0\n"


def test_the_worked_examples_come_out_as_stated(grade: Grader) -> None:
    grade.check_examples()


def test_without_a_program_there_is_no_answer(grade: Grader) -> None:
    verdict = grade.grade({"tests": function(*SQUARES)}, "It squares.", {})
    assert verdict.outcome is Outcome.NO_ANSWER and verdict.reward == 0.0


def test_the_first_failure_is_shown_with_what_was_wanted(grade: Grader) -> None:
    verdict = grade(function(*SQUARES), MOSTLY)
    assert verdict.outcome is Outcome.INCORRECT and verdict.score is None
    failure = verdict.detail["first_failure"]
    assert (failure["index"], failure["why"], failure["input"]) == (3, "wrong", "3")
    assert (failure["expected"], failure["actual"]) == ("9", "0")
    assert verdict.detail["program_sha256"] == hashlib.sha256(MOSTLY.encode()).hexdigest()
    assert verdict.detail["isolation"] == grade.sandboxes.isolation
    assert verdict.image


@pytest.mark.parametrize(
    ("tests", "program"),
    [
        (function(*SQUARES), MOSTLY),
        (stdio(*((f"{n}\n", f"{n * n}\n") for n in range(10))), "n = int(input())\nprint(n * n if n != 3 else 0)"),
        (asserts("".join(f"assert f({n}) == {n * n}\n" for n in range(10))), MOSTLY),
    ],
    ids=["function", "stdio", "asserts"],
)
def test_the_score_is_the_share_of_tests_passed_where_all_were_run(grade: Grader, tests: Json, program: str) -> None:
    verdict = grade(tests, program, stop_at_first_failure=False)
    assert verdict.outcome is Outcome.INCORRECT and verdict.score == 0.9
    assert verdict.detail["tests"].count("passed") == 9 and verdict.detail["tests"][3] == "wrong"
    assert (verdict.detail["passed"], verdict.detail["run"], verdict.detail["total"]) == (9, 10, 10)


def test_a_traceback_is_told(grade: Grader) -> None:
    message = grade(function((1, 1)), "def f(n):\n    return n / 0\n").detail["first_failure"]["message"]
    assert "ZeroDivisionError" in message and "return n / 0" in message or "line 2" in message
    message = grade(stdio(("", "1")), "raise ValueError('why')").detail["first_failure"]["message"]
    assert "exit status 1" in message and "ValueError: why" in message


def test_an_assertion_that_failed_is_told(grade: Grader) -> None:
    verdict = grade(asserts("assert f(1) == 1\nassert f(3) == 9\n"), MOSTLY)
    assert verdict.detail["first_failure"]["input"] == "assert f(3) == 9"
    assert verdict.detail["tests"] == ["passed", "wrong"]


BROKEN = {
    "import": asserts("import no_such_module\nassert f(1)"),
    "name": asserts("assert g(1) == 1"),
    "setup": asserts("assert f(1)", setup="raise RuntimeError('no')"),
    "never calls": asserts("assert 1 + 1 == 2"),
    "fails first": asserts("assert False\nassert f(1)"),
    "exits": asserts("raise SystemExit\nassert f(1)"),
    "checker crashes": stdio(("", ""), checker={"code": "raise RuntimeError"}),
    "checker hangs": stdio(("", ""), checker={"code": "while True: pass"}),
    "judge crashes": stdio(("", ""), judge={"code": "import os; os.abort()"}),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("program", ["def f(n):\n    return n", "raise SystemExit(1)", "def f(n): raise ValueError"])
def test_tests_that_fail_by_themselves_are_an_invalid_task(grade: Grader, name: str, program: str) -> None:
    verdict = grade(BROKEN[name], program, time_s=1)
    if verdict.outcome is Outcome.INCORRECT:  # the program failed before the tests could
        assert program == "raise SystemExit(1)"
    else:
        assert verdict.outcome is Outcome.INVALID_TASK and verdict.reward is None, verdict
        assert verdict.reason == "broken_tests"


def test_tests_that_fail_after_a_call_are_the_programs_fault(grade: Grader) -> None:
    code = "x = f(1)\nimport no_such_module\n"
    assert grade(asserts(code), "def f(n):\n    return n").outcome is Outcome.INCORRECT


JUNK = {
    "binary": bytes(range(256)).decode("latin-1") * 1000,
    "nul": "\0" * 100,
    "surrogates": "\ud800\udfff" * 100,
    "long line": "x = '" + "a" * 1_500_000 + "'",
    "many lines": "x = 1\n" * 200_000,
    "fences": "```" * 10_000,
}


@pytest.mark.parametrize("name", JUNK)
@pytest.mark.parametrize("kind", ["stdio", "function", "asserts"])
def test_junk_is_wrong_and_nothing_else(grade: Grader, name: str, kind: str) -> None:
    tests: Any = {"stdio": stdio(("", "1")), "function": function((1, 1)), "asserts": asserts("assert f(1) == 1")}[kind]
    verdict = grade(tests, JUNK[name], time_s=5)
    assert verdict.reward == 0.0, verdict
    assert grade(function((2, 4)), "def f(n): return n * n").reward == 1.0


def test_an_input_of_a_hundred_megabytes_is_read(grade: Grader) -> None:
    tests = stdio(("x" * 100_000_000, "100000000\n"))
    program = "import sys\nprint(sum(len(part) for part in iter(lambda: sys.stdin.buffer.read(1 << 20), b'')))"
    verdict = grade(tests, program, time_s=10, memory_mb=1024)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail.get("first_failure", verdict.detail)["message"]


def test_a_program_that_holds_the_tests_is_suspected_and_judged_all_the_same(grade: Grader) -> None:
    table = {"[1, 2, 3]": 6, "[4, 5, 6]": 15, "[7, 8, 9]": 24, "[9, 9, 9]": 27}
    tests = function(*((eval(given), want) for given, want in table.items()))
    verdict = grade(tests, f"T = {table}\ndef f(xs): return T[str(xs)]")
    assert verdict.outcome is Outcome.CORRECT and "hard_coded_suspect" in verdict.flags
    assert "hard_coded_suspect" not in grade(tests, "def f(xs): return sum(xs)").flags


def test_a_flood_is_flagged(grade: Grader) -> None:
    verdict = grade(stdio(("", "1")), "while True: print('x' * 100_000)")
    assert verdict.outcome is Outcome.LIMIT_EXCEEDED and verdict.detail["limit"] == "output"
    assert "output_flood" in verdict.flags


def test_an_early_exit_is_flagged(grade: Grader) -> None:
    verdict = grade(function((1, 1)), "import os\ndef f(n): os._exit(0)")
    assert verdict.outcome is Outcome.INCORRECT and "early_exit" in verdict.flags


def test_the_same_program_gets_the_same_verdict(grade: Grader) -> None:
    verdicts = {grade(function(*SQUARES), MOSTLY).detail["first_failure"]["index"] for _ in range(20)}
    assert verdicts == {3}


class NoImages:
    """Sandboxes of a machine on which no image was built, or one whose probe failed."""

    isolation = "docker/runc"

    def __init__(self, *images: ImageInfo) -> None:
        self._images = {image.name: image for image in images}

    def images(self) -> dict[str, ImageInfo]:
        return self._images


def verify(sandboxes: Any, program: str = "print(1)", language: str = "python") -> Verdict:
    registry = Registry()
    registry.register(CodeVerifier())
    reference = {"language": language, "tests": stdio(("", "1"))}
    return registry.verify_once(
        "code", reference, {"extract": "none"}, Completion(program), Context(sandboxes=sandboxes)
    )


def test_without_sandboxes_nothing_can_be_told() -> None:
    with pytest.raises(Unavailable, match="no sandboxes"):
        verify(None)


def test_an_absent_image_says_how_to_build_it() -> None:
    with pytest.raises(Unavailable, match="reward-server images build cpp") as caught:
        verify(NoImages(), language="cpp")
    assert caught.value.reason == "no_image"


def test_a_language_that_was_not_proved_is_not_served() -> None:
    with pytest.raises(Unavailable, match="probe failed"):
        verify(NoImages(ImageInfo("cpp", "sha256:0", {"c": "12"})), language="cpp")


def test_a_program_that_ends_its_sandbox_twice_passed_a_limit() -> None:
    class Deadly(NoImages):
        def within(self, job: Any, **_: Any) -> Any:
            raise LimitExceeded("it ended its sandbox twice", limit="killed_sandbox")

    verdict = verify(Deadly(ImageInfo("python", "sha256:0", {"python": "3.11"})))
    assert verdict.outcome is Outcome.LIMIT_EXCEEDED and verdict.flags == ("killed_sandbox",)


FRAIL = "import sys\nwanted, given = (int(open(sys.argv[at]).read()) for at in (3, 2))\nsys.exit(wanted != given)"


@pytest.mark.parametrize(("program", "reward"), [("print(4)", 1.0), ("print(5)", 0.0), ("print('junk')", 0.0)])
def test_a_program_cannot_earn_a_null_by_breaking_its_checker(grade: Grader, program: str, reward: float) -> None:
    assert grade(stdio(("2", "4"), checker={"code": FRAIL}), program).reward == reward


def test_a_checker_may_be_in_another_language(grade: Grader) -> None:
    if "cpp" not in grade.sandboxes.images():
        pytest.skip("the namespaces driver has the languages of this machine")
    code = "#include <fstream>\nint main(int, char **v) {\n  int a, b;\n  std::ifstream(v[1]) >> a;\n"
    code += "  std::ifstream(v[2]) >> b;\n  return b != 2 * a;\n}"
    tests = stdio(("2", ""), ("3", ""), checker={"code": code, "language": "cpp"})
    assert grade(tests, "print(2 * int(input()))").reward == 1.0
    assert grade(tests, "print(4)").reward == 0.0


SLOW = "import time\ndef f(x):\n    time.sleep(0.4)\n    return x\n"
KINDS: dict[str, tuple[Json, str]] = {
    "function": (
        {"kind": "function", "entry": "f", "cases": [{"args": [n], "expected": n} for n in range(9)]},
        SLOW,
    ),
    "asserts": ({"kind": "asserts", "entry": "f", "code": "\n".join(f"assert f({n}) == {n}" for n in range(9))}, SLOW),
    "stdio": (stdio(*[(str(n), str(n)) for n in range(9)]), SLOW + "print(f(input()))"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_all_tests_of_a_completion_together_have_a_bound(grade: Grader, kind: str) -> None:
    tests, program = KINDS[kind]
    verdict = grade(tests, program, time_s=5, total_s=1)
    assert (verdict.outcome, verdict.detail.get("limit")) == (Outcome.LIMIT_EXCEEDED, "total_time"), verdict
    assert grade(tests, program, time_s=5).outcome is Outcome.CORRECT


@pytest.mark.parametrize(
    ("params", "tests", "seconds"),
    [({}, 1, 21), ({}, 5, 50), ({}, 500, 120), ({"time_s": 100}, 3, 150), ({"total_s": 40}, 500, 40)],
)
def test_the_bound_follows_from_the_tests_where_none_is_given(params: Json, tests: int, seconds: float) -> None:
    assert CodeParams.model_validate(params).total(tests) == seconds


class Killed:
    """Sandboxes of which those end that run a certain kind of program; the rest is told by ``answers``."""

    def __init__(self, *ends: bool) -> None:
        self._ends = iter(ends)

    def within(self, job: Any, **_: Any) -> Any:
        """End, or be content."""
        if next(self._ends):
            raise LimitExceeded("it ended its sandbox twice", limit="killed_sandbox")
        return job if isinstance(job, list) else [None]


@pytest.mark.parametrize(
    ("ends", "blamed"), [((True, True), InvalidTask), ((True, False), None), ((False,), None)], ids=str
)
def test_a_checker_that_ends_its_sandbox_by_itself_is_the_tasks_fault(ends: Any, blamed: Any) -> None:
    checker = Checker(OwnedProgram("checker", PYTHON, "", 256), ExecutionLimits())
    case = StdioCase(input="", output="")
    if blamed:
        with pytest.raises(blamed, match="the checker ends its sandbox"):
            checker.objections(Killed(*ends), [(case, b"")])  # type: ignore[arg-type] # as much as is used
    else:
        objection = checker.objections(Killed(*ends), [(case, b"")])[0]  # type: ignore[arg-type] # as much as is used
        assert (objection is not None) is ends[0]


@pytest.mark.parametrize("ends", [(True, True), (True, False)], ids=str)
@pytest.mark.parametrize(
    "tests",
    [
        {"kind": "asserts", "entry": "f", "code": "assert f() == 1"},
        {"kind": "stdio", "cases": [{"input": "", "output": ""}], "judge": {"code": "print(1)"}},
    ],
    ids=["tests", "judge"],
)
def test_tests_that_end_their_sandbox_with_any_program_are_at_fault(tests: Json, ends: Any) -> None:
    reference = CodeReference.model_validate({"language": "python", "tests": tests})
    judge = judge_for(reference, CodeParams.model_validate({}))
    with pytest.raises(InvalidTask if ends[1] else LimitExceeded):
        judge.judge(Killed(*ends), "def f(): return 1")  # type: ignore[arg-type] # as much as is used
