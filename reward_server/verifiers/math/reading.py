r"""From the text of one answer to its trees: wrappers off, tokens, parser, and plain words where it is no mathematics.

A text may have several readings (``1,234`` at the top level is a number or two); two answers are equal when a reading
of one equals a reading of the other.
"""

from __future__ import annotations

import contextlib
import re
from typing import Final

from reward_server.verifiers.math import numerals, units
from reward_server.verifiers.math.atoms import negative
from reward_server.verifiers.math.limits import MAX_ANSWER, NotMath, TooBig
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym, Words, has_words
from reward_server.verifiers.math.parser import parse, parses
from reward_server.verifiers.math.respelling import COMMAND, inner_text, respelled
from reward_server.verifiers.math.tensors import folded
from reward_server.verifiers.math.tokens import tokenize
from reward_server.verifiers.math.wrapping import unwrap

_TERMS: Final = frozenset({"add", "mul", "neg"})
_MAY_BE_PROSE: Final = _TERMS | {"list", "and", "or"}
_DATE: Final = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?/\d\d?/\d{4}")
_ROMAN: Final = re.compile(r"[IVX]{2,6}")
"""A whole answer in Roman numerals is no product: ``IV`` is not ``VI``."""
_TIME: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*(?:([ap])\.?\s*m\.?)?(?![\w:])", re.IGNORECASE)
_MAY_BE_TIME: Final = re.compile(r":|(?<![A-Za-z])[apAP]\.?\s?[mM]\b")
_PLAIN: Final = re.compile(r"[\w\s.,;:'’\"!?()&/%+-]+")
_CHOICE: Final = re.compile(r"(?:\(\s*([A-J])\s*\)|([A-J])\s*[).:])\s*((?![\s+*/^=<>,)_-]).*)?$", re.DOTALL)
_MAY_CHOOSE: Final = re.compile(r"[A-J]\s?\}?\s?[).:]")
_OPTION: Final = re.compile(r"(?i:option|choice)\s*\(?([A-J])\)?")
_OTHER_CHOICE: Final = re.compile(
    r"^\s*(?:is|was|seems|wrong|incorrect)\b|\(\s*[A-J]\s*\)|\b[A-J][).:]|\b(?:or|and|not|nor)\b|[A-J]\s*,"
)
_NAMES: Final = {
    **dict.fromkeys(("all real numbers", "all reals", "real numbers", "all real", "set of real numbers"), "RR"),
    **dict.fromkeys(
        (
            "no solution",
            "no solutions",
            "no real solution",
            "no real solutions",
            "empty set",
            "no solution exists",
            "no solutions exist",
        ),
        "emptyset",
    ),
    **dict.fromkeys(("all integers", "integers"), "ZZ"),
}
_LETTER_DIGITS: Final = re.compile(
    r"(?:\\(?:text|mathrm|texttt)\s?\{)?\(?(?=\d*[A-Z])([0-9A-Z]{2,40})\)?\}?_\{?(1[1-9]|2\d|3[0-6])\}?"
)
_PLUS_MINUS: Final = re.compile(r"(?<=[\w)}\]])\+-(?!\s)|(?<=[\w)}\]])\s?\+\s-")
_SIMPLE: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_COLON: Final = re.compile(r"\s*:\s*")
_LONE_UNIT: Final = re.compile(
    r"([-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+|\d+/\d+)(?:[eE][+-]?\d+|\s*(?:\\times|\\cdot|\*)\s*10\^\{?-?\d+\}?)?)\s+"
    r"([mshgLNJWVK](?:\^[23])?(?:\s?/\s?(?:k?g|[mshLK]|[cm]m|min|mol)(?:\^[23])?)?)"
)
"""A number, a blank and the letter of a unit, and nothing else: ``5 m`` may be metres, ``5m`` and ``3+5 m`` not."""
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
    if "~~" in text and text.strip(" $*.").startswith("~~"):
        raise NotMath("the answer is struck out")
    text = unwrap(text)
    if not text:
        raise NotMath("the answer is empty")
    if _SIMPLE.fullmatch(text):
        number = numerals.number(text.lstrip("-"))
        return (negative(number) if text[0] == "-" else number,)
    if _DATE.fullmatch(text) or _ROMAN.fullmatch(text):
        return (Words(text),)
    text = respelled(text)
    time = _time(text) if (":" in text or "m" in text or "M" in text) and _MAY_BE_TIME.search(text, 0, 40) else None
    if time is not None:
        return (time,)
    if "_" in text and (based := _based(text)) is not None:
        return (based,)
    try:
        found = list(parses(tokenize(text, decimal_comma=decimal_comma)))
    except NotMath:
        found = list(_choice(text))
        with contextlib.suppress(NotMath):
            found.append(words(text))
        if not found:
            raise
        return tuple(found)
    if "," in text and not decimal_comma and _AMBIGUOUS.search(text):
        with contextlib.suppress(NotMath):
            found += parses(tokenize(text, commas_group=False))
    if "+" in text and _PLUS_MINUS.search(text):
        with contextlib.suppress(NotMath):
            found += parses(tokenize(_PLUS_MINUS.sub("-", text)))
    if " " in text and (unit := _LONE_UNIT.fullmatch(text)):
        found.append(Apply("quantity", (parse(tokenize(unit[1])), Words(units.canonical(unit[2])))))
    if any(map(_holds_words, found)):
        with contextlib.suppress(NotMath):
            found.append(words(text))
    return (*(folded(named(node)) for node in found), *_choice(text))


def _holds_words(node: Node) -> bool:
    """Whether words are terms or factors: then the text may be no mathematics after all, such as ``x-axis``."""
    if not isinstance(node, Apply) or not has_words(node):
        return False
    if node.op == "quantity":
        return isinstance(node.args[1], Words) and node.args[1].text.endswith("?")
    if node.op not in _MAY_BE_PROSE:
        return False
    return any((isinstance(arg, Words) and node.op in _TERMS) or _holds_words(arg) for arg in node.args)


def named(node: Node) -> Node:
    """What words name: ``all real numbers``, ``no solution``."""
    if isinstance(node, Words):
        name = _NAMES.get(node.text.lower().removeprefix("the ").removeprefix("there is ").removeprefix("there are "))
        return node if name is None else Sym(name)
    return node


def _choice(text: str) -> tuple[Node, ...]:
    """The letter of ``(B) 12`` or ``B. twelve``, where no other choice is named."""
    option = _OPTION.fullmatch(COMMAND.sub(inner_text, text).strip()) if "ption" in text or "hoice" in text else None
    if option:
        return (Sym(option[1]),)
    if not _MAY_CHOOSE.search(text, 0, 60):
        return ()
    match = _CHOICE.match(COMMAND.sub(inner_text, text).strip())
    if match is None or _OTHER_CHOICE.search(match[3] or ""):
        return ()
    letter = Sym(match[1] or match[2])
    if not match[1] or not match[3]:
        return (letter,)
    try:
        return (letter, *parses(tokenize(match[3])))
    except NotMath:
        return (letter,)


def _based(text: str) -> Num | None:
    """A number with letters among its digits: ``FF_{16}``, ``2A_{12}``."""
    match = _LETTER_DIGITS.fullmatch(text)
    if match is None or not (match[2] == "16" or any(sign.isdigit() for sign in match[1])):
        return None
    with contextlib.suppress(NotMath):
        return Num(numerals.in_base(match[1], int(match[2])))
    return None


def _time(text: str) -> Words | None:
    """A time of day, which must not be taken for a ratio: with ``am``/``pm``, or minutes below ten."""
    match = _TIME.fullmatch(_COLON.sub(":", COMMAND.sub(inner_text, text)).strip())
    if match is None or not (match[4] or (match[2] or "").startswith("0")):
        return None
    hours, minutes, seconds, half = match.groups("")
    minutes = minutes or "00"
    return Words(f"{int(hours)}:{minutes}" + (f":{seconds}" if seconds else "") + (f" {half.lower()}m" if half else ""))


def words(text: str) -> Words:
    """An answer that is no mathematics, as words. Raises ``NotMath`` where LaTeX other than text remains in it."""
    plain = COMMAND.sub(inner_text, text).replace("{", "").replace("}", "")
    if not _PLAIN.fullmatch(plain) or not re.search(r"[^\W\d_]", plain):
        raise NotMath("the text is neither mathematics nor plain words")
    return Words(" ".join(plain.split()))
