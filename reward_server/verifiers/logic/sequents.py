"""Sequent-style proofs: lines ``3. P, P -> Q |- Q   ->L 1, 2`` of the classical calculus LK, sides read as sets.

Each rule says, for a principal formula of its conclusion, how large its premises may be; a premise may have less, since
weakening is sound. That covers contraction, exchange and the additive and multiplicative forms of each rule at once.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reward_server.verifiers.logic.lines import LineFault, proof_block, read_lines
from reward_server.verifiers.logic.natural_deduction import Fault
from reward_server.verifiers.logic.quantifiers import arbitrary
from reward_server.verifiers.logic.syntax import Binary, Constant, Formula, Not, Quantified, SyntaxFault, parse
from reward_server.verifiers.logic.terms import free_names, same, witness

_TURNSTILE = re.compile(r"\|-|⊢|\\vdash\b|=>>|⟹|\\Rightarrow\b(?=.*,)")
_SIGNS: Mapping[str, str] = {
    "&": "& ^ and", "|": "| v or", "->": "-> imp implies", "~": "~ not neg", "forall": "forall all",
    "exists": "exists",
}  # fmt: skip
_RULES: Mapping[str, str] = {
    **{name: f"{sign} {side[0]}" for sign, words in _SIGNS.items() for word in words.split()
       for side in ("l", "r", "left", "right") for name in (f"{word}{side}", f"{side}{word}")},
    **dict.fromkeys("ax axiom id identity init initial".split(), "axiom"),
    **{name: "structural" for word in "w weakening weak c contraction contr x e exchange permutation p".split()
       for side in ("", "l", "r", "left", "right") for name in (f"{word}{side}", f"{side}{word}")},
    "cut": "cut",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sequent:
    """What follows from what: some formula on the right, where all on the left hold."""

    left: tuple[Formula, ...]
    right: tuple[Formula, ...]


def read_sequent(text: str, *, compact: bool = False) -> Sequent:
    """A written sequent; raises ``SyntaxFault``."""
    parts = _TURNSTILE.split(text)
    if len(parts) != 2:
        raise SyntaxFault("a sequent has one turnstile, |-")
    left, right = (tuple(parse(one, compact=compact) for one in _listed(part)) for part in parts)
    if len(left) + len(right) > 40:
        raise SyntaxFault("more than 40 formulas")
    return Sequent(left, right)


def _listed(text: str) -> list[str]:
    """Parts between commas that stand in no bracket."""
    parts, level, start = [], 0, 0
    for position, character in enumerate(text):
        level += (character in "([{") - (character in ")]}")
        if character in ",;" and level == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip(" ∅·")]


def check(text: str, conclusion: Sequent, *, compact: bool) -> Fault | int | None:
    """The first fault of the proof in ``text``, else its number of lines; None where there is no proof."""
    source = proof_block(text)
    if not source:
        return None
    try:
        lines = read_lines(source, frozenset(_RULES))
    except LineFault as error:
        return Fault(0, str(error))
    known: dict[int, Sequent] = {}
    sequent = Sequent((), ())
    for line in lines:
        try:
            sequent = read_sequent(line.statement, compact=compact)
            numbers = [first for first, _ in line.references]
            if missing := [number for number in numbers if number not in known]:
                return Fault(line.number, f"line {missing[0]} cannot be cited from here", line.source)
            if line.number in known:
                return Fault(line.number, "its number is taken", line.source)
        except SyntaxFault as error:
            return Fault(line.number, str(error), line.source)
        if not _derives(_RULES[line.rule], [known[number] for number in numbers], sequent):
            return Fault(line.number, f"it does not follow by {line.rule} from what it cites", line.source)
        known[line.number] = sequent
    if not (_within(sequent, conclusion)):
        return Fault(lines[-1].number, "it is not the sequent to be proved", lines[-1].source)
    return len(lines)


def _has(side: Sequence[Formula], formula: Formula) -> bool:
    return any(same(formula, one) for one in side)


def _within(small: Sequent, large: Sequent) -> bool:
    """Whether ``large`` is ``small`` up to weakening."""
    return all(_has(large.left, one) for one in small.left) and all(_has(large.right, one) for one in small.right)


def _derives(rule: str, premises: Sequence[Sequent], conclusion: Sequent) -> bool:
    if rule == "axiom":
        shared = any(_has(conclusion.right, one) for one in conclusion.left)
        absurd = any(isinstance(one, Constant) and not one.value for one in conclusion.left)
        sure = any(isinstance(one, Constant) and one.value for one in conclusion.right)
        return not premises and (shared or absurd or sure)
    if rule == "structural":
        return len(premises) == 1 and _within(premises[0], conclusion)
    if rule == "cut":
        candidates = [one for premise in premises for one in premise.right]
        return len(premises) == 2 and any(
            _fits(premises, [_more(conclusion, right=(one,)), _more(conclusion, left=(one,))]) for one in candidates
        )
    sign, side = rule.split()
    principal = conclusion.left if side == "l" else conclusion.right
    return any(_reduces(sign, side, formula, premises, conclusion) for formula in principal)


def _more(sequent: Sequent, left: tuple[Formula, ...] = (), right: tuple[Formula, ...] = ()) -> Sequent:
    return Sequent((*sequent.left, *left), (*sequent.right, *right))


def _fits(premises: Sequence[Sequent], allowed: Sequence[Sequent]) -> bool:
    """Whether the premises, in some order, are each within what is allowed."""
    return len(premises) == len(allowed) and any(
        all(_within(premise, one) for premise, one in zip(order, allowed, strict=True))
        for order in itertools.permutations(premises)
    )


_ALLOWED: Mapping[str, Callable[[Sequent, Binary], list[Sequent]]] = {
    "& l": lambda s, f: [_more(s, left=(f.left, f.right))],
    "& r": lambda s, f: [_more(s, right=(f.left,)), _more(s, right=(f.right,))],
    "| l": lambda s, f: [_more(s, left=(f.left,)), _more(s, left=(f.right,))],
    "| r": lambda s, f: [_more(s, right=(f.left, f.right))],
    "-> l": lambda s, f: [_more(s, right=(f.left,)), _more(s, left=(f.right,))],
    "-> r": lambda s, f: [_more(s, left=(f.left,), right=(f.right,))],
}


def _reduces(sign: str, side: str, formula: Formula, premises: Sequence[Sequent], conclusion: Sequent) -> bool:
    """Whether the premises prove ``conclusion`` by the rule for ``sign`` with ``formula`` as the principal one."""
    if isinstance(formula, Binary) and formula.op == sign:
        return _fits(premises, _ALLOWED[f"{sign} {side}"](conclusion, formula))
    if isinstance(formula, Not) and sign == "~":
        inner = (formula.body,)
        return _fits(premises, [_more(conclusion, right=inner) if side == "l" else _more(conclusion, left=inner)])
    if not isinstance(formula, Quantified) or formula.kind != sign or len(premises) != 1:
        return False
    names = frozenset[str]().union(*map(free_names, (*conclusion.left, *conclusion.right)))
    free = (sign == "forall") == (side == "l")
    for special in premises[0].left if side == "l" else premises[0].right:
        fitting = witness(formula, special) is not None if free else arbitrary(formula, special, names)
        extended = _more(conclusion, left=(special,)) if side == "l" else _more(conclusion, right=(special,))
        if fitting and _within(premises[0], extended):
            return True
    return _within(premises[0], conclusion)
