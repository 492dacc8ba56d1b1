"""What may reach a scorer that evaluates text.

Some scorers of reasoning-gym call ``eval`` on an answer, or SymPy's ``parse_expr``, which is ``eval`` too; some
evaluate their own metadata. Text for those must be within a grammar that cannot do anything: plain literals, or
arithmetic with single letters and well-known functions. A scorer that evaluates and is not listed here is refused.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
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


def evaluates_unlisted(task: str, dataset_class: type) -> bool:
    """Whether the scorer's source evaluates something although the task is not listed above."""
    if task in ANSWERS or task in ENTRIES:
        return False
    try:
        source = inspect.getsource(dataset_class.score_answer)  # type: ignore[attr-defined]  # every dataset has one
    except (OSError, TypeError, AttributeError):
        return True
    return _EVALUATING.search(source) is not None
