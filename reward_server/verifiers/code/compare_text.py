"""Comparing what a program printed with what it should have printed. Bytes on both sides, one pass.

Line and token counts must be equal, and text is exact. Only ``float`` tolerates, and only where the *expected*
token is a finite decimal with a point or an exponent: integers are always exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

TOLERANCE = 1e-6
"""Absolute, or relative where the expected number is larger than 1."""

_INTEGER = re.compile(rb"[+-]?[0-9]+")
_DECIMAL = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 400


def output_matches(expected: str, actual: bytes, compare: Literal["tokens", "exact", "float"]) -> bool:
    """Whether ``actual`` is what was expected.

    ``exact`` forgives a missing or extra newline at the end, and CRLF; the others compare token by token in each
    line, blank lines at either end aside.
    """
    return _COMPARERS[compare](_unix(expected.encode("utf-8", "replace")), _unix(actual))


def _unix(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n")


def _exact(expected: bytes, actual: bytes) -> bool:
    return expected.removesuffix(b"\n") == actual.removesuffix(b"\n")


def _by_token(same: Callable[[bytes, bytes], bool]) -> Callable[[bytes, bytes], bool]:
    def matches(expected: bytes, actual: bytes) -> bool:
        if expected == actual:
            return True
        wanted, printed = expected.strip().split(b"\n"), actual.strip().split(b"\n")
        return len(wanted) == len(printed) and all(
            _line_matches(left.split(), right.split(), same) for left, right in zip(wanted, printed, strict=True)
        )

    return matches


def _line_matches(wanted: list[bytes], printed: list[bytes], same: Callable[[bytes, bytes], bool]) -> bool:
    return len(wanted) == len(printed) and all(
        left == right or same(left, right) for left, right in zip(wanted, printed, strict=True)
    )


def _never(expected: bytes, actual: bytes) -> bool:
    return False


def _close(expected: bytes, actual: bytes) -> bool:
    if _INTEGER.fullmatch(expected) or max(len(expected), len(actual)) > _LONGEST_NUMBER:
        return False
    if not (_DECIMAL.fullmatch(expected) and _DECIMAL.fullmatch(actual)):
        return False
    wanted, printed = float(expected), float(actual)
    # inf - inf is nan, and no comparison with nan holds: numerals beyond the range of a double never match
    return abs(wanted - printed) <= TOLERANCE * max(1.0, abs(wanted)) < float("inf")


_COMPARERS: dict[str, Callable[[bytes, bytes], bool]] = {
    "exact": _exact,
    "tokens": _by_token(_never),
    "float": _by_token(_close),
}
