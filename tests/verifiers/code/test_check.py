"""Tests that are broken are the task's fault, and are found before any completion runs."""

from __future__ import annotations

from typing import Any

import pytest

from reward_server.errors import InvalidTask
from reward_server.types import Json
from reward_server.verifiers.code import CodeVerifier
from reward_server.verifiers.code.asserts import AssertJudge
from reward_server.verifiers.code.check import judge_for, language_named
from reward_server.verifiers.code.interactive import InteractiveJudge
from reward_server.verifiers.code.judgement import Judge
from reward_server.verifiers.registry import Registry

CASE: Json = {"input": "1", "output": "2"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    registry.register(CodeVerifier())
    return registry


def judge(registry: Registry, tests: Json, params: dict[str, Json] | None = None, language: str = "python") -> Judge:
    reference, parsed = registry["code"].parse({"language": language, "tests": tests}, params or {})
    return judge_for(reference, parsed)


BROKEN: list[tuple[str, Any, str]] = [
    ("no kind", {"cases": [CASE]}, "kind"),
    ("unknown kind", {"kind": "prose", "cases": [CASE]}, "kind"),
    ("no cases", {"kind": "stdio", "cases": []}, "at least 1"),
    ("a case of another shape", {"kind": "stdio", "cases": [{"in": "1"}]}, "cases"),
    ("unknown comparison", {"kind": "stdio", "cases": [CASE], "compare": "fuzzy"}, "compare"),
    ("two judges", {"kind": "stdio", "cases": [CASE], "checker": {"code": "1"}, "judge": {"code": "1"}}, "exclude"),
    ("a checker with a syntax error", {"kind": "stdio", "cases": [CASE], "checker": {"code": "if"}}, "checker"),
    ("a judge in no language", {"kind": "stdio", "cases": [CASE], "judge": {"code": "1", "language": "x"}}, "unknown"),
    ("an entry that is an expression", {"kind": "function", "entry": "f()", "cases": [{"expected": 1}]}, "entry"),
    ("arguments that are no list", {"kind": "function", "entry": "f", "cases": [{"args": 1}]}, "args"),
    ("asserts with a syntax error", {"kind": "asserts", "entry": "f", "code": "assert f( == 1"}, "does not compile"),
    ("setup with a syntax error", {"kind": "asserts", "entry": "f", "code": "assert f()", "setup": "x ="}, "setup"),
    ("a NUL byte in the tests", {"kind": "asserts", "entry": "f", "code": "assert f()\0"}, "does not compile"),
    ("tests nested too deeply", {"kind": "asserts", "entry": "f", "code": "assert " + "(" * 5000}, "does not compile"),
    ("tests of comments alone", {"kind": "asserts", "entry": "f", "code": "\n"}, "empty"),
    ("pytest with a syntax error", {"kind": "pytest", "files": {"test_a.py": "def"}}, "test_a.py"),
    ("pytest that never imports it", {"kind": "pytest", "files": {"test_a.py": "def test(): pass"}}, "no test file"),
    ("a file outside", {"kind": "pytest", "files": {"../test_a.py": "import solution"}}, "files"),
    ("no Python file", {"kind": "pytest", "files": {"a.txt": ""}}, "no file ends in .py"),
]


@pytest.mark.parametrize(("tests", "word"), [pytest.param(t, w, id=name) for name, t, w in BROKEN])
def test_broken_tests_are_an_invalid_task(registry: Registry, tests: Json, word: str) -> None:
    with pytest.raises(InvalidTask, match=word):
        judge(registry, tests)


@pytest.mark.parametrize(
    "params", [{"time_s": 0}, {"time_s": -1}, {"memory_mb": 1}, {"extract": "all"}, {"isolation": "none"}, {"x": 1}]
)
def test_an_impossible_parameter_is_an_invalid_task(registry: Registry, params: dict[str, Json]) -> None:
    with pytest.raises(InvalidTask):
        judge(registry, {"kind": "stdio", "cases": [CASE]}, params)


def test_an_unknown_language_names_those_there_are(registry: Registry) -> None:
    with pytest.raises(InvalidTask, match="python"):
        judge(registry, {"kind": "stdio", "cases": [CASE]}, language="brainfuck")
    with pytest.raises(InvalidTask, match="Swift compiler"):
        language_named("swift")
    assert language_named("C++").name == "cpp"


@pytest.mark.parametrize("kind", ["function", "asserts", "pytest"])
def test_a_compiled_language_has_stdio_tests(registry: Registry, kind: str) -> None:
    tests: dict[str, Json] = {
        "function": {"kind": "function", "entry": "f", "cases": [{"expected": 1}]},
        "asserts": {"kind": "asserts", "entry": "f", "code": "assert f()"},
        "pytest": {"kind": "pytest", "files": {"test_a.py": "from solution import f"}},
    }
    with pytest.raises(InvalidTask, match="stdio"):
        judge(registry, tests[kind], language="cpp")


def test_a_judge_and_a_program_meet_in_an_image_that_runs_both(registry: Registry) -> None:
    tests: dict[str, Json] = {"kind": "stdio", "cases": [CASE], "judge": {"code": "int main(){}", "language": "cpp"}}
    found = judge(registry, tests)
    assert isinstance(found, InteractiveJudge) and found.image == "cpp"
    with pytest.raises(InvalidTask, match="no image runs both"):
        judge(registry, tests, language="java")


def test_every_assertion_is_a_test_of_its_own(registry: Registry) -> None:
    code = "import math\nassert f(1) == 1\nx = 2\nassert f(x) == 2, (\n  'two lines')\nassert f(3) == 3; y = 1\n"
    found = judge(registry, {"kind": "asserts", "entry": "f", "code": code})
    assert isinstance(found, AssertJudge) and found.total == 3
    assert [test.strip().split("\n")[-1] for test in found.tester.tests] == [
        "assert f(1) == 1",
        "  'two lines')",
        "assert f(3) == 3; y = 1",
    ]
    assert found.tester.tests[1].startswith("\n\nx = 2")  # line numbers are kept


def test_a_check_function_is_one_test(registry: Registry) -> None:
    code = "def check(candidate):\n    assert candidate(1)\n    assert candidate(2)\n"
    assert judge(registry, {"kind": "asserts", "entry": "f", "code": code}).total == 1


SETUP = """
import math
from dataclasses import dataclass
class ListNode:
    def __init__(self, val=0, next=None):
        self.val, self.next = val, next
    def __eq__(self, other):
        return self.val == other.val == 'secret'
@dataclass
class Point:
    x: int = 0
class Reference:
    def __init__(self): self.answer = 42
    def solve(self): return 42
ANSWERS = [1, 2, 3]
"""


def test_records_of_the_setup_cross_and_all_else_of_it_stays(registry: Registry) -> None:
    found = judge(registry, {"kind": "asserts", "entry": "f", "code": "assert f()", "setup": SETUP})
    assert isinstance(found, AssertJudge)
    assert found.tester.value_classes == ("ListNode", "Point")
    assert "class ListNode" in found.tester.prelude and "class Point" in found.tester.prelude
    for secret in ("secret", "Reference", "42", "ANSWERS"):
        assert secret not in found.tester.prelude
