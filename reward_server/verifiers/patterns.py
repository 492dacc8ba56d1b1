"""Regular expressions that come with a task: compiled once, searched under a time limit.

The ``regex`` package is used and not ``re``, because its search can be given a time limit: a pattern that
backtracks without end stops by itself and costs one completion ``limit_exceeded``.
"""

from __future__ import annotations

import warnings

import regex

from reward_server.errors import InvalidTask, LimitExceeded

MAX_PATTERN = 4_000
"""Characters of a pattern."""
TIME_S = 1.0
"""Seconds that one search may take."""

_FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "x": regex.VERBOSE}

Pattern = regex.Pattern[str]


def compiled(pattern: str, flags: str = "") -> Pattern:
    """``pattern`` ready for use; ``flags`` are letters of ``imsx``. Raises ``InvalidTask``."""
    if not pattern:
        raise InvalidTask("the pattern is empty: it would match everything")
    if len(pattern) > MAX_PATTERN:
        raise InvalidTask(f"the pattern has {len(pattern)} characters; at most {MAX_PATTERN} are allowed")
    value = 0
    for letter in flags:
        if letter not in _FLAGS:
            raise InvalidTask(f"unknown flag {letter!r}; there are: {''.join(_FLAGS)}", reason="bad_params")
        value |= _FLAGS[letter]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return regex.compile(pattern, value)
    except (regex.error, RecursionError, OverflowError, ValueError, IndexError, KeyError) as error:
        raise InvalidTask(f"the pattern does not compile: {error}") from None


def search(pattern: Pattern, text: str, *, full: bool = False) -> regex.Match[str] | None:
    """First match of ``pattern`` in ``text`` (or of all of it); raises ``LimitExceeded``."""
    try:
        return (pattern.fullmatch if full else pattern.search)(text, timeout=TIME_S)
    except TimeoutError:
        raise LimitExceeded(f"the pattern took more than {TIME_S:g} s on this text", limit="time") from None


def count(pattern: Pattern, text: str, *, most: int = 100_000) -> int:
    """How often ``pattern`` matches in ``text``, without overlap and up to ``most``; raises ``LimitExceeded``."""
    try:
        total = 0
        for _ in pattern.finditer(text, timeout=TIME_S):
            total += 1
            if total >= most:
                break
        return total
    except TimeoutError:
        raise LimitExceeded(f"the pattern took more than {TIME_S:g} s on this text", limit="time") from None
