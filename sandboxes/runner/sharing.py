"""Values between tester and candidate, where what can be changed keeps its identity.

Lists, dicts and all else that may change in place are numbered in the order in which they are met. One that is met
again is written as its number, ``{"m": number}``: so aliases stay aliases, a cycle is no matter, and an argument that
a function returns is the caller's own object. What lies deep, and objects by value always, are announced
(``{"M": kind}``, ``{"W": class}``) and their content follows in a row of its own: no nesting is too deep.
"""

from __future__ import annotations

import collections
from _thread import _local
from collections.abc import Sequence
from types import FunctionType
from typing import Any

from .changes import is_array, update
from .plain import EXACT, Codec, fields_of, items_of
from .tables import MAX_OBJECTS, NotPlain

_DEEP = 50
_FLAT: dict[type, Any] = {kind: EXACT.get(kind) for kind in (type(None), bool, str, int, float, bytes, complex, range)}
CONTAINERS = (list, dict, set, bytearray, collections.deque)
_SHARED = frozenset((*CONTAINERS, collections.OrderedDict, collections.Counter, collections.defaultdict))
_EMPTY: dict[str, type] = {"list": list, "dict": dict}
_FRAMES = ("DataFrame", "Series")
_NUMBERED = frozenset("sBqQOa")
"""Tags of what is numbered, and holds no cycle."""


class _Table:
    """What was met in one message, and of whom the content is told apart."""

    def __init__(self, known: Sequence[Any]) -> None:
        self.things = [*known]
        self.numbers = {id(thing): number for number, thing in enumerate(known)}
        self.later: list[Any] = []


class SharingCodec(Codec):
    """A codec for the two ends of a link. Called from outside, without a depth, it makes a message of its own."""

    _table: Any = None
    _made: Any = None

    def be_threaded(self) -> None:
        """Have each thread read and write messages of its own."""
        self.__class__ = _ThreadedCodec

    def encode(self, value: Any, depth: int = 0) -> Any:
        """The JSON form of a value; raises ``NotPlain``."""
        kind = type(value)
        if kind in _FLAT:
            write = _FLAT[kind]
            return value if write is None else write(self, value, depth)
        if kind is not FunctionType:
            if not depth:
                return self._message(value)
            if kind in _SHARED:
                return self._shared(value, depth, super().encode)
        return super().encode(value, depth)

    def _message(self, value: Any) -> Any:
        (written,), rows, _ = self.encode_together([value])
        return {"G": [written, rows]} if rows else written

    def _shared(self, value: Any, depth: int, write: Any) -> Any:
        table = self._table
        number = table.numbers.get(id(value))
        if number is not None:
            return {"m": number}
        if len(table.things) >= MAX_OBJECTS:
            raise NotPlain("too many objects")
        table.numbers[id(value)] = len(table.things)
        table.things.append(value)
        name = type(value).__name__
        if write is None or (depth > _DEEP and _EMPTY.get(name) is type(value)):
            table.later.append(value)
            return {"W" if write is None else "M": name}
        return write(value, depth)

    def _encode_object(self, value: Any, depth: int) -> Any:
        return self._shared(value, depth, None)

    def _encode_unusual(self, value: Any, depth: int) -> Any:
        if hasattr(type(value), "_sandbox_powers") and self._write_other is not None:  # whatever class it says it has
            return self._write_other(value)
        if isinstance(value, CONTAINERS) or is_array(value):
            return self._shared(value, depth, super()._encode_unusual)
        return super()._encode_unusual(value, depth)

    def encode_together(
        self, values: Sequence[Any], known: Sequence[Any] = (), *, changed: bool = False
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Values that share what they have in common, and which may refer to what is ``known`` to the other side.

        Returns the written values, rows of content (of the known ones too where they have ``changed``), and all that
        was numbered.
        """
        outer, self._table = self._table, _Table(known)
        table = self._table
        try:
            written = [self.encode(value, 1) for value in values]
            if changed:
                table.later.extend(known)
            rows = [[table.numbers[id(thing)], self._content(thing)] for thing in table.later]  # which grows meanwhile
            return written, rows, table.things
        finally:
            self._table = outer

    def _content(self, thing: Any) -> Any:
        if self.classes.get(type(thing).__name__) is type(thing):
            return [[name, self.encode(item, 1)] for name, item in fields_of(thing)]
        if isinstance(thing, list):
            return [self.encode(item, 1) for item in list.__iter__(thing)]
        if isinstance(thing, dict):
            return [[self.encode(key, 1), self.encode(item, 1)] for key, item in items_of(thing)]
        return self.encode(thing)

    def decode(self, written: Any, depth: int = 0) -> Any:
        """The value of its JSON form; raises ``NotPlain``."""
        kind = type(written)
        if kind is not list and kind is not dict:
            return written
        if not depth:
            (value,), _ = self.decode_together([written], [])
            return value
        if kind is list:
            items: list[Any] = []
            self._made.append(items)
            items += [self.decode(item, depth + 1) for item in written]
            return items
        try:
            return self._decode_tagged(written, depth)
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            raise NotPlain(f"malformed: {type(error).__name__}: {error}") from None

    def _decode_tagged(self, written: Any, depth: int) -> Any:
        ((tag, body),) = written.items()
        made = self._made
        if tag == "d":
            pairs: dict[Any, Any] = {}
            made.append(pairs)
            for key, item in body:
                pairs[self.decode(key, depth + 1)] = self.decode(item, depth + 1)
            return pairs
        if tag == "m":
            return made[body]
        if tag == "M" or tag == "W":
            made.append(_EMPTY[body]() if tag == "M" else object.__new__(self.classes[body]))
            return made[-1]
        if tag == "G":
            return self.decode_together(body[:1], body[1])[0][0]
        if tag not in _NUMBERED and (tag != "A" or body[0] not in _FRAMES):
            return super().decode(written, depth)
        made.append(None)
        number = len(made) - 1
        made[number] = super().decode(written, depth)
        return made[number]

    def decode_together(
        self, written: Sequence[Any], rows: Any, known: Sequence[Any] = ()
    ) -> tuple[list[Any], list[Any]]:
        """The values, and all that was numbered; known things become in place what the rows say of them."""
        outer, self._made = self._made, [*known]
        made = self._made
        try:
            values = [self.decode(item, 1) for item in written]
            for number, content in rows:
                self._fill(made[number], content)
            return values, made
        except (LookupError, TypeError, ValueError) as error:
            raise NotPlain(f"malformed: {type(error).__name__}: {error}") from None
        finally:
            self._made = outer

    def _fill(self, thing: Any, content: Any) -> None:
        if self.classes.get(type(thing).__name__) is type(thing):
            for name, item in content:
                if type(name) is not str or name.startswith("__"):
                    raise NotPlain("fields have names")
                object.__setattr__(thing, name, self.decode(item, 1))
        elif isinstance(thing, list):
            list.__setitem__(thing, slice(None), [self.decode(item, 1) for item in content])
        elif isinstance(thing, dict):
            pairs = [(self.decode(key, 1), self.decode(item, 1)) for key, item in content]
            kind: Any = collections.OrderedDict if isinstance(thing, collections.OrderedDict) else dict
            kind.clear(thing)
            for key, item in pairs:  # and no ``update``, by which a counter counts
                kind.__setitem__(thing, key, item)
        else:
            update(thing, self.decode(content))


_here = _local()


class _ThreadedCodec(SharingCodec):
    """What belongs to one message belongs to the thread that reads or writes it."""

    @property
    def _table(self) -> Any:
        return getattr(_here, "table", None)

    @_table.setter
    def _table(self, table: Any) -> None:
        _here.table = table

    @property
    def _made(self) -> Any:
        return getattr(_here, "made", None)

    @_made.setter
    def _made(self, made: Any) -> None:
        _here.made = made
