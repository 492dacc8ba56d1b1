"""An answer that is a list, a mapping or a number of steps, however it is written down."""

from __future__ import annotations

import re

from reward_server.types import Json
from reward_server.verifiers.final_answer import clean, final_answer, last_lines
from reward_server.verifiers.structured import NotParsed, find


class Wrong(Exception):
    """The answer breaks a rule of its task; the message says which."""


MAX_ELEMENTS = 10_000
_ARROWS = re.compile(r"\s*(?:->|=>|\u2192|\\to\b|\\rightarrow\b|[,;\n])\s*")
_LEAD = re.compile(r"^[^,;>\u2192\\\[{(]{0,200}?(?:\b(?:is|are)\b:?|:)\s+(?=\S)")
"""What a sentence says before its list: "the shortest path is A -> B"."""
_PAIR = re.compile(r"\s*([^:=\s][^:=]{0,200}?)\s*[:=]\s*(\S.{0,200}?)\s*")


def document(text: str, *kinds: type) -> Json:
    """The last JSON object or array (or that of ``kinds``) of the completion; None where there is none."""
    try:
        return find(text, "json", kinds or (dict, list))[0]
    except NotParsed:
        return None


def answer_list(text: str) -> list[str] | None:
    """Elements of a listed answer as text: a JSON array, else "A -> B" or "A, B" in the stated answer or last line."""
    value = document(text)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if isinstance(value, list):
        return (
            [str(one) for one in value[: MAX_ELEMENTS + 1]]
            if not any(isinstance(x, dict | list) for x in value)
            else None
        )
    line = _LEAD.sub("", answer_line(text))
    elements = [part.strip(" ()[]{}'\"`.") for part in _ARROWS.split(line)]
    if len(elements) == 1:
        elements = elements[0].split()
    elements = [element for element in elements if element]
    return elements[: MAX_ELEMENTS + 1] or None


def answer_pairs(text: str) -> dict[str, str] | None:
    """A mapping: a JSON object, else "A: red, B: blue" in the stated answer or line by line; no key stands twice."""
    value = document(text, dict)
    if isinstance(value, dict):
        return {str(key): str(one) for key, one in value.items()}
    stated = final_answer(text)
    parts = re.split(r"[,;\n]", stated.text if stated and re.search("[:=]", stated.text) else text[-20_000:])
    found = [match for part in parts if (match := _PAIR.fullmatch(part.strip(" *-.\t()[]{}")))]
    pairs = {match[1].strip("'\"`* "): match[2].strip("'\"`* ") for match in found}
    return pairs if pairs and len(pairs) == len(found) else None


def answer_line(text: str) -> str:
    """The stated answer, else the last line."""
    stated = final_answer(text)
    return stated.text if stated else clean("".join(last_lines(text)[-1:]).strip())
