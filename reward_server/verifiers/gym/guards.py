"""What may reach a scorer that evaluates text.

Some scorers of reasoning-gym call ``eval`` on an answer, or SymPy's ``parse_expr``, which is ``eval`` too; some
evaluate their own metadata. Text for those must be within a grammar that cannot do anything: plain literals, or
arithmetic with single letters and well-known functions. A scorer that evaluates and is not listed here is refused.
"""

from __future__ import annotations

import ast
import inspect
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

MAX_ANSWER = 20_000

_TOKEN = re.compile(r"\s+|\d{1,30}(?:\.\d{0,30})?|[A-Za-z]+|\*\*|[-+*/^(),]")
_FUNCTIONS = frozenset("sin cos tan exp log ln sqrt asin acos atan sinh cosh tanh sec csc cot pi".split())
_POWER = re.compile(
    r"(?:\*\*|\^)\s*(\(?\s*-?\s*\d{1,2}(?!\d)(?:\s*/\s*\d{1,2}(?!\d))?\s*\)?|[a-z]\b)?(\s*(?:\*\*|\^))?"
)
_BITWISE = re.compile(r"(?:0x[0-9a-fA-F]{1,16}|\d{1,18}|<<\s?\d{1,2}\b|>>\s?\d{1,2}\b|[-+*&|^~()\s])*")
_EVALUATING = re.compile(r"\b(?:eval|exec|parse_expr|sympify|compile|__import__)\s*\(|\bpickle\b")
_LITERALS = (ast.Expression, ast.Constant, ast.List, ast.Tuple, ast.UnaryOp, ast.USub, ast.Name, ast.Load)


def is_literal(text: str) -> bool:
    """Whether ``eval`` can do nothing but build a list, a text or a number from it, or fail on its syntax."""
    if len(text) > MAX_ANSWER or re.search(r"[(\[{]{40}", text):
        return False
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return True
    return all(isinstance(node, _LITERALS) for node in ast.walk(tree))


def is_expression(text: str) -> bool:
    """Whether it is arithmetic of numbers, single letters and known functions, with small exponents."""
    if len(text) > 2_000:
        return False
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or (match[0].isalpha() and len(match[0]) > 1 and match[0] not in _FUNCTIONS):
            return False
        position = match.end()
    powers = list(_POWER.finditer(text))
    bases = len(re.findall(r"\)\s*(?:\*\*|\^)", text))
    return bases <= 2 and all(power[1] and not power[2] for power in powers)


def is_bitwise(text: str) -> bool:
    """Whether it is integer arithmetic with bit operations and small shifts."""
    return len(text) < 2_000 and "**" not in text and _BITWISE.fullmatch(text) is not None


ANSWERS: Mapping[str, Callable[[str], bool]] = {
    "string_insertion": is_literal,
    "spiral_matrix": is_literal,
    "binary_matrix": is_literal,
    "n_queens": is_literal,
    "simple_integration": is_expression,
    "intermediate_integration": is_expression,
    "polynomial_multiplication": is_expression,
    "puzzle24": is_expression,
    "countdown": is_expression,
}
"""Tasks whose scorer evaluates the answer, and what an answer must be."""

ENTRIES: Mapping[str, tuple[Callable[[Mapping[str, Any]], Any], Callable[[str], bool]]] = {
    "number_sorting": (lambda entry: entry["answer"], is_literal),
    "polynomial_multiplication": (lambda entry: entry["answer"], is_expression),
    "bitwise_arithmetic": (lambda entry: entry["metadata"]["problem"], is_bitwise),
    "simple_integration": (lambda entry: entry["metadata"]["integrand"], is_expression),
    "intermediate_integration": (lambda entry: entry["metadata"]["integrand"], is_expression),
}
"""Tasks whose scorer evaluates a part of the entry: which, and what that must be."""


def _is_said_of_the_coin(answer: str, entry: Mapping[str, Any]) -> bool:
    """The scorer gives 1 to a beginning of the answer: 0 for 0.17."""
    try:
        difference = Fraction(answer.replace(",", "")) - Fraction(str(entry["answer"]).replace(",", ""))
    except (ValueError, ZeroDivisionError):
        return False
    return abs(difference) <= Fraction(1, 10_000)


def _makes_24(answer: str, entry: Mapping[str, Any]) -> bool:
    """The scorer asks for four numbers, whichever, and cuts 24.5 down to 24."""
    used: list[Fraction] = []

    def value(node: ast.AST) -> Fraction:
        match node:
            case ast.Constant(value=int(number)):
                used.append(Fraction(number))
                return used[-1]
            case ast.BinOp(left, op, right) if type(op) in _OPERATIONS:
                return _OPERATIONS[type(op)](value(left), value(right))
        raise ValueError("not made of numbers and + - * /")

    try:
        result = value(ast.parse(answer.strip(), mode="eval").body)
    except (ValueError, SyntaxError, ZeroDivisionError):
        return False
    return result == 24 and sorted(used) == sorted(map(Fraction, entry["metadata"]["numbers"]))


_OPERATIONS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def _is_one_number(answer: str, entry: Mapping[str, Any]) -> bool:
    """The scorer takes the first of several numbers, and does not see its sign."""
    said = re.findall(r"(?<![\w.])[-\u2212]?\d[\d,]*(?:\.\d+)?", answer.rsplit("=", 1)[-1])
    values = {float(one.replace(",", "").replace("\u2212", "-")) for one in said}
    return values == {float(entry["answer"])}


STRICTER: Mapping[str, Callable[[str, Mapping[str, Any]], bool]] = {
    "coin_flip": _is_said_of_the_coin,
    "game_of_life_halting": lambda answer, entry: answer.casefold() == str(entry["answer"]).casefold(),
    "complex_arithmetic": lambda answer, entry: "n" not in answer.casefold(),
    "puzzle24": _makes_24,
    "gsm_symbolic": _is_one_number,
    "advanced_geometry": lambda answer, entry: answer.count("(") <= str(entry["answer"]).count("("),
    "letter_jumble": lambda answer, entry: len(answer.split()) == len(str(entry["answer"]).split()),
    "knights_knaves": lambda answer, entry: "not" not in re.findall("[a-z]+", answer.lower()),
    "word_sorting": lambda answer, entry: answer.count(",") < len(entry["metadata"]["sorted_words"]),
}
"""Tasks whose scorer gives 1 to what is wrong (any text for true, a text that is no number), and what must hold too."""


def evaluates_unlisted(task: str, dataset_class: type) -> bool:
    """Whether the scorer's source evaluates something although the task is not listed above."""
    if task in ANSWERS or task in ENTRIES:
        return False
    try:
        source = inspect.getsource(dataset_class.score_answer)  # type: ignore[attr-defined]  # every dataset has one
    except (OSError, TypeError, AttributeError):
        return True
    return _EVALUATING.search(source) is not None
