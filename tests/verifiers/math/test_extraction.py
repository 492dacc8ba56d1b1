r"""Where the answer of a completion is found."""

from __future__ import annotations

import pytest

from reward_server.types import Completion, Outcome
from reward_server.verifiers.math.extraction import extract
from reward_server.verifiers.registry import Registry

_CASES = [
    (r"So $\boxed{5}$.", ("5",), "boxed"),
    (r"First \boxed{4}, no, that is wrong. It must be \boxed{5}.", ("5",), "boxed"),
    (r"\fbox{5}", ("5",), "boxed"),
    (r"\boxed{\frac{1}{2}}", (r"\frac{1}{2}",), "boxed"),
    (r"\boxed 5", ("5",), "boxed"),
    (r"\boxed{1} and \boxed{2}", ("1", "2"), "boxed"),
    (r"$x_1 = \boxed{1}$, $x_2 = \boxed{2}$", ("1", "2"), "boxed"),
    (r"$\boxed{a} \quad \text{or} \quad \boxed{b}$", ("a", "b"), "boxed"),
    (r"\boxed{1} is the first and then \boxed{2}", ("2",), "boxed"),
    (r"\boxed{1} then an open \boxed{2", ("1",), "boxed"),
    (r"\boxed{\boxed{5}}", (r"\boxed{5}",), "boxed"),
    (r"<think>\boxed{3}</think> It is \boxed{5}", ("5",), "boxed"),
    (r"\boxed{3}</think> It is 5" + "\nAnswer: 5", ("5",), "answer_line"),
    ("Some work.\nAnswer: 42\n", ("42",), "answer_line"),
    ("Some work.\n**Answer:** 42", ("42",), "answer_line"),
    ("Some work.\n**Final Answer**: $\\frac{1}{2}$", (r"\frac{1}{2}",), "answer_line"),
    ("work\nA: 18", ("18",), "answer_line"),
    ("work\n#### 1,234", ("1,234",), "answer_line"),
    ("The final answer is 42. I hope it is correct.", ("42",), "answer_line"),
    ("The final answer is $42$. I hope it is correct.", ("42",), "answer_line"),
    ("So the answer is (C).", ("(C).",), "answer_line"),
    ("Final answer:\n\\[ x^2 \\]", (" x^2 ",), "answer_line"),
    ("We get $3$ and then\n\\[ x = 5 \\]", (" x = 5 ",), "math"),
    ("It is $x = 3$, so done.\nYes.", ("x = 3",), "math"),
    ("The values are $1$, $2$ and $3$", ("1", "2", "3"), "math"),
    ("It costs $5 in all and the answer needs $7$", ("7",), "math"),
    ("so\nwe get **73**", ("73",), "bold"),
    ("some\n<answer>42</answer>", ("42",), "answer_line"),
    ("some\n<answer>\n$x = 4$\n</answer>\n", ("x = 4",), "answer_line"),
    ("some\n### Final Answer\n\n42", ("42",), "answer_line"),
    ("所以\n答案是 42", ("42",), "answer_line"),
    ("3x + 1", ("3x + 1",), "whole"),
    ("work\nThe answer is **5**.", ("5.",), "answer_line"),
    ("work\nThe answer is 5, since 2+3=5.", ("5",), "answer_line"),
    ("work\nThe answer is $5$ because $2+3=5$.", ("5",), "answer_line"),
    ("work\nThe answer is $5$. Here $x=3$.", ("5",), "answer_line"),
    ("work\nThe answer is:\n\n5", ("5",), "answer_line"),
    ("work\n**Final Answer**\n\n5", ("5",), "answer_line"),
    ("work\nThe correct option is (C).", ("(C).",), "answer_line"),
    ("work\nThe answer to the question is 5", ("5",), "answer_line"),
    ("work\nAnswer:\n```\n5\n```", ("5",), "answer_line"),
    ("work\nAnswer: 5</s>", ("5",), "answer_line"),
    ("work\nAnswer: 5<|im_end|>", ("5",), "answer_line"),
    ("<ANSWER>5</ANSWER> so", ("5",), "answer_line"),
    ("calcul\nLa réponse est 5", ("5",), "answer_line"),
    ("Rechnung\nDie Antwort lautet 5", ("5",), "answer_line"),
    ("so\n\\begin{align*}\nx+1&=6\\\\\nx&=5\n\\end{align*}", ("\nx&=5\n",), "math"),
    ("so $\\begin{pmatrix}\n1 \\\\\n2\n\\end{pmatrix}$", ("\\begin{pmatrix}\n1 \\\\\n2\n\\end{pmatrix}",), "math"),
    ("\\begin{pmatrix}\n1\n\\end{pmatrix}", ("\\begin{pmatrix}\n1\n\\end{pmatrix}",), "whole"),
    ("```\n5\n```", ("5",), "whole"),
    ("we get\n$5 $, done", ("5 ",), "math"),
]


@pytest.mark.parametrize(("text", "parts", "rule"), _CASES)
def test_the_first_rule_that_finds_something_decides(text: str, parts: tuple[str, ...], rule: str) -> None:
    found = extract(text)
    assert found is not None
    assert (found.parts, found.rule) == (parts, rule)


def test_prose_of_several_lines_without_an_answer_has_none() -> None:
    assert extract("I do not know 5.\nNor 6.") is None


def test_a_bare_last_number_counts_only_where_it_is_asked_for() -> None:
    text = "There are 5.\nOr 1,234 of them"
    assert extract(text) is None
    found = extract(text, "last_number")
    assert found is not None and found.parts == ("1,234",)


_FLOODS = ["\\boxed{", "$", "$$", "\\[", "\\(", "\\", "{", "**", "#### ", "\nA:", "answer ", "\\boxed{1}"]


@pytest.mark.parametrize("flood", _FLOODS)
def test_a_flood_of_marks_is_searched_to_its_end(flood: str) -> None:
    text = flood * (1_000_000 // len(flood))
    extract(text + "\nAnswer: 7")
    assert extract(text + " and so \\boxed{7} it is, \\boxed{8}.") is not None


def test_an_answer_is_found_at_the_end_of_a_megabyte() -> None:
    found = extract("word " * 250_000 + "\\boxed{7}")
    assert found is not None and found.parts == ("7",)


_LISTED = [
    ("1", r"\boxed{1} or \boxed{2}"),
    ("2", r"\boxed{1} \boxed{2}"),
    ("2", "\\boxed{1}\n\n\\boxed{2}"),
    ("7", r"\boxed{1,2,3,4,5,6,7}"),
    ("7", r"\boxed{1 \text{ or } 7}"),
    ("7", r"$6$, $7$"),
    ("7", r"$\boxed{6}$ / $\boxed{7}$"),
    ("7", r"$\boxed{6}$ or maybe $\boxed{7}$"),
    ("7", r"$\boxed{6}$ (or $\boxed{7}$)"),
    ("7", "1. \\boxed{6}\n2. \\boxed{7}"),
    ("7", "**6** or **7**"),
    ("C", r"\boxed{A, B, C, D}"),
    ("yes", r"\boxed{\text{yes or no}}"),
    ("3", r"\boxed{3}, \boxed{4}"),
    ("7", "It costs $7 in all, or $8 with tax"),
    ("7", "The answer is between 7 and 8"),
    ("7", "The answer is 7 minus 1"),
    ("7", r"\boxed{8} (not 7)"),
]


@pytest.mark.parametrize(("reference", "text"), _LISTED)
def test_listing_candidates_is_not_correct(registry: Registry, reference: str, text: str) -> None:
    assert registry.verify_once("math", reference, {}, Completion(text)).outcome is Outcome.INCORRECT


@pytest.mark.parametrize("text", [r"\boxed{}", r"\boxed{ }", "Answer:\n", ""])
def test_an_empty_answer_is_no_answer_and_an_empty_reference_an_invalid_task(registry: Registry, text: str) -> None:
    assert registry.verify_once("math", "5", {}, Completion(text)).outcome is Outcome.NO_ANSWER
    assert registry.verify_once("math", "", {}, Completion(text)).outcome is Outcome.INVALID_TASK


@pytest.mark.parametrize("text", [r"\boxed{5} \boxed{5}", r"\boxed{5} = \boxed{5.0}", r"$5$, $5$"])
def test_the_same_answer_said_twice_is_one_answer(registry: Registry, text: str) -> None:
    assert registry.verify_once("math", "5", {}, Completion(text)).outcome is Outcome.CORRECT
