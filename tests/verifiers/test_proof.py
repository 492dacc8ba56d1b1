"""Rocq's word, and nothing that a proof says about itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.proof import THEOREMS
from reward_server.errors import Unavailable
from reward_server.sandbox.base import Sandboxes
from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.base import Context
from reward_server.verifiers.proof import Proof
from reward_server.verifiers.proof.rocq import _axioms
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
