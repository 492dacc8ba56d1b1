"""The ``proof`` verifier: the same questions to one prover or another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reward_server.errors import LimitExceeded, Unavailable
from reward_server.sandbox.base import ExecutionLimits, Sandbox
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, no_answer
from reward_server.verifiers.base import Context, Example
from reward_server.verifiers.proof import lean, rocq
from reward_server.verifiers.proof.reference import ProofDetail, ProofParams, ProofReference
from reward_server.verifiers.structured import fenced_blocks

MAX_PROOF = 200_000


@dataclass(frozen=True, slots=True)
class Prover:
    """How a prover is asked."""

    image: str
    fences: frozenset[str]
    bare: Callable[[str], bool]
    """Whether a completion without a fenced block is a proof as a whole."""
    judge: Callable[[Sandbox, ProofReference, str, ExecutionLimits], Verdict]


_PROVERS: Mapping[str, Prover] = {
    "rocq": Prover("rocq", frozenset(("coq", "rocq", "v", "gallina", "")), rocq.is_proof, rocq.judge),
    "lean": Prover("lean", frozenset(("lean", "lean4", "")), lean.is_proof, lean.judge),
}


@dataclass(frozen=True, slots=True)
class Task:
    """The reference with its limits."""

    reference: ProofReference
    limits: ExecutionLimits


class Proof:
    """Right if the completion proves exactly the stated theorem, with no axiom beyond those allowed.

    The completion's last fenced block is the proof: tactics, ``Proof. … Qed.`` or ``by …``, or a development with
    lemmas of its own that states the theorem again under its name. Rocq (Coq) or Lean 4 checks it in a sandbox;
    statement and axioms are asked of the prover itself, never read off the text.
    """

    name, version, lane = "proof", "2", Lane.SANDBOX
    limits, cost_s = Limits(time_s=160.0, memory_mb=1024), 0.1
    Reference, Params, Detail = ProofReference, ProofParams, ProofDetail

    _zero = {"statement": "forall n : nat, n + 0 = n", "name": "plus_zero"}
    examples = (
        Example("by induction", _zero, "```coq\nProof. induction n; simpl; congruence. Qed.\n```", Outcome.CORRECT),
        Example("admitted", _zero, "```coq\nProof. Admitted.\n```", Outcome.INCORRECT),
        Example("another statement", _zero, "```coq\nTheorem plus_zero : 0 + 0 = 0. Proof. reflexivity. Qed.\n```",
                Outcome.INCORRECT),
        Example("no proof", _zero, "It is obvious.", Outcome.NO_ANSWER),
    )  # fmt: skip

    def prepare(self, reference: ProofReference, params: ProofParams, context: Context) -> Task:
        """Take the limits over; whether the statement can be read is for the prover to say."""
        return Task(reference, ExecutionLimits(time_s=params.time_s, memory_mb=params.memory_mb, file_mb=64))

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Have the proof checked in a sandbox."""
        prover = _PROVERS[task.reference.prover]
        blocks = [body for language, body in fenced_blocks(completion.text) if language in prover.fences]
        proof = blocks[-1].strip() if blocks else ""
        if not proof and prover.bare(completion.text):
            proof = completion.text.strip()
        if not proof:
            return no_answer()
        if len(proof) > MAX_PROOF:
            raise LimitExceeded(f"the proof has more than {MAX_PROOF} characters", limit="size")
        if context.sandboxes is None:
            raise Unavailable("this worker has no sandboxes", reason="no_sandbox")
        info = context.sandboxes.images().get(prover.image)
        if info is None:
            raise Unavailable(
                f"there is no image {prover.image!r}; build it with: reward-server images build {prover.image}",
                reason="no_image", retryable=False,
            )  # fmt: skip
        verdict = context.sandboxes.within(
            lambda sandbox: prover.judge(sandbox, task.reference, proof, task.limits),
            image=prover.image,
            memory_mb=task.limits.memory_mb,
        )
        return Verdict(verdict.outcome, verdict.score, verdict.detail, verdict.flags, info.digest)
