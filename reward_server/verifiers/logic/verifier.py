"""The ``logic`` verifier: one checker for each kind of reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.listing import Wrong, answer_pairs, document
from reward_server.verifiers.logic import clauses, natural_deduction, puzzles, references, sequents, steps, tables
from reward_server.verifiers.logic.natural_deduction import Fault
from reward_server.verifiers.logic.semantics import assignments, evaluate, letters, structure, truth_value
from reward_server.verifiers.logic.smtlib import parse_smtlib
from reward_server.verifiers.logic.solver import Solver, Sort, is_arithmetic
from reward_server.verifiers.logic.syntax import Binary, Formula, Not, SyntaxFault, is_compact, parse, show


class LogicParams(StrictModel):
    """Limits of a step."""

    step_time_s: float = Field(2.0, gt=0, le=20, description="Seconds of the solver for one step")


class LogicDetail(TypedDict, total=False):
    """The first wrong line, or how many there are."""

    line: int
    problem: str
    source: str
    lines: int


Checker = Callable[[str, Context], Verdict]


@dataclass(frozen=True, slots=True)
class Task:
    """The checker of one reference."""

    check: Checker


class Logic:
    """Right if every step of the derivation follows and it ends in what was asked; the first wrong line is named.

    The reference is a union on ``kind``: ``natural_deduction`` and ``sequent`` (a proof checked by its rules),
    ``entailment`` (steps checked by Z3), ``algebra`` (steps checked by the mathematics verifier), ``truth_table``,
    ``resolution``, ``drat``, ``model`` (an assignment or a finite structure), and the puzzles ``knights_and_knaves``,
    ``sudoku``, ``n_queens``, ``countdown`` and ``zebra``. Formulas are ASCII, Unicode or LaTeX.
    """

    name = "logic"
    version = "2"
    lane = Lane.CPU
    limits = Limits(time_s=30.0, memory_mb=2048)
    cost_s = 1e-3
    Reference = references.LogicReference
    Params = LogicParams
    Detail = LogicDetail

    _ponens = {"kind": "natural_deduction", "premises": ["P -> Q", "P"], "conclusion": "Q"}
    examples = (
        Example("a proof", _ponens, "1. P -> Q   premise\n2. P   premise\n3. Q   ->E 1, 2", Outcome.CORRECT),
        Example("a wrong line", _ponens, "1. P -> Q   premise\n2. P   premise\n3. Q   &E 2", Outcome.INCORRECT),
        Example("no proof", _ponens, "It is clear.", Outcome.NO_ANSWER),
        Example("a sequent", {"kind": "sequent", "sequent": "P, P -> Q |- Q"},
                "1. P |- P, Q   Ax\n2. P, Q |- Q   Ax\n3. P, P -> Q |- Q   ->L 1, 2", Outcome.CORRECT),
        Example("a truth table", {"kind": "truth_table", "formula": "P & Q"},
                "P | Q | P & Q\n--|--|--\nT | T | T\nT | F | F\nF | T | F\nF | F | F", Outcome.CORRECT),
        Example("a resolution", {"kind": "resolution", "clauses": ["P | Q", "~P", "~Q"]},
                "4. Q  [1, 2]\n5. []  [3, 4]", Outcome.CORRECT),
        Example("a counter-model", {"kind": "model", "formulas": ["P -> Q", "Q"], "counter_to": "P"},
                "P = false, Q = true", Outcome.CORRECT),
        Example("no counter-model", {"kind": "model", "formulas": ["P -> Q", "Q"], "counter_to": "P"},
                "P = true, Q = true", Outcome.INCORRECT),
        Example("drat", {"kind": "drat", "cnf": "1 2 0\n-1 2 0\n1 -2 0\n-1 -2 0"}, "1 0\n0", Outcome.CORRECT),
        Example("entailment", {"kind": "entailment", "premises": ["x > 2"], "conclusion": "x * x > 3"},
                "1. x * x > 2 * x\n2. x * x > 3   from 1", Outcome.CORRECT),
        Example("knights and knaves", {"kind": "knights_and_knaves", "statements": {"A": "~B", "B": "~A & ~B"}},
                "A is a knight and B is a knave.", Outcome.CORRECT),
        Example("a game of 24", {"kind": "countdown", "numbers": [4, 6, 8], "target": 24, "use_all": True},
                "Answer: (8 - 4) * 6", Outcome.CORRECT),
        Example("queens", {"kind": "n_queens", "size": 4}, "[1, 3, 0, 2]", Outcome.CORRECT),
        Example("a grid", {"kind": "zebra", "solution": {"1": {"pet": "zebra"}}}, '{"1": {"pet": "Zebra"}}',
                Outcome.CORRECT),
        Example("a sudoku", {"kind": "sudoku", "grid": [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]},
                "1 2 3 4\n3 4 1 2\n2 1 4 3\n4 3 2 1", Outcome.CORRECT),
    )  # fmt: skip

    def prepare(self, reference: Any, params: LogicParams, context: Context) -> Task:
        """Parse the reference and check that it can be done; raises ``InvalidTask`` and ``Unavailable``."""
        try:
            return Task(_PREPARE[reference.kind](reference, params))
        except SyntaxFault as error:
            raise InvalidTask(f"a formula of the reference cannot be read: {error}") from None
        except LimitExceeded as error:
            raise InvalidTask(f"the reference itself passes a limit: {error}") from None

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Check the derivation, model or answer."""
        return task.check(completion.text, context)


def _verdict(result: Fault | int | None) -> Verdict:
    """A checker's answer as a verdict: a fault, the number of right lines, or nothing found."""
    if result is None:
        return no_answer()
    if isinstance(result, Fault):
        return incorrect({"line": result.line, "problem": result.problem[:400], "source": result.source[:200]})
    return correct({"lines": result})


def _natural_deduction(reference: references.NaturalDeduction, params: LogicParams) -> Checker:
    compact = is_compact([*reference.premises, reference.conclusion])
    premises = [parse(one, compact=compact) for one in reference.premises]
    conclusion = parse(reference.conclusion, compact=compact)
    _refuse_invalid(premises, conclusion)
    return lambda text, _: _verdict(natural_deduction.check(text, premises, conclusion, compact=compact))


def _refuse_invalid(premises: list[Formula], conclusion: Formula) -> None:
    """``InvalidTask`` where a small propositional problem cannot be proved at all."""
    formula: Formula = conclusion
    for premise in premises:
        formula = Binary("->", premise, formula)
    try:
        names = sorted(set(letters(formula)))
    except SyntaxFault:
        return
    if len(names) <= 8 and not all(evaluate(formula, one) for one in assignments(names)):
        raise InvalidTask("the conclusion does not follow from the premises")


def _sequent(reference: references.SequentProof, params: LogicParams) -> Checker:
    compact = is_compact([reference.sequent])
    wanted = sequents.read_sequent(reference.sequent, compact=compact)
    return lambda text, _: _verdict(sequents.check(text, wanted, compact=compact))


def _entailment(reference: references.Entailment, params: LogicParams) -> Checker:
    texts = [*reference.premises, reference.conclusion]
    read: Callable[[str], Formula] = partial(parse, compact=is_compact(texts))
    if reference.syntax == "smtlib":
        read = partial(parse_smtlib, sorts=reference.variables)
    premises, conclusion = [read(one) for one in reference.premises], read(reference.conclusion)
    numbers: Sort | None = "Real" if reference.variables or any(map(is_arithmetic, [*premises, conclusion])) else None

    def check(text: str, context: Context) -> Verdict:
        found = steps.written_steps(text)
        if not found:
            return no_answer()
        if len(found) < reference.min_steps:
            return _verdict(Fault(len(found), f"at least {reference.min_steps} steps are asked for"))
        solver = Solver(reference.variables, numbers=numbers, time_s=params.step_time_s)
        fault, undecided = steps.check_entailment(found, premises, conclusion, solver, read)
        verdict = _verdict(fault or len(found))
        return Verdict(verdict.outcome, verdict.score, verdict.detail, ("undecided",)) if undecided else verdict

    solver = Solver(reference.variables, numbers=numbers, time_s=params.step_time_s * 4)
    try:
        if solver.follows(premises, conclusion) == "no":
            raise InvalidTask("the conclusion does not follow from the premises")
    except LimitExceeded:
        pass  # too hard in one step, which is what a derivation is for
    return check


def _algebra(reference: references.Algebra, params: LogicParams) -> Checker:
    def check(text: str, context: Context) -> Verdict:
        if context.verify_with is None:
            raise Unavailable("no other verifier can be reached from here", reason="no_verifiers", retryable=False)
        found = steps.written_steps(text)
        if not found:
            return no_answer()
        fault = steps.check_algebra(
            found, reference.start, reference.conclusion, context.verify_with, params.step_time_s, reference.params
        )
        return _verdict(fault or len(found))

    return check


def _truth_table(reference: references.TruthTable, params: LogicParams) -> Checker:
    formula = parse(reference.formula)
    if not 0 < len(set(letters(formula))) <= tables.MAX_LETTERS:
        raise InvalidTask(f"a truth table is of one to {tables.MAX_LETTERS} letters")
    return lambda text, _: _verdict(tables.check(text, formula))


def _resolution(reference: references.Resolution, params: LogicParams) -> Checker:
    try:
        given = [clauses.read_clause(one) for one in reference.clauses]
    except ValueError as error:
        raise InvalidTask(str(error)) from None
    return lambda text, _: _verdict(clauses.check_resolution(text, given))


def _drat(reference: references.Drat, params: LogicParams) -> Checker:
    given = clauses.read_dimacs(reference.cnf)
    return lambda text, _: _verdict(clauses.check_drat(text, given))


def _model(reference: references.Model, params: LogicParams) -> Checker:
    texts = [*reference.formulas, *([reference.counter_to] if reference.counter_to is not None else [])]
    if not texts:
        raise InvalidTask("there is no formula to be a model of")
    compact = is_compact(texts)
    formulas = [parse(one, compact=compact) for one in reference.formulas]
    if reference.counter_to is not None:
        formulas.append(Not(parse(reference.counter_to, compact=compact)))
    if any(map(is_arithmetic, formulas)):
        raise InvalidTask("a structure gives numbers and their order any meaning: ask for a model without arithmetic")

    def check(text: str, context: Context) -> Verdict:
        try:
            return _structure(formulas, text)
        except SyntaxFault as error:
            return _verdict(Fault(0, str(error)))

    return check


def _structure(formulas: list[Formula], text: str) -> Verdict:
    """Whether the assignment or structure in ``text`` makes every formula true."""
    world = structure(document(text, dict))
    if world is not None:
        failing = next((one for one in formulas if not world.holds(one, {})), None)
    else:
        values = {name: truth_value(value) for name, value in (answer_pairs(text) or {}).items()}
        names = {name for formula in formulas for name in letters(formula)}
        if not values.keys() & names:
            return no_answer()
        if lacking := sorted(name for name in names if values.get(name) is None):
            return _verdict(Fault(0, f"{lacking[0]} has no truth value"))
        assignment = {name: bool(value) for name, value in values.items()}
        failing = next((one for one in formulas if not evaluate(one, assignment)), None)
    return _verdict(len(formulas) if failing is None else Fault(0, f"{show(failing)[:200]} is not true in it"))


def _knights_and_knaves(reference: references.KnightsAndKnaves, params: LogicParams) -> Checker:
    statements = {name: parse(text) for name, text in reference.statements.items()}
    names = sorted({*statements, *(one for formula in statements.values() for one in letters(formula))})
    if len(names) > 12:
        raise InvalidTask("more than 12 people")
    solutions = [
        one for one in assignments(names) if all(evaluate(said, one) == one[name] for name, said in statements.items())
    ]
    if not solutions:
        raise InvalidTask("the statements cannot all be made")

    def solve(text: str) -> object:
        answer = puzzles.knights_and_knaves(names, text)
        if answer is not None and answer not in solutions:
            raise Wrong("somebody's statement does not fit")
        return answer

    return _puzzle(solve)


def _sudoku(reference: references.Sudoku, params: LogicParams) -> Checker:
    grid = reference.grid
    if len(grid) not in (4, 9, 16) or any(len(row) != len(grid) for row in grid):
        raise InvalidTask("the grid is 4 by 4, 9 by 9 or 16 by 16")
    return _puzzle(partial(puzzles.sudoku, grid))


def _n_queens(reference: references.NQueens, params: LogicParams) -> Checker:
    if any(not (0 <= row < reference.size and 0 <= at < reference.size) for row, at in reference.given.items()):
        raise InvalidTask("a given queen stands beside the board")
    return _puzzle(partial(puzzles.n_queens, reference.size, reference.given))


def _countdown(reference: references.Countdown, params: LogicParams) -> Checker:
    def solve(text: str) -> object:
        return puzzles.countdown(reference.numbers, reference.target, use_all=reference.use_all, text=text)

    return _puzzle(solve)


def _zebra(reference: references.Zebra, params: LogicParams) -> Checker:
    return _puzzle(partial(puzzles.zebra, reference.solution))


def _puzzle(solve: Callable[[str], object]) -> Checker:
    def check(text: str, context: Context) -> Verdict:
        try:
            return _verdict(None if solve(text) is None else 1)
        except Wrong as error:
            return _verdict(Fault(0, str(error)))

    return check


_PREPARE: Mapping[str, Callable[[Any, LogicParams], Checker]] = {
    "natural_deduction": _natural_deduction,
    "sequent": _sequent,
    "entailment": _entailment,
    "algebra": _algebra,
    "truth_table": _truth_table,
    "resolution": _resolution,
    "drat": _drat,
    "model": _model,
    "knights_and_knaves": _knights_and_knaves,
    "sudoku": _sudoku,
    "n_queens": _n_queens,
    "countdown": _countdown,
    "zebra": _zebra,
}
