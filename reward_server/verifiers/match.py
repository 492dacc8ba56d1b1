"""Text against text: exact, by pattern, by number or by shared words."""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.final_answer import FinalAnswer, final_answer
from reward_server.verifiers.patterns import Pattern, compiled, search

_NUMBER = re.compile(
    r"(?<![\w.])[-+\u2212]?(?:\d{1,3}(?:,\d{3}){1,20}(?!\d)|\d{1,400}(?!\d))?(?:(?<=\d)\.\d{0,400}|(?<!\d)\.\d{1,400})?"
    r"(?:[eE][-+]?\d{1,3})?(?:\s?/\s?\d{1,400}(?![.\d]))?\s?%?"
)
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


class MatchParams(StrictModel):
    """How to compare."""

    mode: Literal["exact", "regex", "numeric", "f1"] = Field("exact", description="How completion and reference meet")
    where: Literal["answer", "completion"] | None = Field(
        None,
        description="Compare the stated final answer (else all of the text), or all of the text. "
        "By default the answer, and for regex all of the text",
    )
    ignore_case: bool = False
    ignore_punctuation: bool = Field(False, description="Exact only: drop punctuation and the words a, an, the")
    full_match: bool = Field(False, description="Regex only: the pattern must match all of it")
    tolerance: float = Field(0.0, ge=0, description="Numeric only: largest absolute difference")
    relative_tolerance: float = Field(0.0, ge=0, lt=1, description="Numeric only: as a share of the reference")
    threshold: float = Field(0.8, gt=0, le=1, description="F1 only: the least F1 that is correct")


class MatchDetail(TypedDict, total=False):
    """What was compared, and which of the references came nearest."""

    extracted: str
    rule: str
    matched: str
    f1: float
    difference: str


@dataclass(frozen=True, slots=True)
class Task:
    """The references in the form that their mode compares."""

    params: MatchParams
    texts: tuple[str, ...]
    patterns: tuple[Pattern, ...] = ()
    numbers: tuple[Fraction, ...] = ()
    words: tuple[Counter[str], ...] = ()


class Match:
    """Right if the answer equals the reference, or any one of a list of references.

    ``exact`` compares text with white space collapsed; ``regex`` takes the reference as a pattern (of the ``regex``
    package, one second a search); ``numeric`` compares exact fractions within a tolerance, and wants one number in
    a stated answer; ``f1`` compares words as SQuAD does, with the F1 as ``score``.
    """

    name = "match"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=5.0)
    cost_s = 3e-5
    Reference = str | list[str]
    Params = MatchParams
    Detail = MatchDetail
    examples = (
        Example("the same text", "Paris", "The answer is Paris.", Outcome.CORRECT),
        Example("another text", "Paris", "Answer: Rome", Outcome.INCORRECT),
        Example("any of several", ["USA", "United States"], "United States", Outcome.CORRECT),
        Example("a pattern", r"colou?r", "What a color!", Outcome.CORRECT, {"mode": "regex"}),
        Example("a number", "1,000", "So it is \\boxed{1000.0}", Outcome.CORRECT, {"mode": "numeric"}),
        Example("too far", "3.14", "3.2", Outcome.INCORRECT, {"mode": "numeric", "tolerance": 0.01}),
        Example("shared words", "the blue whale", "a blue whale", Outcome.CORRECT, {"mode": "f1"}),
        Example("nothing said", "Paris", "  ", Outcome.NO_ANSWER),
    )

    def prepare(self, reference: str | list[str], params: MatchParams, context: Context) -> Task:
        """Compile, parse or split the references once; raises ``InvalidTask``."""
        given = [reference] if isinstance(reference, str) else reference
        if not given or len(given) > 1_000:
            raise InvalidTask("give between one and 1,000 references")
        if any(not one.strip() for one in given):
            raise InvalidTask("an empty reference would match a completion that says nothing")
        match params.mode:
            case "regex":
                flags = "i" if params.ignore_case else ""
                return Task(params, tuple(given), patterns=tuple(compiled(one, flags) for one in given))
            case "numeric":
                return Task(params, tuple(given), numbers=tuple(_reference_number(one) for one in given))
            case "f1":
                return Task(params, tuple(given), words=tuple(_words(one) for one in given))
        texts = tuple(_normal(one, params) for one in given)
        if "" in texts:
            raise InvalidTask("nothing is left of a reference without its punctuation")
        return Task(params, texts)

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Take the answer out of the completion and compare it in the mode of the task."""
        where = task.params.where or ("completion" if task.params.mode == "regex" else "answer")
        stated = final_answer(completion.text) if where == "answer" else None
        text = stated.text if stated else completion.text.strip()
        if not text:
            return no_answer()
        detail: MatchDetail = {"extracted": text[:500], "rule": stated.rule if stated else "all"}
        match task.params.mode:
            case "exact":
                normal = _normal(text, task.params)
                return _verdict(next((one for one in task.texts if one == normal), None), detail)
            case "regex":
                return _regex(task, text, detail)
            case "numeric":
                return _numeric(task, stated, text, detail)
            case "f1":
                return _f1(task, text, detail)


def _verdict(matched: str | None, detail: MatchDetail) -> Verdict:
    if matched is None:
        return incorrect({**detail})
    return correct({**detail, "matched": matched[:500]})


def _normal(text: str, params: MatchParams) -> str:
    if params.ignore_case:
        text = text.casefold()
    if params.ignore_punctuation:
        text = _ARTICLES.sub(" ", text.translate(_PUNCTUATION))
    return " ".join(text.split())


def _regex(task: Task, text: str, detail: MatchDetail) -> Verdict:
    for source, pattern in zip(task.texts, task.patterns, strict=True):
        if search(pattern, text, full=task.params.full_match):
            return _verdict(source, detail)
    return _verdict(None, detail)


def _numbers(text: str) -> list[Fraction]:
    return [number for m in _NUMBER.finditer(text[-20_000:]) if m[0] and (number := _number(m[0])) is not None]


def _number(text: str) -> Fraction | None:
    """An exact number, ``%`` being hundredths; None for what is none."""
    percent = text.rstrip().endswith("%")
    text = text.replace(",", "").replace("\u2212", "-").rstrip("% ").replace(" ", "")
    numerator, _, denominator = text.partition("/")
    try:
        value = Fraction(numerator) / (Fraction(denominator) if denominator else 1)
    except (ValueError, ZeroDivisionError):
        return None
    return value / 100 if percent else value


def _reference_number(reference: str) -> Fraction:
    numbers = _numbers(reference.strip())
    if len(numbers) != 1:
        raise InvalidTask(f"{reference[:80]!r} is not one number")
    return numbers[0]


def _numeric(task: Task, stated: FinalAnswer | None, text: str, detail: MatchDetail) -> Verdict:
    if stated:
        text = text.rsplit("=", 1)[-1]
    numbers = _numbers(text)
    if not numbers:
        return no_answer({**detail})
    if stated and len(set(numbers)) > 1:
        return incorrect({**detail})
    answer = numbers[-1]
    differences = []
    for source, number in zip(task.texts, task.numbers, strict=True):
        allowed = max(Fraction(task.params.tolerance), Fraction(task.params.relative_tolerance) * abs(number))
        if abs(answer - number) <= allowed:
            return _verdict(source, detail)
        differences.append(abs(answer - number))
    return incorrect({**detail, "difference": _short(min(differences))})


def _short(number: Fraction) -> str:
    try:
        return f"{float(number):.6g}"
    except OverflowError:
        return "more than 1e308"


def _words(text: str) -> Counter[str]:
    return Counter(_ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split())


def _f1(task: Task, text: str, detail: MatchDetail) -> Verdict:
    answer = _words(text)
    best, matched = 0.0, ""
    for source, words in zip(task.texts, task.words, strict=True):
        shared = (answer & words).total()
        f1 = 2 * shared / max(1, answer.total() + words.total())
        if f1 > best:
            best, matched = f1, source
    detail["f1"] = best
    if best >= task.params.threshold:
        verdict = _verdict(matched, detail)
        return Verdict(verdict.outcome, best, verdict.detail)
    return incorrect({**detail}, score=best)
