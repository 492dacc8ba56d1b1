"""The kinds of the ``logic`` verifier beside natural deduction."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from reward_server.errors import LimitExceeded
from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.logic import Logic
from reward_server.verifiers.logic.semantics import assignments, evaluate, letters
from reward_server.verifiers.logic.solver import Solver
from reward_server.verifiers.logic.syntax import Formula, parse
from reward_server.verifiers.math import MathVerifier
from reward_server.verifiers.registry import Registry

z3 = pytest.importorskip("z3", reason="z3-solver is not installed")
REGISTRY = Registry()
REGISTRY.register(MathVerifier())
REGISTRY.register(Logic())


def judge(kind: str, text: str, **reference: Any) -> Verdict:
    return REGISTRY.verify_once("logic", {"kind": kind, **reference}, {}, Completion(text))


def entails(premises: list[str], conclusion: str, *steps: str, **more: Any) -> Verdict:
    text = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return judge("entailment", text, premises=premises, conclusion=conclusion, **more)


def _random_formula(source: random.Random, size: int) -> tuple[str, Any]:
    """The same random formula as our text and as a term of Z3."""
    if size == 0 or source.random() < 0.2:
        name = source.choice("PQRST")
        return name, z3.Bool(name)
    if source.random() < 0.25:
        text, term = _random_formula(source, size - 1)
        return f"~{text}", z3.Not(term)
    op = source.choice(("&", "|", "->", "<->"))
    (left, first), (right, second) = _random_formula(source, size - 1), _random_formula(source, size - 1)
    joined = {"&": z3.And, "|": z3.Or, "->": z3.Implies, "<->": lambda a, b: a == b}[op](first, second)
    return f"({left} {op} {right})", joined


def test_entailment_agrees_with_z3_run_directly_on_a_thousand_random_sequents() -> None:
    source = random.Random(17)
    seen = {"yes": 0, "no": 0}
    solver = Solver(time_s=5.0)
    for _ in range(1_000):
        pairs = [_random_formula(source, 3) for _ in range(3)]
        direct = z3.Solver()
        direct.add(pairs[0][1], pairs[1][1], z3.Not(pairs[2][1]))
        expected = "yes" if direct.check() == z3.unsat else "no"
        ours = solver.follows([parse(pairs[0][0]), parse(pairs[1][0])], parse(pairs[2][0]))
        assert ours == expected, [text for text, _ in pairs]
        seen[expected] += 1
    assert min(seen.values()) > 50


@pytest.mark.parametrize(
    ("premises", "conclusion", "steps"),
    [
        (["P -> Q", "P"], "Q", ["Q"]),
        (["P -> Q", "Q -> R", "P"], "R", ["Q   (from 1, 3)", "R   [by modus ponens]"]),
        (
            ["∀x (Man(x) → Mortal(x))", "Man(socrates)"],
            "Mortal(socrates)",
            ["Man(socrates) → Mortal(socrates)", "Mortal(socrates)"],
        ),
        (["x > 2"], "x * x > 4", ["x * x > 2 * x", "2 * x > 4", "x * x > 4"]),
        (["2x + 3 = 7"], "x = 2", ["2x = 4", "x = 2"]),
        (["2x + 3 = 7"], "x = 2", ["2x = 4 (subtracting)", "x = 2   (dividing)"]),
        (["∀xPx"], "Pa", ["Pa"]),
    ],
)
def test_steps_that_follow_are_right(premises: list[str], conclusion: str, steps: list[str]) -> None:
    assert entails(premises, conclusion, *steps).outcome is Outcome.CORRECT


@pytest.mark.parametrize(
    ("steps", "line"),
    [(["R"], 1), (["Q", "S", "R"], 2), (["Q"], 1), (["Q", "P ->"], 2), (["Q & (", "R"], 1), (["x > 1", "R"], 1)],
)
def test_the_first_step_that_does_not_follow_is_named(steps: list[str], line: int) -> None:
    verdict = entails(["P -> Q", "Q -> R | S", "P"], "R | S", *steps)
    assert verdict.outcome is Outcome.INCORRECT
    assert verdict.detail["line"] == line


def test_a_step_that_needs_more_than_its_time_is_over_the_limit_and_not_correct() -> None:
    holes = 9
    pigeons = [" | ".join(f"p{i}x{j}" for j in range(holes)) for i in range(holes + 1)]
    apart = [f"~(p{i}x{j} & p{k}x{j})" for j in range(holes) for i, k in itertools.combinations(range(holes + 1), 2)]
    premises = [f"({one})" for one in pigeons] + [" & ".join(apart[n : n + 60]) for n in range(0, len(apart), 60)]
    with pytest.raises(LimitExceeded) as raised:
        Solver(time_s=0.05).follows([parse(one) for one in premises], parse("false"))
    assert raised.value.limit == "time"


def test_what_cannot_be_decided_is_incorrect_and_flagged_or_over_the_limit() -> None:
    hard = "forall x exists y (x * x * x + y * y * y = x * y * 17 + 3)"
    verdict = entails(["x > 0"], f"{hard} | x > 0", hard, f"{hard} | x > 0", variables={"x": "Int", "y": "Int"})
    assert verdict.outcome is not Outcome.CORRECT
    if verdict.outcome is Outcome.INCORRECT:
        assert verdict.flags == ("undecided",) or verdict.detail["line"] == 1


def test_a_conclusion_that_does_not_follow_is_an_invalid_task() -> None:
    assert entails(["P | Q"], "P", "P").outcome is Outcome.INVALID_TASK
    assert judge("natural_deduction", "1. P PR", premises=["P | Q"], conclusion="P").outcome is Outcome.INVALID_TASK


def test_fewer_steps_than_asked_for_are_no_derivation() -> None:
    assert entails(["P", "P -> Q"], "Q", "Q", min_steps=2).outcome is Outcome.INCORRECT


def test_smtlib_statements_are_read() -> None:
    verdict = entails(["(> x 2)"], "(> (* x x) 4)", "(assert (> (* x x) (* 2 x)))", "(> (* x x) 4)", syntax="smtlib")
    assert verdict.outcome is Outcome.CORRECT


def test_smtlib_quantifiers_over_another_sort_than_the_variables_are_no_statement() -> None:
    premises = ["(forall ((n Int)) (or (<= n 0) (>= n 1)))"]
    assert entails(premises, "false", "false", syntax="smtlib").outcome is Outcome.INVALID_TASK
    more: dict[str, Any] = {"syntax": "smtlib", "variables": {"n": "Int"}}
    assert entails([], premises[0], premises[0], **more).outcome is Outcome.CORRECT


@pytest.mark.parametrize(
    ("start", "conclusion", "text", "line"),
    [
        ("(x+1)^2 - 1", "x(x+2)", "1. = x^2 + 2x + 1 - 1\n2. = x^2 + 2x\n3. = x(x+2)", None),
        ("(x+1)^2", "x^2+2x+1", "1. = x^2 + x + 1\n2. = x^2+2x+1", 1),
        ("(x+1)^2", "x^2+2x+1", "1. = x^2 + 2x + 1 = x^2 + 2x + 1", None),
        ("2x + 3 = 7", "x = 2", "```\n2x = 4\nx = 2\n```", None),
        ("2x + 3 = 7", "x = 2", "```\n- 2x = 4\n- x = 2\n```", None),
        ("x - 3 = 7", "x = 10", "```\n-x = -10\nx = 10\n```", None),
        ("x + 3 = 7", "x = 4", "```\n-x = 4\nx = 4\n```", 1),
        ("2*x", "2*x", "```\n2*x\n```", None),
        ("x^2 = 4", "x = \\pm 2", "1. x = \\pm 2", None),
        ("x^2 = 4", "x = \\pm 4", "1. x = \\pm 4", 1),
        ("1/3", "0.3333", "1. 0.3333", 1),
        ("1/2", "0.5", "1. 0.5", None),
        ("5 cm", "5", "1. 5", 1),
        ("x = 5", "x = \\$5", "1. x = \\$5", 1),
        ("\\pi/2", "90", "1. 90^\\circ\n2. 90", 2),
        ("sqrt(x^2)", "x", "1. x", 1),
        ("x*y = x*z", "y = z", "1. y = z", 1),
        ("2x + 3 = 7", "x = 2", "1. 2x = 10\n2. x = 5", 1),
        ("x^2 = 4", "x = 2 or x = -2", "1. (x-2)(x+2) = 0\n2. x = 2 or x = -2", None),
        ("x^2 = 4", "x = 2", "1. x = 2", 1),
        ("x = 1", "x = 1", "1. x = 1\n2. 2x = 2", 2),
        ("(x+1)^2", "x^2+2x+1", "1. = (x+1)^2", 1),
        ("x = 5", "y = 5", "1. 5\n2. y = 5", 1),
        ("f(x) = x", "g(x) = x", "1. x\n2. g(x) = x", 1),
    ],
)
def test_algebra_names_the_first_step_that_changes_the_value(
    start: str, conclusion: str, text: str, line: int | None
) -> None:
    verdict = judge("algebra", text, start=start, conclusion=conclusion)
    if line is None:
        assert verdict.outcome is Outcome.CORRECT, dict(verdict.detail)
    else:
        assert verdict.outcome is Outcome.INCORRECT
        assert verdict.detail["line"] == line, dict(verdict.detail)


SEQUENTS = [
    ("|- P | ~P", "1. P |- P  Ax\n2. |- P, ~P  ~R 1\n3. |- P | ~P  |R 2", None),
    ("P & Q |- Q & P", "1. P, Q |- Q Ax\n2. P, Q |- P Ax\n3. P, Q |- Q & P  &R 1, 2\n4. P & Q |- Q & P  &L 3", None),
    ("⊢ ∀x P(x) → P(a)", "1. P(a) ⊢ P(a) Ax\n2. ∀x P(x) ⊢ P(a) ∀L 1\n3. ⊢ ∀x P(x) → P(a) →R 2", None),
    ("P |- Q", "1. P |- P Ax\n2. P |- Q W 1", 2),
    ("P |- Q", "1. P |- Q Ax", 1),
    ("P(a) |- ∀x P(x)", "1. P(a) |- P(a) Ax\n2. P(a) |- ∀x P(x) ∀R 1", 2),
    ("∃x P(x) |- P(a)", "1. P(a) |- P(a) Ax\n2. ∃x P(x) |- P(a) ∃L 1", 2),
    ("P |- R", "1. P |- P, R Ax\n2. P, Q |- R Ax\n3. P |- R cut 1, 2", 2),
    ("P, P -> Q |- Q", "1. P |- P Ax\n2. Q |- Q Ax\n3. P, P -> Q |- Q  ->L 1, 2", None),
    ("P -> Q |- Q", "1. P |- P Ax\n2. Q |- Q Ax\n3. P -> Q |- Q  ->L 1, 2", 3),
]


@pytest.mark.parametrize(("sequent", "text", "line"), SEQUENTS)
def test_sequent_proofs_are_checked_rule_by_rule(sequent: str, text: str, line: int | None) -> None:
    verdict = judge("sequent", text, sequent=sequent)
    assert verdict.detail.get("line") == line, dict(verdict.detail)
    assert (verdict.outcome is Outcome.CORRECT) is (line is None)


def _table(formula: str, flip: int | None = None) -> str:
    tree: Formula = parse(formula)
    names = sorted(set(letters(tree)))
    rows = [(*world.values(), evaluate(tree, world)) for world in assignments(names)]
    if flip is not None:
        rows[flip] = (*rows[flip][:-1], not rows[flip][-1])
    body = "\n".join("| " + " | ".join("T" if cell else "F" for cell in row) + " |" for row in rows)
    return f"| {' | '.join(names)} | {formula} |\n|{'---|' * (len(names) + 1)}\n{body}"


TABLES = {
    "| P | Q | P -> Q |\n|---|---|---|\n| T | T | T |\n| T | F | F |\n| F | T | T |\n| F | F | T |": True,
    "P|Q|P->Q\nT|T|T\nT|F|F\nF|T|T\nF|F|T": True,
    "\\hline\nP & Q & P \\to Q \\\\\n\\hline\nT & T & T \\\\\nT & F & F \\\\\nF & T & T \\\\\nF & F & T \\\\": True,
    "| P | Q | ~P \\| Q |\n|---|---|---|\n| T | T | T |\n| T | F | F |\n| F | T | T |\n| F | F | T |": True,
    "| P | Q | Q -> P |\n|---|---|---|\n| T | T | T |\n| T | F | F |\n| F | T | T |\n| F | F | T |": False,
    "| Q | P | P -> Q |\n|---|---|---|\n| T | T | T |\n| T | F | F |\n| F | T | T |\n| F | F | T |": False,
    "| P | Q | P -> Q |\n|---|---|---|\n| T | T | T |\n| T | F | F |\n| F | T | T |\n| F | T | T |": False,
}


@pytest.mark.parametrize("text", TABLES)
def test_a_truth_table_is_read_by_its_headings(text: str) -> None:
    assert (judge("truth_table", text, formula="P -> Q").outcome is Outcome.CORRECT) is TABLES[text]


@pytest.mark.parametrize("formula", ["P -> Q", "P & ~P", "(P -> Q) <-> (~Q -> ~P)", "P & Q & R -> S"])
def test_a_truth_table_is_right_in_every_cell_or_wrong(formula: str) -> None:
    count = 2 ** len(set(letters(parse(formula))))
    assert judge("truth_table", _table(formula), formula=formula).outcome is Outcome.CORRECT
    for row in range(count):
        assert judge("truth_table", _table(formula, row), formula=formula).outcome is Outcome.INCORRECT
    short = "\n".join(_table(formula).splitlines()[:-1])
    assert judge("truth_table", short, formula=formula).outcome is not Outcome.CORRECT


CLAUSES = ["P | Q", "~P | R", "~Q | R", "~R"]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("5. Q | R  [1, 2]\n6. R  [5, 3]\n7. □  [6, 4]", True),
        ("5. {Q, R}  (1, 2)\n6. {R}  (3, 5)\n7. {}  (4, 6)", True),
        ("1. P | Q  given\n5. Q or R  from 1 and 2\n6. R  from 3 and 5\n7. empty clause  from 6 and 4", True),
        ("5. Q  [1, 2]\n6. R  [5, 3]\n7. □  [6, 4]", False),
        ("5. Q | R  [1, 2]\n6. R  [5, 3]", False),
        ("5. □  [1, 4]", False),
        ("5. □", False),
        ("5. R  [5, 5]\n6. □  [5, 4]", False),
    ],
)
def test_resolution_refutations(text: str, right: bool) -> None:
    assert judge("resolution", text, clauses=CLAUSES).outcome is (Outcome.CORRECT if right else Outcome.INCORRECT)


SQUARE = "p cnf 2 4\n1 2 0\n-1 2 0\n1 -2 0\n-1 -2 0\n"


@pytest.mark.parametrize(
    ("cnf", "proof", "right"),
    [
        (SQUARE, "1 0\n0", True),
        (SQUARE, "2 0\n0\n", True),
        (SQUARE, "0", False),
        (SQUARE, "1 0", True),
        ("1 2 0\n-1 2 0", "2 0\n0", False),
        (SQUARE, "d 1 2 0\nd -1 2 0\n1 0\n0", False),
        ("1 2 0", "3 0\n-3 0\n0", False),
        (SQUARE, "1 2 3 0\n1 0\n0", True),
        ("1 2 0\n-1 2 0", "---9 5 0\n---9 -5 0\n--9 0\n0", False),
        (SQUARE, "01 0\n0", False),
    ],
)
def test_drat_proofs(cnf: str, proof: str, right: bool) -> None:
    assert judge("drat", proof, cnf=cnf).outcome is (Outcome.CORRECT if right else Outcome.INCORRECT)


def test_drat_never_refutes_a_satisfiable_formula() -> None:
    source = random.Random(3)
    for _ in range(300):
        clauses = [[source.choice((1, -1)) * source.randint(1, 4) for _ in range(3)] for _ in range(10)]
        worlds = itertools.product((False, True), repeat=4)
        if not any(
            all(any((literal > 0) == world[abs(literal) - 1] for literal in one) for one in clauses) for world in worlds
        ):
            continue
        cnf = "\n".join(" ".join(map(str, one)) + " 0" for one in clauses)
        lines = [[source.choice((1, -1)) * source.randint(1, 5) for _ in range(source.randint(1, 3))] for _ in range(6)]
        proof = "\n".join(" ".join(map(str, [*line, 0])) for line in [*lines, []])
        assert judge("drat", proof, cnf=cnf).outcome is not Outcome.CORRECT


@pytest.mark.parametrize(
    ("formulas", "counter_to", "text", "right"),
    [
        (["P | Q", "~P"], None, "P=F, Q=T", True),
        (["P | Q", "~P"], None, '{"P": true, "Q": true}', False),
        (["P -> Q", "Q"], "P", "Answer: P: false, Q: true", True),
        (["P | Q"], None, "P: true", False),
        (["∀x ∃y R(x, y)"], "∃y ∀x R(x, y)", '{"domain": [1, 2], "R": [[1, 2], [2, 1]]}', True),
        (["∀x ∃y R(x, y)"], "∃y ∀x R(x, y)", '{"domain": [1], "R": [[1, 1]]}', False),
        (["P(a)", "~P(b)"], None, '{"domain": [0, 1], "P": [0], "a": 0, "b": 1}', True),
        (["∀x f(f(x)) = x", "~∀x f(x) = x"], None, '{"domain": [0, 1], "f": {"0": 1, "1": 0}}', True),
        (["P(a)"], None, '{"domain": [0], "P": [0]}', False),
    ],
)
def test_models_and_counter_models(formulas: list[str], counter_to: str | None, text: str, right: bool) -> None:
    verdict = judge("model", text, formulas=formulas, counter_to=counter_to)
    assert verdict.outcome is (Outcome.CORRECT if right else Outcome.INCORRECT), dict(verdict.detail)


SUDOKU = [[5, 3, 0, 0, 7, 0, 0, 0, 0], *[[0] * 9 for _ in range(8)]]
SOLVED = [[(3 * row + row // 3 + column) % 9 + 1 for column in range(9)] for row in range(9)]


@pytest.mark.parametrize(
    ("kind", "reference", "text", "right"),
    [
        ("knights_and_knaves", {"statements": {"A": "~B", "B": "A & B"}}, "A: knight, B: knave", True),
        ("knights_and_knaves", {"statements": {"A": "~B", "B": "A & B"}}, "A is a knave and B is a knight.", False),
        ("knights_and_knaves", {"statements": {"A": "~B", "B": "A & B"}}, "A is a truth-teller, B is a liar.", True),
        (
            "knights_and_knaves",
            {"statements": {"A": "~B", "B": "A & B"}},
            "Either A is a knave and B is a knight, or A is a knight and B is a knave.",
            False,
        ),
        (
            "knights_and_knaves",
            {"statements": {"A": "~B", "B": "A & B"}},
            "Say A is a knave. No.\nA is a knight; B is a knave",
            True,
        ),
        ("sudoku", {"grid": [[0] * 9 for _ in range(9)]}, str(SOLVED), True),
        ("sudoku", {"grid": [[0] * 9 for _ in range(9)]}, "\n".join(" ".join(map(str, row)) for row in SOLVED), True),
        ("sudoku", {"grid": SUDOKU}, str(SOLVED), False),
        ("sudoku", {"grid": [[0] * 9 for _ in range(9)]}, str([[1] * 9] * 9), False),
        ("sudoku", {"grid": [[0] * 9 for _ in range(9)]}, json.dumps(SOLVED).replace("1", "true"), False),
        ("n_queens", {"size": 6}, "Answer: 1, 3, 5, 0, 2, 4", True),
        ("n_queens", {"size": 6}, "[0, 1, 2, 3, 4, 5]", False),
        ("n_queens", {"size": 6, "given": {0: 2}}, "[1, 3, 5, 0, 2, 4]", False),
        ("countdown", {"numbers": [3, 5, 7], "target": 22}, "3 * 5 + 7", True),
        ("countdown", {"numbers": [3, 5, 7], "target": 22}, "3 * 5 + 7 = 22", True),
        ("countdown", {"numbers": [3, 5, 7], "target": 22}, "\\boxed{5 \\times 3 + 7}", True),
        ("countdown", {"numbers": [3, 5, 7], "target": 22}, "22", False),
        ("countdown", {"numbers": [3, 5, 7], "target": 15}, "3 * 5 + 3 - 3", False),
        ("countdown", {"numbers": [3, 5, 7], "target": 15, "use_all": True}, "3 * 5", False),
        ("countdown", {"numbers": [1, 3, 4, 6], "target": 24, "use_all": True}, "6 / (1 - 3 / 4)", True),
        ("countdown", {"numbers": [2, 2], "target": 4}, "2 ^ 2", False),
        ("countdown", {"numbers": [1, 1], "target": 0}, "1 / (1 - 1)", False),
        (
            "zebra",
            {"solution": {"1": {"pet": "dog"}, "2": {"pet": "cat"}}},
            '{"1": {"pet": "Dog"}, "2": {"pet": "cat"}}',
            True,
        ),
        ("zebra", {"solution": {"1": {"pet": "dog"}}}, '{"1": {"pet": "cat"}}', False),
    ],
)
def test_puzzles_take_any_answer_that_keeps_the_rules(
    kind: str, reference: dict[str, Any], text: str, right: bool
) -> None:
    verdict = judge(kind, text, **reference)
    assert verdict.outcome is (Outcome.CORRECT if right else Outcome.INCORRECT), dict(verdict.detail)


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("natural_deduction", {"premises": ["P ->"], "conclusion": "P"}),
        ("model", {"formulas": ["x > 2"]}),
        ("sequent", {"sequent": "P"}),
        ("truth_table", {"formula": "∀x P(x)"}),
        ("truth_table", {"formula": "true"}),
        ("resolution", {"clauses": ["P & Q"]}),
        ("drat", {"cnf": "1 2"}),
        ("drat", {"cnf": "x 0"}),
        ("model", {"formulas": []}),
        ("sudoku", {"grid": [[1]]}),
        ("knights_and_knaves", {"statements": {"A": "~A"}}),
        ("n_queens", {"size": 4, "given": {9: 9}}),
        ("no_such_kind", {}),
        ("entailment", {"premises": ["2 +"], "conclusion": "P"}),
    ],
)
def test_a_reference_that_cannot_be_read_is_an_invalid_task(kind: str, reference: dict[str, Any]) -> None:
    assert judge(kind, "1. P  premise", **reference).outcome is Outcome.INVALID_TASK
