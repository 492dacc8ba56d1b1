"""Mathematical answers: extracts the answer of a completion, reads it, and compares it with the reference in tiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from typing_extensions import TypedDict

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example
from reward_server.verifiers.math import symbolic
from reward_server.verifiers.math.canonical import canonical
from reward_server.verifiers.math.compare import Comparer
from reward_server.verifiers.math.equations import may_need_sympy
from reward_server.verifiers.math.extraction import Extracted, extract
from reward_server.verifiers.math.judgement import Budget, Judgement, Spent, different, undecided
from reward_server.verifiers.math.limits import NotMath, TooBig
from reward_server.verifiers.math.nodes import Apply, Node
from reward_server.verifiers.math.params import MathParams
from reward_server.verifiers.math.policies import fold_case, left_to_do, violation, with_options
from reward_server.verifiers.math.reading import readings
from reward_server.verifiers.math.wrapping import unwrap

_SHOWN = 500
_FEW = 8
"""Accepted answers that are compared one after another without looking the answer up first."""


class MathDetail(TypedDict, total=False):
    """Why a mathematical verdict is what it is."""

    extracted: str
    """The text taken for the answer."""
    rule: str
    """The rule of ``extraction`` that found it."""
    answer: str
    """Its canonical form."""
    reference: str
    """The reference's canonical form."""
    tier: str
    """What decided: identical, canonical, exact, decimal, tolerance, structure, region, text, form, modular,
    polynomials, balls, sympy."""
    difference: str
    """For ``incorrect``: the first difference found."""


@dataclass(frozen=True, slots=True)
class Task:
    """A reference read once: its accepted answers, each with its text and readings."""

    accepted: tuple[tuple[str, tuple[Node, ...]], ...]
    params: MathParams
    by_canonical: frozenset[str] = frozenset()
    """The canonical texts of the accepted answers, where there are many."""


class MathVerifier:
    r"""Right if the completion's answer is mathematically the reference.

    Reference ``\frac{1}{2}``; a completion that ends in ``\boxed{0.5}`` is correct, one in ``\boxed{2}`` is not.
    """

    name = "math"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=5.0)
    cost_s = 5e-4
    Reference = str | int | float | list[str | int | float]
    Params = MathParams
    Detail = MathDetail
    examples = (
        Example("the same number, written otherwise", r"\frac{1}{2}", r"So it is \boxed{0.5}.", Outcome.CORRECT),
        Example("another number", r"\frac{1}{2}", r"So it is \boxed{2}.", Outcome.INCORRECT),
        Example("a set in another order", r"\{1, 2\}", r"$x \in \{2, 1\}$", Outcome.CORRECT),
        Example("an interval as an inequality", r"(2, 5]", r"\boxed{2 < x \le 5}", Outcome.CORRECT),
        Example("two answers for one", "1", r"\boxed{1} or \boxed{2}", Outcome.INCORRECT),
        Example("no answer", "7", "I do not know.\nIt is hard.", Outcome.NO_ANSWER),
        Example(
            "more than an answer may hold", "7", r"\boxed{" + "(" * 500 + "7" + ")" * 500 + "}", Outcome.LIMIT_EXCEEDED
        ),
        Example("a reference that is no answer", r"\frac{1}{", r"\boxed{1}", Outcome.INVALID_TASK),
    )

    def warm_up(self) -> None:
        """Start the process of SymPy, which takes two seconds or so; children share it."""
        symbolic.start()

    def prepare(self, reference: Any, params: MathParams, context: Context) -> Task:
        """Read the accepted answers; raises ``InvalidTask`` for one that cannot be read."""
        texts = reference if isinstance(reference, list) else [reference]
        if not texts:
            raise InvalidTask("the reference is an empty list")
        accepted = tuple(_accepted(_text(text), params) for text in texts)
        if any(may_need_sympy(node) for _, nodes in accepted for node in nodes):
            symbolic.ready()  # so that no completion waits for it
        texts_alike = {canonical(node) for _, nodes in accepted for node in nodes} if len(accepted) > _FEW else ()
        return Task(accepted, params, frozenset(texts_alike))

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Judge one completion; raises ``LimitExceeded`` for an answer past a cap."""
        found = extract(completion.text, task.params.extract)
        if found is None:
            return no_answer()
        if len(found.parts) == 1:
            known = _found_as_is(found.parts[0], task)
            if known is not None:
                shown = _shown(known)
                return correct({**_head(found), "answer": shown, "reference": shown, "tier": "identical"})
        try:
            answers = _answers(found, task.params)
        except NotMath as error:
            if not any(part.strip() for part in found.parts):
                return no_answer()
            return incorrect({**_head(found), "tier": "none", "difference": str(error)})
        except TooBig as error:
            raise LimitExceeded(str(error), limit=error.what) from error
        known = _written_alike(answers, task)
        if known is not None:
            shown = _shown(known)
            return correct({**_head(found), "answer": shown, "reference": shown, "tier": "canonical"})
        budget = Budget(tolerance=task.params.tolerance)
        best: tuple[Judgement, Node, Node] | None = None
        for _, accepted in task.accepted:
            for gold in accepted:
                for answer in answers:
                    judgement = _judge(gold, answer, task.params, budget)
                    if judgement.equal:
                        return correct(_detail(found, answer, gold, judgement))
                    if best is None or judgement.equal is None:
                        best = judgement, answer, gold
        assert best is not None
        judgement, answer, gold = best
        if judgement.equal is None and (same := _same_reading(answers, task)):
            return correct({**_head(found), "answer": _shown(same), "reference": _shown(same), "tier": "canonical"})
        flags = ("undecided",) if judgement.equal is None else ()
        return incorrect(_detail(found, answer, gold, judgement), flags=flags)


def _found_as_is(text: str, task: Task) -> Node | None:
    """The accepted answer that is written just so, where its form is allowed."""
    plain = unwrap(text)
    for accepted, nodes in task.accepted:
        if plain == accepted:
            return None if violation(nodes[0], task.params) else nodes[0]
    return None


def _written_alike(answers: tuple[Node, ...], task: Task) -> Node | None:
    """Of many accepted answers one whose canonical text is that of the answer: it need not be searched for."""
    if not task.by_canonical:
        return None
    for answer in answers:
        if not violation(answer, task.params) and canonical(answer) in task.by_canonical:
            return answer
    return None


def _same_reading(answers: tuple[Node, ...], task: Task) -> Node | None:
    """A reading of the answer that is one of the reference's, where the others took all the work that there is."""
    golds = {canonical(gold): gold for _, nodes in task.accepted for gold in nodes}
    for answer in answers:
        gold = golds.get(canonical(answer))
        if gold is not None and not violation(answer, task.params) and not left_to_do(answer, gold):
            return answer
    return None


def _text(reference: str | int | float) -> str:
    if isinstance(reference, float) and reference.is_integer():
        reference = int(reference)
    try:
        return str(reference)
    except ValueError as error:  # an integer of more digits than Python writes
        raise InvalidTask("the reference has too many digits") from error


def _accepted(text: str, params: MathParams) -> tuple[str, tuple[Node, ...]]:
    text = text.rpartition("####")[2]  # a worked solution that ends in its answer
    try:
        accepted = with_options(readings(text, decimal_comma=params.decimal_comma), params)
        return unwrap(text), accepted
    except (NotMath, TooBig) as error:
        raise InvalidTask(f"the reference {text[:100]!r} cannot be read: {error}") from error


def _answers(found: Extracted, params: MathParams) -> tuple[Node, ...]:
    """The readings of the extracted parts; several parts are one list."""
    each = [readings(part, decimal_comma=params.decimal_comma) for part in found.parts]
    if len(each) == 1:
        return each[0]
    return (Apply("list", tuple(readings_of_part[0] for readings_of_part in each)),)


def _judge(gold: Node, answer: Node, params: MathParams, budget: Budget) -> Judgement:
    if params.case == "fold":
        gold, answer = fold_case(gold), fold_case(answer)
    wrong = violation(answer, params) or left_to_do(answer, gold)
    if wrong:
        return different("form", wrong)
    try:
        return Comparer(params, budget).compare(gold, answer)
    except (Spent, TooBig):
        return undecided("the comparison takes too much work")


def _head(found: Extracted) -> dict[str, str]:
    return {"extracted": " ; ".join(found.parts)[:_SHOWN], "rule": found.rule}


def _detail(found: Extracted, answer: Node, gold: Node, judgement: Judgement) -> dict[str, str]:
    detail = {**_head(found), "answer": _shown(answer), "reference": _shown(gold), "tier": judgement.tier}
    return detail if judgement.equal else {**detail, "difference": judgement.why[:_SHOWN]}


def _shown(node: Node) -> str:
    return canonical(node)[:_SHOWN]
