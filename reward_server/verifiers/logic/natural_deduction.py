"""Fitch-style natural deduction: reads a written proof and names the first line that does not follow.

A line is a premise of the reference, an assumption that opens a sub-proof one level deeper, or follows by its rule
from lines it may cite: lines of the open sub-proofs, and closed sub-proofs that stand in an open one. The proof is
right when every line is, and the last one, outside all sub-proofs, is the conclusion.

Existential instantiation (EI with one line cited) names a case by a new name. It is read as the supposition of an ∃E
whose sub-proof is all that is left of the present one: the name is not arbitrary, and what is closed has none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reward_server.verifiers.logic.lines import Line, LineFault, proof_block, read_lines
from reward_server.verifiers.logic.quantifiers import QUANTIFIERS, arbitrary
from reward_server.verifiers.logic.rule_names import RULES
from reward_server.verifiers.logic.schemas import EQUIVALENCES, Cited, SubProof, conjuncts, follows, rewritten
from reward_server.verifiers.logic.syntax import Formula, Quantified, SyntaxFault, parse, show
from reward_server.verifiers.logic.terms import free_names, same


@dataclass(frozen=True, slots=True)
class Fault:
    """The first line that is wrong, and why."""

    line: int
    problem: str
    source: str = ""


@dataclass(slots=True)
class _Scope:
    """An open sub-proof."""

    start: int
    assumption: Formula
    named: list[Formula] = field(default_factory=list)
    """Cases named by existential instantiation."""
    lines: dict[int, Formula] = field(default_factory=dict)
    closed: dict[tuple[int, int], SubProof] = field(default_factory=dict)
    last: int = 0
    witnesses: set[str] = field(default_factory=set)
    """The names that those cases got."""


class _Wrong(Exception):
    """The line does not follow; the message says why."""


def check(text: str, premises: Sequence[Formula], conclusion: Formula, *, compact: bool) -> Fault | int | None:
    """The first fault of the proof in ``text``, else its number of lines; None where there is no proof."""
    source = proof_block(text)
    if not source:
        return None
    try:
        lines = read_lines(source, frozenset(RULES))
    except LineFault as error:
        return Fault(0, str(error))
    proof = _Proof(premises, conclusion, compact)
    for line in lines:
        try:
            proof.add(line)
        except (_Wrong, SyntaxFault) as error:
            return Fault(line.number, str(error), line.source)
    if len(proof.stack) > 1:
        return Fault(lines[-1].number, "the proof ends inside a sub-proof", lines[-1].source)
    if not same(proof.last, conclusion):
        return Fault(
            lines[-1].number, f"the last line is not the conclusion {show(conclusion)[:200]}", lines[-1].source
        )
    return len(lines)


class _Proof:
    """Lines so far, by open sub-proof; the outermost scope assumes nothing."""

    def __init__(self, premises: Sequence[Formula], conclusion: Formula, compact: bool) -> None:
        self.premises = premises
        self.names = set[str]().union(*map(free_names, (*premises, conclusion)))
        self.compact = compact
        self.stack = [_Scope(0, parse("true"))]
        self.numbers: set[int] = set()
        self.last: Formula = parse("true")

    def add(self, line: Line) -> None:
        """Take the next line; raises ``_Wrong`` or ``SyntaxFault``."""
        if line.number in self.numbers:
            raise _Wrong(f"there is a line {line.number} already")
        self.numbers.add(line.number)
        formula = parse(line.statement, compact=self.compact)
        rule = RULES[line.rule]
        premise = any(same(formula, one) for one in self.premises)
        assumes = rule == "assumption" and not (premise and line.depth < len(self.stack) and line.depth == 0)
        self._close(line.depth, assumes)
        if assumes:
            self._open(line, formula)
        elif line.depth != len(self.stack) - 1:
            raise _Wrong("it stands deeper than any open sub-proof; only an assumption opens one")
        elif rule in ("premise", "assumption"):
            if not premise:
                raise _Wrong(f"{show(formula)[:200]} is no premise")
        else:
            self._derive(line, rule, formula)
        self.names |= free_names(formula)
        self.stack[-1].lines[line.number] = formula
        self.stack[-1].last = line.number
        self.last = formula

    def _close(self, depth: int, assumes: bool) -> None:
        """Close sub-proofs that the line leaves; an assumption at the same depth leaves the one before it."""
        while len(self.stack) - 1 > depth or (assumes and 0 < depth == len(self.stack) - 1):
            scope = self.stack.pop()
            sub = SubProof(scope.assumption, scope.lines[scope.last])
            if not free_names(sub.conclusion) & scope.witnesses:
                self.stack[-1].closed[scope.start, scope.last] = sub

    def _open(self, line: Line, formula: Formula) -> None:
        if line.depth != len(self.stack):
            raise _Wrong("an assumption opens a sub-proof, one level deeper" if line.depth < len(self.stack)
                         else "it stands more than one level deeper")  # fmt: skip
        self.stack.append(_Scope(line.number, formula))

    def _derive(self, line: Line, rule: str, formula: Formula) -> None:
        cited = self._cited(line.references)
        if rule in QUANTIFIERS:
            open_formulas = [*self.premises, *(one for scope in self.stack for one in (scope.assumption, *scope.named))]
            taken = frozenset[str]().union(*map(free_names, open_formulas))
            if not QUANTIFIERS[rule](cited, formula, taken) and not self._instantiates(rule, cited, formula):
                raise _Wrong(f"it does not follow by {line.rule} from what it cites")
            return
        if follows(rule, cited, formula) or _by_parts(rule, cited, formula):
            return
        only = cited[0] if len(cited) == 1 else None
        if (
            rule in EQUIVALENCES
            and only is not None
            and not isinstance(only, SubProof)
            and rewritten(rule, only, formula)
        ):
            return
        raise _Wrong(f"it does not follow by {line.rule} from what it cites")

    def _instantiates(self, rule: str, cited: Sequence[Cited], formula: Formula) -> bool:
        """Whether the line names a case of "some" by a name that stands nowhere yet; remembers that it did."""
        general = cited[0] if rule == "exists_elim" and len(cited) == 1 else None
        if not isinstance(general, Quantified) or general.kind != "exists":
            return False
        if not arbitrary(general, formula, frozenset(self.names)):
            return False
        self.stack[-1].named.append(formula)
        self.stack[-1].witnesses |= free_names(formula) - self.names
        return True

    def _cited(self, references: Sequence[tuple[int, int]]) -> list[Cited]:
        """What the references name; "2, 5" names the sub-proof from 2 to 5 where line 2 itself is closed."""
        lines = {number: formula for scope in self.stack for number, formula in scope.lines.items()}
        closed = {span: sub for scope in self.stack for span, sub in scope.closed.items()}
        cited: list[Cited] = []
        pending = list(references)
        while pending:
            first, last = pending.pop(0)
            if first == last and first in lines:
                cited.append(lines[first])
                continue
            if first == last and pending and pending[0][0] == pending[0][1] and (first, pending[0][0]) in closed:
                last = pending.pop(0)[0]
            sub = closed.get((first, last))
            if sub is None:
                what = f"line {first}" if first == last else f"the sub-proof {first}-{last}"
                raise _Wrong(f"{what} cannot be cited from here")
            cited.append(sub)
        return cited


def _by_parts(rule: str, cited: Sequence[Cited], result: Formula) -> bool:
    """Conjunctions and disjunctions of more than two parts, taken through their brackets."""
    formulas = [one for one in cited if not isinstance(one, SubProof)]
    if len(formulas) != len(cited) or not formulas:
        return False
    if rule == "and_elim" and len(formulas) == 1:
        parts = conjuncts(formulas[0])
        return all(any(same(part, one) for one in parts) for part in conjuncts(result))
    if rule == "and_intro":
        parts = [part for one in formulas for part in (one, *conjuncts(one))]
        return all(any(same(part, one) for one in parts) for part in conjuncts(result))
    if rule == "or_intro" and len(formulas) == 1:
        parts = conjuncts(result, "|")
        return all(any(same(part, one) for one in parts) for part in conjuncts(formulas[0], "|"))
    return False
