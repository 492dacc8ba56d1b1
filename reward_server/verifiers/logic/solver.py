"""Z3 behind three questions: does this follow, are these equivalent, is this satisfiable.

Each question has a context of its own, a limit on Z3's resource units (so that the answer does not depend on the
machine), on time as a backstop, and on memory. Formulas are built as terms from our own tree: no text of a model
reaches Z3's parser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from reward_server.errors import LimitExceeded
from reward_server.verifiers.base import library
from reward_server.verifiers.logic.syntax import Atom, Binary, Constant, Formula, Not, Quantified, SyntaxFault, Term
from reward_server.verifiers.logic.terms import subterms

Sort = Literal["Int", "Real", "Bool"]
Answer = Literal["yes", "no", "unknown"]

MAX_EXPONENT = 32
_MEMORY_MB = 512
_UNITS_PER_S = 2_000_000
_ARITHMETIC = frozenset("+-*/^")
_ORDER = frozenset(("<", "<=", ">", ">="))


def is_arithmetic(formula: Formula) -> bool:
    """Whether the formula compares or computes with numbers."""
    if isinstance(formula, Atom):
        return formula.name in _ORDER or any(
            term.name in _ARITHMETIC or term.name[:1].isdigit() for term in subterms(formula)
        )
    if isinstance(formula, Binary):
        return is_arithmetic(formula.left) or is_arithmetic(formula.right)
    return isinstance(formula, Not | Quantified) and is_arithmetic(formula.body)


class Solver:
    """Answers questions about formulas over one signature; raises ``SyntaxFault`` for a formula outside it."""

    def __init__(self, sorts: Mapping[str, Sort] | None = None, *, numbers: Sort | None = None, time_s: float) -> None:
        """With ``numbers``, names are numbers of that sort unless ``sorts`` says otherwise; else things."""
        self.z3 = library("z3", "this kind of logic")
        self.context = self.z3.Context()
        self.sorts = dict(sorts or {})
        self.numbers = numbers
        self.time_s = time_s
        self.arities: dict[tuple[str, str], int] = {}
        self.things = self.z3.DeclareSort("Thing", self.context)

    def follows(self, premises: Sequence[Formula], conclusion: Formula) -> Answer:
        """Whether the conclusion holds wherever all premises do; raises ``LimitExceeded``."""
        satisfiable = self.satisfiable([*premises, Not(conclusion)])
        return {"yes": "no", "no": "yes", "unknown": "unknown"}[satisfiable]  # type: ignore[return-value]

    def equivalent(self, left: Formula, right: Formula) -> Answer:
        """Whether both hold in the same cases; raises ``LimitExceeded``."""
        return self.follows([], Binary("<->", left, right))

    def satisfiable(self, formulas: Sequence[Formula]) -> Answer:
        """Whether all hold together somewhere; raises ``LimitExceeded``."""
        z3 = self.z3
        solver = z3.Solver(ctx=self.context)
        solver.set("timeout", int(self.time_s * 1_000) * 4)
        solver.set("rlimit", int(self.time_s * _UNITS_PER_S))
        solver.set("max_memory", _MEMORY_MB)
        try:
            solver.add(*(self._formula(formula, {}) for formula in formulas))
            result = solver.check()
        except z3.Z3Exception as error:
            message = error.value.decode() if isinstance(error.value, bytes) else str(error.value)
            if "memory" in message:
                raise LimitExceeded("the solver used too much memory", limit="memory") from None
            if "sort" in message or "mismatch" in message:
                raise SyntaxFault(f"names are used with different types: {message[:100]}") from None
            raise
        if result == z3.sat:
            return "yes"
        if result == z3.unsat:
            return "no"
        reason = solver.reason_unknown()
        if any(word in reason for word in ("resource", "timeout", "canceled", "memout")):
            raise LimitExceeded(f"the solver needs more than {self.time_s:g} s for a step", limit="time")
        return "unknown"

    def _formula(self, formula: Formula, bound: Mapping[str, Any]) -> Any:
        z3 = self.z3
        match formula:
            case Constant():
                return z3.BoolVal(formula.value, self.context)
            case Not():
                return z3.Not(self._formula(formula.body, bound))
            case Binary():
                left, right = self._formula(formula.left, bound), self._formula(formula.right, bound)
                return {
                    "&": lambda: z3.And(left, right), "|": lambda: z3.Or(left, right),
                    "->": lambda: z3.Implies(left, right), "<->": lambda: left == right,
                }[formula.op]()  # fmt: skip
            case Quantified():
                variable = z3.Const(f"{formula.variable}!{len(bound)}", self._sort(formula.variable))
                body = self._formula(formula.body, {**bound, formula.variable: variable})
                return (z3.ForAll if formula.kind == "forall" else z3.Exists)([variable], body)
            case Atom():
                return self._atom(formula, bound)

    def _atom(self, atom: Atom, bound: Mapping[str, Any]) -> Any:
        if atom.name in ("=", *_ORDER):
            left, right = (self._term(arg, bound) for arg in atom.args)
            if atom.name == "=":
                return left == right
            if self.numbers is None:
                raise SyntaxFault(f"{atom.name} compares numbers, and there are none here")
            return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[atom.name]
        self._arity("predicate", atom.name, len(atom.args))
        if not atom.args:
            return self.z3.Bool(f"prop {atom.name}", self.context)
        args = [self._term(arg, bound) for arg in atom.args]
        function = self.z3.Function(f"pred {atom.name}", *(arg.sort() for arg in args), self.z3.BoolSort(self.context))
        return function(*args)

    def _term(self, term: Term, bound: Mapping[str, Any]) -> Any:
        z3 = self.z3
        if not term.args and term.name in bound:
            return bound[term.name]
        if term.name[:1].isdigit() or term.name in _ARITHMETIC:
            if self.numbers is None:
                raise SyntaxFault("there are no numbers here")
            return self._number(term, bound)
        self._arity("name", term.name, len(term.args))
        if not term.args:
            return z3.Const(f"name {term.name}", self._sort(term.name))
        args = [self._term(arg, bound) for arg in term.args]
        return z3.Function(f"fun {term.name}", *(arg.sort() for arg in args), self._sort(term.name))(*args)

    def _number(self, term: Term, bound: Mapping[str, Any]) -> Any:
        z3 = self.z3
        if term.name[:1].isdigit():
            return z3.RealVal(term.name, self.context) if "." in term.name else z3.IntVal(term.name, self.context)
        if term.name == "^":
            exponent = term.args[1].name
            if not exponent.isdigit() or len(exponent) > 3 or int(exponent) > MAX_EXPONENT:
                raise SyntaxFault(f"an exponent is a number up to {MAX_EXPONENT}")
            base = self._term(term.args[0], bound)
            result = z3.IntVal(1, self.context)
            for _ in range(int(exponent)):
                result = result * base
            return result
        args = [self._term(arg, bound) for arg in term.args]
        if len(args) == 1:
            return -args[0]
        left, right = args
        if term.name == "/":
            return (z3.ToReal(left) if left.is_int() else left) / (z3.ToReal(right) if right.is_int() else right)
        return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}[term.name]()

    def _sort(self, name: str) -> Any:
        sort = self.sorts.get(name, self.numbers)
        if sort is None:
            return self.things
        return {"Int": self.z3.IntSort, "Real": self.z3.RealSort, "Bool": self.z3.BoolSort}[sort](self.context)

    def _arity(self, what: str, name: str, arity: int) -> None:
        if self.arities.setdefault((what, name), arity) != arity:
            raise SyntaxFault(f"{name} has {arity} arguments here and {self.arities[what, name]} elsewhere")
