"""Rewritings of real references: text in, texts out, by rules that keep the value, or break it, for certain."""

from __future__ import annotations

import re
from fractions import Fraction

from benchmarks.math_load import Case, Rng

_FRACTION = re.compile(r"\\[dt]?frac\{(-?\d+)\}\{(\d+)\}")
_TERMS = r"[^()\[\]{},=<>&_|]"
_NUMBER = re.compile(r"(?<![\d.,_^{\\])(\d+)(?![\d.,}!])")


def rewritten(gold: str, rng: Rng) -> list[Case]:
    """Equivalent forms and near misses of a reference."""
    right = {rule(gold, rng) for rule in _KEEPING} - {None, gold}
    wrong = {rule(gold, rng) for rule in _BREAKING} - {None, gold}
    cases = [Case("same", gold, text, True) for text in sorted(text for text in right if text is not None)]
    return cases + [Case("near miss", gold, text, False) for text in sorted(text for text in wrong if text is not None)]


def _dfrac(gold: str, rng: Rng) -> str | None:
    return gold.replace("\\frac", "\\dfrac") if "\\frac{" in gold else None


def _slash(gold: str, rng: Rng) -> str | None:
    return _FRACTION.sub(r"\1/\2", gold) if _FRACTION.fullmatch(gold) else None


def _scaled(gold: str, rng: Rng) -> str | None:
    k = rng.randint(2, 7)
    return (
        _FRACTION.sub(lambda m: rf"\frac{{{int(m[1]) * k}}}{{{int(m[2]) * k}}}", gold)
        if _FRACTION.search(gold)
        else None
    )


def _decimal(gold: str, rng: Rng) -> str | None:
    match = _FRACTION.fullmatch(gold)
    if match is None:
        return None
    value = Fraction(int(match[1]), int(match[2]))
    text = f"{float(value):.12f}".rstrip("0")
    return text if Fraction(text) == value else None


def _brackets(gold: str, rng: Rng) -> str | None:
    if "\\left" in gold or "\\text" in gold or not re.match(r"^[(\[].*[)\]]$", gold):
        return None
    return rf"\left{gold[0]}{gold[1:-1]}\right{gold[-1]}" if not re.search(r"[()\[\]]", gold[1:-1]) else None


def _blanks(gold: str, rng: Rng) -> str | None:
    return re.sub(r"(?<=[^\\\s])([+=])", r" \1 ", gold) if "\\text" not in gold else None


def _said(gold: str, rng: Rng) -> str | None:
    return f"x = {gold}" if re.fullmatch(r"-?[\d.]+|-?\\frac\{\d+\}\{\d+\}", gold) else None


def _grouped(gold: str, rng: Rng) -> str | None:
    return f"{int(gold):,}" if re.fullmatch(r"\d{4,}", gold) else None


def _shuffled(gold: str, rng: Rng) -> str | None:
    if not re.fullmatch(r"(?:-?\d+\s*,\s*)+-?\d+", gold) or re.search(r"\d,\d{3}\b", gold):
        return None
    return ", ".join(reversed([part.strip() for part in gold.split(",")]))


def _reordered(gold: str, rng: Rng) -> str | None:
    """The last term of a top-level sum comes first."""
    match = re.fullmatch(rf"({_TERMS}*{_TERMS[:-1]}\s^+-])\s*([+-])\s*({_TERMS[:-1]}+\s-]+)", gold)
    if match is None or "\\" in gold or gold.startswith(("+", "-")):
        return None
    head, sign, last = match.groups()
    return f"{'-' if sign == '-' else ''}{last}+{head}"


def _unitless(gold: str, rng: Rng) -> str | None:
    match = re.fullmatch(r"([\d.]+)\s*\\(?:text|mbox)\{\s*([a-z. ]+)\}(?:\^\d)?", gold)
    return match[1] if match else None


def _added_zero(gold: str, rng: Rng) -> str | None:
    return f"0+{gold}" if re.fullmatch(r"[\w\d\\{}^+ ]*sqrt[\w\d\\{}^+ ]*", gold) and not gold.startswith("-") else None


def _doubled(gold: str, rng: Rng) -> str | None:
    return (
        rf"\frac{{2({gold})}}{{2}}"
        if re.fullmatch(r"[-+\w\d ^{}]*[a-z][-+\d ^{}]*", gold) and "_" not in gold
        else None
    )


def _digit(gold: str, rng: Rng) -> str | None:
    """One number of the reference becomes the next."""
    found = [m for m in _NUMBER.finditer(gold)]
    if not found or "\\text" in gold or "?" in gold:
        return None
    match = rng.choice(found)
    return gold[: match.start()] + str(int(match[1]) + 1) + gold[match.end() :]


def _sign(gold: str, rng: Rng) -> str | None:
    if re.fullmatch(r"\d[\d.]*|\\frac\{\d+\}\{\d+\}|\d*\\sqrt\{\d+\}|\d+\\pi", gold) and gold.strip("0.") != "":
        return f"-{gold}"
    return None


def _bracket_kind(gold: str, rng: Rng) -> str | None:
    if (
        "\\cup" in gold
        or not re.fullmatch(r"[(\[][^()\[\]]*[)\]]", gold)
        or gold.count(",") != 1
        or gold[0] + gold[-1] not in ("[]", "()")
    ):
        return None
    return f"[{gold[1:-1]})" if gold[0] == "(" else f"({gold[1:-1]}]"


def _dropped(gold: str, rng: Rng) -> str | None:
    match = re.fullmatch(
        r"([^()\[\]{},=<>&_|]*[^()\[\]{},=<>&_|\s^+-])\s*[+-]\s*([^()\[\]{},=<>&_|+\s-]*[1-9a-z][^()\[\]{},=<>&_|+\s-]*)",
        gold,
    )
    return match[1] if match and "\\" not in gold else None


def _renamed(gold: str, rng: Rng) -> str | None:
    return gold.replace("x", "w") if re.fullmatch(r"[-+x\d^{} ()]*x[-+x\d^{} ()]*", gold) else None


def _swapped(gold: str, rng: Rng) -> str | None:
    match = re.fullmatch(r"\((-?\d+)\s*,\s*(-?\d+)\)", gold)
    return f"({match[2]}, {match[1]})" if match and match[1] != match[2] else None


def _longer(gold: str, rng: Rng) -> str | None:
    return (
        f"{gold}, 999983" if re.fullmatch(r"-?\d+(?:, ?-?\d+)*", gold) and not re.search(r"\d,\d{3}\b", gold) else None
    )


def _alternative(gold: str, rng: Rng) -> str | None:
    return rf"{gold} \text{{ or }} 999983" if re.fullmatch(r"-?\d+|\\frac\{\d+\}\{\d+\}", gold) else None


_KEEPING = [
    _dfrac,
    _slash,
    _scaled,
    _decimal,
    _brackets,
    _blanks,
    _said,
    _grouped,
    _shuffled,
    _reordered,
    _unitless,
    _added_zero,
    _doubled,
]
_BREAKING = [_digit, _sign, _bracket_kind, _dropped, _renamed, _swapped, _longer, _alternative]
