"""Units and nouns after a number: which words name the same one, and which words are no unit at all."""

from __future__ import annotations

import re
from typing import Final

from reward_server.verifiers.math.symbols import SMALL_NUMBERS

_SPELLINGS = {
    "cm": "centimeter centimeters centimetre centimetres cms",
    "mm": "millimeter millimeters millimetre millimetres",
    "m": "meter meters metre metres",
    "km": "kilometer kilometers kilometre kilometres kms",
    "in": "inch inches",
    "ft": "foot feet",
    "yd": "yard yards yds",
    "mi": "mile miles",
    "g": "gram grams gm",
    "kg": "kilogram kilograms kgs",
    "mg": "milligram milligrams",
    "lb": "lbs",
    "pound": "pounds",
    "oz": "ounce ounces",
    "s": "second seconds sec secs",
    "ms": "millisecond milliseconds",
    "min": "minute minutes mins",
    "h": "hour hours hr hrs",
    "day": "days",
    "week": "weeks wk wks",
    "month": "months",
    "year": "years yr yrs",
    "L": "liter liters litre litres l",
    "ml": "milliliter milliliters millilitre millilitres mL",
    "gal": "gallon gallons",
    "qt": "quart quarts",
    "mph": "",
    "mi/gal": "mpg",
    "km/h": "kph kmh kmph",
    "N": "newton newtons",
    "J": "joule joules",
    "kJ": "kilojoule kilojoules",
    "W": "watt watts",
    "kW": "kilowatt kilowatts",
    "V": "volt volts",
    "A": "ampere amperes amp amps",
    "ohm": "ohms",
    "Hz": "hertz",
    "Pa": "pascal pascals",
    "K": "kelvin",
    "mol": "mole moles mols",
    "rad": "radian radians rads",
    "cent": "cents",
    "dollar": "dollars usd USD bucks",
    "euro": "euros eur EUR",
    "unit": "units",
    "sq": "square squared",
    "cu": "cubic cubed",
    "person": "people persons",
    "child": "children",
    "man": "men",
    "woman": "women",
    "mouse": "mice",
    "die": "dice",
    "penny": "pennies",
    "way": "ways",
}  # fmt: skip
_SAME: Final = {spelling: unit for unit, more in _SPELLINGS.items() for spelling in [unit, *more.split()]}
UNITS: Final = frozenset(spelling for spelling in _SAME if len(spelling) > 1)
"""Spellings that plain text may put after a number without being taken for a product of letters."""
COUNTED: Final = frozenset({"unit", "way"})
"""Units that say no more than that something was counted."""
_AMBIGUOUS: Final = ({"pound", "lb"}, {"pound", "pound sterling"})
"""Names of more than one unit."""
PARTS: Final = frozenset(
    {"h", "min", "s", "day", "week", "ft", "in", "lb", "pound", "oz", "yd", "m", "cm", "km", "dollar", "year", "month"}
)
"""Units that a smaller one may follow: ``2 hours 30 minutes``."""
MONEY: Final = {"$": "dollar", "€": "euro", "£": "pound sterling", "¥": "yen", "₹": "rupee", "¢": "cent"}

_NO_UNIT: Final = frozenset(
    "is are was not wrong no false incorrect maybe perhaps except or and but plus minus times more less than if when "
    "then nor only at about approximately roughly around between to from answer correct true yes it this that "
    "where for because since so which with without mod modulo over by divided half third quarter double triple "
    "either neither both none all any some other others otherwise also instead actually wait point invalid "
    "impossible extraneous fails infinity undefined unknown factorial halves thirds fourths quarters fifths sixths "
    "sevenths eighths ninths tenths hundredths thousandths ish "
    "tens hundreds thousands millions billions trillions mil mn bn grand myriad negative reciprocal inverse".split()
)
_MEASURED: Final = frozenset("old long wide tall high deep thick apart away".split())
"""What is measured: ``21 years old`` are 21 years."""
_PARTICIPLE = re.compile(r"[a-z]{3,}[^aeiou]ed|[a-z]{4,}ed")
"""What was done with a number: ``7 rejected``."""
_INVERSE = re.compile(r" (\S+?)\^-(\d)")
_WORD = re.compile(r"[^\W\d_]+|[\^/]|-?\d+")


def is_unit(phrase: str) -> bool:
    """Whether words after a number can be its unit: a few nouns, nothing that says more than a unit does."""
    words = phrase.replace("/", " ").lower().split()
    if any(word in SMALL_NUMBERS for word in words):
        return False
    if words == ["times"] or " ".join(words) in ("squared", "cubed"):
        return words == ["times"]
    return 0 < len(words) <= 5 and not any(word in _NO_UNIT for word in words) and not _PARTICIPLE.fullmatch(words[-1])


def canonical(phrase: str) -> str:
    """One spelling of a unit: ``square inches`` and ``in^2``, ``miles per hour`` and ``mph`` become the same.

    >>> canonical("square inches"), canonical("miles per hour"), canonical("dogs")
    ('in^2', 'mi/h', 'dog')
    """
    words = _WORD.findall(phrase.replace(" per ", " / ").replace("an hour", "/ h"))
    while len(words) > 1 and words[-1] in _MEASURED and _one(words[-2]) in _SAME:
        words.pop()
    parts = [_one(word) for word in words]
    joined: list[str] = []
    power = ""
    for part in parts:
        if part in ("sq", "cu") and not joined:
            power = "^2" if part == "sq" else "^3"
        elif part in ("sq", "cu"):
            joined.append("^2" if part == "sq" else "^3")
        elif part in ("^", "/"):
            joined.append(part)
        elif joined and joined[-1] in ("^", "/"):
            joined[-1] += part
        else:
            joined.append(part + power)
            power = ""
    text = "".join(f" {part}" if part[0] not in "^/" else part for part in joined).strip()
    text = _INVERSE.sub(lambda match: f"/{match[1]}" + (f"^{match[2]}" if match[2] != "1" else ""), text)
    return {"mph": "mi/h", "": ("unit" + power) if power else ""}.get(text, text)


def _one(word: str) -> str:
    known = _SAME.get(word) or _SAME.get(word.lower())
    if known:
        return known
    word = word.lower()
    for ending, instead in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ss", "ss"), ("s", "")):
        if len(word) > len(ending) + 2 and word.endswith(ending):
            return word[: len(word) - len(ending)] + instead
    return word


def compatible(left: str, right: str) -> bool:
    """Whether two canonical units may stand for each other: the same, or one that only says ``units``."""
    if left == right or {left, right} in _AMBIGUOUS:
        return True
    if " of " in left + right and left.partition(" of ")[0] == right.partition(" of ")[0]:
        return " of " not in left or " of " not in right  # cups, and cups of flour
    (base, power), (other, other_power) = _parts(left), _parts(right)
    return power == other_power and bool({base, other} & COUNTED)


def _parts(unit: str) -> tuple[str, str]:
    base, _, power = unit.partition("^")
    return base, power
