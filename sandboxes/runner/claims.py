"""Equality of an object of the program with a plain value of the tests: ``Money(5) == 5``.

The value does not go to the program. The program's side is asked instead which plain value of that type the object is
equal to by its own method, and the tester compares the two, as if the program had returned that value. An object that
calls itself equal to everything is equal to nothing that can be named, and one that lies has to know the answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from .plain import fields_of

KINDS: dict[str, type] = {
    kind.__name__: kind for kind in (int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
}
"""Types whose name tells nothing of the value: not those of ``True`` and ``None``."""
ORDERED = {name: kind for name, kind in KINDS.items() if name in ("int", "float", "set", "frozenset", "list", "tuple")}
"""Those by whose order an object is taken to be ordered; text may mean numbers."""
_MODULES = ("builtins", "decimal", "fractions", "datetime", "collections")
_MOST_FIELDS = 20
_COLLECTIONS = (list, tuple, deque, dict)
_NUMBERS = ("int", "float", "complex", "Decimal", "Fraction")
_MADE_BY = {"int": "__int__", "float": "__float__", "complex": "__complex__", "bytes": "__bytes__", "str": "__str__"}


def agrees(value: Any, claims: Any) -> bool:
    """Whether the tester's value is what an object claims to be equal to."""
    return is_claim(claims) and bool(value == claims[0])


def is_claim(claims: Any) -> bool:
    """Whether one plain value is claimed."""
    if type(claims) is not list or len(claims) != 1:
        return False
    return type(claims[0]).__module__ in _MODULES and not isinstance(claims[0], bool | type)


def claims_of(thing: Any, name: str, parts: Sequence[Any] = (), method: str = "__eq__") -> list[Any]:
    """The plain value that an object is equal to where it is compared with one of a type, if there is one. It may be
    one of the ``parts`` that the object was made from."""
    kind = KINDS[name]
    if getattr(type(thing), method) is getattr(object, method):
        return []
    if name == "int" and method != "__eq__":  # ``Ratio(1, 2) < 1``, and it is equal to no integer
        return claims_of(thing, name, parts) or claims_of(thing, "float", parts)
    for like in (kind, _Whatever):
        with suppress(Exception):
            other = _Whatever(like)
            if _equal(thing, other) and other._met:
                return other._met[:1] if all(met == other._met[0] for met in other._met[1:]) else []
    made_from = (part for part in parts[1:] if type(part) is kind)
    for guess in chain(made_from, _guesses(thing, kind)):
        with suppress(Exception):
            if _equal(thing, guess):
                return [guess]
    return []


class _Whatever:
    """Stands for a value that is equal to whatever it is compared with, and remembers that. It says that it is of a
    type, which arithmetic of the library may take at its word; so it is tried as nothing in particular too."""

    __hash__ = None  # type: ignore[assignment] # it has no value to take one from

    def __init__(self, kind: type) -> None:
        self._kind, self._met = kind, list[Any]()

    @property  # type: ignore[misc] # for ``isinstance`` to find
    def __class__(self) -> Any:
        return self._kind

    def __eq__(self, other: object) -> bool:
        self._met.append(other)
        return True

    def __ne__(self, other: object) -> bool:
        self._met.append(other)
        return False


def _equal(thing: Any, other: Any) -> bool:
    kind: Any = type(thing)
    answer = kind.__eq__(thing, other)
    return answer is not NotImplemented and bool(answer)


def _guesses(thing: Any, kind: type) -> Iterator[Any]:
    """Plain values of a type that an object may be equal to: those of its fields, and what it is turned into."""
    alike = _NUMBERS if kind.__name__ in _NUMBERS else (kind.__name__,)
    fields = dict(fields_of(thing)[:_MOST_FIELDS])
    yield from (value for value in fields.values() if type(value).__name__ in alike)
    if kind in (list, tuple):
        yield kind(fields.values())
        yield from (kind(value) for value in fields.values() if isinstance(value, _COLLECTIONS))
    elif kind is dict:
        yield fields
    elif kind is complex and len(fields) == 2:
        with suppress(Exception):
            yield complex(*fields.values())
    made = _MADE_BY.get(kind.__name__)
    if hasattr(type(thing), made) if made else (hasattr(type(thing), "__len__") and hasattr(type(thing), "__iter__")):
        with suppress(Exception):
            value = kind(thing)
            if kind is list and value and all(type(row) is tuple for row in value):
                yield [list(row) for row in value]
            yield value
