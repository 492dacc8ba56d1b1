"""Two processes that use each other's functions and objects by messages: the tester and its candidate.

A message is a record of JSON. A request is ``[verb, handle, …]``; the answer is ``["r", value, changes]``,
``["x", exception]`` or ``["stop", value]``. While one side waits for an answer it serves the other's requests, so
callbacks nest. Plain values cross by value; what else a side gives away stays where it is, and crosses as a handle
``{"h": [number, powers, type name]}``; a handle that comes home is ``{"y": number}``. A function or class of
the standard library crosses by name, from the tester to the candidate only: ``{"k": "module:name"}``.

The tester's side is *strict*: it lets the candidate call what it was given, iterate it and read public attributes
of plain instances, and nothing that leads to frames, code or modules.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from .plain import Codec, NotPlain
from .proxies import proxy_class

MAX_MESSAGE = 64 << 20
MAX_NESTING = 60
MAX_HANDLES = 100_000
_BY_NAME = ("builtins", "math", "operator", "functools", "itertools", "collections", "string", "statistics", "cmath")
_HIDDEN = (types.FrameType, types.CodeType, types.ModuleType, types.TracebackType)
_MUTABLE = (list, dict, set, bytearray)
_ITERATING = ("next", "send")
"""Verbs that may answer with the end of an iteration."""


class Gone(BaseException):
    """The other side has ended, or sent what is no message. Not an ``Exception``: no test may catch it by chance."""


class Remote(Exception):
    """Something that the candidate raised, where its type cannot be rebuilt here."""


class Link:
    """One end."""

    def __init__(self, descriptor: int, *, strict: bool, classes: dict[str, type] | None = None) -> None:
        self._descriptor, self._strict = descriptor, strict
        self.codec = Codec(classes, self._give, self._take)
        self._given: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._nesting = 0
        self.gone = False
        self.opaque = False
        """Whether a comparison met a handle."""
        self.on_request: Callable[[], None] = lambda: None
        self.on_answer: Callable[[], None] = lambda: None

    def request(self, verb: str, number: int, *rest: Any, changes: tuple[Any, ...] = ()) -> Any:
        """Ask the other side and wait; raises what it raised. ``changes`` are updated in place from the answer."""
        if self._nesting >= MAX_NESTING:
            raise RecursionError("calls between tester and candidate are nested too deeply")
        self._nesting += 1
        self.on_request()
        try:
            self.send([verb, number, *rest])
            while True:
                message = self.receive()
                if message[0] == "r":
                    for old, new in zip(changes, message[2] or (), strict=False):
                        _update(old, self.codec.decode(new))
                    return self.codec.decode(message[1])
                if message[0] == "x":
                    raise self._rebuilt(message[1])
                if message[0] == "stop":
                    if verb not in _ITERATING:  # else `zip(map(f, xs), wants)` would end with nothing compared
                        raise Remote("StopIteration")
                    raise StopIteration(self.codec.decode(message[1]))
                self.answer(message)
        except (NotPlain, IndexError, TypeError, ValueError) as error:
            if isinstance(error, NotPlain):
                self._leave(f"malformed: {error}")
            raise
        finally:
            self._nesting -= 1
            self.on_answer()

    def call(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call what a handle stands for; mutable arguments are updated to what the other side made of them."""
        encode = self.codec.encode
        written = [encode(item) for item in args]
        return self.request("call", number, written, encode(kwargs), changes=args)

    def answer(self, message: Any) -> None:
        """Do what a request of the other side asks, and answer it."""
        try:
            verb, number, *rest = message
            thing = self._given[number]
            result = _VERBS[verb](self, thing, *rest)
            answer = ["r", self.codec.encode(result[0]), result[1]]
        except Gone:
            raise
        except StopIteration as stop:
            answer = ["stop", self._encoded_or_none(stop.value)]
        except BaseException as error:  # noqa: BLE001 - whatever it raised is an answer, exits included
            answer = ["x", self._exception(error)]
        self.send(answer)

    def send(self, message: Any) -> None:
        """One message out; raises ``Gone``."""
        text = json.dumps(message).encode()
        view = memoryview(len(text).to_bytes(4, "little") + text)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            self._leave("it has ended")

    def receive(self) -> Any:
        """One message in; raises ``Gone``."""
        size = int.from_bytes(self._exactly(4), "little")
        if size > MAX_MESSAGE:
            self._leave("too large")
        try:
            message = json.loads(self._exactly(size))
        except (ValueError, RecursionError):
            self._leave("no JSON")
        if type(message) is not list or not message or type(message[0]) is not str:
            self._leave("no message")
        return message

    def _exactly(self, size: int) -> bytes:
        chunks = []
        while size:
            try:
                data = os.read(self._descriptor, min(size, 1 << 20))
            except OSError:
                data = b""
            if not data:
                self._leave("it has ended")
            chunks.append(data)
            size -= len(data)
        return b"".join(chunks)

    def _leave(self, why: str) -> Any:
        self.gone = True
        raise Gone(why)

    def give(self, thing: Any) -> int:
        """Keep a thing for the other side; its number."""
        number = self._numbers.get(id(thing))
        if number is None:
            if len(self._given) >= MAX_HANDLES:
                raise MemoryError("too many handles")
            number = len(self._given) + 1
            self._given[number], self._numbers[id(thing)] = thing, number
        return number

    def _give(self, thing: Any) -> Any:
        home = getattr(type(thing), "_sandbox_link", None)
        if home is self:
            return {"y": thing._sandbox_number}
        if self._strict:
            name = _library_name(thing)
            if name is not None:
                return {"k": name}
            if isinstance(thing, _HIDDEN):
                raise TypeError(f"{type(thing).__name__} cannot be passed to the candidate")
        elif isinstance(thing, type) and thing.__module__ == "builtins":
            return {"k": f"builtins:{thing.__name__}"}
        return {"h": [self.give(thing), _powers(thing, self._strict), type(thing).__name__[:200]]}

    def _take(self, tag: str, body: Any) -> Any:
        if tag == "h":
            number, powers, name = body
            return proxy_class(self, str(powers), str(name))(int(number))
        if tag == "y":
            return self._given[body]
        if tag == "k":
            module, _, name = body.partition(":")
            found: Any = importlib.import_module(module) if module in _BY_NAME else None
            if self._strict and (module != "builtins" or not isinstance(getattr(found, name, None), type)):
                raise NotPlain("only built-in types come by name")
            for part in name.split("."):
                found = getattr(found, part)
            return found
        raise NotPlain(f"unknown tag {tag[:20]!r}")

    def _encoded_or_none(self, value: Any) -> Any:
        try:
            return self.codec.encode(value)
        except NotPlain:
            return None

    def _exception(self, error: BaseException) -> dict[str, Any]:
        try:
            args = [self.codec.encode(item) for item in error.args]
        except BaseException:  # noqa: BLE001 - arguments that cannot cross are replaced by the text
            args = [_text(error)]
        names = [kind.__name__ for kind in type.__dict__["__mro__"].__get__(type(error))]
        return {"names": names[:50], "args": args, "text": _text(error)}

    def _rebuilt(self, told: Any) -> BaseException:
        """The nearest type of ours, never one that ends or fails a test by itself."""
        names = [str(name) for name in told["names"]]
        for name in names:
            kind = self.codec.classes.get(name) or getattr(sys.modules["builtins"], name, None)
            if not (isinstance(kind, type) and issubclass(kind, Exception)):
                continue
            if issubclass(kind, AssertionError | StopIteration | StopAsyncIteration):
                break
            if kind is Exception and names[0] != "Exception":
                break
            try:
                return kind(*[self.codec.decode(item) for item in told["args"]])
            except Exception:  # noqa: BLE001 - a type that wants other arguments
                return Remote(f"{names[0]}: {told['text']}")
        return Remote(f"{names[0] if names else '?'}: {told['text']}")


def _call(link: Link, thing: Any, written: Any, kwargs: Any) -> tuple[Any, Any]:
    codec = link.codec
    args = [codec.decode(item) for item in written]
    result = thing(*args, **codec.decode(kwargs))
    if not any(_is_mutable(codec, item) for item in args):
        return result, None
    after = [_after(codec, item, old) for item, old in zip(args, written, strict=True)]
    return result, None if after == written else after


def _is_mutable(codec: Codec, item: Any) -> bool:
    if isinstance(item, _MUTABLE) or hasattr(item, "maxlen") or _is_array(item):
        return True
    return type(item).__name__ in codec.classes


def _after(codec: Codec, item: Any, before: Any) -> Any:
    try:
        return codec.encode(item)
    except NotPlain:
        return before


def _is_array(item: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(item, numpy.ndarray)


def _attribute(link: Link, thing: Any, name: str) -> tuple[Any, Any]:
    if type(name) is not str or name.startswith("_"):
        raise AttributeError(name)
    if link._strict and (callable(thing) or isinstance(thing, types.GeneratorType | types.CoroutineType)):
        raise AttributeError(name)
    value = getattr(thing, name)
    return value, None


def _assign(link: Link, thing: Any, name: str, value: Any) -> tuple[Any, Any]:
    if type(name) is not str or name.startswith("_"):
        raise AttributeError(name)
    if link._strict and not hasattr(thing, "__dict__"):
        raise AttributeError(name)
    setattr(thing, name, link.codec.decode(value))
    return None, None


def _await(link: Link, thing: Any) -> tuple[Any, Any]:
    import asyncio

    async def outer() -> Any:
        return await thing

    return asyncio.run(outer()), None


_VERBS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "call": _call,
    "get": _attribute,
    "set": _assign,
    "await": _await,
    "next": lambda link, thing: (next(thing), None),
    "send": lambda link, thing, value: (thing.send(link.codec.decode(value)), None),
    "close": lambda link, thing: (thing.close(), None),
    "iter": lambda link, thing: (_Iteration(iter(thing)), None),
    "len": lambda link, thing: (int(len(thing)), None),
    "item": lambda link, thing, key: (thing[link.codec.decode(key)], None),
    "setitem": lambda link, thing, key, value: (
        thing.__setitem__(link.codec.decode(key), link.codec.decode(value)),
        None,
    ),
    "delitem": lambda link, thing, key: (thing.__delitem__(link.codec.decode(key)), None),
    "text": lambda link, thing, kind: (str(repr(thing) if kind == "r" else str(thing)), None),
    "enter": lambda link, thing: (thing.__enter__(), None),
    "exit": lambda link, thing: (thing.__exit__(None, None, None), None),
}


class _Iteration:
    """An iterator that is given away even where its type is plain."""

    def __init__(self, inner: Iterator[Any]) -> None:
        self._inner = inner

    def __iter__(self) -> _Iteration:
        return self

    def __next__(self) -> Any:
        return next(self._inner)


def _powers(thing: Any, strict: bool) -> str:
    """What the other side may do with a thing, as letters that ``proxies`` knows."""
    kind = type(thing)
    powers = "c" if callable(thing) else ""
    if isinstance(thing, types.CoroutineType):
        return "a"
    powers += "n" if hasattr(kind, "__next__") else "i" if hasattr(kind, "__iter__") else ""
    powers += "g" if hasattr(kind, "send") and hasattr(kind, "__next__") else ""
    powers += "l" if hasattr(kind, "__len__") else ""
    powers += "k" if hasattr(kind, "__getitem__") else ""
    powers += "w" if hasattr(kind, "__enter__") else ""
    return powers


def _library_name(thing: Any) -> str | None:
    """``module:name`` of a function or class of the standard library that means the same in any process."""
    if not isinstance(thing, type | types.BuiltinFunctionType | types.MethodDescriptorType):
        return None
    owner = getattr(thing, "__objclass__", thing)
    module, name = str(getattr(owner, "__module__", "")), getattr(thing, "__qualname__", "")
    module = {"_operator": "operator", "_functools": "functools", "_collections": "collections"}.get(module, module)
    return f"{module}:{name}" if module in _BY_NAME and "<" not in name else None


def _update(old: Any, new: Any) -> None:
    """Make a mutable argument what it became on the other side, in place as deep as the shapes agree."""
    if type(old) is list and type(new) is list:
        if len(old) == len(new):
            for at, (before, after) in enumerate(zip(list(old), new, strict=True)):
                if type(before) in _MUTABLE and type(before) is type(after):
                    _update(before, after)
                else:
                    old[at] = after
        else:
            old[:] = new
    elif type(old) is dict and type(new) is dict:
        merged = {key: old[key] if key in old and _same_kind(old[key], value) else value for key, value in new.items()}
        for key, value in new.items():
            if merged[key] is not value:
                _update(merged[key], value)
        old.clear()
        old.update(merged)
    elif isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, list | bytearray) and isinstance(new, list | bytearray):
        old[:] = new
    elif isinstance(old, dict) and isinstance(new, dict):
        old.clear()
        old.update(new)
    elif _is_array(old) and _is_array(new) and old.shape == new.shape:
        old[...] = new
    elif hasattr(old, "maxlen") and hasattr(new, "maxlen"):
        old.clear()
        old.extend(new)
    elif type(old) is type(new) and isinstance(getattr(old, "__dict__", None), dict):
        old.__dict__.update(new.__dict__)


def _same_kind(before: Any, after: Any) -> bool:
    return type(before) in _MUTABLE and type(before) is type(after)


def _text(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except BaseException:  # noqa: BLE001 - an exception whose text cannot be had
        return ""
