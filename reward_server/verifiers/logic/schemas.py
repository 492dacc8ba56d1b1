"""Rules of natural deduction written down as schemas, and the matcher that applies them.

``"A -> B; A / B"`` takes two lines to a third; ``[A : B]`` is a sub-proof from A to B. Letters stand for any formula,
the same letter for the same formula up to the names of bound variables. A rule with several names or several readings
in the textbooks has several schemas: whatever is sound under its name is accepted.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from reward_server.verifiers.logic.syntax import Atom, Binary, Formula, Not, Quantified, parse
from reward_server.verifiers.logic.terms import same

Binding = dict[str, Formula]


@dataclass(frozen=True, slots=True)
class SubProof:
    """A closed sub-proof: what it assumes and what it ends with."""

    assumption: Formula
    conclusion: Formula


Cited = Formula | SubProof

SCHEMAS: Mapping[str, Sequence[str]] = {
    "reiteration": ("A / A",),
    "and_intro": ("A; B / A & B", "A / A & A"),
    "and_elim": ("A & B / A", "A & B / B"),
    "or_intro": ("A / A | B", "A / B | A"),
    "or_elim": ("A | B; [A : C]; [B : C] / C", "A | B; A -> C; B -> C / C"),
    "imp_intro": ("[A : B] / A -> B",),
    "imp_elim": ("A -> B; A / B",),
    "iff_intro": ("[A : B]; [B : A] / A <-> B", "A -> B; B -> A / A <-> B"),
    "iff_elim": ("A <-> B; A / B", "A <-> B; B / A", "A <-> B / A -> B", "A <-> B / B -> A"),
    "not_intro": ("[A : false] / ~A", "[A : B & ~B] / ~A", "[~A : false] / A", "[~A : B & ~B] / A",
                  "[A : B]; [A : ~B] / ~A"),
    "not_elim": ("A; ~A / false", "~~A / A", "[~A : false] / A", "[~A : B & ~B] / A"),
    "indirect": ("[~A : false] / A", "[~A : B & ~B] / A", "[A : false] / ~A", "[A : B & ~B] / ~A"),
    "explosion": ("false / A", "A; ~A / B", "A & ~A / B"),
    "double_negation": ("~~A / A", "A / ~~A"),
    "modus_tollens": ("A -> B; ~B / ~A", "A -> ~B; B / ~A", "~A -> B; ~B / A", "~A -> ~B; B / A"),
    "hypothetical_syllogism": ("A -> B; B -> C / A -> C",),
    "disjunctive_syllogism": ("A | B; ~A / B", "A | B; ~B / A", "~A | B; A / B", "A | ~B; B / A"),
    "constructive_dilemma": ("A | B; A -> C; B -> D / C | D", "(A -> C) & (B -> D); A | B / C | D"),
    "destructive_dilemma": ("~C | ~D; A -> C; B -> D / ~A | ~B",),
    "absorption": ("A -> B / A -> (A & B)",),
    "excluded_middle": ("/ A | ~A", "/ ~A | A", "[A : B]; [~A : B] / B"),
    "top_intro": ("/ true",),
}  # fmt: skip

EQUIVALENCES: Mapping[str, Sequence[str]] = {
    "double_negation": ("A = ~~A",),
    "de_morgan": ("~(A & B) = ~A | ~B", "~(A | B) = ~A & ~B", "A & B = ~(~A | ~B)", "A | B = ~(~A & ~B)",
                  "~(~A & B) = A | ~B", "~(A & ~B) = ~A | B", "~(~A | B) = A & ~B", "~(A | ~B) = ~A & B"),
    "commutation": ("A & B = B & A", "A | B = B | A", "A <-> B = B <-> A"),
    "association": ("A & (B & C) = (A & B) & C", "A | (B | C) = (A | B) | C"),
    "distribution": ("A & (B | C) = (A & B) | (A & C)", "A | (B & C) = (A | B) & (A | C)",
                     "(B | C) & A = (B & A) | (C & A)", "(B & C) | A = (B | A) & (C | A)"),
    "contraposition": ("A -> B = ~B -> ~A", "A -> ~B = B -> ~A", "~A -> B = ~B -> A"),
    "implication": ("A -> B = ~A | B", "~A -> B = A | B", "~(A -> B) = A & ~B"),
    "equivalence": ("A <-> B = (A -> B) & (B -> A)", "A <-> B = (A & B) | (~A & ~B)"),
    "exportation": ("(A & B) -> C = A -> (B -> C)",),
    "idempotence": ("A = A & A", "A = A | A"),
    "negated_quantifier": (),  # by quantifier_negated
}  # fmt: skip


def follows(rule: str, cited: Sequence[Cited], result: Formula) -> bool:
    """Whether ``result`` comes from ``cited``, in any order, by a schema of ``rule``."""
    for premises, conclusion in _schemas(rule):
        if len(premises) != len(cited):
            continue
        for order in itertools.permutations(cited) if len(cited) <= 4 else ():
            for binding in _match(conclusion, result, {}):
                if _all(premises, order, binding):
                    return True
    return False


def rewritten(rule: str, before: Formula, after: Formula) -> bool:
    """Whether ``after`` is ``before`` with an equivalence of ``rule`` used, either way, at any number of places."""
    if same(before, after):
        return True
    if rule == "negated_quantifier" and (quantifier_negated(before, after) or quantifier_negated(after, before)):
        return True
    for left, right in _equivalences(rule):
        for one, other in ((left, right), (right, left)):
            if any(True for binding in _match(one, before, {}) for _ in _match(other, after, binding)):
                return True
    match before, after:
        case Not(), Not():
            return rewritten(rule, before.body, after.body)
        case Binary(), Binary():
            return (
                before.op == after.op
                and rewritten(rule, before.left, after.left)
                and rewritten(rule, before.right, after.right)
            )
        case Quantified(), Quantified():
            alike = before.kind == after.kind and before.variable == after.variable
            return alike and rewritten(rule, before.body, after.body)
    return False


def quantifier_negated(outer: Formula, inner: Formula) -> bool:
    """Whether ``outer`` is ``~Qx A`` and ``inner`` is ``Q'x ~A``; or with the negations the other way."""
    if not isinstance(outer, Not) or not isinstance(outer.body, Quantified) or not isinstance(inner, Quantified):
        return False
    body = outer.body
    if inner.kind == body.kind:
        return False
    pushed = Quantified(inner.kind, body.variable, Not(body.body))
    return same(pushed, inner) or same(body, Quantified(body.kind, inner.variable, Not(inner.body)))


def conjuncts(formula: Formula, op: str = "&") -> list[Formula]:
    """Parts of a conjunction (or disjunction), through brackets."""
    if isinstance(formula, Binary) and formula.op == op:
        return conjuncts(formula.left, op) + conjuncts(formula.right, op)
    return [formula]


def _all(premises: Sequence[Cited], cited: Sequence[Cited], binding: Binding) -> bool:
    if not premises:
        return True
    return any(_all(premises[1:], cited[1:], bound) for bound in _match_cited(premises[0], cited[0], binding))


def _match_cited(pattern: Cited, cited: Cited, binding: Binding) -> Iterator[Binding]:
    if isinstance(pattern, SubProof):
        if isinstance(cited, SubProof):
            for bound in _match(pattern.assumption, cited.assumption, binding):
                yield from _match(pattern.conclusion, cited.conclusion, bound)
    elif not isinstance(cited, SubProof):
        yield from _match(pattern, cited, binding)


def _match(pattern: Formula, formula: Formula, binding: Binding) -> Iterator[Binding]:
    """Bindings of the letters of ``pattern`` that make it ``formula``."""
    match pattern:
        case Atom():
            known = binding.get(pattern.name)
            if known is None:
                yield {**binding, pattern.name: formula}
            elif same(known, formula):
                yield binding
        case Not():
            if isinstance(formula, Not):
                yield from _match(pattern.body, formula.body, binding)
        case Binary():
            if isinstance(formula, Binary) and formula.op == pattern.op:
                for bound in _match(pattern.left, formula.left, binding):
                    yield from _match(pattern.right, formula.right, bound)
        case _:
            if pattern == formula:
                yield binding


@cache
def _schemas(rule: str) -> list[tuple[list[Cited], Formula]]:
    found: list[tuple[list[Cited], Formula]] = []
    for schema in SCHEMAS.get(rule, ()):
        premises, _, conclusion = schema.rpartition("/")
        found.append(([_cited(part) for part in premises.split(";") if part.strip()], parse(conclusion)))
    return found


def _cited(text: str) -> Cited:
    match = re.fullmatch(r"\s*\[(.*):(.*)\]\s*", text)
    return SubProof(parse(match[1]), parse(match[2])) if match else parse(text)


@cache
def _equivalences(rule: str) -> list[tuple[Formula, Formula]]:
    return [
        (parse(left), parse(right))
        for left, right in (equivalence.split(" = ") for equivalence in EQUIVALENCES.get(rule, ()))
    ]
