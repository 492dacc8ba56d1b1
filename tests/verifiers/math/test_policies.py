r"""What a task may ask for, and what holds when it asks for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from reward_server.types import Completion, Outcome
from reward_server.verifiers.registry import Registry

_OPTIONS = {"options": {"A": "11", "B": "12", "C": r"\frac{1}{2}"}}
_ALLOWED: list[tuple[Any, str, dict[str, Any]]] = [
    (r"25\%", "25", {"percent": "loose"}),
    ("25", r"25\%", {"percent": "loose"}),
    (r"1\text{ m}", r"100\text{ cm}", {"units": "convert"}),
    ("3 hours", "180 minutes", {"units": "convert"}),
    (r"36\text{ km/h}", r"10\text{ m/s}", {"units": "convert"}),
    (r"1\text{ m}^2", r"10000\text{ cm}^2", {"units": "convert"}),
    ("(1,2)", "(2,1)", {"order": "any"}),
    ("100", "101", {"tolerance": 0.02}),
    (r"\pi", "3.1", {"tolerance": 0.02}),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", "(1,2)", {"vectors": "loose"}),
    ("x", "X", {"case": "fold"}),
    ("3.5", "3,5", {"decimal_comma": True}),
    ("B", "12", _OPTIONS),
    ("12", "B", _OPTIONS),
    ("C", "0.5", _OPTIONS),
    ("12", "(B)", _OPTIONS),
    ("3", "10", {"modulo": 7}),
    (["3", "5"], "5", {}),
    (7, "7", {}),
    (0.5, r"\frac12", {}),
]
_FORBIDDEN: list[tuple[Any, str, dict[str, Any]]] = [
    *[(reference, answer, {}) for reference, answer, params in _ALLOWED[:11] if params],
    ("B", "12", {}),
    ("12", "A", _OPTIONS),
    (r"5\text{ cm}", "5", {"units": "required"}),
    (r"1\text{ m}", r"1\text{ kg}", {"units": "convert"}),
    ("1,2", "2,1", {"order": "strict"}),
    ("yes", "Yes", {"case": "exact"}),
    (r"\frac12", "0.5", {"form": "exact"}),
    (r"\frac12", r"\frac24", {"form": "reduced"}),
    ("(x+1)(x+2)", "x^2+3x+2", {"form": "factored"}),
    ("x^2+3x+2", "(x+1)(x+2)", {"form": "expanded"}),
    ("x+1", "t+1", {"variables": ["x"]}),
    ("3", "11", {"modulo": 7}),
    (["3", "5"], "4", {}),
    (["3", "5"], "3, 5", {}),
]
_WRITTEN = [
    ("1/2", "1/2", "reduced"),
    ("(x+1)(x+2)", "(x+2)(x+1)", "factored"),
    ("x^2+3x+2", "3x+x^2+2", "expanded"),
    (r"\frac12", r"\frac24", "exact"),
]


@pytest.mark.parametrize(("reference", "answer", "params"), _ALLOWED)
def test_a_policy_lets_pass_what_it_says(
    registry: Registry, reference: Any, answer: str, params: dict[str, Any]
) -> None:
    verdict = registry.verify_once("math", reference, params, Completion(f"\\boxed{{{answer}}}"))
    assert verdict.outcome is Outcome.CORRECT, verdict.detail


@pytest.mark.parametrize(("reference", "answer", "params"), _FORBIDDEN)
def test_what_no_policy_allows_is_incorrect(
    registry: Registry, reference: Any, answer: str, params: dict[str, Any]
) -> None:
    verdict = registry.verify_once("math", reference, params, Completion(f"\\boxed{{{answer}}}"))
    assert verdict.outcome is Outcome.INCORRECT, verdict.detail


@pytest.mark.parametrize(("reference", "answer", "form"), _WRITTEN)
def test_an_answer_of_the_asked_form_is_correct(registry: Registry, reference: str, answer: str, form: str) -> None:
    verdict = registry.verify_once("math", reference, {"form": form}, Completion(f"\\boxed{{{answer}}}"))
    assert verdict.outcome is Outcome.CORRECT, verdict.detail


@pytest.mark.parametrize(
    "params", [{"percent": "yes"}, {"tolerance": 2}, {"no_such": 1}, {"form": "neat"}, {"modulo": 0}]
)
def test_an_unknown_policy_is_an_invalid_task(registry: Registry, params: dict[str, Any]) -> None:
    assert registry.verify_once("math", "5", params, Completion("5")).outcome is Outcome.INVALID_TASK


_UNREADABLE = ["", " ", r"\frac{1}{", "((1", r"\foo{3}", [], [""], "1" * 20_000, "{" * 100, "\x00"]
_WRAPPED = ["$5$", r"\[5\]", r"\boxed{5}", r"\(5\)", "$$5$$", r"$\boxed{5}$", "x = 5", "**5**"]


@pytest.mark.parametrize("reference", _UNREADABLE)
def test_a_reference_that_cannot_be_read_is_an_invalid_task(registry: Registry, reference: Any) -> None:
    assert registry.verify_once("math", reference, {}, Completion("5")).outcome is Outcome.INVALID_TASK


@pytest.mark.parametrize("wrapped", _WRAPPED)
def test_a_reference_may_come_in_its_delimiters(registry: Registry, wrapped: str) -> None:
    assert registry.verify_once("math", wrapped, {}, Completion(r"\boxed{5.0}")).outcome is Outcome.CORRECT


def test_the_detail_says_what_was_found_by_which_rule_and_what_decided(registry: Registry) -> None:
    right = registry.verify_once("math", r"\frac{1}{2}", {}, Completion("Answer: 0.5")).detail
    assert right == {"extracted": "0.5", "rule": "answer_line", "answer": "1/2", "reference": "1/2", "tier": "exact"}
    wrong = registry.verify_once("math", "(1, 2)", {}, Completion(r"\boxed{(1, 3)}")).detail
    assert (wrong["tier"], wrong["difference"]) == ("exact", "element 2: 2 is not 3")
