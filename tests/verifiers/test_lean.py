"""The protocol with Lean, on answers that were written by hand in the format that Lean 4 documents.

Nothing here ran Lean, whose official release could not be fetched where this was written: what is tested is what is
sent, and how each answer is read. With the image (``reward-server images build lean``) the last test runs the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from reward_server.errors import Unavailable
from reward_server.sandbox.base import Build, Execution, Program
from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.base import Context
from reward_server.verifiers.proof import Proof
from reward_server.verifiers.proof.lean import solution, stated
from reward_server.verifiers.proof.reference import ProofReference
from reward_server.verifiers.registry import Registry
from tests.live import sandboxes_of

REGISTRY = Registry()
REGISTRY.register(Proof())
REFERENCE = {"prover": "lean", "statement": "∀ n : Nat, n + 0 = n", "name": "add_zero'"}
OBJECT = b"olean\x02 of the proof"
CLEAN = "'add_zero'' does not depend on any axioms\n"
BROKEN = Execution(1, stderr=b"main.lean:2:2: error: unsolved goals\nn : Nat\n\xe2\x8a\xa2 n + 0 = n\n")


class Recorded:
    """A sandbox that answers each step from a record, and keeps what it was asked."""

    def __init__(self, **steps: Execution | list[Execution]) -> None:
        self.steps = {name: [one] if isinstance(one, Execution) else list(one) for name, one in steps.items()}
        self.asked: list[tuple[str, str, Mapping[str, bytes]]] = []

    def images(self) -> dict[str, Any]:
        class Info:
            digest = "sha256:recorded"

        return {"lean": Info()}

    def within(self, use: Callable[[Any], Verdict], *, image: str, memory_mb: int) -> Verdict:
        assert image == "lean"
        return use(self)

    def build(self, program: Program) -> Build:
        return Build(0, program, Execution(0))

    def run(self, build: Build, stdin: bytes, limits: Any) -> Execution:
        step = build.program.language.name.removeprefix("lean-")
        self.asked.append((step, build.program.source.decode(), build.program.files))
        return self.steps[step].pop(0)


def judge(recorded: Any, proof: str, **reference: Any) -> Verdict:
    context = Context(sandboxes=recorded)
    return REGISTRY.verify_once("proof", {**REFERENCE, **reference}, {}, Completion(f"```lean\n{proof}\n```"), context)


def answered(line: str) -> Recorded:
    return Recorded(prove=Execution(0, stdout=OBJECT), check=Execution(0, stdout=line.encode()))


def test_a_proof_goes_in_as_an_object_file_and_is_held_against_the_reference() -> None:
    recorded = answered(CLEAN)
    verdict = judge(recorded, "by\n  intro n\n  rfl")
    assert verdict.outcome is Outcome.CORRECT and verdict.detail == {"axioms": []}
    assert verdict.image == "sha256:recorded"
    (prove, proof, no_files), (check, challenge, files) = recorded.asked
    assert (prove, check) == ("prove", "check")
    assert proof.strip() == "theorem add_zero' : ∀ n : Nat, n + 0 = n := by\n  intro n\n  rfl"
    assert challenge.strip() == "theorem add_zero' : ∀ n : Nat, n + 0 = n := sorry"
    assert not no_files and files == {"proof.olean": OBJECT}


AXIOMS = "'add_zero'' depends on axioms: [{}]\n"


@pytest.mark.parametrize(
    ("line", "axioms", "right"),
    [
        (AXIOMS.format("propext, Classical.choice, Quot.sound"), None, True),
        (AXIOMS.format("propext"), [], False),
        (AXIOMS.format("sorryAx"), None, False),
        (AXIOMS.format("propext, sorryAx"), None, False),
        (AXIOMS.format("cheat"), None, False),
        (AXIOMS.format("Lean.ofReduceBool"), None, False),
        (AXIOMS.format("Lean.ofReduceBool, Lean.trustCompiler"), ["Lean.ofReduceBool"], False),
        (AXIOMS.format("«propext, Quot.sound»"), None, False),
        (AXIOMS.format("_private.main.0.cheat"), None, False),
        (AXIOMS.format("Lean.ofReduceBool"), ["Lean.ofReduceBool"], True),
        ("problem: another statement is proved\n", None, False),
        ("problem: there is no theorem add_zero'\n", None, False),
        ("problem: Double is not what the reference defines\n", None, False),
        ("problem: the kernel refuses the proof: (kernel) declaration type mismatch\n", None, False),
        ("problem: other modules are imported\n", None, False),
    ],
)
def test_the_axioms_and_problems_that_the_check_names_decide(line: str, axioms: list[str] | None, right: bool) -> None:
    verdict = judge(answered(line), "by simp", axioms=axioms)
    assert verdict.outcome is (Outcome.CORRECT if right else Outcome.INCORRECT)


def test_what_does_not_compile_is_wrong_and_says_why() -> None:
    verdict = judge(Recorded(prove=[BROKEN, Execution(0, stdout=OBJECT)]), "by simp")
    assert verdict.outcome is Outcome.INCORRECT
    assert "unsolved goals" in verdict.detail["message"]


def test_a_reference_that_does_not_compile_is_an_invalid_task() -> None:
    assert judge(Recorded(prove=[BROKEN, BROKEN]), "by simp").outcome is Outcome.INVALID_TASK


def test_a_proof_without_end_is_over_the_limit() -> None:
    recorded = Recorded(prove=[Execution(None, limit="time"), Execution(0, stdout=OBJECT)])
    assert judge(recorded, "by simp").outcome is Outcome.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    "broken", [Execution(134), Execution(0, stdout=b"all is well\n"), Execution(0), Execution(1, stdout=CLEAN.encode())]
)
def test_a_check_that_breaks_on_this_proof_alone_is_the_proofs_fault(broken: Execution) -> None:
    sorry = Execution(0, stdout=AXIOMS.format("sorryAx").encode())
    recorded = Recorded(prove=[Execution(0, stdout=b"forged"), Execution(0, stdout=OBJECT)], check=[broken, sorry])
    assert judge(recorded, "by simp").outcome is Outcome.INCORRECT


def test_a_check_that_breaks_on_the_reference_too_is_our_fault() -> None:
    recorded = Recorded(prove=[Execution(0, stdout=OBJECT)] * 2, check=[Execution(134), Execution(134)])
    with pytest.raises(Unavailable):
        judge(recorded, "by simp")


@pytest.mark.parametrize(
    "proof",
    [
        'run_cmd IO.println "hi"\ntheorem add_zero\' : ∀ n : Nat, n + 0 = n := by simp',
        '#eval IO.FS.writeFile "proof.olean" ""\ntheorem add_zero\' : ∀ n : Nat, n + 0 = n := by simp',
        'elab "cheat" : tactic => pure ()\ntheorem add_zero\' : ∀ n : Nat, n + 0 = n := by cheat',
        "@[simp, implemented_by foo] def bar := 1\ntheorem add_zero' : ∀ n : Nat, n + 0 = n := by simp",
        'attribute [extern "system"] Nat.add\ntheorem add_zero\' : ∀ n : Nat, n + 0 = n := by simp',
        "unsafe def x := 1\ntheorem add_zero' : ∀ n : Nat, n + 0 = n := by simp",
        "by run_tac pure ()",
        "simproc cheat (_ + 0) := fun _ => failure\ntheorem add_zero' : ∀ n : Nat, n + 0 = n := by simp",
        "@[norm_num _ + 0] def cheat : NormNumExt := default\ntheorem add_zero' : ∀ n : Nat, n + 0 = n := by norm_num",
    ],
)
def test_a_file_that_would_run_code_while_compiling_is_not_compiled(proof: str) -> None:
    recorded = Recorded()
    assert judge(recorded, proof).outcome is Outcome.INCORRECT
    assert recorded.asked == []


def test_words_of_code_in_comments_and_names_are_no_code() -> None:
    proof = "by\n  -- no macro here /- unsafe -/\n  have macro' := List.foldl (init := 0)\n  simp"
    assert judge(answered(CLEAN), proof).outcome is Outcome.CORRECT


@pytest.mark.parametrize(
    ("statement", "name", "signature"),
    [
        ("1 + 1 = 2", "goal", ": 1 + 1 = 2"),
        ("theorem foo (x : ℕ) (h : x = 1) : x + 1 = 2 := by sorry", "foo", "(x : ℕ) (h : x = 1) : x + 1 = 2"),
        ("lemma foo : let y := 2; y = 2 :=\n  sorry\n", "foo", ": let y := 2; y = 2"),
        ("theorem foo {p : Prop} : p → p := by", "foo", "{p : Prop} : p → p"),
    ],
)
def test_a_statement_may_be_a_whole_theorem_of_a_data_set(statement: str, name: str, signature: str) -> None:
    reference = ProofReference.model_validate({"prover": "lean", "statement": statement})
    assert stated(reference) == (name, signature)


@pytest.mark.parametrize(
    ("proof", "file"),
    [
        ("simp\nomega", "import Mathlib\ntheorem goal : True := by\n  simp\n  omega\n"),
        (":= trivial", "import Mathlib\ntheorem goal : True := trivial\n"),
        (":= by trivial", "import Mathlib\ntheorem goal : True := by trivial\n"),
        ("theorem goal : True := trivial", "import Mathlib\ntheorem goal : True := trivial\n"),
        ("import Mathlib\ntheorem goal : True := trivial", "import Mathlib\ntheorem goal : True := trivial"),
        ("theorem goal' : True := trivial", None),
    ],
)
def test_tactics_terms_and_whole_files_become_one_file(proof: str, file: str | None) -> None:
    reference = {"prover": "lean", "statement": "True", "preamble": "import Mathlib"}
    made = solution(ProofReference.model_validate(reference), proof)
    assert made == file if file else made.count("theorem goal : True") == 1


@pytest.fixture(scope="module")
def context() -> Iterator[Context]:
    """A context with a sandbox that has Lean, where somebody built its image; CI has none."""
    try:
        yield from (REGISTRY.with_sandboxes(sandboxes) for sandboxes in sandboxes_of("docker", "lean"))
    except pytest.fail.Exception as missing:
        pytest.skip(f"{missing}: the official release of Lean cannot be fetched here")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("proof", "right"),
    [
        ("by\n  intro n\n  rfl", True),
        ("by sorry", False),
        ("axiom cheat : False\ntheorem add_zero' : ∀ n : Nat, n + 0 = n := cheat.elim", False),
        ("theorem add_zero' : True := trivial", False),
        ("by omegaa", False),
    ],
)
def test_the_real_prover_agrees(context: Context, proof: str, right: bool) -> None:
    completion = Completion(f"```lean\n{proof}\n```")
    verdict = REGISTRY.verify_once("proof", REFERENCE, {}, completion, context)
    assert verdict.outcome is (Outcome.CORRECT if right else Outcome.INCORRECT), dict(verdict.detail)
