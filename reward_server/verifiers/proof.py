"""Formal proofs: a statement of the reference, a proof of the model's, and the prover's word for it.

One file goes to the prover: the reference's preamble and statement (fixed as a constant before any text of the model is
read), the model's proof, and then our questions. A proof counts when

- the file compiles to its end: a proof left open, a section or module left open, ``Abort``, ``Quit`` all fail here;
- what the model proved has the very type of the constant: a changed statement or a redefined notion fails here;
- ``Print Assumptions`` names nothing beyond the allowed axioms: ``Admitted``, an added axiom, an opaque shortcut past
  the guard, positivity or universe checks fail here.

The questions are vernacular commands, which no text can redefine, and stand between names that are drawn after the
model has written its proof: what it prints itself can be no answer.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.sandbox.base import Execution, ExecutionLimits, Program, Sandbox
from reward_server.sandbox.languages import LANGUAGES
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.structured import fenced_blocks

MAX_PROOF = 200_000
_ROCQ = LANGUAGES["rocq"].language
_NAMED = (
    r"\b(?:Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Example|Definition|Fixpoint|Instance)\s+{name}\b"
)
_FENCES = frozenset(("coq", "rocq", "v", "gallina", ""))
_CLOSED = "Closed under the global context"
_AXIOM = re.compile(r"([\w.']+)(?: : .*)?")


class ProofReference(StrictModel):
    """A statement to be proved."""

    prover: Literal["rocq"] = "rocq"
    statement: str = Field(min_length=1, max_length=50_000, description="A proposition: forall n : nat, n + 0 = n")
    name: str = Field("goal", pattern=r"^[A-Za-z_][A-Za-z0-9_']{0,60}$", description="What the theorem is called")
    preamble: str = Field("", max_length=200_000, description="Imports and definitions that the statement needs")
    axioms: list[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.']{0,200}$")]] = Field(
        default_factory=list, max_length=50, description="Axioms that may be used; the preamble imports them"
    )


class ProofParams(StrictModel):
    """Limits of one proof."""

    time_s: float = Field(20.0, gt=0, le=120)
    memory_mb: int = Field(2048, ge=256, le=4096)


class ProofDetail(TypedDict, total=False):
    """What the prover said."""

    problem: str
    axioms: list[str]
    message: str


@dataclass(frozen=True, slots=True)
class Task:
    """The reference with its limits."""

    reference: ProofReference
    limits: ExecutionLimits


@dataclass(frozen=True, slots=True)
class _Mark:
    """Names drawn for one file: the statement's, before the proof, and those of our questions behind it."""

    before: str
    final: str
    after: str


class Proof:
    """Right if the completion proves exactly the stated theorem, with no axiom beyond those allowed.

    The completion's last fenced block is the proof: tactics, ``Proof. … Qed.``, or a development with lemmas of its own
    that states the theorem again under its name. Rocq (Coq) checks it in a sandbox; statement and axioms are asked of
    the prover itself, never read off the text.
    """

    name, version, lane = "proof", "1", Lane.SANDBOX
    limits, cost_s = Limits(time_s=160.0, memory_mb=1024), 0.5
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
        """Have the file compiled in a sandbox and read the answers."""
        blocks = [body for language, body in fenced_blocks(completion.text) if language in _FENCES]
        proof = blocks[-1].strip() if blocks else ""
        if not proof and re.match(r"\s*Proof\b", completion.text):
            proof = completion.text.strip()
        if not proof:
            return no_answer()
        if len(proof) > MAX_PROOF:
            raise LimitExceeded(f"the proof has more than {MAX_PROOF} characters", limit="size")
        if context.sandboxes is None:
            raise Unavailable("this worker has no sandboxes", reason="no_sandbox")
        info = context.sandboxes.images().get(_ROCQ.image)
        if info is None:
            raise Unavailable(
                "there is no image for Rocq; build it with: reward-server images build rocq",
                reason="no_image", retryable=False,
            )  # fmt: skip
        mark = _Mark(*(f"{what}_{secrets.token_hex(8)}" for what in ("before", "final", "after")))
        program = Program(_ROCQ, _file(task.reference, proof, mark).encode("utf-8", "replace"))

        def run(sandbox: Sandbox) -> Execution:
            return sandbox.run(sandbox.build(program), b"", task.limits)

        execution = context.sandboxes.within(run, image=_ROCQ.image, memory_mb=task.limits.memory_mb)
        verdict = _verdict(execution, task.reference, mark)
        return Verdict(verdict.outcome, verdict.score, verdict.detail, verdict.flags, info.digest)


def _file(reference: ProofReference, proof: str, mark: _Mark) -> str:
    """Preamble, statement, proof, questions; the names behind the proof are not in anything before it."""
    name = reference.name
    if not re.search(_NAMED.format(name=re.escape(name)), proof):
        script = proof if re.match(r"\s*Proof\b", proof) else f"Proof.\n{proof}"
        if not re.search(r"\b(?:Qed|Defined|Admitted|Abort|Save)\b[^.]*\.\s*$", script):
            script += "\nQed."
        proof = f"Theorem {name} : {reference.statement}.\n{script}"
    return f"""{reference.preamble}
Definition {mark.before} := ({reference.statement}).
{_located(reference.axioms, mark.before)}
{proof}
Definition {mark.final} : {mark.before} := @{name}.
Definition {mark.after} := tt.
Locate {mark.after}.
Print Assumptions {mark.final}.
{_located(reference.axioms, mark.after)}
"""


def _located(axioms: Sequence[str], marker: str) -> str:
    """Commands that print what each name stands for, between lines that name the marker."""
    commands = [f"Locate {marker}."]
    for axiom in axioms:
        commands += [f"Locate {axiom}.", f"Locate {marker}."]
    return "\n".join(commands)


def _verdict(execution: Execution, reference: ProofReference, mark: _Mark) -> Verdict:
    output = execution.stdout.decode("utf-8", "replace")
    message = execution.stderr.decode("utf-8", "replace").strip()[-600:]
    before = output.split(f"Constant main.{mark.before}\n")
    if len(before) < len(reference.axioms) + 2:
        raise InvalidTask(f"the preamble or the statement does not compile: {message}")
    if execution.limit is not None:
        raise LimitExceeded(f"the proof passed its limit on {execution.limit}", limit=execution.limit)
    if execution.exit_code != 0:
        return incorrect({"problem": "it does not compile", "message": message})
    after = output.split(f"Constant main.{mark.after}\n")
    if len(after) != len(reference.axioms) + 3:
        return incorrect({"problem": "the questions after the proof were not answered"})
    axioms = _axioms(after[1])
    if axioms is None:
        return incorrect({"problem": "it rests on more than axioms", "message": after[1].strip()[-600:]})
    known = {
        axiom: first.splitlines()[:1] == last.splitlines()[:1]
        for axiom, first, last in zip(reference.axioms, before[1:], after[2:], strict=False)
    }
    if beyond := [one for one in axioms if not known.get(one)]:
        return incorrect({"problem": f"it rests on {beyond[0]}, which is not allowed", "axioms": axioms[:50]})
    return correct({"axioms": axioms[:50]})


def _axioms(answer: str) -> list[str] | None:
    """Names in the report of ``Print Assumptions``; None for assumptions of any other kind."""
    if answer.strip("\n") == _CLOSED:
        return []
    heading, _, listed = answer.strip("\n").partition("\n")
    if heading != "Axioms:":
        return None
    names = []
    for line in listed.splitlines():
        if line[:1].isspace() or not line:
            continue
        match = _AXIOM.fullmatch(line)
        if match is None or " is assumed" in line or " relies on" in line:
            return None
        names.append(match[1])
    return names
