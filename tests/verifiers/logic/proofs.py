"""A prover for tests: random valid Fitch proofs, written down line by line, and corruptions of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

LETTERS = "PQRST"


@dataclass
class Written:
    """A proof as text, with what it proves; ``lines`` are (depth, formula, justification)."""

    premises: list[str] = field(default_factory=list)
    lines: list[tuple[int, str, str]] = field(default_factory=list)

    @property
    def conclusion(self) -> str:
        return self.lines[-1][1]

    @property
    def text(self) -> str:
        return "\n".join(
            f"{number}. {'| ' * depth}{formula}   {why}" for number, (depth, formula, why) in enumerate(self.lines, 1)
        )


class Prover:
    """Builds proofs forward: premises, rules on lines at hand, and sub-proofs that are closed by their rule."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.proof = Written()

    def prove(self, steps: int) -> Written:
        """A valid proof of about ``steps`` lines that ends outside all sub-proofs."""
        for _ in range(self.random.randint(2, 4)):
            formula = self.formula(2)
            self.proof.premises.append(formula)
            self.add(0, formula, "premise")
        at_hand = list(range(1, len(self.proof.lines) + 1))
        while len(self.proof.lines) < steps:
            at_hand.append(self.step(0, at_hand))
        return self.proof

    def formula(self, size: int) -> str:
        if size == 0 or self.random.random() < 0.3:
            return self.random.choice(LETTERS)
        if self.random.random() < 0.25:
            return f"~{self.formula(size - 1)}"
        op = self.random.choice(("&", "|", "->", "<->"))
        return f"({self.formula(size - 1)} {op} {self.formula(size - 1)})"

    def add(self, depth: int, formula: str, why: str) -> int:
        self.proof.lines.append((depth, formula, why))
        return len(self.proof.lines)

    def at(self, number: int) -> str:
        return self.proof.lines[number - 1][1]

    def step(self, depth: int, at_hand: list[int]) -> int:
        """One more line (or a sub-proof and the line that closes it) from lines at hand."""
        moves = [self.and_intro, self.or_intro, self.double_negation, self.reiterate]
        if depth < 3:
            moves += [self.conditional, self.conditional, self.reductio, self.biconditional, self.cases]
        for _ in range(6):
            if made := self.eliminate(depth, at_hand):
                return made
        return self.random.choice(moves)(depth, at_hand)

    def eliminate(self, depth: int, at_hand: list[int]) -> int:
        """Take a compound line apart, where one at hand allows it; 0 where none does."""
        number = self.random.choice(at_hand)
        parts = split(self.at(number))
        if parts is None:
            return 0
        left, op, right = parts
        known = {self.at(one): one for one in at_hand}
        if op == "&":
            return self.add(depth, self.random.choice((left, right)), f"&E {number}")
        if op == "->" and left in known:
            return self.add(depth, right, f"->E {number}, {known[left]}")
        if op == "->" and f"~{right}" in known:
            return self.add(depth, f"~{left}", f"MT {number}, {known[f'~{right}']}")
        if op == "<->" and left in known:
            return self.add(depth, right, f"<->E {number}, {known[left]}")
        if op == "<->" and right in known:
            return self.add(depth, left, f"<->E {number}, {known[right]}")
        if op == "|" and f"~{left}" in known:
            return self.add(depth, right, f"DS {number}, {known[f'~{left}']}")
        return 0

    def and_intro(self, depth: int, at_hand: list[int]) -> int:
        one, other = self.random.choice(at_hand), self.random.choice(at_hand)
        if len(self.at(one)) + len(self.at(other)) > 120:
            return self.reiterate(depth, at_hand)
        return self.add(depth, f"({self.at(one)} & {self.at(other)})", f"&I {one}, {other}")

    def or_intro(self, depth: int, at_hand: list[int]) -> int:
        one, other = self.random.choice(at_hand), self.formula(1)
        left, right = (self.at(one), other) if self.random.random() < 0.5 else (other, self.at(one))
        return self.add(depth, f"({left} | {right})", f"|I {one}")

    def double_negation(self, depth: int, at_hand: list[int]) -> int:
        one = self.random.choice(at_hand)
        return self.add(depth, f"~~{self.at(one)}", f"DN {one}")

    def reiterate(self, depth: int, at_hand: list[int]) -> int:
        one = self.random.choice(at_hand)
        return self.add(depth, self.at(one), f"R {one}")

    def suppose(self, depth: int, at_hand: list[int], formula: str) -> tuple[int, int]:
        """A sub-proof from ``formula`` of a few steps: its first and last line."""
        first = last = self.add(depth + 1, formula, "assumption")
        inner = [*at_hand, first]
        for _ in range(self.random.randint(1, 3)):
            last = self.step(depth + 1, inner)
            inner.append(last)
        return first, last

    def conditional(self, depth: int, at_hand: list[int]) -> int:
        first, last = self.suppose(depth, at_hand, self.formula(1))
        return self.add(depth, f"({self.at(first)} -> {self.at(last)})", f"->I {first}-{last}")

    def reductio(self, depth: int, at_hand: list[int]) -> int:
        """Supposes the opposite of a line at hand."""
        one = self.random.choice(at_hand)
        first = self.add(depth + 1, f"~{self.at(one)}", "assumption")
        last = self.add(depth + 1, "false", f"~E {one}, {first}")
        return self.add(depth, f"~~{self.at(one)}", f"~I {first}-{last}")

    def biconditional(self, depth: int, at_hand: list[int]) -> int:
        """A formula and its double negation are equivalent."""
        formula = self.formula(1)
        first = self.add(depth + 1, formula, "assumption")
        second = self.add(depth + 1, f"~~{formula}", f"DN {first}")
        third = self.add(depth + 1, f"~~{formula}", "assumption")
        fourth = self.add(depth + 1, formula, f"DN {third}")
        return self.add(depth, f"({formula} <-> ~~{formula})", f"<->I {first}-{second}, {third}-{fourth}")

    def cases(self, depth: int, at_hand: list[int]) -> int:
        """From A | B to B | A by cases."""
        options = [(number, parts) for number in at_hand if (parts := split(self.at(number))) and parts[1] == "|"]
        if not options:
            return self.or_intro(depth, at_hand)
        number, (left, _, right) = self.random.choice(options)
        goal = f"({right} | {left})"
        first = self.add(depth + 1, left, "assumption")
        second = self.add(depth + 1, goal, f"|I {first}")
        third = self.add(depth + 1, right, "assumption")
        fourth = self.add(depth + 1, goal, f"|I {third}")
        return self.add(depth, goal, f"|E {number}, {first}-{second}, {third}-{fourth}")


def split(formula: str) -> tuple[str, str, str] | None:
    """Left side, connective and right side of a bracketed formula."""
    if not formula.startswith("("):
        return None
    level = 0
    for position, character in enumerate(formula):
        level += (character == "(") - (character == ")")
        if level == 1 and character == " ":
            op = formula[position + 1 :].split(" ", 1)[0]
            return formula[1:position], op, formula[position + len(op) + 2 : -1]
    return None


def corrupted(proof: Written, source: random.Random) -> tuple[Written, int]:
    """The proof with one edit in one line's formula, and the number of that line."""
    candidates = [number for number, (_, _, why) in enumerate(proof.lines, 1) if why not in ("premise", "assumption")]
    number = source.choice(candidates)
    depth, formula, why = proof.lines[number - 1]
    places = [place for place, character in enumerate(formula) if character in LETTERS]
    edit = source.randrange(3)
    if edit == 0 and places:
        place = source.choice(places)
        formula = (
            formula[:place] + source.choice([one for one in LETTERS if one != formula[place]]) + formula[place + 1 :]
        )
    elif edit == 1:
        formula = f"~{formula}"
    else:
        swapped = {" & ": " | ", " | ": " & ", " -> ": " <-> ", " <-> ": " -> "}
        found = [op for op in swapped if op in formula]
        formula = formula.replace(found[0], swapped[found[0]], 1) if found else f"~{formula}"
    lines = list(proof.lines)
    lines[number - 1] = (depth, formula, why)
    return Written(proof.premises, lines), number
