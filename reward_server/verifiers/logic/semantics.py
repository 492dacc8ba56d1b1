"""Truth: of propositional formulas under an assignment, and of first-order ones in a finite structure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reward_server.errors import LimitExceeded
from reward_server.types import Json
from reward_server.verifiers.logic.syntax import Atom, Binary, Constant, Formula, Not, Quantified, SyntaxFault, Term

MAX_WORK = 200_000
_TRUE = frozenset("true t 1 yes y ⊤ wahr".split())
_FALSE = frozenset("false f 0 no n ⊥".split())


def truth_value(text: str) -> bool | None:
    """A written truth value; None where the text is none."""
    word = text.strip(" *`$.").casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def letters(formula: Formula) -> Iterator[str]:
    """Propositional letters, in order of appearance; raises ``SyntaxFault`` for what is not propositional."""
    match formula:
        case Atom():
            if formula.args:
                raise SyntaxFault("a formula of propositional logic has no terms")
            yield formula.name
        case Not():
            yield from letters(formula.body)
        case Binary():
            yield from letters(formula.left)
            yield from letters(formula.right)
        case Quantified():
            raise SyntaxFault("a formula of propositional logic has no quantifier")
        case Constant():
            return


def evaluate(formula: Formula, assignment: Mapping[str, bool]) -> bool:
    """Truth under the assignment; raises ``KeyError`` for a letter that it lacks."""
    match formula:
        case Constant():
            return formula.value
        case Atom():
            return assignment[formula.name]
        case Not():
            return not evaluate(formula.body, assignment)
        case Binary():
            left, right = evaluate(formula.left, assignment), evaluate(formula.right, assignment)
            return {"&": left and right, "|": left or right, "->": not left or right, "<->": left == right}[formula.op]
        case Quantified():
            raise SyntaxFault("a quantifier has no truth value under an assignment")


def assignments(names: Sequence[str]) -> Iterator[dict[str, bool]]:
    """Every assignment."""
    for values in itertools.product((True, False), repeat=len(names)):
        yield dict(zip(names, values, strict=True))


@dataclass(slots=True)
class Structure:
    """A finite structure: elements, and the extension of each predicate, function and constant.

    Read from JSON: ``{"domain": [1, 2], "P": [1], "R": [[1, 2]], "f": {"1": 2, "2": 2}, "c": 1, "A": true}``; a
    function of two places has keys such as ``"1,2"``.
    """

    domain: list[str]
    symbols: Mapping[str, Json]
    work: int = 0

    def holds(self, formula: Formula, values: Mapping[str, str]) -> bool:
        """Truth of the formula; raises ``SyntaxFault`` for what the structure does not say, ``LimitExceeded``."""
        self.work += 1
        if self.work > MAX_WORK:
            raise LimitExceeded("evaluating the structure takes too long", limit="time")
        match formula:
            case Constant():
                return formula.value
            case Not():
                return not self.holds(formula.body, values)
            case Binary():
                left, right = self.holds(formula.left, values), self.holds(formula.right, values)
                return {"&": left and right, "|": left or right, "->": not left or right, "<->": left == right}[
                    formula.op
                ]
            case Quantified():
                found = (self.holds(formula.body, {**values, formula.variable: one}) for one in self.domain)
                return all(found) if formula.kind == "forall" else any(found)
            case Atom():
                return self._atom(formula, values)

    def _atom(self, atom: Atom, values: Mapping[str, str]) -> bool:
        args = [self._value(arg, values) for arg in atom.args]
        if atom.name == "=":
            return args[0] == args[1]
        extension = self.symbols.get(atom.name)
        if not args and isinstance(extension, bool):
            return extension
        if not isinstance(extension, list):
            raise SyntaxFault(f"the structure does not give {atom.name}")
        rows = [[str(one) for one in row] if isinstance(row, list) else [str(row)] for row in extension]
        return args in rows

    def _value(self, term: Term, values: Mapping[str, str]) -> str:
        if not term.args and term.name in values:
            return values[term.name]
        given = self.symbols.get(term.name)
        if not term.args:
            value = given if given is not None else term.name
        else:
            args = [self._value(arg, values) for arg in term.args]
            value = given.get(",".join(args)) if isinstance(given, dict) else None
        if str(value) not in self.domain:
            raise SyntaxFault(f"the structure gives {term.name} no element as its value")
        return str(value)


def structure(document: Json) -> Structure | None:
    """A structure from JSON; None where it is none."""
    if not isinstance(document, dict) or not isinstance(document.get("domain"), list) or not document["domain"]:
        return None
    domain = list(dict.fromkeys(str(one) for one in document["domain"]))
    if len(domain) > 50:
        raise LimitExceeded("more than 50 elements", limit="size")
    symbols = {key: value for key, value in document.items() if key != "domain"}
    for nested in ("predicates", "functions", "constants"):
        if isinstance(symbols.get(nested), dict):
            symbols |= symbols.pop(nested)
    return Structure(domain, symbols)
