"""Words, sentences, paragraphs and language of a text, as the checks count them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from reward_server.verifiers.base import library

Relation = Literal["at least", "at most", "less than", "more than", "exactly", "around"]

_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_STOP = re.compile(r"(?<![.!?])[.!?]++[\"'”’)\]*_]*+(?=\s|$)|[\u3002\uff01\uff1f]++[\"'”’)\]*_]*+")
_ABBREVIATION = re.compile(
    r"(?:(?i:\b(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|etc|no|vol|fig|inc|ltd|co|corp|mt|gen|col|lt|rev|hon|approx|dept|est))"
    r"|(?i:\b(?:e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|ph\.d))|\b[A-Z]|^\s*\d+)\.$"
)


def words(text: str) -> list[str]:
    """Runs of letters, digits and underscores."""
    return _WORD.findall(text)


def tokens(text: str) -> list[str]:
    """Words with their inner hyphens and apostrophes."""
    return _TOKEN.findall(text)


def folded(text: str) -> list[str]:
    """Tokens whatever their case."""
    return [word.casefold() for word in tokens(text)]


def sentences(text: str) -> list[str]:
    """Pieces that end in ``.``, ``!`` or ``?`` before white space; common abbreviations and initials do not end one."""
    found: list[str] = []
    start = 0
    for stop in _STOP.finditer(text):
        piece = text[start : stop.end()]
        if stop[0] == "." and _ABBREVIATION.search(piece[-12:]) and text[stop.end() :].strip():
            continue
        found.append(piece)
        start = stop.end()
    found.append(text[start:])
    return [piece.strip() for piece in found if _WORD.search(piece)]


def paragraphs(text: str) -> list[str]:
    """Pieces between blank lines."""
    return [piece.strip() for piece in re.split(r"\n\s*\n", text) if piece.strip()]


def divided(text: str, mark: str) -> list[str]:
    """Pieces between the marks, an empty one at either end aside."""
    pieces = [piece.strip() for piece in text.split(mark)]
    return pieces[1 if not pieces[0] else 0 : -1 if len(pieces) > 1 and not pieces[-1] else None]


def headed_sections(text: str, word: str) -> int:
    """How many headings of the word and a number there are, such as ``Section 1``."""
    return len(re.findall(rf"(?<!\w){re.escape(word.strip())}\s?\d+", text))


def unfenced(text: str) -> str:
    """The text without a fence around all of it."""
    return re.sub(r"^```\w*|```$", "", text.strip()).strip()


def holds(count: float, relation: Relation, target: float) -> bool:
    """Whether ``count`` stands in ``relation`` to ``target``; "around" is within a tenth, at least one."""
    match relation:
        case "at least":
            return count >= target
        case "at most":
            return count <= target
        case "less than":
            return count < target
        case "more than":
            return count > target
        case "exactly":
            return count == target
        case "around":
            return abs(count - target) <= max(1.0, target / 10)


def language(text: str) -> str | None:
    """ISO 639-1 code by langdetect with a fixed seed, from the first 5,000 characters; None without letters."""
    return _detected(text[:5_000])


@lru_cache(maxsize=64)
def _detected(text: str) -> str | None:
    langdetect = library("langdetect", "telling languages")
    langdetect.DetectorFactory.seed = 0
    try:
        return str(langdetect.detect(text))
    except langdetect.LangDetectException:
        return None


@lru_cache(maxsize=4_096)
def syllables(word: str) -> int:
    """How many syllables an English word has: by the dictionary of syllapy, else by its vowels."""
    return int(library("syllapy", "counting syllables").count(word[:100]))
