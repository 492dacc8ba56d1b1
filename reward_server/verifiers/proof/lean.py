"""Lean's part of the ``proof`` verifier.

Theory of operation. Elaborating a Lean file runs code that the file brings along: it can answer ``#print axioms`` by
itself, and put into its object file what no kernel has seen. So there are two steps, each a process, a user and a
directory of its own:

1. ``prove.sh`` compiles the proof; what comes of it is an object file and nothing else;
2. ``check.sh`` compiles the reference, its theorem ending in ``sorry``; then ``Check.lean`` replays the proof's object
   file through the kernel on top of the reference's imports, compares the theorem and all that it speaks of with the
   reference's, and names the axioms as ``#print axioms`` would.

Only the second step's standard output is an answer. An object file that was forged byte by byte is read there before
the kernel sees it, which Lean does not promise to survive: commands that run code while compiling are refused
beforehand, and where the check breaks the proof is wrong, unless the check breaks on the reference too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.sandbox.base import Execution, ExecutionLimits, Language, Program, Sandbox
from reward_server.types import Verdict, correct, incorrect
from reward_server.verifiers.proof.reference import ProofReference

STANDARD_AXIOMS = ("propext", "Quot.sound", "Classical.choice")
_IMAGE = "lean"
_PROVE = Language("lean-prove", _IMAGE, "main.lean", run=("/bin/sh", "/opt/lean/prove.sh", "{build}/main.lean"))
_CHECK = Language("lean-check", _IMAGE, "main.lean", run=("/bin/sh", "/opt/lean/check.sh", "{build}/main.lean"))
_THEOREM = re.compile(
    r"\s*(?:theorem|lemma)\s+([A-Za-z_][A-Za-z0-9_']{0,60})(?![\w'])(.*?)(?::=\s*(?:by\s*)?(?:sorry\s*)?)?", re.DOTALL
)
_RUNS_CODE = re.compile(
    r"(?<![\w.'])(?:run_cmd|run_tac|run_meta|run_elab|by_elab|elab|elab_rules|macro|macro_rules|initialize|"
    r"builtin_initialize|(?:builtin_)?d?simproc(?:_decl)?|unsafe|#eval!?|#exit)(?![\w'])"
    r"|(?:@|attribute\s{0,8})\[[^\]]{0,500}?\b(?:builtin_\w+|init|implemented_by|extern|export|csimp|tactic|macro|\w+_elab|"
    r"d?simproc|norm_num|positivity|\w*delab|\w*unexpander|\w+_parser|\w+_handler)\b"
)
_COMMENT = re.compile(r"--[^\n]*|/-.{0,100000}?-/", re.DOTALL)
_ANSWER = re.compile(r"'.{1,200}' (?:does not depend on any axioms|depends on axioms: \[([\w.'«», ]*)\])")


def is_proof(text: str) -> bool:
    """Whether a text without a fenced block is a proof."""
    return re.match(r"\s*(?::=\s*)?by\b", text) is not None


def judge(sandbox: Sandbox, reference: ProofReference, proof: str, limits: ExecutionLimits) -> Verdict:
    """Compile the proof, and have its object file held against the reference."""
    name, signature = stated(reference)
    if found := _RUNS_CODE.search(_COMMENT.sub(" ", proof)):
        return incorrect({"problem": f"it would run code while it is compiled, by {found[0][:80]}"})
    challenge = f"{reference.preamble}\ntheorem {name} {signature} := sorry\n"

    def compiled(text: str) -> Execution:
        return sandbox.run(sandbox.build(Program(_PROVE, text.encode("utf-8", "replace"))), b"", limits)

    def checked(object_file: bytes) -> Execution:
        files = {"proof.olean": object_file}
        program = Program(_CHECK, challenge.encode("utf-8", "replace"), files, (name,))
        return sandbox.run(sandbox.build(program), b"", limits)

    made = compiled(solution(reference, proof))
    checking = checked(made.stdout) if made.ok else None
    if checking is not None and (answer := _answer(checking)):
        return _verdict(answer, reference.axioms if reference.axioms is not None else STANDARD_AXIOMS)
    own = compiled(challenge)
    if not own.ok:
        raise InvalidTask(f"the preamble or the statement does not compile: {_said(own)}")
    if checking is None:
        return _ended("it does not compile", made)
    if _answer(broken := checked(own.stdout)) is None:
        raise Unavailable(f"the check of proofs fails: {_said(broken)}", reason="prover_failed")
    return _ended("its object file cannot be checked", checking)


def stated(reference: ProofReference) -> tuple[str, str]:
    """Name and signature of the theorem: those of a statement that is a whole theorem, else ``name : statement``."""
    whole = _THEOREM.fullmatch(reference.statement)
    return (whole[1], whole[2].strip()) if whole else (reference.name, f": {reference.statement.strip()}")


def solution(reference: ProofReference, proof: str) -> str:
    """The file that is compiled: preamble, theorem and proof, of which the proof may bring along all that it states."""
    name, signature = stated(reference)
    if not re.search(rf"\b(?:theorem|lemma)\s+{re.escape(name)}(?![\w'])", proof):
        body = proof.removeprefix(":=").lstrip()
        if not proof.startswith(":=") and not re.match(r"by\b", body):
            body = "by\n" + "\n".join(f"  {line}" for line in proof.splitlines())
        proof = f"theorem {name} {signature} := {body}"
    return proof if re.match(r"\s*import\b", proof) else f"{reference.preamble}\n{proof}\n"


def _said(execution: Execution) -> str:
    return execution.stderr.decode("utf-8", "replace").strip()[-600:]


def _ended(problem: str, execution: Execution) -> Verdict:
    """The verdict on a step that failed; raises ``LimitExceeded`` where a limit ended it."""
    if execution.limit is not None:
        raise LimitExceeded(f"the proof passed its limit on {execution.limit}", limit=execution.limit)
    return incorrect({"problem": problem, "message": _said(execution)})


def _answer(execution: Execution) -> str | None:
    """The last line of the check; None where it broke."""
    lines = execution.stdout.decode("utf-8", "replace").splitlines()
    answer = lines[-1].strip() if execution.ok and lines else ""
    return answer if answer.startswith("problem: ") or _ANSWER.fullmatch(answer) else None


def _verdict(answer: str, allowed: Sequence[str]) -> Verdict:
    match = _ANSWER.fullmatch(answer)
    if match is None:
        return incorrect({"problem": answer.removeprefix("problem: ")[:400]})
    axioms = [axiom.strip() for axiom in (match[1] or "").split(",") if axiom.strip()]
    if beyond := [axiom for axiom in axioms if axiom not in allowed]:
        return incorrect({"problem": f"it rests on {beyond[0]}, which is not allowed", "axioms": axioms[:50]})
    return correct({"axioms": axioms[:50]})
