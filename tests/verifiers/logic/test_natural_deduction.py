"""The checker of Fitch proofs accepts what follows and names the first line that does not."""

from __future__ import annotations

import random

import pytest

from reward_server.errors import LimitExceeded
from reward_server.verifiers.logic.natural_deduction import Fault, check
from reward_server.verifiers.logic.semantics import assignments, evaluate
from reward_server.verifiers.logic.solver import Solver
from reward_server.verifiers.logic.syntax import Formula, is_compact, parse, show
from tests.verifiers.logic.first_order import Guesser
from tests.verifiers.logic.proofs import LETTERS, Prover, Written, corrupted

PROOFS = [Prover(seed).prove(26) for seed in range(100)]


def prove(premises: list[str], conclusion: str, text: str) -> Fault | int | None:
    compact = is_compact([*premises, conclusion])
    return check(
        text, [parse(one, compact=compact) for one in premises], parse(conclusion, compact=compact), compact=compact
    )


def test_every_proof_of_a_generated_corpus_is_accepted() -> None:
    assert sum(len(proof.lines) for proof in PROOFS) >= 2_000
    for proof in PROOFS:
        assert prove(proof.premises, proof.conclusion, proof.text) == len(proof.lines), proof.text


def test_every_corruption_that_a_truth_table_finds_invalid_is_rejected() -> None:
    source = random.Random(5)
    confirmed = 0
    for proof in PROOFS:
        for _ in range(12):
            broken, number = corrupted(proof, source)
            if not _invalid(broken, number):
                continue
            confirmed += 1
            assert isinstance(prove(broken.premises, broken.conclusion, broken.text), Fault), broken.text
    assert confirmed >= 300


def _invalid(proof: Written, number: int) -> bool:
    """Whether the line is false somewhere although all that is supposed at it holds, by a truth table."""
    supposed: list[Formula] = [parse(one) for one in proof.premises]
    open_assumptions: list[tuple[int, Formula]] = []
    for place, (depth, formula, why) in enumerate(proof.lines, 1):
        open_assumptions = [
            one for one in open_assumptions if one[0] < depth or (one[0] == depth and why != "assumption")
        ]
        if why == "assumption":
            open_assumptions.append((depth, parse(formula)))
        if place == number:
            break
    supposed += [formula for _, formula in open_assumptions]
    line = parse(proof.lines[number - 1][1])
    return any(
        all(evaluate(one, world) for one in supposed) and not evaluate(line, world)
        for world in assignments(list(LETTERS))
    )


def test_no_line_that_is_accepted_in_a_random_first_order_proof_is_refuted_by_z3() -> None:
    pytest.importorskip("z3", reason="z3-solver is not installed")
    accepted = confirmed = 0
    for seed in range(25):
        for premises, formula in Guesser(seed).proved(guesses=60):
            accepted += 1
            try:
                answer = Solver(time_s=0.1).follows(premises, formula)
            except LimitExceeded:
                continue
            assert answer != "no", (seed, [show(one) for one in premises], show(formula))
            confirmed += answer == "yes"
    assert accepted > 150 and confirmed > 0.9 * accepted


RULES = [
    # rule line, premises, a right result, a wrong result
    ("->E 1, 2", ["P -> Q", "P"], "Q", "P & Q"),
    ("MT 1, 2", ["P -> Q", "~Q"], "~P", "P"),
    ("HS 1, 2", ["P -> Q", "Q -> R"], "P -> R", "R -> P"),
    ("DS 1, 2", ["P | Q", "~P"], "Q", "~Q"),
    ("CD 1, 2, 3", ["P | Q", "P -> R", "Q -> S"], "R | S", "R & S"),
    ("&I 1, 2", ["P", "Q"], "P & Q", "P & R"),
    ("&E 1", ["P & Q"], "Q", "R"),
    ("|I 1", ["P"], "P | Q", "P & Q"),
    ("<->E 1, 2", ["P <-> Q", "Q"], "P", "~P"),
    ("<->I 1, 2", ["P -> Q", "Q -> P"], "P <-> Q", "P & Q"),
    ("~E 1, 2", ["P", "~P"], "⊥", "Q & P"),
    ("X 1", ["⊥"], "Q", ""),
    ("DN 1", ["~~P"], "P", "~P"),
    ("DNE 1", ["~~P"], "P", "Q"),
    ("LEM", [], "P | ~P", "P | Q"),
    ("DeM 1", ["~(P & Q)"], "~P | ~Q", "~P & ~Q"),
    ("Comm 1", ["P | Q"], "Q | P", "P & Q"),
    ("Assoc 1", ["P & (Q & R)"], "(P & Q) & R", "(P & Q) | R"),
    ("Dist 1", ["P & (Q | R)"], "(P & Q) | (P & R)", "(P | Q) & (P | R)"),
    ("Contra 1", ["P -> Q"], "~Q -> ~P", "~P -> ~Q"),
    ("Impl 1", ["P -> Q"], "~P | Q", "P | ~Q"),
    ("Equiv 1", ["P <-> Q"], "(P -> Q) & (Q -> P)", "(P -> Q) & (P -> Q)"),
    ("Exp 1", ["(P & Q) -> R"], "P -> (Q -> R)", "P -> (Q & R)"),
    ("Idem 1", ["P"], "P & P", "P & Q"),
    ("R 1", ["P"], "P", "Q"),
    ("∀E 1", ["∀x (P(x) -> Q(x))"], "P(a) -> Q(a)", "P(a) -> Q(b)"),
    ("∃I 1", ["P(a) & Q(a)"], "∃x (P(x) & Q(a))", "∃x (P(x) & Q(b))"),
    ("QN 1", ["~∀x P(x)"], "∃x ~P(x)", "∀x ~P(x)"),
    ("QN 1", ["∀x ~P(x)"], "~∃x P(x)", "~∀x P(x)"),
    ("QN 1", ["∃x ~∃y R(x, y)"], "∃x ∀y ~R(x, y)", "∃x ∃y ~R(x, y)"),
    ("QN 1", ["P & ~∀x Q(x)"], "P & ∃x ~Q(x)", "P & ∀x ~Q(x)"),
    ("=I", [], "a = a", "a = b"),
    ("=E 1, 2", ["a = b", "P(a, a)"], "P(a, b)", "P(a, c)"),
    ("=E 1, 2", ["a = b", "∀a P(a)"], "∀a P(a)", "∀a P(b)"),
    ("∀E 1", ["∀x ∃y R(x, y)"], "∃y R(a, y)", "∃y R(y, y)"),
    ("∀I 1", ["P(a)"], "", "∀x P(x)"),
    ("absorption 1", ["P -> Q"], "P -> (P & Q)", "Q -> (P & Q)"),
    ("modus ponens 1, 2", ["P -> Q", "P"], "Q", "R"),
    ("conjunction elimination 1", ["P & Q"], "P", "P | R & Q & S"),
]


@pytest.mark.parametrize(("rule", "premises", "right", "wrong"), RULES)
def test_a_rule_gives_what_it_gives_and_nothing_else(rule: str, premises: list[str], right: str, wrong: str) -> None:
    given = "".join(f"{number}. {one}   premise\n" for number, one in enumerate(premises, 1))
    last = len(premises) + 1
    if right:
        assert prove(premises, right, f"{given}{last}. {right}   {rule}") == last
    if wrong:
        fault = prove(premises, wrong, f"{given}{last}. {wrong}   {rule}")
        assert isinstance(fault, Fault) and fault.line == last


ARGUMENT = ["P -> Q", "Q -> R"]
STYLES = [
    "1. P -> Q  premise\n2. Q -> R  premise\n3. | P  assumption\n4. | Q  ->E 1, 3\n5. | R  ->E 2, 4\n"
    "6. P -> R  ->I 3-5",
    "1. P → Q : PR\n2. Q → R : PR\n    3. P : AS\n    4. Q : →E 1,3\n    5. R : →E 2,4\n6. P → R : →I 3–5",
    "1. P \\to Q  (Premise)\n2. Q \\to R  (Premise)\n3.    P  (Assumption)\n4.    Q  (MP, 1, 3)\n5.    R  (MP, 2, 4)\n"
    "6. P \\to R  (Conditional Proof, 3-5)",
    "```\n1 | P ⊃ Q      Given\n2 | Q ⊃ R      Given\n  |------\n3 | | P        Assume\n"
    "4 | | Q        modus ponens 1,3\n"
    "5 | | R        modus ponens 2,4\n6 | P ⊃ R      ⊃I 3-5\n```",
    "1) P implies Q [premise]\n2) Q implies R [premise]\n3) | P [assumption]\n4) | Q [1, 3 MP]\n5) | R [2, 4 MP]\n"
    "6) P implies R [CP 3-5]",
    "1. P -> Q  premise\n2. Q -> R  premise\n3. P -> R  HS 1, 2",
    "1. P -> Q  Pr.\n2. Q -> R  Pr.\n3. P -> R   1,2, H.S.",
    "1. P → Q — premise\n2. Q → R — premise\n3. P → R — by hypothetical syllogism on 1 and 2",
    "(1) P → Q   [given]\n(2) Q → R   [given]\n(3) P → R   [from (1) and (2) by HS]",
    "**1.** P → Q (premise)\n**2.** Q → R (premise)\n**3.** P → R (HS from lines 1 and 2)",
    "1. $P \\to Q$ \\quad Premise\n2. $Q \\to R$ \\quad Premise\n3. | $P$ \\quad Assumption\n"
    "4. | $Q$ \\quad $\\to$E 1, 3\n5. | $R$ \\quad $\\to$-Elim 2, 4\n6. $P \\to R$ \\quad $\\to$-introduction 3–5",
    "1 & P \\to Q & \\text{Premise} \\\\\n2 & Q \\to R & \\text{Premise} \\\\\n3 & P \\to R & \\text{HS } 1, 2 \\\\",
    "| # | Formula | Rule |\n|---|---|---|\n| 1 | P → Q | Premise |\n| 2 | Q → R | Premise |\n"
    "| 3 | | P | Assumption |\n| 4 | | Q | →E 1, 3 |\n| 5 | | R | →E 2, 4 |\n| 6 | P → R | →I 3–5 |",
    "```\nProof:\n1.  P -> Q   premise\n2.  Q -> R   premise\n3.    P   assumption (for conditional proof)\n"
    "4.    Q   MP 1, 3\n5.    R   MP 2, 4\n6.    R   R 5\n7.    R   R 5\n8.    R   R 5\n9.    R   R 5\n"
    "10. P -> R   CP 3-9\n```",
    " 1. P -> Q   premise\n 2. Q -> R   premise\n 3.   P   assumption\n 4.   Q   MP 1, 3\n 5.   R   MP 2, 4\n"
    " 6.   R   R 5\n 7.   R   R 5\n 8.   R   R 5\n 9.   R   R 5\n10. P -> R   CP 3-9",
]


@pytest.mark.parametrize("text", STYLES)
def test_the_ways_to_write_a_proof_are_read(text: str) -> None:
    result = prove(ARGUMENT, "P -> R", "Here is the proof.\n\n" + text + "\n\nThis completes it.")
    assert isinstance(result, int), result


FAULTS = [
    ("1. P -> Q  premise\n2. Q  ->E 1, 1", 2),
    ("1. P -> R  premise", 1),
    ("1. P -> Q  premise\n2. | P  assumption\n3. | Q  ->E 1, 2\n4. Q  R 3", 4),
    ("1. P -> Q  premise\n2. | P  assumption\n3. | Q  ->E 1, 2\n4. P -> Q  ->I 2-4", 4),
    ("1. P  assumption\n2. P -> R  |I 1", 1),
    ("1. P -> Q  premise\n2. | P  assumption\n3. | Q  ->E 1, 2", 3),
    ("1. P -> Q  premise\n2. Q -> R  premise", 2),
    ("1. P -> Q  premise\n1. Q -> R  premise", 1),
    ("1. P -> Q  premise\n2. P -> (Q  R 1", 2),
    ("1. P -> Q  premise\n2. P -> R  R 7", 2),
    ("1. P -> Q  premise\n2. || P  assumption\n3. P -> R  R 1", 2),
    ("1. P -> Q  premise\n2. P -> R  by magic", 0),
    ("1. P -> R  R 2\n2. P -> R  R 1", 1),
]


@pytest.mark.parametrize(("text", "line"), FAULTS)
def test_the_first_line_that_does_not_follow_is_named(text: str, line: int) -> None:
    fault = prove(ARGUMENT, "P -> R", text)
    assert isinstance(fault, Fault)
    assert fault.line == line, fault


UNSOUND = [
    (["∃x P(x)"], "∀x P(x)", "1. ∃x P(x) PR\n2. | P(a) AS\n3. | P(a) R 2\n4. P(a) ∃E 1, 2-3\n5. ∀x P(x) ∀I 4"),
    (["P(a)"], "∀x P(x)", "1. P(a) PR\n2. ∀x P(x) ∀I 1"),
    (
        [],
        "∀x (P(x) -> ∀y P(y))",
        "1. | P(a) AS\n2. | ∀y P(y) ∀I 1\n3. P(a) -> ∀y P(y) ->I 1-2\n4. ∀x (P(x) -> ∀y P(y)) ∀I 3",
    ),
    (
        ["∀x ∃y R(x, y)"],
        "∃y ∀x R(x, y)",
        "1. ∀x ∃y R(x, y) PR\n2. ∃y R(a, y) ∀E 1\n3. | R(a, b) AS\n4. | ∀x R(x, b) ∀I 3\n5. | ∃y ∀x R(x, y) ∃I 4\n"
        "6. ∃y ∀x R(x, y) ∃E 2, 3-5",
    ),
    (["∀x ∃y R(x, y)"], "∃y R(y, y)", "1. ∀x ∃y R(x, y) PR\n2. ∃y R(y, y) ∀E 1"),
    (["Px"], "∀x Px", "1. Px PR\n2. ∀x Px ∀I 1"),
    (["R(a, a)"], "∀x R(x, a)", "1. R(a, a) PR\n2. ∀x R(x, a) ∀I 1"),
    ([], "P", "1. | P AS\n2. P R 1"),
    ([], "P -> Q", "1. | P AS\n2. | | Q AS\n3. P -> Q ->I 1-2"),
    (["∀x ∀x P(x)", "∀x ∀y R(x, y)"], "∀x ∀x R(x, x)", "1. ∀x ∀y R(x, y) PR\n2. ∀x ∀x R(x, x) R 1"),
    (["∀x ∀x ∀y R(x, y)"], "∀x ∀x ∀y R(x, x)", "1. ∀x ∀x ∀y R(x, y) PR\n2. ∀x ∀x ∀y R(x, x) R 1"),
    (
        ["∃x P(x)", "∃x Q(x)"],
        "∃x (P(x) & Q(x))",
        "1. ∃x P(x) PR\n2. ∃x Q(x) PR\n3. | P(a) AS\n4. | | Q(a) AS\n5. | | P(a) & Q(a) &I 3,4\n"
        "6. | | ∃x (P(x) & Q(x)) ∃I 5\n7. | ∃x (P(x) & Q(x)) ∃E 2, 4-6\n8. ∃x (P(x) & Q(x)) ∃E 1, 3-7",
    ),
    (["∃x P(x)"], "∀x P(x)", "1. ∃x P(x) PR\n2. P(a) EI 1\n3. ∀x P(x) UG 2"),
    (["∃x P(x)", "Q(a)"], "P(a)", "1. ∃x P(x) PR\n2. P(a) EI 1"),
    (["∃x P(x)"], "P(a)", "1. ∃x P(x) PR\n2. P(a) EI 1"),
    (
        ["∃x P(x)", "∃x Q(x)"],
        "∃x (P(x) & Q(x))",
        "1. ∃x P(x) PR\n2. ∃x Q(x) PR\n3. P(a) EI 1\n4. Q(a) EI 2\n5. P(a) & Q(a) &I 3,4\n6. ∃x (P(x) & Q(x)) EG 5",
    ),
    (
        ["∀x ∃y R(x, y)"],
        "∃y ∀x R(x, y)",
        "1. ∀x ∃y R(x, y) PR\n2. ∃y R(a, y) UI 1\n3. R(a, b) EI 2\n4. ∀x R(x, b) UG 3\n5. ∃y ∀x R(x, y) EG 4",
    ),
    (
        ["∃x P(x)"],
        "∃x Q(x) -> (P(b) | R)",
        "1. ∃x P(x) PR\n2. | ∃x Q(x) AS\n3. | P(b) EI 1\n4. | P(b) | R |I 3\n5. ∃x Q(x) -> (P(b) | R) ->I 2-4",
    ),
    (
        ["∃x P(x)"],
        "∃y (S -> P(y))",
        "1. ∃x P(x) PR\n2. | S AS\n3. | P(c) EI 1\n4. S -> P(c) ->I 2-3\n5. ∃y (S -> P(y)) EG 4",
    ),
]


@pytest.mark.parametrize(("premises", "conclusion", "text"), UNSOUND)
def test_textbook_fallacies_are_rejected(premises: list[str], conclusion: str, text: str) -> None:
    assert isinstance(prove(premises, conclusion, text), Fault)


SOUND = [
    (
        ["∀x(Px → Qx)", "∃x Px"],
        "∃x Qx",
        "1. ∀x(Px → Qx) : PR\n2. ∃x Px : PR\n3. | Pa : AS\n4. | Pa → Qa : ∀E 1\n5. | Qa : →E 4, 3\n6. | ∃x Qx : ∃I 5\n"
        "7. ∃x Qx : ∃E 2, 3-6",
    ),
    (["∀x (P(x) & Q(x))"], "∀y P(y)", "1. ∀x (P(x) & Q(x)) PR\n2. P(c) & Q(c) ∀E 1\n3. P(c) &E 2\n4. ∀y P(y) ∀I 3"),
    (
        ["∃x ∀y R(x, y)"],
        "∀y ∃x R(x, y)",
        "1. ∃x ∀y R(x, y) PR\n2. | ∀y R(a, y) AS\n3. | R(a, b) ∀E 2\n4. | ∃x R(x, b) ∃I 3\n5. | ∀y ∃x R(x, y) ∀I 4\n"
        "6. ∀y ∃x R(x, y) ∃E 1, 2-5",
    ),
    (
        [],
        "P | ~P",
        "1. | ~(P | ~P) AS\n2. | | P AS\n3. | | P | ~P ∨I 2\n4. | | ⊥ ¬E 3, 1\n5. | ~P ¬I 2-4\n6. | P | ~P ∨I 5\n"
        "7. | ⊥ ¬E 6, 1\n8. P | ~P IP 1-7",
    ),
    (["a = b", "b = c"], "a = c", "1. a = b PR\n2. b = c PR\n3. a = c =E 2, 1"),
    (["∀x ∀y R(x, y)"], "R(a, b)", "1. ∀x ∀y R(x, y) PR\n2. R(a, b) ∀E 1"),
    (["∀x P(x)"], "∀y P(y)", "1. ∀x P(x) PR\n2. ∀y P(y) R 1"),
    (
        [],
        "P | ~P",
        "1.   ~(P | ~P)  AS\n2.     P  AS\n3.     P | ~P  |I 2\n4.     ⊥  ~E 1,3\n5.   ~P  ~I 2-4\n"
        "6.   P | ~P  |I 5\n7.   ⊥  ~E 1,6\n8. P | ~P  IP 1-7",
    ),
    (["P(3)"], "∃x P(x)", "1. P(3) (premise)\n2. ∃x P(x) EG 1"),
    (
        ["∀x(P(x) → Q(x))", "∃x P(x)"],
        "∃x Q(x)",
        "1. ∀x(P(x) → Q(x)) PR\n2. ∃x P(x) PR\n3. P(a) EI 2\n4. P(a) → Q(a) UI 1\n5. Q(a) MP 4, 3\n6. ∃x Q(x) EG 5",
    ),
    (
        ["∃x ∀y R(x, y)"],
        "∀y ∃x R(x, y)",
        "1. ∃x ∀y R(x, y) PR\n2. ∀y R(a, y) EI 1\n3. R(a, b) UI 2\n4. ∃x R(x, b) EG 3\n5. ∀y ∃x R(x, y) UG 4",
    ),
    (["P v Q", "~P"], "Q ^ (Q v R)", "1. P v Q PR\n2. ~P PR\n3. Q DS 1,2\n4. Q v R vI 3\n5. Q ^ (Q v R) ^I 3,4"),
]


@pytest.mark.parametrize(("premises", "conclusion", "text"), SOUND)
def test_first_order_proofs_are_accepted(premises: list[str], conclusion: str, text: str) -> None:
    assert isinstance(prove(premises, conclusion, text), int), prove(premises, conclusion, text)
