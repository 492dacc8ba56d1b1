"""Number literals: integers, decimals, scientific, repeating, in other bases. Digits are counted before conversion."""

from __future__ import annotations

from fractions import Fraction

from reward_server.verifiers.math.limits import MAX_DIGITS, NotMath, TooBig
from reward_server.verifiers.math.nodes import Num

_MAX_EXPONENT = 5_000
_MAX_SHOWN_BITS = 4_096
_SMALL = 10**15
_LOG10_2 = 0.30102999566398120


def number(literal: str) -> Num:
    """The number a literal of digits, one point and an optional exponent writes.

    >>> number("0.50"), number("3.5e2")
    (Num(value=Fraction(1, 2), ulp=Fraction(1, 100)), Num(value=350, ulp=Fraction(10, 1)))
    """
    if literal.isdigit():
        return Num(integer(literal))
    mantissa, _, exponent = literal.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    if not decimals and not exponent:
        return Num(integer(whole))
    shift = integer(exponent.lstrip("+-") or "0")
    if shift > _MAX_EXPONENT:
        raise TooBig("size", "the exponent of a number is too large")
    places = len(decimals) + (shift if exponent.startswith("-") else -shift)
    ulp = Fraction(1, 10**places) if places >= 0 else Fraction(10**-places)
    return Num(tidy(integer(whole + decimals or "0") * ulp), ulp)


def integer(digits: str) -> int:
    """``int`` without its quadratic time and its cap of 4,300 digits; raises ``TooBig`` past ``MAX_DIGITS``."""
    if len(digits) <= 4_000:
        return int(digits)
    if len(digits) > MAX_DIGITS:
        raise TooBig("digits", f"a number has more than {MAX_DIGITS} digits")
    from flint import fmpz

    return int(fmpz(digits))


def text(value: int) -> str:
    """``str`` without its quadratic time; raises ``TooBig`` where that would show."""
    if value.bit_length() > _MAX_SHOWN_BITS:
        raise TooBig("digits", "a number has too many digits here")
    return str(value)


def digits(value: int) -> int:
    """How many decimal digits an integer has, without writing them.

    >>> digits(999), digits(-1000), digits(10**50 - 1)
    (3, 4, 50)
    """
    value = abs(value)
    if value < _SMALL:
        return len(str(value))
    estimate = int(value.bit_length() * _LOG10_2)
    return estimate + 1 if value >= 10**estimate else estimate


def tidy(value: Fraction | int) -> int | Fraction:
    """A fraction over one is an ``int``."""
    return value.numerator if value.denominator == 1 else value


def repeating(literal: str, period: str) -> Num:
    """``literal`` with ``period`` repeated for ever after its decimals: ``repeating("0.1", "6")`` is 1/6."""
    whole, _, decimals = literal.partition(".")
    if not period.isdigit() or not (whole + decimals).isdigit() or len(decimals) + len(period) > 200:
        raise NotMath("no period of a decimal")
    scale = 10 ** len(decimals)
    fixed = integer(whole + decimals or "0")
    return Num(tidy(Fraction(fixed, scale) + Fraction(int(period), scale * (10 ** len(period) - 1))))


def truncated(literal: str) -> Num:
    """A decimal that goes on: repeating where its tail repeats (``0.333…``), else somewhere in its last unit."""
    whole, _, decimals = literal.partition(".")
    if not (whole + decimals).isdigit():
        raise NotMath("dots after an exponent")
    for size in (1, 2, 3, 6):
        repeats = decimals[-size:] * (len(decimals) // size + 1)
        if len(decimals) >= max(3, 2 * size) and repeats.endswith(decimals[-max(3, 2 * size) :]):
            return repeating(f"{whole}.{decimals[: len(decimals) - size]}", decimals[-size:])
    plain = number(literal)
    if plain.ulp is None:
        raise NotMath("dots after an integer")
    return Num(tidy(plain.value + plain.ulp / 2), plain.ulp)


def in_base(digits: str, base: int) -> int:
    """The integer ``digits`` in ``base``; raises ``NotMath`` for a digit that the base has not."""
    if not 2 <= base <= 36 or len(digits) > 1_000:
        raise NotMath("no such base")
    try:
        return int(digits, base)
    except ValueError:
        raise NotMath(f"{digits!r} is no number in base {base}") from None
