"""Rocq's word, and nothing that a proof says about itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.proof import REALS_AXIOMS, THEOREMS
from reward_server.errors import Unavailable
from reward_server.sandbox.base import ExecutionLimits, Program, Sandboxes
from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.base import Context
from reward_server.verifiers.proof import Proof
from reward_server.verifiers.proof.rocq import _ROCQ, _axioms, _imports
from reward_server.verifiers.registry import Registry
from tests.live import sandboxes_of

REGISTRY = Registry()
REGISTRY.register(Proof())

SIMPLE = {"statement": "forall n : nat, n + 0 = n", "name": "goal"}


@pytest.fixture(scope="module")
def context() -> Iterator[Context]:
    """A context with a sandbox that has Rocq."""
    for sandboxes in sandboxes_of("docker", "rocq"):
        yield REGISTRY.with_sandboxes(sandboxes)


def judge(context: Context, proof: str, **reference: Any) -> Verdict:
    return REGISTRY.verify_once("proof", {**SIMPLE, **reference}, {}, Completion(f"```coq\n{proof}\n```"), context)


def _cheats(statement: str, script: str) -> list[str]:
    """The same theorem admitted, aborted, taken as an axiom, and changed."""
    return [
        f"Theorem goal : {statement}.\nProof. Admitted.",
        f"Theorem goal : {statement}.\nProof.\n{script}\nAbort.",
        f"Axiom cheat : {statement}.\nTheorem goal : {statement}.\nProof. exact cheat. Qed.",
        "Theorem goal : True.\nProof. exact I. Qed.",
    ]


@pytest.mark.parametrize(("preamble", "statement", "script"), THEOREMS)
def test_a_right_proof_is_right(context: Context, preamble: str, statement: str, script: str) -> None:
    verdict = judge(context, f"Proof.\n{script}\nQed.", preamble=preamble, statement=statement)
    assert verdict.outcome is Outcome.CORRECT, dict(verdict.detail)


@pytest.mark.parametrize("number", range(4))
def test_a_proof_admitted_aborted_assumed_or_of_something_else_is_wrong(context: Context, number: int) -> None:
    preamble, statement, script = THEOREMS[number]
    verdict = judge(context, _cheats(statement, script)[number], preamble=preamble, statement=statement)
    assert verdict.outcome is Outcome.INCORRECT, dict(verdict.detail)


@pytest.mark.slow
@pytest.mark.parametrize(("preamble", "statement", "script"), THEOREMS)
def test_every_theorem_admitted_aborted_assumed_or_changed_is_wrong(
    context: Context, preamble: str, statement: str, script: str
) -> None:
    for cheat in _cheats(statement, script):
        assert judge(context, cheat, preamble=preamble, statement=statement).outcome is Outcome.INCORRECT, cheat


GOOD = "Proof. induction n; simpl; congruence. Qed."
GOAL = "Theorem goal : forall n : nat, n + 0 = n."
CHEATS = {
    "an open comment": f"{GOOD} (* ",
    "an open section": f"Section S. {GOAL} {GOOD}",
    "a section variable": "Section S. Variable bad : forall n : nat, n + 0 = n. " + GOAL + " Proof bad.",
    "an open functor": f"Module Type T. Axiom bad : False. End T. Module F (X : T). {GOAL} Proof. destruct X.bad. Qed.",
    "a redefined notion": 'Notation "a = b" := True. ' + GOAL + " Proof. exact (fun _ => I). Qed.",
    "a redefined type": "Inductive nat := O. Theorem goal : forall n : nat, n = n. Proof. reflexivity. Qed.",
    "no guard": f"Unset Guard Checking. Fixpoint bad (n : nat) : n + 0 = n := bad n. {GOAL} Proof bad.",
    "no positivity": "Unset Positivity Checking. Inductive bad := b (_ : bad -> False). "
    + f"{GOAL} Proof. assert (f : bad -> False) by (intros [g]; exact (g (b g))). destruct (f (b f)). Qed.",
    "a script that quits": f"{GOAL} Proof. Quit.",
    "a printed answer": f'Goal True. idtac "Closed under the global context". Abort. {GOAL} Proof. Admitted.',
    "a notation for the answer": "Notation \"'Closed' 'under' 'the' 'global' 'context'\" := False. "
    + f"Axiom bad : False. {GOAL} Proof. destruct bad. Qed.",
    "a tactic that answers": f'Tactic Notation "idtac" string(s) := idtac. {GOAL} Proof. Admitted.',
    "a plugin": f'Declare ML Module "evil_plugin". {GOAL} {GOOD}',
    "a file": f'Load "/etc/passwd". {GOAL} {GOOD}',
    "a way out to OCaml": f"Drop. {GOAL} {GOOD}",
    "silence": f"Set Silent. Axiom bad : False. {GOAL} Proof. destruct bad. Qed.",
    "an obligation left": "Require Import Program. Obligation Tactic := idtac. "
    "Program Definition goal : forall n : nat, n + 0 = n := _. Admit Obligations.",
    "type in type": f"Unset Universe Checking. Definition t : Type@{{Set}} := Type. {GOAL} Proof. Admitted.",
    "a prover of its own": f"Serve Forks. Survey Libraries. Axiom bad : False. {GOAL} Proof. destruct bad. Qed.",
    "a report of its own": 'Tactic Notation "Report" "Assumptions" constr(x) := idtac "Closed under the global '
    + f'context". Axiom bad : False. {GOAL} Proof. destruct bad. Qed. Goal True. Proof.',
    "an axiom given to a functor": "Module Type T. Parameter bad : False. End T. Module F (X : T). Lemma b : False. "
    + f"Proof X.bad. End F. Declare Module X : T. Module Y := F X. {GOAL} Proof. destruct Y.b. Qed.",
    "an axiom in a sealed module": "Module Type T. Parameter bad : False. End T. Module M : T. Axiom bad : False. "
    + f"End M. {GOAL} Proof. destruct M.bad. Qed.",
    "a module named as a library": "Module Coq. Module Init. Module Logic. Axiom bad : False. End Logic. End Init. "
    + f"End Coq. {GOAL} Proof. destruct Coq.Init.Logic.bad. Qed.",
    "an axiom included": f"Module Type T. Axiom bad : False. End T. Module M. Include T. End M. {GOAL} "
    + "Proof. destruct M.bad. Qed.",
    "an axiom in a type": f"Axiom bad : False. Inductive box : False -> Prop := b : box bad. {GOAL} "
    + "Proof. destruct (match b in box f return False with b => bad end). Qed.",
    "an axiom behind transparent names": f"Axiom bad : False. Definition a := bad. Let c := a. {GOAL} "
    + "Proof. exact (match c return forall n, n + 0 = n with end). Defined.",
    "a beginning anew": f"Reset Initial. {GOAL} {GOOD}",
    "a step back": f"Axiom bad : False. {GOAL} Proof. destruct bad. Qed. Back 1.",
    "a fixpoint past the guard": "#[bypass_check(guard)] Fixpoint bad (n : nat) : n + 0 = n := bad n. "
    + f"{GOAL} Proof bad.",
    "a type past positivity": "#[bypass_check(positivity)] Inductive bad := b (_ : bad -> False). "
    + f"{GOAL} Proof. assert (f : bad -> False) by (intros [g]; exact (g (b g))). destruct (f (b f)). Qed.",
    "a universe past its check": "#[bypass_check(universes)] Definition bad : Set := Type. Axiom f : bad -> False. "
    + f"{GOAL} Proof. destruct (f nat). Qed.",
    "a name as of the library": "Module Coq. Unset Guard Checking. Fixpoint bad (n : nat) : n + 0 = n := bad n. "
    + f"End Coq. {GOAL} Proof Coq.bad.",
    "an overwritten file": 'Print Universes "/proc/self/fd/5". Print Universes "main.v". Axiom bad : False. '
    + f"{GOAL} Proof. destruct bad. Qed. (*{'x' * 150_000}*)",
    "another folder": f'Cd "/tmp". Axiom bad : False. {GOAL} Proof. destruct bad. Qed.',
    "a proof without end": f"{GOAL} {GOOD} Goal False.",
    "nothing": "Proof.",
}


@pytest.mark.parametrize("what", CHEATS)
def test_a_cheat_earns_nothing(context: Context, what: str) -> None:
    verdict = judge(context, CHEATS[what])
    assert verdict.reward == 0.0, dict(verdict.detail)


def test_an_allowed_axiom_may_be_used_and_a_namesake_may_not(context: Context) -> None:
    statement = "forall P : Prop, P \\/ ~ P"
    proof = "Proof. apply classic. Qed."
    namesake = f"Axiom classic : forall P : Prop, P. Theorem goal : {statement}. Proof. intro. apply classic. Qed."
    classical = {"preamble": "Require Import Classical.", "statement": statement}
    assert judge(context, proof, **classical, axioms=["classic"]).outcome is Outcome.CORRECT
    assert judge(context, proof, **classical).outcome is Outcome.INCORRECT
    assert judge(context, namesake, **classical, axioms=["classic"]).outcome is Outcome.INCORRECT
    assert judge(context, namesake, statement=statement, axioms=["classic"]).outcome is Outcome.INCORRECT


def test_axioms_of_the_library_are_named_whatever_they_are_behind(context: Context) -> None:
    real = {"preamble": "Require Import Reals.", "statement": "forall x y : R, (x + y = y + x)%R"}
    verdict = judge(context, "Proof. intros. apply Rplus_comm. Qed.", **real, axioms=REALS_AXIOMS)
    assert verdict.outcome is Outcome.CORRECT, dict(verdict.detail)
    assert set(verdict.detail["axioms"]) <= set(REALS_AXIOMS)
    assert judge(context, "Proof. intros. apply Rplus_comm. Qed.", **real).outcome is Outcome.INCORRECT


NAMES = """
    Nat.add_comm List.rev_involutive Permutation.Permutation_sym Wf_nat.lt_wf Classical_Prop.classic Classical_Prop.NNPP
    FunctionalExtensionality.functional_extensionality Rdefinitions.R Rdefinitions.Rplus Raxioms.Rplus_comm
    Raxioms.completeness MVT.MVT Rtrigo1.sin_PI JMeq.JMeq_eq Eqdep.Eq_rect_eq.eq_rect_eq
    ProofIrrelevance.proof_irrelevance
    ClassicalEpsilon.excluded_middle_informative Uint63.add_comm Uint63.eqb_spec PrimFloat.add FloatAxioms.add_spec
    StrictProp.Squash sealed applied applied_to_known unguarded
""".split()
LOCAL = """
    Require Import List Permutation Wf_nat Classical FunctionalExtensionality Reals JMeq Eqdep ProofIrrelevance.
    Require Import ClassicalEpsilon Uint63 Floats StrictProp Orders OrdersFacts.
    Module Type T. Parameter t : True. End T. Module M : T. Definition t := I. End M. Definition sealed := M.t.
    Module F (X : T). Definition u := X.t. End F. Declare Module N : T. Module A := F N. Definition applied := A.u.
    Module O := OrderedTypeFacts Nat. Definition applied_to_known := O.eq_refl.
    Unset Guard Checking. Fixpoint unguarded (n : nat) : True := unguarded n. Set Guard Checking.
"""


def test_the_report_of_axioms_is_that_of_the_prover_whatever_it_knows_ahead(context: Context) -> None:
    questions = "".join(
        f'Report Assumptions {name}.\nCheck "and".\nPrint Assumptions {name}.\nCheck "next".\n' for name in NAMES
    )
    assert context.sandboxes is not None
    with context.sandboxes.open("rocq", 2048) as sandbox:
        text = f"{LOCAL}\nRequire Import String. Open Scope string_scope.\n{questions}"
        told = sandbox.run(
            sandbox.build(Program(_ROCQ, b"")), text.encode(), ExecutionLimits(time_s=120, memory_mb=2048)
        )
    assert told.ok, told
    for name, both in zip(NAMES, told.stdout.decode().split('"next"\n     : string\n'), strict=False):
        reported, printed = both.split('"and"\n     : string\n')
        assert _names(reported) == _names(printed), name


def _names(report: str) -> set[str]:
    """The lines that are no type and no remark on where an axiom is used."""
    return {line.partition(" :")[0] for line in report.splitlines() if not line.startswith(" ")}


def test_a_proof_leaves_nothing_for_the_next_one_in_its_sandbox(context: Context) -> None:
    keeps = "Axiom bad : False. Ltac congruence := destruct bad. Notation goal := bad."
    assert judge(context, f"{keeps} {GOAL} Proof. destruct bad. Qed.").reward == 0.0
    assert judge(context, f"{GOAL} Proof. destruct bad. Qed.").reward == 0.0
    assert judge(context, GOOD).outcome is Outcome.CORRECT


@pytest.mark.parametrize("preamble", ["", "Require Import Lia."])
def test_a_prover_whose_imports_were_done_ahead_says_what_a_fresh_one_says(context: Context, preamble: str) -> None:
    broken = "Proof. intros. apply nothing_of_this_name. Qed."
    first, second = (dict(judge(context, broken, preamble=preamble).detail) for _ in range(2))
    assert first == second
    assert "nothing_of_this_name was not found" in str(first["message"])


@pytest.mark.parametrize(
    ("preamble", "imports", "rest"),
    [
        ("", "", ""),
        ("Require Import Lia.", "Require Import Lia.\n", ""),
        (
            "From  Coq Require\nImport Lia ZArith. Require List. Import ListNotations. Require Import Arith.",
            "From Coq Require Import Lia ZArith.\nRequire List.\n",
            " Import ListNotations. Require Import Arith.",
        ),
        ("(* *) Require Import Lia.", "", "(* *) Require Import Lia."),
        ('Require Import Lia. Load "x".', "Require Import Lia.\n", ' Load "x".'),
        ("Require Import A (* . *). Drop.", "", "Require Import A (* . *). Drop."),
    ],
)
def test_nothing_but_names_of_libraries_is_loaded_ahead(preamble: str, imports: str, rest: str) -> None:
    assert _imports(preamble) == (imports, rest)


def test_a_statement_that_does_not_compile_is_an_invalid_task(context: Context) -> None:
    assert judge(context, GOOD, statement="forall n : nut, n = n").outcome is Outcome.INVALID_TASK
    assert judge(context, GOOD, preamble="Require Import Nowhere.").outcome is Outcome.INVALID_TASK


def test_a_proof_without_end_is_over_the_limit(context: Context) -> None:
    endless = "Proof. intros. repeat (pose proof n; clear n; rename n0 into n) || idtac. do 1000000000 idtac. Qed."
    verdict = REGISTRY.verify_once("proof", SIMPLE, {"time_s": 1}, Completion(f"```coq\n{endless}\n```"), context)
    assert verdict.outcome in (Outcome.LIMIT_EXCEEDED, Outcome.INCORRECT)
    assert verdict.reward == 0.0


def test_the_examples_score_as_they_state(context: Context) -> None:
    REGISTRY.check_examples("proof", context)


def test_without_a_sandbox_or_its_image_it_is_unavailable() -> None:
    class Empty:
        def images(self) -> dict[str, Any]:
            return {}

    empty: Sandboxes = Empty()  # type: ignore[assignment]  # nothing else of it is asked
    for context in (Context(), Context(sandboxes=empty)):
        with pytest.raises(Unavailable):
            judge(context, GOOD)


@pytest.mark.parametrize(
    ("answer", "axioms"),
    [
        ("Closed under the global context\n", []),
        ("Axioms:\nclassic : forall P : Prop, P \\/ ~ P\n", ["classic"]),
        ("Axioms:\nA.long_name\n  : forall P : Prop, P\nother : nat\n", ["A.long_name", "other"]),
        ("Axioms:\nbad is assumed to be guarded.\n", None),
        ("Section Variables:\nbad : False\n", None),
        ("Axioms:\nbad\n  : False\nClosed under the global context\n", None),
        ("bad : False\nClosed under the global context\n", None),
        ("", None),
    ],
)
def test_axiom_reports_are_read_strictly(answer: str, axioms: list[str] | None) -> None:
    assert _axioms(answer) == axioms
