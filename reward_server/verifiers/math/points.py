"""Where functions are evaluated: points fixed by the pair that is compared."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import Final

_SCALES: Final = (Fraction(1), Fraction(2**9), Fraction(1, 2**6), Fraction(2**20))
"""Sizes of the values, four rounds of each."""


def point(
    names: frozenset[str], seed: bytes, index: int, whole: frozenset[str] = frozenset()
) -> dict[str, int | Fraction]:
    """A value for each name, from the seed alone; names in ``whole`` get integers.

    Even rounds are positive. Odd ones go through the signs, as all rounds do through the parities of integers, so that
    no two letters keep theirs; every four rounds have another size. What differs on one side of a step only shows.

    >>> point(frozenset({"x"}), b"seed", 0) == point(frozenset({"x"}), b"seed", 0)
    True
    """
    values: dict[str, int | Fraction] = {}
    scale = _SCALES[index // 4 % len(_SCALES)]
    for place, name in enumerate(sorted(names)):
        digest = hashlib.blake2b(f"{index}:{name}".encode(), key=seed, digest_size=16).digest()
        raw = int.from_bytes(digest[:8], "big") % 2**40
        if name in whole:
            values[name] = 2 + 2 * (raw % max(31, scale.numerator)) + (index >> place) % 2
            continue
        value = Fraction(raw + 2**36, 2 ** (40 - digest[8] % 3 - 1)) * scale
        values[name] = -value if index % 2 and not (index // 2 >> place) % 2 else value
    return values
