"""Lists, dicts and sets that a test reads off an object or makes one with, kept the same on both sides.

``stack.items.append(1)`` is to change the stack, ``log = logger.lines`` to show what is logged later, and what a test
gave to a constructor may be changed by a method. Both sides keep those lent last, and before they hand over to the
other they tell it which of them have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .tables import NotPlain

if TYPE_CHECKING:
    from .link import Link

_MOST, _LONGEST, _LARGEST = 16, 500, 10_000
_KINDS = (list, dict, set)
_SIMPLE = frozenset((type(None), bool, int, float, str, bytes))


class Lent:
    """Those of one end of a link, by the number of their place."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._things: list[Any] = []
        self._seen: list[Any] = []
        self._next, self._fresh = 0, False

    def written(self, thing: Any) -> Any:
        """The written form of a value that is read off an object: lent, where it is a container and no large one."""
        written = self._link.codec.encode(thing)
        number = self.lend(thing, written)
        if number is None:
            return written
        return {"L": [number, written, self._fresh]}

    def lend(self, thing: Any, written: Any = None) -> int | None:
        """Keep a container that both sides have from now on: its number. None where it is none, or too large."""
        if type(thing) not in _KINDS or len(thing) > _LONGEST:
            return None
        if len(str(self._link.codec.encode(thing) if written is None else written)) > _LARGEST:
            return None
        number = next((at for at, other in enumerate(self._things) if other is thing), None)
        self._fresh = number is None
        if number is None:
            number, self._next = self._next % _MOST, self._next + 1
        self.keep(number, thing)
        return number

    def taken(self, number: int, written: Any, fresh: bool) -> Any:
        """What was lent: where it was before, the same as then."""
        if not fresh and written == self._seen[number]:  # so what is in it stays the same too
            return self._things[number]
        value = self._link.codec.decode(written)
        if not fresh:
            return self._copy(number, value)
        self.keep(number, value)
        return value

    def changed(self) -> list[Any]:
        """Number and written form of each that has changed since the other side was last told."""
        rows = []
        for number, thing in enumerate(self._things):
            if len(thing) <= _LONGEST:
                now = self._seen_in(thing)
                if now != self._seen[number]:
                    self._seen[number] = now
                    rows.append([number, self._link.codec.encode(thing)])
        return rows

    def told(self, rows: Any) -> None:
        """Take in what has changed on the other side."""
        for number, written in rows:
            self._copy(number, self._link.codec.decode(written))

    def keep(self, number: int, thing: Any) -> None:
        """Have ``thing`` be what both sides have under this number."""
        if number == len(self._things):
            self._things.append(thing)
            self._seen.append(None)
        self._things[number], self._seen[number] = thing, self._seen_in(thing)

    def _seen_in(self, thing: Any) -> Any:
        """What to know a change by: the items and their types, where all are simple, as they are in long lists."""
        items = [*thing, *thing.values()] if type(thing) is dict else [*thing]
        kinds = [*map(type, items)]
        return (kinds, items) if _SIMPLE.issuperset(kinds) else self._link.codec.encode(thing)

    def _copy(self, number: int, value: Any) -> Any:
        thing = self._things[number]
        if type(thing) is not type(value):
            raise NotPlain("what was lent stays what it is")
        thing.clear()
        thing.extend(value) if type(thing) is list else thing.update(value)
        self.keep(number, thing)
        return thing
