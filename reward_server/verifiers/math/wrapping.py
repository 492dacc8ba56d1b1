"""What stands around an answer: delimiters of mathematics, boxes, bold, quotes, full stops."""

from __future__ import annotations

import re
from typing import Final

from reward_server.verifiers.math.extraction import maths

_WRAPPERS: Final = (
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("$$", "$$"),
    ("$", "$"),
    ("**", "**"),
    ("`", "`"),
    ('"', '"'),
    ("“", "”"),
)
_BOX: Final = re.compile(r"\\(?:boxed|fbox|framebox)\s*\{")
_ENDS: Final = ("\\,", "\\;", "\\:", "\\!", "\\ ", "\\quad", "\\qquad", "\\", ",", ";", ":", "~")
_OPENERS: Final = frozenset('$\\*`"“ \t\n')


def unwrap(text: str) -> str:
    r"""Without the delimiters around it: ``$…$``, ``\[…\]``, ``\boxed{…}``, ``**…**``, quotes, a full stop."""
    if text and _is_bare(text):
        return text if "\\(" not in text and "\\[" not in text else _without_delimiters(text)
    for _ in range(8):
        before = text
        text = _trimmed(text)
        for opened, closed in _WRAPPERS:
            inner = text[len(opened) : len(text) - len(closed)]
            if (
                len(text) > len(opened) + len(closed) and text.startswith(opened) and text.endswith(closed)
                and closed not in inner and not inner.endswith("\\")
            ):  # fmt: skip
                text = inner
        box = _BOX.match(text)
        if box and text.endswith("}") and _closes_at_end(text, box.end()):
            text = text[box.end() : -1]
        if text == before:
            break
    if "$" in text or "\\(" in text or "\\[" in text:
        text = _without_delimiters(text)
    return text


def _is_bare(text: str) -> bool:
    """Whether there is certainly nothing around a text, which is so of most."""
    starts = text[0] not in _OPENERS or (text[0] == "\\" and text[1:2].isalpha() and not _BOX.match(text))
    return starts and (text[-1].isalnum() or text[-1] in ")}]") and "$" not in text


def _without_delimiters(text: str) -> str:
    """Prose with mathematics in it, as one text."""
    parts, at = [], 0
    for span in maths(text):
        parts += [text[at : span.start], text[span.inner_start : span.inner_end]]
        at = span.end
    return " ".join([*parts, text[at:]]).strip()


def _trimmed(text: str) -> str:
    """Without blanks around it and without the stops that end it; an ellipsis stays."""
    while True:
        before = text
        text = text.strip()
        for end in _ENDS:
            text = text.removesuffix(end)
        if text.endswith(".") and not text.endswith(".."):
            text = text[:-1]
        if text == before:
            return text


def _closes_at_end(text: str, start: int) -> bool:
    depth, index = 1, start
    while index < len(text):
        if text[index] == "\\":
            index += 1
        elif text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return index == len(text) - 1
        index += 1
    return False
