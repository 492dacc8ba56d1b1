"""What comparing two trees says, and what it may use."""

from __future__ import annotations

from typing import NamedTuple


class Judgement(NamedTuple):
    """Equal, different, or None where no tier could tell; the tier that decided; for a difference, where it is."""

    equal: bool | None
    tier: str
    why: str = ""


def same(tier: str) -> Judgement:
    return Judgement(True, tier)


def different(tier: str, why: str) -> Judgement:
    return Judgement(False, tier, why)


def undecided(why: str) -> Judgement:
    return Judgement(None, "none", why)
