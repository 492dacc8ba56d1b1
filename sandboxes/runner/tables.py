"""What a value is wrapped in on its way across, and the table of objects that cross by value together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MAX_OBJECTS = 200_000
"""Objects by value that hang together."""


class NotPlain(ValueError):
    """Not in the table, or nested too deeply."""


class Whole:
    """Says of an object that it crosses as itself, though its class is derived from a plain type."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Flat(Whole):
    """Says of an object that it crosses as the plain value that its class is derived from."""


class Table:
    """Objects by value that hang together, numbered in the order in which they were met."""

    def __init__(self, known: Sequence[Any] = ()) -> None:
        self.things: list[Any] = [*known]
        self._numbers = {id(thing): number for number, thing in enumerate(known)}

    def number(self, thing: Any) -> int:
        if id(thing) not in self._numbers:
            if len(self.things) >= MAX_OBJECTS:
                raise NotPlain("too many objects")
            self._numbers[id(thing)] = len(self.things)
            self.things.append(thing)
        return self._numbers[id(thing)]
