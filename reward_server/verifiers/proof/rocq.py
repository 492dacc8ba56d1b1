"""Rocq's part of the ``proof`` verifier.

One file goes to the prover: the reference's preamble and statement (fixed as a constant before any text of the model is
read), the model's proof, and then our questions. The libraries that the preamble begins with are apart: the sandbox
keeps provers that have loaded them, and forks one for each proof. A proof counts when

- the file compiles to its end: a proof left open, a section or module left open, ``Abort``, ``Quit`` all fail here;
- what the model proved has the very type of the constant: a changed statement or a redefined notion fails here;
- ``Report Assumptions`` names nothing beyond the allowed axioms: ``Admitted``, an added axiom, an opaque shortcut past
  the guard, positivity or universe checks fail here. It is ``Print Assumptions`` with the libraries known ahead
  (``sandboxes/images/rocq/axioms.ml``).

The questions are vernacular commands, which no text can redefine, and stand between names that are drawn after the
model has written its proof: what it prints itself can be no answer.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.sandbox.base import Execution, ExecutionLimits, Language, Program, Sandbox
from reward_server.types import Verdict, correct, incorrect
from reward_server.verifiers.proof.reference import ProofReference

_ROCQ = Language(
    name="rocq-prove", image="rocq", file="imports.v", run=("/bin/sh", "/opt/rocq/prove.sh", "{build}/imports.v"),
    address_space_mb=2048, template=True,
)  # fmt: skip
_NAME = r"[A-Za-z_][\w']*(?:\.[A-Za-z_][\w']*)*"
_IMPORT = re.compile(
    rf"\s*((?:From\s+{_NAME}\s+)?Require(?:\s+(?:Import|Export))?(?:\s+{_NAME})+\s*\.)(?=\s|$)", re.ASCII
)
_NAMED = (
    r"\b(?:Theorem|Lemma|Fact|Remark|Corollary|Proposition|Property|Example|Definition|Fixpoint|Instance)\s+{name}\b"
)
_CLOSED = "Closed under the global context"
_AXIOM = re.compile(r"([\w.']+)(?: : .*)?")


@dataclass(frozen=True, slots=True)
class _Mark:
    """Names drawn for one file: the statement's, before the proof, and those of our questions behind it."""

    before: str
    final: str
    after: str


def is_proof(text: str) -> bool:
    """Whether a text without a fenced block is a proof."""
    return re.match(r"\s*Proof\b", text) is not None


def judge(sandbox: Sandbox, reference: ProofReference, proof: str, limits: ExecutionLimits) -> Verdict:
    """Compile the file and read the answers."""
    mark = _Mark(*(f"{what}_{secrets.token_hex(8)}" for what in ("before", "final", "after")))
    imports, preamble = _imports(reference.preamble)
    build = sandbox.build(Program(_ROCQ, imports.encode()))
    text = _text(reference, preamble, proof, mark).encode("utf-8", "replace")
    return _verdict(sandbox.run(build, text, limits), reference.axioms or (), mark)


def _imports(preamble: str) -> tuple[str, str]:
    """The libraries that a preamble begins with, written in one way, and the rest of it.

    A prover may load them with other rights than a proof has: nothing but names comes through here.
    """
    lines, at = [], 0
    while found := _IMPORT.match(preamble, at):
        lines.append(" ".join(found[1].split()) + "\n")
        at = found.end()
    return "".join(lines), preamble[at:]


def _text(reference: ProofReference, preamble: str, proof: str, mark: _Mark) -> str:
    """Preamble, statement, proof, questions; the names behind the proof are not in anything before it."""
    name = reference.name
    if not re.search(_NAMED.format(name=re.escape(name)), proof):
        script = proof if re.match(r"\s*Proof\b", proof) else f"Proof.\n{proof}"
        if not re.search(r"\b(?:Qed|Defined|Admitted|Abort|Save)\b[^.]*\.\s*$", script):
            script += "\nQed."
        proof = f"Theorem {name} : {reference.statement}.\n{script}"
    return f"""{preamble}
Definition {mark.before} := ({reference.statement}).
{_located(reference.axioms or (), mark.before)}
{proof}
Definition {mark.final} : {mark.before} := @{name}.
Definition {mark.after} := tt.
Locate {mark.after}.
Report Assumptions {mark.final}.
{_located(reference.axioms or (), mark.after)}
"""


def _located(axioms: Sequence[str], marker: str) -> str:
    """Commands that print what each name stands for, between lines that name the marker."""
    commands = [f"Locate {marker}."]
    for axiom in axioms:
        commands += [f"Locate {axiom}.", f"Locate {marker}."]
    return "\n".join(commands)


def _verdict(execution: Execution, allowed: Sequence[str], mark: _Mark) -> Verdict:
    output = execution.stdout.decode("utf-8", "replace")
    message = execution.stderr.decode("utf-8", "replace").strip()[-600:]
    before = output.split(f"Constant main.{mark.before}\n")
    if len(before) < len(allowed) + 2:
        raise InvalidTask(f"the preamble or the statement does not compile: {message}")
    if execution.limit is not None:
        raise LimitExceeded(f"the proof passed its limit on {execution.limit}", limit=execution.limit)
    if execution.exit_code != 0:
        return incorrect({"problem": "it does not compile", "message": message})
    after = output.split(f"Constant main.{mark.after}\n")
    if len(after) != len(allowed) + 3:
        return incorrect({"problem": "the questions after the proof were not answered"})
    axioms = _axioms(after[1])
    if axioms is None:
        return incorrect({"problem": "it rests on more than axioms", "message": after[1].strip()[-600:]})
    known = {
        axiom: first.splitlines()[:1] == last.splitlines()[:1]
        for axiom, first, last in zip(allowed, before[1:], after[2:], strict=False)
    }
    if beyond := [one for one in axioms if not known.get(one)]:
        return incorrect({"problem": f"it rests on {beyond[0]}, which is not allowed", "axioms": axioms[:50]})
    return correct({"axioms": axioms[:50]})


def _axioms(answer: str) -> list[str] | None:
    """Names in the report of ``Report Assumptions``; None for assumptions of any other kind."""
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
