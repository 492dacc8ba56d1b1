"""Conversion between units, by pint; only for names of the table below, so no text of a model reaches pint."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, Final

from reward_server.verifiers.math.limits import NotMath
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym, Words
from reward_server.verifiers.math.parser import parse
from reward_server.verifiers.math.tokens import tokenize

_PINT: Final = {
    "mm": "millimeter", "cm": "centimeter", "m": "meter", "km": "kilometer", "in": "inch", "ft": "foot",
    "yd": "yard", "mi": "mile",
    "g": "gram", "kg": "kilogram", "mg": "milligram", "lb": "pound",
    "pound": "pound", "oz": "ounce", "s": "second", "ms": "millisecond",
    "min": "minute", "h": "hour", "day": "day", "week": "week", "year": "year", "month": "month", "L": "liter",
    "ml": "milliliter",
    "gal": "gallon", "qt": "quart", "N": "newton", "J": "joule", "kJ": "kilojoule", "W": "watt", "kW": "kilowatt",
    "V": "volt",
    "A": "ampere", "ohm": "ohm", "Hz": "hertz", "Pa": "pascal", "K": "kelvin", "mol": "mole", "rad": "radian",
    "degree": "degree",
}  # fmt: skip


def factor(unit: str, other: str) -> Fraction | None:
    """How many of ``other`` one of ``unit`` is, both canonical; None where neither turns into the other.

    >>> factor("m", "cm"), factor("km/h", "m/s"), factor("m", "kg")
    (Fraction(100, 1), Fraction(5, 18), None)
    """
    left, right = _unit(unit), _unit(other)
    if left is None or right is None or left.dimensionality != right.dimensionality:
        return None
    return Fraction(left.to(right.units).magnitude) / Fraction(right.magnitude)


def _unit(text: str) -> Any:
    """The pint quantity of a canonical unit, or None."""
    try:
        return _built(parse(tokenize(text.replace(" ", "*"))))
    except NotMath:
        return None


def _built(node: Node) -> Any:
    if isinstance(node, Sym | Words):
        name = _PINT.get(node.name if isinstance(node, Sym) else node.text)
        if name is None:
            raise NotMath("not a unit that converts")
        return Fraction(1) * getattr(_registry(), name)  # a name of the table above
    if isinstance(node, Apply) and node.op == "pow" and isinstance(node.args[1], Num):
        power = node.args[1].value
        if isinstance(power, int) and abs(power) <= 4:
            return _built(node.args[0]) ** power
    if isinstance(node, Apply) and node.op in ("mul", "div") and len(node.args) == 2:
        left, right = _built(node.args[0]), _built(node.args[1])
        return left * right if node.op == "mul" else left / right
    raise NotMath("not a unit that converts")


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(non_int_type=Fraction)
