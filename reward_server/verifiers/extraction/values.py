"""Normalisers: when two values of a type are the same value, however each is written.

Each takes a value as parsed and returns a form that ``==`` compares, or raises ``ValueError`` where the value is
none of that type.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from typing import Literal

from reward_server.types import Json

FieldType = Literal["exact", "text", "name", "enum", "number", "money", "date", "boolean"]

_NUMBER = re.compile(r"[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,3})?")
_MONEY = re.compile(r"(?P<before>[-+(]?[^\d.,+-]{0,12}?)(?P<amount>[-+]?[\d][\d.,'’\s]{0,60})(?P<after>[^\d]{0,12})")
_CURRENCIES = {
    "$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "元": "CNY", "DOLLARS": "USD",
    "DOLLAR": "USD", "EURO": "EUR", "EUROS": "EUR", "POUNDS": "GBP", "YEN": "JPY",
}  # fmt: skip
_HONORIFICS = frozenset("mr mrs ms miss dr prof professor sir madam herr frau".split())
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1)
    for name in names.split()
}  # fmt: skip
_BOOLEANS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


def exact(value: Json) -> Hashable:
    """The value itself, its type included: 1, 1.0 and true differ from "1"."""
    if isinstance(value, bool | str) or value is None:
        return (type(value).__name__, value)
    if isinstance(value, int | float):
        return ("number", Fraction(value))
    raise ValueError("not a single value")


def text(value: Json) -> str:
    """Unicode compatibility form with white space collapsed; case and punctuation count."""
    return " ".join(unicodedata.normalize("NFKC", _text(value)).split())


def enum(value: Json) -> str:
    """Text where case, hyphens and underscores do not count."""
    return re.sub(r"[\s_-]+", " ", text(value).casefold()).strip()


def name(value: Json) -> str:
    """A person's or a thing's name: case, accents, full stops, honorifics and the order "Last, First" do not count."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text(value)) if not unicodedata.combining(c)).casefold()
    last, comma, first = plain.partition(",")
    words = re.sub(r"[.]", " ", f"{first} {last}" if comma and "," not in first else plain).split()
    kept = [word for word in words if word not in _HONORIFICS]
    return " ".join(kept or words)


def number(value: Json) -> Fraction:
    """An exact number; text may have separators of thousands and a percent sign (hundredths)."""
    if isinstance(value, bool):
        raise ValueError("a boolean is no number")
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(repr(value))
    written = text(value).replace("\u2212", "-")
    if re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3}){1,100}(?:\.\d{0,400})?\s?%?", written):
        written = written.replace(",", "")
    percent = written.endswith("%")
    written = written.rstrip("% ")
    if not _NUMBER.fullmatch(written):
        raise ValueError("not a number")
    return Fraction(written) / 100 if percent else Fraction(written)


def money(value: Json) -> tuple[str, Fraction]:
    """Currency code (empty where none is written) and amount, with either style of separators."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ("", number(value))
    match = _MONEY.fullmatch(text(value).replace("\u2212", "-"))
    if match is None:
        raise ValueError("not an amount of money")
    before, after = match["before"].strip().upper(), match["after"].strip().upper()
    if before.startswith(("-", "+")) and match["amount"][0] in "-+":
        raise ValueError("two signs")
    sign = -1 if before.startswith("-") or (before.startswith("(") and after.endswith(")")) else 1
    before, after = before.strip("-+( "), after.strip(") ")
    if before and after:
        raise ValueError("two currencies")
    written = before or after
    currency = _CURRENCIES.get(written, written)
    if currency and not re.fullmatch("[A-Z]{3}", currency):
        raise ValueError(f"no currency {written!r}")
    return (currency, sign * _amount(re.sub(r"['’\s]", "", match["amount"])))


def _amount(digits: str) -> Fraction:
    """Digits with separators; the last separator is the decimal one unless three digits follow it."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0 and (len(digits) - last - 1 != 3 or len({*digits} & {".", ","}) == 2):
        digits = re.sub(r"[.,]", "", digits[:last]) + "." + digits[last + 1 :]
    else:
        digits = re.sub(r"[.,]", "", digits)
    return Fraction(digits)


def date(value: Json, *, day_first: bool = False) -> str:
    """An ISO date, with its time where one is given."""
    written = text(value).strip(" .")
    try:
        parsed = datetime.datetime.fromisoformat(written)
    except ValueError:
        return _written_date(written.casefold(), day_first)
    if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", written) or re.fullmatch(r"\d{4}-?W\d{2}-?\d", written):
        return parsed.date().isoformat()
    return (parsed.astimezone(datetime.UTC) if parsed.tzinfo else parsed).isoformat()


def _written_date(written: str, day_first: bool) -> str:
    words = re.findall(r"\d{1,4}|[a-z]{3,9}", re.sub(r"(?<=\d)(?:st|nd|rd|th)\b", "", written))
    words = [word for word in words if word not in _WEEKDAYS and word != "the"]
    if len(words) != 3:
        raise ValueError("not a date")
    if any(word in _MONTHS for word in words):
        month = next(_MONTHS[word] for word in words if word in _MONTHS)
        numbers = [int(word) for word in words if word.isdigit()]
        if len(numbers) != 2:
            raise ValueError("not a date")
        year, day = (numbers[0], numbers[1]) if numbers[0] > 31 else (numbers[1], numbers[0])
    else:
        first, second, third = (int(word) if word.isdigit() else 0 for word in words)
        year, month, day = (first, second, third) if first > 31 else (third, first, second)
        if first <= 31 and (day_first or month > 12):
            month, day = day, month
    return datetime.date(year, month, day).isoformat()


_WEEKDAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun".split()
)


def boolean(value: Json) -> bool:
    """True or false, also as a word or as 1 and 0."""
    if isinstance(value, bool):
        return value
    return _BOOLEANS[text(value).casefold()]


def _text(value: Json) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        raise ValueError("not text")
    return str(value)


NORMALISERS: Mapping[FieldType, Callable[[Json], Hashable]] = {
    "exact": exact,
    "text": text,
    "name": name,
    "enum": enum,
    "number": number,
    "money": money,
    "date": date,
    "boolean": boolean,
}


def default_type(gold: Json) -> FieldType:
    """The type of a field that names none, from its gold value."""
    if isinstance(gold, bool):
        return "boolean"
    if isinstance(gold, int | float):
        return "number"
    return "text" if isinstance(gold, str) else "exact"
