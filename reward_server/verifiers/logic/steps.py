"""Derivations in free form: entailment steps checked by Z3, algebra steps by the mathematics verifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.types import Completion, Outcome
from reward_server.verifiers.base import VerifyWith
from reward_server.verifiers.final_answer import clean
from reward_server.verifiers.logic.lines import proof_block
from reward_server.verifiers.logic.natural_deduction import Fault
from reward_server.verifiers.logic.solver import Solver
from reward_server.verifiers.logic.syntax import Formula, SyntaxFault, parse, parse_term, show
from reward_server.verifiers.logic.terms import same
from reward_server.verifiers.structured import last_block

MAX_STEPS = 200
_RELATION = re.compile(r"[=<>≤≥≠≡∈]|\\(?:leq?|geq?|neq?|lt|gt|in|equiv|approx)(?![A-Za-z])")
_SIGNS = re.compile(r"^\s*([A-Za-z])\s*=\s*(?:\\pm|±)\s*([^,=±]{1,200})$")
_NUMBER = re.compile(r"\s*[(\[]?\d{1,6}[.):\]]{1,2}\s*")
_BULLET = re.compile(r"\s*[-*•]\s")
_SPACES = re.compile(r"\s|\$|\*|\\cdot|\\times|\\left|\\right|\\[,;! ]")
_BRACKETED_REMARK = re.compile(r"(?:(?<=[\d)])\s+|\s{2,})\([A-Za-z]{3}[^()]{0,80}\)\s*$")
_REMARKS = (
    re.compile(r"\s?[\[({][^\[({]{0,80}[\])}]\s?$"),
    re.compile(
        r"\s?(?:\s\s|\t|[;,:#]|--|//)\s?(?:from|by|since|premise|given|lines?|step|using|because)\b.{0,200}$", re.I
    ),
    re.compile(r"\s(?:from|by|since|because|using)\s.{0,200}$", re.I),
    re.compile(r"\s\s\S.{0,200}$"),
)


def written_steps(text: str) -> list[str]:
    """The steps of a completion: its numbered lines, else the lines of its last fenced block."""
    if lines := proof_block(text):
        return [line[match.end() if (match := _NUMBER.match(line)) else 0 :].strip() for line in lines]
    lines = [line for line in (last_block(text) or "").splitlines() if line.strip()]
    if all(map(_BULLET.match, lines)):  # on one line alone it may be a sign
        lines = [_BULLET.sub("", line, count=1) for line in lines]
    return [line.strip() for line in lines]


def read_step(text: str, read: Callable[[str], Formula]) -> Formula:
    """The formula of a step, a remark behind it aside; raises ``SyntaxFault``."""
    text = _BRACKETED_REMARK.sub("", text)
    try:
        return read(clean(text))
    except SyntaxFault as error:
        first = error
    for remark in _REMARKS:
        cut = remark.sub("", text)
        if cut and cut != text:
            try:
                return read(clean(cut))
            except SyntaxFault:
                continue
    raise first


def check_entailment(
    steps: Sequence[str],
    premises: Sequence[Formula],
    conclusion: Formula,
    solver: Solver,
    read: Callable[[str], Formula],
) -> tuple[Fault | None, bool]:
    """The first step that does not follow from the premises and the steps before it, and whether it was undecided.

    Raises ``LimitExceeded`` for a step that needs more than its time.
    """
    if len(steps) > MAX_STEPS:
        raise LimitExceeded(f"more than {MAX_STEPS} steps", limit="size")
    known = list(premises)
    step: Formula | None = None
    for number, text in enumerate(steps, 1):
        try:
            step = read_step(text, read)
            answer = "yes" if any(same(step, one) for one in known) else solver.follows(known, step)
        except SyntaxFault as error:
            return Fault(number, str(error), text[:200]), False
        if answer != "yes":
            problem = "it does not follow" if answer == "no" else "it could not be decided whether it follows"
            return Fault(number, problem, text[:200]), answer == "unknown"
        known.append(step)
    if step is None or not (same(step, conclusion) or solver.equivalent(step, conclusion) == "yes"):
        return Fault(
            len(steps), f"the last step is not the conclusion {show(conclusion)[:200]}", steps[-1][:200]
        ), False
    return None, False


def check_algebra(
    steps: Sequence[str],
    start: str,
    conclusion: str,
    verify_with: VerifyWith,
    time_s: float,
    params: Mapping[str, object],
) -> Fault | None:
    """The first step that is not equal (expressions) or equivalent (equations) to the one before it, from the start."""
    if len(steps) > MAX_STEPS:
        raise LimitExceeded(f"more than {MAX_STEPS} steps", limit="size")
    chain = [(number, part) for number, text in enumerate(steps, 1) for part in _links(text)]
    before = start
    for number, part in chain:
        # By way of a convention (90 for 90°) each link may hold and their chain not: values are held against the start.
        origins = [before] if _RELATION.search(start) else dict.fromkeys((before, start))
        for origin in origins:
            if not _equal(origin, part, verify_with, time_s, params):
                return Fault(number, f"it is not the same as {origin[:150]}", part[:200])
        before = part
    if not chain or not _same_form(conclusion, before):
        return Fault(len(steps), f"the last step is not {conclusion[:150]}", before[:200])
    return None


def _links(text: str) -> list[str]:
    """Links of a chain in one line: ``=> 2x = 4`` is one equation, ``= a = b`` two expressions."""
    text = re.sub(
        r"^\s*(?:=>|⇒|⟹|⇔|<=>|→|\\Rightarrow|\\iff|\\implies|\\Leftrightarrow|therefore|so)\s*", "", clean(text)
    )
    for remark in _REMARKS[1:]:
        text = remark.sub("", text)
    if text.startswith(("=", "&=", "&=")):
        return [part.strip() for part in text.lstrip("&= ").split("=") if part.strip()]
    return [text.replace("&=", "=").rstrip("\\ ")] if text.strip() else []


def _same_form(one: str, other: str) -> bool:
    """Whether two lines are written alike: spaces and signs of multiplication do not count, the value is not asked."""
    if _SPACES.sub("", one) == _SPACES.sub("", other):
        return True
    for read in (parse, parse_term):
        try:
            if read(one) == read(other):
                return True
        except SyntaxFault:
            continue
    return False


def _equal(before: str, after: str, verify_with: VerifyWith, time_s: float, params: Mapping[str, object]) -> bool:
    """Whether the mathematics verifier, or else Z3 over the reals, takes two lines for the same.

    What stands for the right answer need not be the same: ``5`` for ``x = 5`` (or ``y = 5`` would follow from it), 5
    for 5 cm, and a decimal for what rounds to it are no steps.
    """
    if (_RELATION.search(before) is None) != (_RELATION.search(after) is None):
        return False
    before, after = (_SIGNS.sub(r"\1 = \2 or \1 = -(\2)", one) for one in (before, after))
    if " ".join(before.split()) == " ".join(after.split()):
        return True
    try:
        verdict = verify_with("math", before, {"units": "required", **params}, Completion(f"\\boxed{{{after}}}"))
    except InvalidTask as error:
        if error.reason == "unknown_verifier":
            raise
        verdict = None
    if verdict is not None and verdict.outcome is Outcome.CORRECT and verdict.detail.get("tier") != "decimal":
        return True
    try:
        left, right = parse(before), parse(after)
        return Solver(numbers="Real", time_s=time_s).equivalent(left, right) == "yes"
    except SyntaxFault:
        return False
