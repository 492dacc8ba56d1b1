"""What rules about quantifiers need: free names, substitution, equality up to the names of bound variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reward_server.verifiers.logic.syntax import Atom, Binary, Constant, Formula, Not, Quantified, Term


def same(left: Formula, right: Formula) -> bool:
    """Equality up to renaming of bound variables."""
    return left == right or _same(left, right, {}, {}, 1)


def _same(left: Formula, right: Formula, there: Mapping[str, int], back: Mapping[str, int], level: int) -> bool:
    """``there`` and ``back`` give each side's bound names the level of their quantifier."""
    match left, right:
        case Quantified(), Quantified():
            inner = {**there, left.variable: level}, {**back, right.variable: level}
            return left.kind == right.kind and _same(left.body, right.body, *inner, level + 1)
        case Binary(), Binary():
            return (
                left.op == right.op
                and _same(left.left, right.left, there, back, level)
                and _same(left.right, right.right, there, back, level)
            )
        case Not(), Not():
            return _same(left.body, right.body, there, back, level)
        case Atom(), Atom():
            return left.name == right.name and _same_terms(left.args, right.args, there, back)
    return left == right


def _same_terms(
    left: tuple[Term, ...], right: tuple[Term, ...], there: Mapping[str, int], back: Mapping[str, int]
) -> bool:
    return len(left) == len(right) and all(
        _same_terms(a.args, b.args, there, back)
        and (there.get(a.name) == back.get(b.name) and (a.name in there or a.name == b.name))
        for a, b in zip(left, right, strict=True)
    )


def subterms(formula: Formula) -> Iterator[Term]:
    """Every term in the formula, inner ones too, with bound variables among them."""
    match formula:
        case Atom():
            stack = list(formula.args)
            while stack:
                term = stack.pop()
                yield term
                stack += term.args
        case Not() | Quantified():
            yield from subterms(formula.body)
        case Binary():
            yield from subterms(formula.left)
            yield from subterms(formula.right)
        case Constant():
            return


def free_names(formula: Formula, bound: frozenset[str] = frozenset()) -> frozenset[str]:
    """Names of terms (constants and variables) that no quantifier binds."""
    match formula:
        case Atom():
            return frozenset(term.name for term in subterms(formula)) - bound
        case Not():
            return free_names(formula.body, bound)
        case Binary():
            return free_names(formula.left, bound) | free_names(formula.right, bound)
        case Quantified():
            return free_names(formula.body, bound | {formula.variable})
        case Constant():
            return frozenset()


def instance(formula: Quantified, term: Term) -> Formula | None:
    """The body with ``term`` for the variable; None where a quantifier inside would catch a name of ``term``."""
    names = {part.name for part in subterms(Atom("", (term,)))}
    try:
        return _put(formula.body, formula.variable, term, names)
    except _Caught:
        return None


class _Caught(Exception):
    """A name of the substituted term would be bound."""


def _put(formula: Formula, variable: str, term: Term, names: set[str]) -> Formula:
    match formula:
        case Atom():
            return Atom(formula.name, tuple(_put_term(arg, variable, term) for arg in formula.args))
        case Not():
            return Not(_put(formula.body, variable, term, names))
        case Binary():
            return Binary(
                formula.op, _put(formula.left, variable, term, names), _put(formula.right, variable, term, names)
            )
        case Quantified():
            if formula.variable == variable:
                return formula
            if formula.variable in names and variable in free_names(formula.body):
                raise _Caught
            return Quantified(formula.kind, formula.variable, _put(formula.body, variable, term, names))
        case Constant():
            return formula


def _put_term(term: Term, variable: str, value: Term) -> Term:
    if term.name == variable and not term.args:
        return value
    return Term(term.name, tuple(_put_term(arg, variable, value) for arg in term.args)) if term.args else term


def witness(formula: Quantified, result: Formula) -> Term | None:
    """The term that makes ``result`` an instance of ``formula``; the variable itself where it does not occur."""
    for term in {Term(formula.variable): None, **dict.fromkeys(subterms(result))}:
        made = instance(formula, term)
        if made is not None and same(made, result):
            return term
    return None


def replaced(left: Formula, right: Formula, old: Term, new: Term) -> bool:
    """Whether ``right`` is ``left`` with some free occurrences of ``old`` replaced by ``new``."""
    match left, right:
        case Atom(), Atom():
            return (
                left.name == right.name
                and len(left.args) == len(right.args)
                and all(_replaced(a, b, old, new) for a, b in zip(left.args, right.args, strict=True))
            )
        case Not(), Not():
            return replaced(left.body, right.body, old, new)
        case Binary(), Binary():
            return (
                left.op == right.op
                and replaced(left.left, right.left, old, new)
                and replaced(left.right, right.right, old, new)
            )
        case Quantified(), Quantified():
            touched = {part.name for part in subterms(Atom("", (old, new)))}
            if left.variable in touched:
                return left == right
            return (
                left.kind == right.kind
                and left.variable == right.variable
                and replaced(left.body, right.body, old, new)
            )
    return left == right


def _replaced(left: Term, right: Term, old: Term, new: Term) -> bool:
    if left == right or (left == old and right == new):
        return True
    return (
        left.name == right.name
        and len(left.args) == len(right.args) > 0
        and all(_replaced(a, b, old, new) for a, b in zip(left.args, right.args, strict=True))
    )
