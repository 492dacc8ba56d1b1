"""Typed plain values as tagged JSON: the runner's own writer and reader.

The table of tags is in ``reward_server/sandbox/values.py``. Here arrays, named tuples and objects by value are
rebuilt as what they were, where this process knows their type; what is in no table goes to a hook, which may hand
out a handle. The writer runs in the program's process and proves nothing: the reader trusts no one.
"""

from __future__ import annotations

import binascii
import collections
import math
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from types import FunctionType
from typing import Any

from .tables import Flat, NotPlain, Table, Whole

MAX_DEPTH = 200
OWN_MODULE = "solution"
"""Of classes that the program defined."""
_SMALL = 1 << 63
_AS_IS = frozenset((type(None), bool, str))


class Codec:
    """Writer and reader, with the classes that cross by value and hooks for what is not in the table."""

    def __init__(
        self,
        classes: dict[str, type] | None = None,
        write_other: Callable[[Any], Any] | None = None,
        read_other: Callable[[str, Any], Any] | None = None,
    ) -> None:
        self.classes = classes if classes is not None else {}
        self._write_other, self._read_other = write_other, read_other
        self.whole: tuple[type, ...] = ()
        """Objects of classes derived from these cross as themselves, and not as what is plain in them."""
        self._table: Table | None = None
        self._made: list[Any] = []
        self.mark_empty: Callable[[Any], Any] | None = None
        """Takes the place of an array that has no items."""

    def encode(self, value: Any, depth: int = 0) -> Any:
        """The JSON form of a value; raises ``NotPlain``."""
        kind = type(value)
        if kind in _AS_IS:
            return value
        if depth > MAX_DEPTH:
            raise NotPlain("nested too deeply")
        write = EXACT.get(kind)
        if write is not None:
            return write(self, value, depth + 1)
        if kind is FunctionType and self._write_other is not None:  # the commonest of all others
            return self._write_other(value)
        if self.classes.get(kind.__name__) is kind:
            return self._encode_object(value, depth + 1)
        if kind is Whole:
            return self._encode_whole(value.value, depth)
        if kind is Flat:
            return self._encode_unusual(value.value, depth + 1)
        if self.whole and self._write_other is not None and isinstance(value, self.whole):
            return self._write_other(value)
        return self._encode_unusual(value, depth + 1)

    def _encode_whole(self, value: Any, depth: int) -> Any:
        kind = type(value)
        own = getattr(kind, "__module__", "") == OWN_MODULE and kind.__name__ not in self.classes
        return self._write_other(value) if own and self._write_other is not None else self.encode(value, depth)

    def is_plain(self, kind: type) -> bool:
        """Whether a class is derived from a plain type."""
        return issubclass(kind, _FLATTENED) or any(
            module in sys.modules and issubclass(kind, getattr(sys.modules[module], name)) for module, name, _ in _RARE
        )

    def _encode_object(self, value: Any, depth: int) -> Any:
        """An object by value: the outermost brings a table of all that hang together, which may be a long or closed
        chain; within the table, and so within that object, others are numbers."""
        if self._table is not None:
            return {"o": self._table.number(value)}
        self._table = table = Table()
        try:
            table.number(value)
            return {"g": self._rows(table, depth)}
        finally:
            self._table = None

    def _rows(self, table: Table, depth: int) -> list[Any]:
        return [
            [type(thing).__name__, [[name, self.encode(item, depth)] for name, item in fields_of(thing)]]
            for thing in table.things  # which grows meanwhile
        ]

    def _encode_unusual(self, value: Any, depth: int) -> Any:
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, numpy.ndarray):
            flat = [self.encode(item, depth) for item in value.ravel().tolist()]
            return {"a": [value.dtype.str if value.dtype.names is None else value.dtype.descr, list(value.shape), flat]}
        if numpy is not None and isinstance(value, numpy.generic):
            return {"n": [value.dtype.str, self.encode(value.item(), depth)]}
        if isinstance(value, tuple):
            fields = getattr(type(value), "_fields", None)
            if isinstance(fields, tuple) and all(isinstance(field, str) for field in fields):
                return {"N": [type(value).__name__, list(fields), _items(tuple)(self, value, depth)]}
        for base in _FLATTENED:
            if isinstance(value, base):
                return EXACT[base](self, value, depth)
        of_pandas = type(value).__module__.startswith("pandas") and self._write_other is not None
        for module, name, write in _RARE if not of_pandas else ():
            if module in sys.modules and isinstance(value, getattr(sys.modules[module], name)):
                return write(self, value, depth)
        if self._write_other is None:
            raise NotPlain(f"{type(value).__name__} is no plain value")
        return self._write_other(value)

    def decode(self, written: Any, depth: int = 0) -> Any:
        """The value of its JSON form; raises ``NotPlain``."""
        kind = type(written)
        if kind is list:
            if depth > MAX_DEPTH:
                raise NotPlain("nested too deeply")
            return [self.decode(item, depth + 1) for item in written]
        if kind is not dict:
            return written
        if depth > MAX_DEPTH or len(written) != 1:
            raise NotPlain("nested too deeply, or not one tag")
        ((tag, body),) = written.items()
        try:
            if tag in _READERS:
                return _READERS[tag](self, body, depth + 1)
            if self._read_other is not None:
                return self._read_other(tag, body)
        except NotPlain:
            raise
        except Exception as error:  # noqa: BLE001 - hostile bodies fail in any of the constructors
            raise NotPlain(f"bad body for tag {tag!r}: {type(error).__name__}") from None
        raise NotPlain(f"unknown tag {tag[:20]!r}")


Writer = Callable[[Codec, Any, int], Any]


def _write_int(codec: Codec, value: Any, depth: int) -> Any:
    number = int.__int__(value)
    return number if -_SMALL <= number < _SMALL else {"i": int.__format__(number, "x")}


def _write_bool(codec: Codec, value: Any, depth: int) -> Any:
    return bool(value)


def _write_float(codec: Codec, value: Any, depth: int) -> Any:
    number = float.__float__(value)
    return number if math.isfinite(number) else {"f": float.__repr__(number)}


def _write_str(codec: Codec, value: Any, depth: int) -> Any:
    return str.__str__(value)


def _items(kind: Any) -> Writer:
    def write(codec: Codec, value: Any, depth: int) -> list[Any]:
        encode = codec.encode
        return [encode(item, depth) for item in kind.__iter__(value)]

    return write


def _tagged(tag: str, write: Writer) -> Writer:
    return lambda codec, value, depth: {tag: write(codec, value, depth)}


def _pairs(codec: Codec, value: Any, depth: int) -> dict[str, Any]:
    pairs: Iterable[tuple[Any, Any]] = items_of(value)
    return {"d": [[codec.encode(key, depth), codec.encode(item, depth)] for key, item in pairs]}


def items_of(mapping: Any) -> Any:
    """Keys and values, in the order that the mapping has: that of an ordered one is its own."""
    return (collections.OrderedDict if isinstance(mapping, collections.OrderedDict) else dict).items(mapping)


def _write_bytes(codec: Codec, value: Any, depth: int) -> str:
    return binascii.b2a_base64(value, newline=False).decode()


def _numbers(*names: str) -> Writer:
    def write(codec: Codec, value: Any, depth: int) -> list[Any]:
        return [codec.encode(getattr(value, name), depth) for name in names]

    return write


def _write_delta(codec: Codec, value: Any, depth: int) -> Any:
    return {"T": ["timedelta", value.days, value.seconds, value.microseconds]}


def _write_time(kind: str) -> Writer:
    return lambda codec, value, depth: {"T": [kind, value.isoformat()]}


_RARE: tuple[tuple[str, str, Writer], ...] = (
    ("decimal", "Decimal", _tagged("D", lambda codec, value, depth: value.__class__.__str__(value))),
    ("fractions", "Fraction", _tagged("F", _numbers("numerator", "denominator"))),
    ("datetime", "timedelta", _write_delta),
    ("datetime", "datetime", _write_time("datetime")),
    ("datetime", "date", _write_time("date")),
    ("datetime", "time", _write_time("time")),
)
"""Types of modules that are looked at only where the program has loaded them: importing them costs every fork."""
EXACT: dict[type, Writer] = {
    int: _write_int,
    float: _write_float,
    list: _items(list),
    tuple: _tagged("t", _items(tuple)),
    dict: _pairs,
    set: _tagged("s", _items(set)),
    frozenset: _tagged("z", _items(frozenset)),
    bytes: _tagged("b", _write_bytes),
    bytearray: _tagged("B", _write_bytes),
    complex: _tagged("c", _numbers("real", "imag")),
    range: _tagged("r", _numbers("start", "stop", "step")),
    collections.deque: _tagged("q", _items(collections.deque)),
    bool: _write_bool,
    str: _write_str,
}
_FLATTENED = tuple(kind for kind in EXACT if kind is not bool)


def _write_deque(codec: Codec, value: Any, depth: int) -> Any:
    items = _items(collections.deque)(codec, value, depth)
    return {"q": items} if value.maxlen is None else {"Q": [value.maxlen, items]}


def _write_mapping(codec: Codec, value: Any, depth: int) -> Any:
    factory = getattr(value, "default_factory", None)
    try:
        made = codec.encode(factory, depth)
    except NotPlain:
        made = None
    return {"O": [type(value).__name__, _pairs(codec, value, depth)["d"], made]}


_MAPPINGS: dict[str, Any] = {
    "OrderedDict": lambda pairs, factory: collections.OrderedDict(pairs),
    "Counter": lambda pairs, factory: collections.Counter(dict(pairs)),
    "defaultdict": lambda pairs, factory: collections.defaultdict(factory, pairs),
}
EXACT[collections.deque] = _write_deque
for _name in _MAPPINGS:
    EXACT[getattr(collections, _name)] = _write_mapping


def _list(codec: Codec, body: Any, depth: int) -> list[Any]:
    if type(body) is not list:
        raise NotPlain("items must be an array")
    return [codec.decode(item, depth) for item in body]


def _made(kind: Any) -> Writer:
    return lambda codec, body, depth: kind(_list(codec, body, depth))


def _of_numbers(kind: Any) -> Writer:
    def read(codec: Codec, body: Any, depth: int) -> Any:
        parts = _list(codec, body, depth)
        if not all(isinstance(part, int | float) for part in parts):
            raise NotPlain("parts must be numbers")
        return kind(*parts)

    return read


def _read_dict(codec: Codec, body: Any, depth: int) -> dict[Any, Any]:
    return {codec.decode(key, depth): codec.decode(item, depth) for key, item in body}


def _read_mapping(codec: Codec, body: Any, depth: int) -> Any:
    name, pairs, factory = body
    return _MAPPINGS[name](list(_read_dict(codec, pairs, depth).items()), codec.decode(factory, depth))


def _read_time(codec: Codec, body: Any, depth: int) -> Any:
    kind, *parts = body
    module = import_module("datetime")
    if kind == "timedelta":
        return module.timedelta(*parts)
    return {"date": module.date, "time": module.time, "datetime": module.datetime}[kind].fromisoformat(*parts)


def _read_named(codec: Codec, body: Any, depth: int) -> Any:
    name, fields, items = body
    return collections.namedtuple(name, fields)(*_list(codec, items, depth))


def _read_array(codec: Codec, body: Any, depth: int) -> Any:
    numpy = import_module("numpy")
    kind, shape, flat = body
    if isinstance(kind, list):
        kind = [tuple(part) for part in kind]
    items = _list(codec, flat, depth)
    if kind == "|O":
        array = numpy.empty(len(items), kind)
        for place, item in enumerate(items):  # or lists would become rows
            array[place] = item
    else:
        array = numpy.array(items, None if numpy.dtype(kind).hasobject else kind)
    array = array.reshape(shape)
    return array if array.size or codec.mark_empty is None else codec.mark_empty(array)


def _read_scalar(codec: Codec, body: Any, depth: int) -> Any:
    return import_module("numpy").dtype(body[0]).type(codec.decode(body[1], depth))


def fields_of(thing: Any) -> list[tuple[str, Any]]:
    names = [name for kind in type(thing).__mro__ for name in _slots(kind) if hasattr(thing, name)]
    return [*((name, getattr(thing, name)) for name in names), *dict.items(getattr(thing, "__dict__", {}))]


def _slots(kind: type) -> list[str]:
    slots = kind.__dict__.get("__slots__", ())
    return [slots] if isinstance(slots, str) else [name for name in slots if name not in ("__dict__", "__weakref__")]


def _read_graph(codec: Codec, rows: Any, depth: int) -> Any:
    """Objects that hang together, the first meant; raises what comes of a malformed table."""
    outer, codec._made = codec._made, [object.__new__(codec.classes[name]) for name, _ in rows]
    try:
        for thing, (_, pairs) in zip(codec._made, rows, strict=True):
            for name, item in pairs:
                if type(name) is not str or name.startswith("__"):
                    raise NotPlain("fields have names")
                object.__setattr__(thing, name, codec.decode(item, depth))
        return codec._made[0]
    finally:
        codec._made = outer


_READERS: dict[str, Writer] = {
    "t": _made(tuple),
    "s": _made(set),
    "z": _made(frozenset),
    "q": _made(collections.deque),
    "Q": lambda codec, body, depth: collections.deque(_list(codec, body[1], depth), body[0]),
    "d": _read_dict,
    "O": _read_mapping,
    "b": lambda codec, body, depth: binascii.a2b_base64(body, strict_mode=True),
    "B": lambda codec, body, depth: bytearray(binascii.a2b_base64(body, strict_mode=True)),
    "c": _of_numbers(complex),
    "r": _of_numbers(range),
    "F": lambda codec, body, depth: _of_numbers(import_module("fractions").Fraction)(codec, body, depth),
    "i": lambda codec, body, depth: int(body, 16),
    "f": lambda codec, body, depth: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[body],
    "D": lambda codec, body, depth: import_module("decimal").Decimal(body),
    "T": _read_time,
    "N": _read_named,
    "n": _read_scalar,
    "a": _read_array,
    "g": _read_graph,
    "o": lambda codec, body, depth: codec._made[body],
}
