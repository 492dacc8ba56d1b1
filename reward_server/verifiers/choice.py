"""Multiple choice: which letter does the completion choose?"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.final_answer import clean, final_answer, last_lines

_LEAD = re.compile(r"(?:(?:the )?(?:correct )?(?:options?|choices?|answers?|letters?)(?: is)?[\s:]{1,4})?", re.I)
_LISTED = re.compile(r"[(\[{]?([A-Za-z])(?![\w'’])[)\]}]?")
_SEPARATOR = re.compile(r"[\s*$]{0,8}(?:,?\s{0,4}(?:and|or)\b|[,/&|;+]|)[\s*$]{0,8}(?:both |option |choice )?", re.I)
_MENTION = re.compile(r"[(\[]([A-Za-z])[)\]]|(?<![\w'’.\\])([B-HJ-Z])(?![\w'’])|(?<=\bor )A\b")
_EXPLANATION = re.compile(r"\b(?:because|since|as|not|rather|instead|whereas|while|unlike|but)\b", re.I)
_COMMITTED = re.compile(
    r"\b(?:choose|chose|pick|select|go with)\s{1,4}(?:option |choice |answer )?[(*]{0,3}([A-Z])\b(?!['’])"
    r"|\b(?:so|thus|hence|therefore)[,:]?\s{1,4}(?:it(?:'s| is)\s{1,4})?(?:option |choice )?[(*]{0,3}"
    r"((?-i:[A-Z]))[)*.\s]{0,5}$"
    r"|\b(?:option |choice )?[(*]{0,3}([A-Z])[)*]{0,3} (?:is|must be) (?:the )?(?:correct|right|best)\b",
    re.IGNORECASE,
)
_LISTING = re.compile(r"[\s*(\[]{0,8}[A-Za-z][*]{0,2}[).\]:]")
_BRACKETED = re.compile(r"[(\[]([A-Z])[)\]]")


class ChoiceParams(StrictModel):
    """What there is to choose from."""

    options: list[str] | dict[str, str] = Field(
        default_factory=list, description="Texts of the options, in order from A, or by letter; makes texts count too"
    )
    letters: str = Field("ABCDEFGHIJ", pattern="^[A-Z]{2,26}$", description="Letters to choose from without options")


class ChoiceDetail(TypedDict, total=False):
    """What was chosen, where it was found, and what is right."""

    chosen: list[str]
    extracted: str
    rule: str
    expected: list[str]


@dataclass(frozen=True, slots=True)
class Task:
    """The right letters, all letters, and texts of options by their folded form."""

    expected: frozenset[str]
    letters: frozenset[str]
    texts: Mapping[str, str]


class Choice:
    """Right if the completion's final answer names exactly the reference's letter, or exactly its letters.

    The answer is looked for in ``\\boxed{B}``, ``<answer>B</answer>``, "Answer: B", "the answer is (B)", a
    completion or a last line that is nothing but ``B``, ``(B)`` or ``B. text``, the text of an option (with
    ``params.options``), and last a lone ``(B)`` in the last line. Naming several letters where one is asked for is
    wrong, whichever they are.
    """

    name = "choice"
    version = "2"
    lane = Lane.CPU
    limits = Limits(time_s=2.0)
    cost_s = 3e-5
    Reference = str | list[str]
    Params = ChoiceParams
    Detail = ChoiceDetail
    examples = (
        Example("boxed letter", "B", "Both fit, so \\boxed{B}.", Outcome.CORRECT),
        Example("stated letter", "C", "Answer: (C)", Outcome.CORRECT),
        Example("option text", "A", "The answer is Paris.", Outcome.CORRECT, {"options": ["Paris", "Rome"]}),
        Example("two letters asked for", ["A", "C"], "The answers are A and C.", Outcome.CORRECT),
        Example("another letter", "B", "The answer is C.", Outcome.INCORRECT),
        Example("listing letters", "B", "Answer: A or B", Outcome.INCORRECT),
        Example("no choice made", "B", "I cannot decide.", Outcome.NO_ANSWER),
    )

    def prepare(self, reference: str | list[str], params: ChoiceParams, context: Context) -> Task:
        """Letters of the reference, which may be letters or texts of options; raises ``InvalidTask``."""
        options = params.options
        if isinstance(options, list):
            if len(options) > 26:
                raise InvalidTask("more than 26 options", reason="bad_params")
            options = dict(zip(string.ascii_uppercase, options, strict=False))
        if any(not re.fullmatch("[A-Z]", letter) for letter in options):
            raise InvalidTask("the keys of options are letters from A to Z", reason="bad_params")
        texts = {_folded(text): letter for letter, text in options.items()}
        if options and (len(texts) != len(options) or "" in texts):
            raise InvalidTask("two options have the same text, or one has none", reason="bad_params")
        letters = frozenset(options or params.letters)
        given = [reference] if isinstance(reference, str) else reference
        expected = frozenset(_reference_letter(one, letters, texts) for one in given)
        if not expected:
            raise InvalidTask("the reference names no letter")
        return Task(expected, letters, texts)

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Find what was chosen and compare the sets of letters."""
        found = _chosen(completion.text, task)
        if found is None:
            return no_answer({"expected": sorted(task.expected)})
        chosen, extracted, rule = found
        detail: ChoiceDetail = {
            "chosen": sorted(chosen), "extracted": extracted[:500], "rule": rule, "expected": sorted(task.expected),
        }  # fmt: skip
        return correct({**detail}) if chosen == task.expected else incorrect({**detail})


def _reference_letter(reference: str, letters: frozenset[str], texts: Mapping[str, str]) -> str:
    folded = _folded(reference)
    if folded in texts:
        return texts[folded]
    match = re.fullmatch(r"[(\[]?([A-Za-z])[)\].:]{0,2}", reference.strip())
    if match is None or match[1].upper() not in letters:
        raise InvalidTask(f"{reference[:80]!r} is neither one of the letters {''.join(sorted(letters))} nor an option")
    return match[1].upper()


def _folded(text: str) -> str:
    return " ".join(clean(text).strip("\"'“”.!;:, ").casefold().split())


def _chosen(text: str, task: Task) -> tuple[frozenset[str], str, str] | None:
    """Letters chosen, the text they stand in and the rule that found it."""
    stated = final_answer(text)
    if stated is not None:
        letters = frozenset[str]().union(*(_letters(one, task, loose=False) for one in stated.texts))
        if letters:
            return letters, stated.text, stated.rule
        if stated.rule == "boxed":
            return frozenset(), stated.text, stated.rule
    lines = last_lines(text)
    if not lines:
        return None
    letters = _letters(lines[-1], task, loose=True)
    a_list = len(lines) > 1 and _LISTING.match(lines[-1]) and _LISTING.match(lines[-2])
    if letters and not a_list:
        return letters, lines[-1].strip(), "last_line"
    for rule, pattern in (("committed", _COMMITTED), ("bracketed", _BRACKETED)):
        letters = frozenset((m[1] or m[m.lastindex or 1]).upper() for m in pattern.finditer(lines[-1])) & task.letters
        if letters:
            return letters, lines[-1].strip(), rule
    return None


def _letters(fragment: str, task: Task, *, loose: bool) -> frozenset[str]:
    """Letters that ``fragment`` names; ``loose`` text must be nothing but the choice."""
    fragment = clean(fragment.strip())
    if (letter := task.texts.get(_folded(fragment))) is not None:
        return frozenset({letter})
    fragment = fragment.replace("*", "").replace("$", "").strip()
    lead = None if loose else _LEAD.match(fragment)
    position = rest = lead.end() if lead else 0
    named: list[str] = []
    while match := _LISTED.match(fragment, position):
        letter = match[1].upper()
        if letter not in task.letters or (named and match[1].islower() and match[0] == match[1]):
            break
        named.append(letter)
        rest = match.end()
        separator = _SEPARATOR.match(fragment, rest)
        position = separator.end() if separator else rest
        if position == rest:
            break
    if not named:
        return frozenset()
    tail = fragment[rest:]
    if not _credible(fragment, named, tail, loose=loose):
        return frozenset()
    explained = _EXPLANATION.search(tail)
    mentions = _MENTION.findall(tail[: explained.start()] if explained else tail)
    others = {(a or b or "A").upper() for a, b in mentions} & task.letters
    return frozenset(named) | others


def _credible(fragment: str, named: list[str], tail: str, *, loose: bool) -> bool:
    """Whether a leading letter is a choice and not the word "a" or "I" of a sentence."""
    if not tail.strip(" .)]}:*"):
        return True
    if len(named) > 1 or fragment[:1] in "([{":
        return not loose or not tail.strip(" .:,")
    if tail[:1] in (")", ".", ":", "]", "}") or fragment[: len(fragment) - len(tail)][-1] in ")]}":
        return True
    word = fragment.lstrip("([{ ")[:1] in ("A", "I") or fragment[:1].islower()
    return not loose and not word or bool(re.match(r"\s{0,2}[,;(—–-]", tail))
