"""Random first-order proofs, grown line by line out of guesses of which most are wrong; what is accepted must hold."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from reward_server.verifiers.logic.natural_deduction import Fault, check
from reward_server.verifiers.logic.syntax import Atom, Binary, Formula, Not, Quantified, Term, parse, show
from reward_server.verifiers.logic.terms import instance

NAMES = [Term(name) for name in "abcx"]
ENDS = ("the proof ends inside a sub-proof", "the last line is not the conclusion")
"""What is said of a proof whose every line follows, but that is not done."""


@dataclass
class Written:
    """Lines so far as (depth, formula, text), and which of them may be cited."""

    premises: list[Formula]
    lines: list[tuple[int, Formula, str]] = field(default_factory=list)

    def text(self, *more: str) -> str:
        """The proof, with another line behind it."""
        return "\n".join([*(text for _, _, text in self.lines), *more])

    def open(self, depth: int) -> dict[int, Formula]:
        """Lines by number that a line of that depth may cite."""
        found: dict[int, Formula] = {}
        for number, (level, formula, text) in enumerate(self.lines, 1):
            if level > 0 and text.endswith("assumption"):
                found = {place: one for place, one in found.items() if self.lines[place - 1][0] < level}
            found[number] = formula
        return {number: one for number, one in found.items() if self.lines[number - 1][0] <= depth}

    def closed(self) -> list[tuple[int, int]]:
        """Spans of sub-proofs that have been left."""
        spans, opened = [], list[tuple[int, int]]()
        for number, (level, _, text) in enumerate([*self.lines, (0, self.premises[0], "")], 1):
            while opened and (level < opened[-1][0] or (level == opened[-1][0] and text.endswith("assumption"))):
                spans.append((opened.pop()[1], number - 1))
            if text.endswith("assumption"):
                opened.append((level, number))
        return spans


class Guesser:
    """Grows proofs with one source of chance."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)

    def proved(self, guesses: int) -> Iterator[tuple[list[Formula], Formula]]:
        """Premises, and what a proof of its own has accepted outside sub-proofs."""
        proof = Written([self.formula(3) for _ in range(self.source.randint(1, 3))])
        proof.lines = [(0, one, f"{n}. {show(one)}  premise") for n, one in enumerate(proof.premises, 1)]
        for _ in range(guesses):
            level = proof.lines[-1][0]
            opens = level < 2 and self.source.random() < 0.12
            depth = level + 1 if opens else max(0, level - (self.source.random() < 0.2))
            guess = (self.supposition(proof, depth), "assumption") if opens else self.guess(proof, depth)
            if guess is None or len(show(guess[0])) > 100:
                continue
            formula, why = guess
            line = f"{len(proof.lines) + 1}. {'| ' * depth}{show(formula)}  {why}"
            result = check(proof.text(line), proof.premises, formula, compact=False)
            if isinstance(result, Fault) and not result.problem.startswith(ENDS):
                continue
            proof.lines.append((depth, formula, line))
            if isinstance(result, int):
                yield proof.premises, formula

    def formula(self, size: int, bound: Sequence[Term] = ()) -> Formula:
        """A random formula over a few predicates and names."""
        kind = self.source.random() if size else 0.0
        if kind < 0.3:
            name, places = self.source.choice([("F", 1), ("G", 1), ("R", 2), ("R", 2), ("=", 2)])
            return Atom(name, tuple(self.source.choice([*NAMES, *bound, *bound]) for _ in range(places)))
        if kind < 0.4:
            return Not(self.formula(size - 1, bound))
        if kind < 0.6:
            op = self.source.choice(["&", "|", "->"])
            return parse(f"({show(self.formula(size - 1, bound))}) {op} ({show(self.formula(size - 1, bound))})")
        variable = self.source.choice("xyz")
        body = self.formula(size - 1, [*bound, Term(variable)])
        return Quantified(self.source.choice(["forall", "exists"]), variable, body)

    def supposition(self, proof: Written, depth: int) -> Formula:
        """A case of some open "some", or anything."""
        cases = [one for one in proof.open(depth - 1).values() if isinstance(one, Quantified) and one.kind == "exists"]
        case = instance(self.source.choice(cases), self.source.choice(NAMES)) if cases else None
        return case or self.formula(1)

    def guess(self, proof: Written, depth: int) -> tuple[Formula, str] | None:
        """A formula with a rule that might give it."""
        lines, spans = list(proof.open(depth).items()), proof.closed()
        if not lines:
            return None
        (n, one), (m, other) = self.source.choice(lines), self.source.choice(lines)
        first, last = self.source.choice(spans) if spans else (n, m)
        name, variable = self.source.choice(NAMES), self.source.choice("xyz")
        share = self.source.choice([1.0, 1.0, 0.6])
        guesses: list[tuple[Formula | None, str]] = [
            (Quantified("forall", variable, self.replaced(one, name, Term(variable), share)), f"UG {n}"),
            (Quantified("exists", variable, self.replaced(one, name, Term(variable), share)), f"EG {n}"),
            (Binary("&", one, other), f"&I {n}, {m}"),
            (Binary("->", proof.lines[first - 1][1], proof.lines[last - 1][1]), f"->I {first}-{last}"),
            (Not(proof.lines[first - 1][1]), f"~I {first}-{last}"),
            (proof.lines[last - 1][1], f"existsE {n}, {first}-{last}"),
            (proof.lines[last - 1][1], f"existsE {n}, {first}-{last}"),
        ]
        if isinstance(one, Quantified):
            guesses += [(instance(one, name), f"UI {n}"), (instance(one, Term("d")), f"EI {n}")] * 2
            other_kind = "forall" if one.kind == "exists" else "exists"
            guesses.append((Not(parse(f"{other_kind} {one.variable} ~({show(one.body)})")), f"QN {n}"))
        if isinstance(one, Binary):
            guesses += [(one.left, f"&E {n}"), (one.right, f"->E {n}, {m}"), (one.right, f"DS {n}, {m}")]
        if isinstance(one, Atom) and one.name == "=":
            guesses += [(self.replaced(other, one.args[0], one.args[1], share), f"=E {n}, {m}")] * 3
        formula, why = self.source.choice(guesses)
        return None if formula is None else (formula, why)

    def replaced(self, formula: Formula, old: Term, new: Term, share: float) -> Formula:
        """Some of the places of a term taken by another, bound or not: which is often wrong."""
        match formula:
            case Atom():
                args = (new if arg == old and self.source.random() < share else arg for arg in formula.args)
                return Atom(formula.name, tuple(args))
            case Not():
                return Not(self.replaced(formula.body, old, new, share))
            case Binary():
                sides = (self.replaced(side, old, new, share) for side in (formula.left, formula.right))
                return Binary(formula.op, *sides)
            case Quantified():
                return Quantified(formula.kind, formula.variable, self.replaced(formula.body, old, new, share))
        return formula
