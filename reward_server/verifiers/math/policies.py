"""Policies on the answer itself: the form it must have, and what the options of a question make it mean."""

from __future__ import annotations

import math
from typing import Final

from reward_server.verifiers.math.compare import Comparer
from reward_server.verifiers.math.judgement import Spent
from reward_server.verifiers.math.limits import TooBig
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym, symbols_of
from reward_server.verifiers.math.params import MathParams
from reward_server.verifiers.math.reading import readings
from reward_server.verifiers.math.scalars import unevaluated
from reward_server.verifiers.math.shapes import labelled
from reward_server.verifiers.math.symbols import CONSTANTS


def violation(answer: Node, params: MathParams) -> str:
    """What about an answer is not of the form that the task asks for; empty where nothing is.

    >>> from reward_server.verifiers.math.reading import read
    >>> violation(read("2/4"), MathParams(form="reduced"))
    'a fraction is not in lowest terms'
    """
    if params.variables is not None:
        foreign = symbols_of(answer) - CONSTANTS - set(params.variables)
        if foreign:
            return f"{min(foreign)} is not among the variables {', '.join(params.variables)}"
    return _FORMS[params.form](answer)


def left_to_do(answer: Node, gold: Node) -> str:
    r"""What an answer leaves to be carried out though the reference does not; empty where there is nothing.

    An integral, limit, derivative or infinite sum repeats the question.

    >>> from reward_server.verifiers.math.reading import read
    >>> left_to_do(read(r"\int_0^1 x^2\,dx"), read("1/3")), left_to_do(read("1/3"), read(r"\int_0^1 x^2\,dx"))
    ('an integral is not carried out', '')
    """
    left = _undone(answer) - _undone(gold)
    return f"an {min(left)} is not carried out".replace("an infinite", "an infinite sum") if left else ""


def _undone(node: Node) -> frozenset[str]:
    """Operations left to do in what is said, labels apart; one member of a chain that is carried out is enough."""
    if not unevaluated(node):
        return _NOTHING
    label, value = labelled(node)
    if isinstance(value, Apply) and value.op == "same":
        return frozenset.intersection(*map(_undone, value.args))
    if label is not None and value is not node:
        return _undone(value)
    if isinstance(node, Apply) and node.op in ("list", "or", "and", "set", "tuple"):
        return _NOTHING.union(*map(_undone, node.args))
    return unevaluated(node)


_NOTHING: Final[frozenset[str]] = frozenset()


def with_options(accepted: tuple[Node, ...], params: MathParams) -> tuple[Node, ...]:
    """The accepted answers, and those that the options make the same: the letter of a text, the text of a letter.

    Raises ``NotMath`` or ``TooBig`` for an option that cannot be read.
    """
    if not params.options:
        return accepted
    found = list(accepted)
    texts = {letter: readings(text, decimal_comma=params.decimal_comma) for letter, text in params.options.items()}
    for gold in accepted:
        if isinstance(gold, Sym) and gold.name in texts:
            others = [reading for letter, each in texts.items() if letter != gold.name for reading in each]
            if not any(_same(reading, other, params) for reading in texts[gold.name] for other in others):
                found.extend(texts[gold.name])
            continue
        for letter, each in texts.items():
            if any(_same(gold, reading, params) for reading in each):
                found.append(Sym(letter))
    return tuple(dict.fromkeys(found))


def fold_case(node: Node) -> Node:
    """The tree with its letters in lower case."""
    if isinstance(node, Sym):
        return Sym(node.name.lower())
    return Apply(node.op, tuple(map(fold_case, node.args))) if isinstance(node, Apply) else node


def _same(a: Node, b: Node, params: MathParams) -> bool:
    try:
        return bool(Comparer(params).compare(a, b).equal)
    except (Spent, TooBig):
        return False


def _any_form(answer: Node) -> str:
    return ""


def _exact(answer: Node) -> str:
    if isinstance(answer, Num) and answer.ulp is not None and answer.ulp < 1:
        return "a decimal where an exact value is asked for"
    return next(filter(None, map(_exact, answer.args)), "") if isinstance(answer, Apply) else ""


def _reduced(answer: Node) -> str:
    if not isinstance(answer, Apply):
        return _exact(answer)
    if answer.op == "div":
        top, bottom = (_integer(arg) for arg in answer.args)
        if top is not None and bottom is not None and (math.gcd(top, bottom) != 1 or abs(bottom) == 1):
            return "a fraction is not in lowest terms"
    return next(filter(None, map(_reduced, answer.args)), "")


def _integer(node: Node) -> int | None:
    if isinstance(node, Apply) and node.op == "neg":
        inner = _integer(node.args[0])
        return None if inner is None else -inner
    return node.value if isinstance(node, Num) and isinstance(node.value, int) else None


def _factored(answer: Node) -> str:
    if isinstance(answer, Apply):
        if answer.op in ("neg", "eq", "same"):
            return _factored(answer.args[-1])
        if answer.op == "add":
            return "a sum where a product is asked for"
    return ""


def _expanded(answer: Node) -> str:
    if not isinstance(answer, Apply):
        return ""
    sums = [arg for arg in answer.args if isinstance(arg, Apply) and arg.op == "add"]
    if sums and (answer.op == "mul" or (answer.op == "pow" and answer.args[0] in sums)):
        return "a product of sums where a sum is asked for"
    return next(filter(None, map(_expanded, answer.args)), "")


_FORMS = {"any": _any_form, "exact": _exact, "reduced": _reduced, "factored": _factored, "expanded": _expanded}
