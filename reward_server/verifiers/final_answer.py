"""Where a completion states its final answer: one linear pass for each kind of statement.

Tried in order, the first kind that is there decides, and its *last* statement counts: ``\\boxed{…}``,
``<answer>…</answer>``, ``#### …``, ``Answer: …`` or "the answer is …". Statements of one kind that stand next to
each other, with nothing but a connector between them, are one statement of several answers: whoever lists every
possibility has not answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_ANSWER = 10_000
"""Characters of a statement that is cleaned of its mark-up."""

_BOX_TOKEN = re.compile(r"\\(?:boxed|fbox)\s{0,8}\{|\\.|[{}]", re.DOTALL)
_TAG = re.compile(r"<answer>((?:(?!<answer>).)*?)</answer>", re.DOTALL | re.IGNORECASE)
_HASHES = re.compile(r"^[^\S\n]*####[^\S\n]*(\S[^\n]*)$", re.MULTILINE)
_CUE = re.compile(
    r"\b(?:answer|correct (?:choice|option))s?\b[\"']?[*_`]{0,4}\s{0,4}"
    r"(?P<cue>[:=\uff1a]|\b(?:is|are|would be|must be|should be)\b)[*_`:\s\"']{0,8}(?=(?P<answer>\S[^\n]{0,2000}))",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^[#*_\s]{0,8}(?:final )?answer[*_:\s]{0,8}\n\s{0,8}(?P<answer>\S[^\n]{0,2000})", re.M | re.I)
_SENTENCE_END = re.compile(r"[.!](?=\s|$)(?!\s{1,4}or\b)", re.IGNORECASE)
_CONNECTOR = re.compile(r"[\s,;/|&$.*()]{0,40}(?:(?:and|or)\b[\s$*(]{0,20})?(?:the (?:final )?)?", re.IGNORECASE)
_WRAPPERS = (
    ("$$", "$$"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("**", "**"),
    ("__", "__"),
    ("`", "`"),
    ("*", "*"),
)
_TEXT_COMMAND = re.compile(r"\\(?:text|textbf|textrm|textit|mathrm|mathbf|mathit|mbox)\s{0,4}\{([^{}]{0,2000})\}")


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """What a completion states as its answer: the statements, usually one, and the rule that found them."""

    texts: tuple[str, ...]
    rule: str

    @property
    def text(self) -> str:
        """The statements as one text."""
        return ", ".join(self.texts)


@dataclass(frozen=True, slots=True)
class _Statement:
    start: int
    end: int
    text: str


def final_answer(text: str) -> FinalAnswer | None:
    """The stated answer of ``text``, cleaned of markup around it; None where nothing is stated."""
    for rule, find in _RULES:
        statements = list(find(text))
        if statements:
            return FinalAnswer(_last_group(text, statements), rule)
    return None


def last_lines(text: str) -> list[str]:
    """Lines with something on them, of the last 20,000 characters."""
    return [line for line in text[-20_000:].splitlines() if line.strip()]


def clean(text: str) -> str:
    """``text`` without the mark-up that wraps all of it: dollars, bold, code, ``\\text{}``; a long one as it is."""
    if len(text) > MAX_ANSWER:
        return text
    text = _TEXT_COMMAND.sub(r"\1", text).strip()
    for _ in range(4):
        before = text
        for left, right in _WRAPPERS:
            if len(text) > len(left) + len(right) and text.startswith(left) and text.endswith(right):
                text = text[len(left) : -len(right)].strip()
        if text == before:
            break
    return text


def _boxes(text: str) -> Iterator[_Statement]:
    """Balanced boxes in the order in which they close, by one pass with a stack."""
    stack: list[tuple[int, int] | None] = []
    for token in _BOX_TOKEN.finditer(text):
        match token[0]:
            case "{":
                stack.append(None)
            case "}":
                opened = stack.pop() if stack else None
                if opened:
                    yield _Statement(opened[0], token.end(), text[opened[1] : token.start()])
            case other if len(other) > 2:
                stack.append((token.start(), token.end()))


def _tags(text: str) -> Iterator[_Statement]:
    if "</answer>" in text.lower():
        yield from (_Statement(m.start(), m.end(), m[1]) for m in _TAG.finditer(text))


def _hashes(text: str) -> Iterator[_Statement]:
    yield from (_Statement(m.start(), m.end(), m[1]) for m in _HASHES.finditer(text))


def _cues(text: str) -> Iterator[_Statement]:
    found = [*_CUE.finditer(text), *_HEADING.finditer(text)]
    for match in sorted(found, key=lambda m: m.start()):
        answer = match["answer"]
        opener = text[match.start("answer") - 1]
        if opener in "*_`\"'":
            answer = answer.partition(opener)[0]
        elif answer.endswith("**") and answer.count("**") % 2:
            answer = answer.removesuffix("**")
        labelled = match.re is _HEADING or match["cue"] in (":", "=", "\uff1a")
        if not labelled and (stop := _SENTENCE_END.search(answer)):
            answer = answer[: stop.start()]
        answer = answer.rstrip()
        if answer:
            yield _Statement(match.start(), match.start("answer") + len(answer), answer)


_RULES: tuple[tuple[str, Callable[[str], Iterator[_Statement]]], ...] = (
    ("boxed", _boxes),
    ("answer_tag", _tags),
    ("hashes", _hashes),
    ("answer_is", _cues),
)


def _last_group(text: str, statements: list[_Statement]) -> tuple[str, ...]:
    """The last statement, with those that stand right before it."""
    group = [statements[-1]]
    for statement in reversed(statements[:-1]):
        gap = text[statement.end : group[0].start]
        if statement.end > group[0].start or len(gap) > 100 or not _CONNECTOR.fullmatch(gap):
            break
        group.insert(0, statement)
        if len(group) > 64:
            break
    return tuple(dict.fromkeys(clean(statement.text.strip().removesuffix(".")) for statement in group))
