r"""From the text of one answer to its trees: wrappers off, tokens, parser, and plain words where it is no mathematics.

A text may have several readings (``1,234`` at the top level is a number or two); two answers are equal when a reading
of one equals a reading of the other.
"""

from __future__ import annotations

import contextlib
import re
from typing import Final

from reward_server.verifiers.math import numerals
from reward_server.verifiers.math.atoms import negative
from reward_server.verifiers.math.limits import MAX_ANSWER, NotMath, TooBig
from reward_server.verifiers.math.nodes import Node, Sym, Words
from reward_server.verifiers.math.parser import parses
from reward_server.verifiers.math.tensors import folded
from reward_server.verifiers.math.tokens import tokenize
from reward_server.verifiers.math.wrapping import unwrap

_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:([ap])\.?\s*m\.?)?(?![\w:])", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[\w\s.,;:'’\"!?()&/%+-]+")
_COMMAND: Final = re.compile(
    r"\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf|operatorname)\s*\{([^{}\\]*)\}|\\[,;:! ]|~"
)
_CHOICE: Final = re.compile(r"(?:\(\s*([A-J])\s*\)|([A-J])\s*[).:])\s*((?![\s+*/^=<>,)_-]).*)?$", re.DOTALL)
_MAY_CHOOSE: Final = re.compile(r"[A-J]\s?\}?\s?[).:]")
_OPTION: Final = re.compile(r"(?i:option|choice)\s*\(?([A-J])\)?")
_OTHER_CHOICE: Final = re.compile(r"\(\s*[A-J]\s*\)|\b[A-J][).:]|\b(?:or|and|not|nor)\b|[A-J]\s*,")
_NAMES: Final = {
    **dict.fromkeys(("all real numbers", "all reals", "real numbers", "all real", "set of real numbers"), "RR"),
    **dict.fromkeys(("no solution", "no solutions", "no real solution", "no real solutions", "empty set"), "emptyset"),
    **dict.fromkeys(("all integers", "integers"), "ZZ"),
}
_BUILDER: Final = re.compile(r"^\{(\s*\w+\s*(?:\\in\b[^|:{}]*)?(?:\||:|\\mid).*)\}$", re.DOTALL)
_OUTWARD: Final = re.compile(r"([\[\]])([^\[\](),;]*)[,;]([^\[\](),;]*)([\[\]])")
_LEAD: Final = re.compile(
    r"\s*(?:(?:the|our|my)\s+)?(?:final\s+|correct\s+)?answer(?:\s+is)?\s*[:=]?\s+(?=\S)", re.IGNORECASE
)
_RUNS: Final = re.compile(
    r"(?:,|\\q?quad|\\[,;: ]|\\text\s?\{[^{}]{0,40}\}|\s){0,8}\(?\s?([a-z])\s?\\in\s?\\mathbb\s?\{?Z\}?\s?\)?$"
)
_PLUS_MINUS: Final = re.compile(r"(?<=[\w)}\]])\s?\+\s?-")
_SIMPLE: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_TIMES_TEN: Final = re.compile(r"(?<=\d)\s?[xX]\s?(?=10\s?\^)")
_COLON: Final = re.compile(r"\s*:\s*")
_AMBIGUOUS: Final = re.compile(r"\d,\d{3}(?!\d)")


def read(text: str) -> Node:
    """The first reading of an answer. Raises ``NotMath`` or ``TooBig``."""
    return readings(text)[0]


def readings(text: str, *, decimal_comma: bool = False) -> tuple[Node, ...]:
    """Every reading of an answer, the likeliest first.

    Raises ``NotMath`` for an empty or broken text, ``TooBig`` past a cap.
    """
    if len(text) > MAX_ANSWER:
        raise TooBig("size", f"the answer is longer than {MAX_ANSWER} characters")
    text = unwrap(text)
    if not text:
        raise NotMath("the answer is empty")
    if _SIMPLE.fullmatch(text):
        number = numerals.number(text.lstrip("-"))
        return (negative(number) if text[0] == "-" else number,)
    text = _respelled(text)
    time = _time(text) if ":" in text else None
    if time is not None:
        return (time,)
    try:
        found = list(parses(tokenize(text, decimal_comma=decimal_comma)))
    except NotMath:
        return (*_choice(text), words(text))
    if "," in text and not decimal_comma and _AMBIGUOUS.search(text):
        with contextlib.suppress(NotMath):
            found += parses(tokenize(text, commas_group=False))
    if "+" in text and _PLUS_MINUS.search(text):
        with contextlib.suppress(NotMath):
            found += parses(tokenize(_PLUS_MINUS.sub("-", text)))
    return (*(folded(named(node)) for node in found), *_choice(text))


def _respelled(text: str) -> str:
    """Without words that lead in, and with brackets and qualifiers in their usual spelling."""
    if "nswer" in text[:60]:
        lead = _LEAD.match(_COMMAND.sub(_inner_text, text[:60]))
        if lead:
            text = unwrap(_COMMAND.sub(_inner_text, text)[lead.end() :]) or text
    if "10" in text:
        text = _TIMES_TEN.sub(r"\\times ", text)
    if "mathbb" in text:
        runs = _RUNS.search(text)
        if runs and runs.start():
            text = f"{text[: runs.start()]}, {runs[1]} \\in \\mathbb{{Z}}"
    if text[0] == "{":
        text = _BUILDER.sub(r"\\{\1\\}", text)
    if text[0] == "]" or text[-1] == "[":
        text = _OUTWARD.sub(_inward, text)
    return text


def _inward(match: re.Match[str]) -> str:
    """``]0, 1[`` with the brackets that it means."""
    return f"{'(' if match[1] == ']' else '['}{match[2]},{match[3]}{')' if match[4] == '[' else ']'}"


def named(node: Node) -> Node:
    """What words name: ``all real numbers``, ``no solution``."""
    if isinstance(node, Words):
        name = _NAMES.get(node.text.lower().removeprefix("the ").removeprefix("there is ").removeprefix("there are "))
        return node if name is None else Sym(name)
    return node


def _choice(text: str) -> tuple[Node, ...]:
    """The letter of ``(B) 12`` or ``B. twelve``, where no other choice is named."""
    option = _OPTION.fullmatch(text) if text[0] in "OoCc" else None
    if option:
        return (Sym(option[1]),)
    if not _MAY_CHOOSE.search(text, 0, 60):
        return ()
    match = _CHOICE.match(_COMMAND.sub(_inner_text, text).strip())
    if match is None or _OTHER_CHOICE.search(match[3] or ""):
        return ()
    letter = Sym(match[1] or match[2])
    if not match[1] or not match[3]:
        return (letter,)
    try:
        return (letter, *parses(tokenize(match[3])))
    except NotMath:
        return (letter,)


def _time(text: str) -> Words | None:
    """A time of day, which must not be taken for a ratio: with ``am``/``pm``, or minutes below ten."""
    match = _TIME.fullmatch(_COLON.sub(":", _COMMAND.sub(_inner_text, text)).strip())
    if match is None or not (match[4] or match[2].startswith("0")):
        return None
    hours, minutes, seconds, half = match.groups()
    return Words(f"{int(hours)}:{minutes}" + (f":{seconds}" if seconds else "") + (f" {half.lower()}m" if half else ""))


def _inner_text(match: re.Match[str]) -> str:
    return f" {match[1]} " if match[1] else " "


def words(text: str) -> Words:
    """An answer that is no mathematics, as words. Raises ``NotMath`` where LaTeX other than text remains in it."""
    plain = _COMMAND.sub(_inner_text, text).replace("{", "").replace("}", "")
    if not _PLAIN.fullmatch(plain) or not re.search(r"[^\W\d_]", plain):
        raise NotMath("the text is neither mathematics nor plain words")
    return Words(" ".join(plain.split()))
