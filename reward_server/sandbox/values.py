"""Typed plain values: what may cross between a program and those who judge it, as JSON and never as pickle.

JSON's own types stand for themselves (``1`` is an int, ``1.0`` a float; lists are arrays). All else is an object
with one key, its tag:

=======  =======================================  =======  ===================================================
``t``    tuple: items                             ``b``    bytes: base64
``s``    set: items                               ``B``    bytearray: base64
``z``    frozenset: items                         ``c``    complex: [real, imaginary]
``d``    dict: [key, value] pairs, in order       ``i``    int beyond 63 bits: hexadecimal
``f``    ``nan``, ``inf``, ``-inf``               ``r``    range: [start, stop, step]
``q``    deque: items                             ``D``    Decimal: text
``F``    Fraction: [numerator, denominator]       ``T``    date, time, datetime, timedelta: [kind, parts …]
``N``    namedtuple: [name, fields, items]        ``a``    numpy array: [dtype, shape, flat items]
``O``    dict of ``collections``: [name, pairs,   ``Q``    deque with a bound: [bound, items]
         default factory or null]
``n``    numpy scalar: [dtype, value]             ``g``    objects by value that hang together, the first
                                                           meant: [class name, field pairs], in which ``o``
                                                           is another of them, by its number
=======  =======================================  =======  ===================================================

Other subclasses of plain types are flattened to the plain type by that type's own methods, so nothing of the subclass
runs or survives. Here numpy arrays become nested lists, numpy scalars plain numbers, named tuples tuples, and objects
by value dicts with the class name under ``__class__``: the server needs no foreign class to compare.
The runner carries its own writer and reader of the same table; ``tests/sandbox`` holds the two against each other.
"""

from __future__ import annotations

import base64
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

Plain: TypeAlias = Any
MAX_DEPTH = 200
_MAX_OBJECTS = 10_000
_MAX_ALIKE = 1000
_SMALL = 1 << 63


class NotPlain(ValueError):
    """A value, or its written form, is not in the table, or nested deeper than ``MAX_DEPTH``."""


def encode(value: Plain, depth: int = 0) -> Any:
    """The JSON form of a plain value; raises ``NotPlain``."""
    if depth > MAX_DEPTH:
        raise NotPlain(f"nested deeper than {MAX_DEPTH}")
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value, depth + 1)
    raise NotPlain(f"{type(value).__name__} is no plain value")


def decode(written: Any, depth: int = 0) -> Plain:
    """The plain value of its JSON form; raises ``NotPlain`` for anything that ``encode`` would not write."""
    if depth > MAX_DEPTH:
        raise NotPlain(f"nested deeper than {MAX_DEPTH}")
    if isinstance(written, list):
        return [decode(item, depth + 1) for item in written]
    if not isinstance(written, dict):
        return written
    if len(written) != 1:
        raise NotPlain("an object must have one key, its tag")
    ((tag, body),) = written.items()
    if tag not in _READERS:
        raise NotPlain(f"unknown tag {tag[:20]!r}")
    try:
        return _READERS[tag](body, depth + 1)
    except NotPlain:
        raise
    except Exception as error:  # noqa: BLE001 - hostile bodies fail in any of the constructors
        raise NotPlain(f"bad body for tag {tag!r}: {type(error).__name__}") from None


def _write_int(value: int, depth: int) -> Any:
    number = int.__int__(value)
    return number if -_SMALL <= number < _SMALL else {"i": f"{number:x}"}


def _write_float(value: float, depth: int) -> Any:
    number = float.__float__(value)
    return number if math.isfinite(number) else {"f": str(number)}


def _items(kind: Any) -> Callable[[Any, int], list[Any]]:
    return lambda value, depth: [encode(item, depth) for item in kind.__iter__(value)]


def _tagged(tag: str, write: Callable[[Any, int], Any]) -> Callable[[Any, int], Any]:
    return lambda value, depth: {tag: write(value, depth)}


def _pairs(value: dict[Any, Any], depth: int) -> list[Any]:
    pairs: Iterable[tuple[Any, Any]] = dict.items(value)  # by dict's own method: a subclass may lie
    return [[encode(key, depth), encode(item, depth)] for key, item in pairs]


def _write_time(value: Any, depth: int) -> list[Any]:
    if isinstance(value, timedelta):
        return ["timedelta", value.days, value.seconds, value.microseconds]
    kind = "datetime" if isinstance(value, datetime) else "date" if isinstance(value, date) else "time"
    return [kind, value.isoformat()]


_WRITERS: tuple[tuple[Any, Callable[[Any, int], Any]], ...] = (
    (type(None), lambda value, depth: None),
    (bool, lambda value, depth: bool(value)),
    (int, _write_int),
    (float, _write_float),
    (str, lambda value, depth: str.__str__(value)),
    (list, _items(list)),
    (tuple, _tagged("t", _items(tuple))),
    (dict, _tagged("d", _pairs)),
    (set, _tagged("s", _items(set))),
    (frozenset, _tagged("z", _items(frozenset))),
    (bytes, _tagged("b", lambda value, depth: base64.b64encode(value).decode())),
    (bytearray, _tagged("B", lambda value, depth: base64.b64encode(value).decode())),
    (complex, _tagged("c", lambda value, depth: [_write_float(value.real, depth), _write_float(value.imag, depth)])),
    (range, _tagged("r", lambda value, depth: [_write_int(n, depth) for n in (value.start, value.stop, value.step)])),
    (deque, _tagged("q", _items(deque))),
    (Decimal, _tagged("D", lambda value, depth: str(value))),
    (Fraction, _tagged("F", lambda value, depth: [_write_int(n, depth) for n in value.as_integer_ratio()])),
    ((date, time, timedelta), _tagged("T", _write_time)),
)


def _list(body: Any, depth: int) -> list[Any]:
    if not isinstance(body, list):
        raise NotPlain("items must be an array")
    return [decode(item, depth) for item in body]


def _apart(keys: list[Any]) -> list[Any]:
    """Keys, or ``NotPlain`` where so many have one hash that to make a set or dict of them would take hours."""
    if len(keys) > _MAX_ALIKE and max(Counter(map(hash, keys)).values()) > _MAX_ALIKE:
        raise NotPlain("too many keys of one hash")
    return keys


def _dict(body: Any, depth: int) -> dict[Any, Any]:
    keys = _apart([decode(key, depth) for key, _ in body])
    return {key: decode(item, depth) for key, (_, item) in zip(keys, body, strict=True)}


def _fraction(body: Any, depth: int) -> Fraction:
    """One that is taken to be in lowest terms, as it was written: dividing giants that are not would take hours."""
    numerator, denominator = _list(body, depth)
    if type(numerator) is not int or type(denominator) is not int or denominator <= 0:
        raise NotPlain("a fraction of two integers")
    fraction: Any = object.__new__(Fraction)
    fraction._numerator, fraction._denominator = numerator, denominator
    return fraction  # type: ignore[no-any-return] # it is one


def _numbers(kind: Any) -> Callable[[Any, int], Any]:
    def read(body: Any, depth: int) -> Any:
        numbers = _list(body, depth)
        if not all(isinstance(number, int | float) for number in numbers):
            raise NotPlain("parts must be numbers")
        return kind(*numbers)

    return read


def _read_time(body: Any, depth: int) -> Any:
    kinds: dict[str, Any] = {"date": date.fromisoformat, "time": time.fromisoformat, "datetime": datetime.fromisoformat}
    kind, *parts = body
    return timedelta(*parts) if kind == "timedelta" else kinds[kind](*parts)


def _read_array(body: Any, depth: int) -> Any:
    _, shape, flat = body
    items = _list(flat, depth)
    if len(shape) > 64 or math.prod(shape) != len(items) or any(size < 0 for size in shape):
        raise NotPlain("shape and items disagree")
    if not shape:
        return items[0]
    for size in reversed(shape[1:]):
        items = [items[start : start + size] for start in range(0, len(items), size)] if size else []
    return items if all(shape) else _empty(shape)


def _empty(shape: list[int]) -> list[Any]:
    outer: list[int] = shape[: shape.index(0)]
    if math.prod(outer) > 100_000:
        raise NotPlain("too many empty rows")
    rows: list[Any] = []
    for size in reversed(outer):
        rows = [list(rows) for _ in range(size)]
    return rows


def _read_object(rows: Any, number: int, above: frozenset[int], budget: list[int], depth: int) -> dict[Any, Any]:
    """One object of a graph as a dict, with those that it refers to inside it; a cycle is refused."""
    budget[0] -= 1
    if number in above or budget[0] < 0 or depth > MAX_DEPTH:
        raise NotPlain("objects by value that are a cycle, or too many, or a chain too long")
    name, pairs = rows[number]

    def read(written: Any) -> Any:
        if isinstance(written, dict) and written.keys() == {"o"}:
            return _read_object(rows, written["o"], above | {number}, budget, depth + 1)
        return [read(item) for item in written] if isinstance(written, list) else decode(written, depth)

    return {"__class__": str(name), **{str(field): read(item) for field, item in pairs}}


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "t": lambda body, depth: tuple(_list(body, depth)),
    "s": lambda body, depth: set(_apart(_list(body, depth))),
    "z": lambda body, depth: frozenset(_apart(_list(body, depth))),
    "Q": lambda body, depth: deque(_list(body[1], depth)),
    "d": _dict,
    "O": lambda body, depth: _dict(body[1], depth),
    "b": lambda body, depth: base64.b64decode(body, validate=True),
    "B": lambda body, depth: bytearray(base64.b64decode(body, validate=True)),
    "c": _numbers(complex),
    "i": lambda body, depth: int(body, 16),
    "f": lambda body, depth: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[body],
    "r": _numbers(range),
    "q": lambda body, depth: deque(_list(body, depth)),
    "D": lambda body, depth: Decimal(body),
    "F": _fraction,
    "T": _read_time,
    "N": lambda body, depth: tuple(_list(body[2], depth)),
    "n": lambda body, depth: decode(body[1], depth),
    "a": _read_array,
    "g": lambda body, depth: _read_object(body, 0, frozenset(), [_MAX_OBJECTS], depth),
}
