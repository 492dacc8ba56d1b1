"""Two processes that use each other's functions and objects by messages: the tester and its candidate.

A message is a record of JSON. A request is ``[verb, handle, …]``; the answer is ``["r", value]``, ``["x", exception]``
or ``["stop", value]``, with what was printed meanwhile after it. While one side waits for an answer it serves the
other's requests, so callbacks nest. Plain values cross by value; what else a side gives away stays where it is, and
crosses as a handle ``{"h": [number, powers, type name, names of an exception's class, handle of its class]}``; a
handle that comes home is ``{"y": number}``. A function or class of the standard library crosses by name, from the
tester to the candidate only: ``{"k": "module:name"}``; built-in types also come the other way. ``E`` is an exception as a value, ``S`` a slice, ``V`` a view of a dict.

The tester's side is *strict*: it lets the candidate call what it was given, iterate it and read public attributes
of plain instances, and nothing that leads to frames, code or modules.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import sys
import types
import warnings
from _thread import RLock
from collections.abc import Callable
from typing import Any

from .classes import Remote
from .errors import Errors, names_of
from .files import is_path, lend
from .frames import NAMES, name_of, parts_of, rebuilt
from .lending import Lent
from .modules import RemoteModule
from .plain import OWN_MODULE
from .proxies import Proxy, abilities_of, proxy_class
from .sharing import SharingCodec
from .tables import NotPlain
from .verbs import VERBS, call

MAX_MESSAGE = 64 << 20
MAX_NESTING = 60
MAX_HANDLES = 100_000
_BY_NAME = ("builtins", "math", "operator", "functools", "itertools", "collections", "string", "statistics", "cmath")
_HIDDEN = (types.FrameType, types.CodeType, types.ModuleType, types.TracebackType)
_ITERATING = ("next", "send", "throw")
"""Verbs that may answer with the end of an iteration."""
_UNCOUNTED = ("describe", "abilities", "around", "module", "lent")
"""Verbs that no test asks for."""
_SINGLE = {"Ellipsis": ..., "NotImplemented": NotImplemented, "NoneType": type(None)}
_BY_PARTS: dict[str, Callable[[Any], list[Any]]] = {
    "pathlib:PosixPath": lambda path: [str(path)],
    "pathlib:PurePosixPath": lambda path: [str(path)],
    "uuid:UUID": lambda value: [str(value)],
    "array:array": lambda values: [values.typecode, values.tolist()],
    "datetime:timezone": lambda zone: [zone.utcoffset(None)],
    "zoneinfo:ZoneInfo": lambda zone: [zone.key],
    "ipaddress:IPv4Address": lambda address: [str(address)],
    "ipaddress:IPv6Address": lambda address: [str(address)],
    "ipaddress:IPv4Network": lambda network: [str(network)],
}
"""Types of the library that are rebuilt from arguments, crossing as ``P``."""
_VIEWS: dict[type, str] = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


class Gone(BaseException):
    """The other side has ended, or sent what is no message. Not an ``Exception``: no test may catch it by chance."""


class Link:
    """One end. Threads take turns."""

    def __init__(self, descriptor: int, *, strict: bool, classes: dict[str, type] | None = None) -> None:
        self._descriptor, self.strict = descriptor, strict
        self.codec = SharingCodec(classes, self._give, self._take)
        self.errors = Errors(self)
        self.lent = Lent(self)
        self._given: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._proxies: dict[int, Any] = {}
        self._homes: dict[int, tuple[Any, int]] = {}
        """Generators made here in place of the other side's, and their numbers."""
        self.constructors: set[int] = set()
        """Handles of the classes that the tests ask for by name."""
        self._made: set[int] = set()
        self._classes: dict[int, Any] = {}
        self._nesting = 0
        self._turn = RLock()
        self.gone = False
        self.opaque = False
        """Whether a comparison met a handle."""
        self.on_request: Callable[[bool], None] = lambda counts: None
        """Called before a request, with whether it is one of the tests' own."""
        self.on_answer: Callable[[], None] = lambda: None
        self.caught: Callable[[], list[Any]] = list
        """What this side has printed since it was last asked: text, text of errors, warnings; empty for nothing."""
        self.serves: dict[str, Callable[..., Any]] = {}
        """What the other side may ask for that is about no thing."""
        self.look: Callable[[], None] | None = None
        """Tells the other side what has changed around it, before it is asked for anything."""

    def request(self, verb: str, number: int, *rest: Any) -> Any:
        """Ask the other side and wait; raises what it raised. What a call gave is returned as it came."""
        with self._turn:
            if self._nesting >= MAX_NESTING:
                raise RecursionError("calls between tester and candidate are nested too deeply")
            if self.look is not None:
                self.look()
                for row in self.lent.changed() if verb != "lent" else ():
                    self.request("lent", 0, [row])
            self._nesting += 1
            self.on_request(verb not in _UNCOUNTED)
            try:
                self.send([verb, number, *rest])
                while True:
                    message = self.receive()
                    if message[0] in ("r", "x", "stop"):
                        if self.strict and len(message) > 2:
                            self._notice(message[2:])
                        return self._outcome(verb, message)
                    self.answer(message)
            except (NotPlain, IndexError, TypeError, ValueError) as error:
                if isinstance(error, NotPlain):
                    self._leave(f"malformed: {error}")
                raise
            finally:
                self._nesting -= 1
                self.on_answer()

    def _notice(self, rest: Any) -> None:
        caught, changed = rest
        _show(*caught)
        self.lent.told(changed)

    def _outcome(self, verb: str, message: Any) -> Any:
        if message[0] == "x":
            try:
                error = self.errors.rebuilt(message[1])
            except (NotPlain, LookupError, TypeError, ValueError, AttributeError) as why:
                self._leave(f"malformed: {why}")
            raise error
        if message[0] == "stop":
            if verb not in _ITERATING:  # else `zip(map(f, xs), wants)` would end with nothing compared
                raise self.errors.kind(["builtins:StopIteration"])("outside of an iteration")
            raise StopIteration(self.codec.decode(message[1]))
        if verb == "call":
            return message[1]
        return self.codec.decode(message[1])

    def call(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call what a handle stands for; mutable arguments are updated to what the other side made of them."""
        values = [*args, *kwargs.values()]
        with self._turn:
            for value in values if self.look is not None else ():
                if is_path(value):
                    lend(
                        value, lambda path, content: self.request("around", 0, "file", path, self.codec.encode(content))
                    )
            written, rows, objects = self.codec.encode_together(values)
            answer = self.request("call", number, written, list(kwargs), rows)
            try:
                written, rows, *lent = answer
                (result,), _ = self.codec.decode_together([written], rows, objects)
                for number, at in lent[0] if lent else ():
                    self.lent.keep(number, values[at])
            except (NotPlain, LookupError, TypeError, ValueError) as why:
                self._leave(f"malformed: {why}")
            if number in self.constructors and isinstance(result, Proxy):
                self._made.add(result._sandbox_number)
            return result

    def owns(self, thing: Any) -> bool:
        """Whether a thing is, or stands for, one of the other side's."""
        return self._number_of(thing) is not None

    def _number_of(self, thing: Any) -> int | None:
        """The handle of what a stand-in stands for."""
        kind: Any = type(thing)
        if issubclass(kind, Proxy | RemoteModule):
            return thing._sandbox_number if thing._sandbox_link is self else None
        return thing._sandbox_class if issubclass(kind, Remote) and thing._sandbox_link is self else None

    def operate(self, proxy: Proxy, name: str, *others: Any) -> Any:
        """Have the original do an operator; ``NotImplemented`` where it has none or the rule forbids it.

        Values of the tester's take part in the arithmetic and membership of an object that the test itself has just
        constructed, and that no other way has led to. With one whose class is derived from a plain type they meet in
        the tester, as plain values.
        """
        if self.strict and name not in _ALONE and not all(map(self.owns, others)):
            if proxy._sandbox_number not in self._made or name in _COMPARING:
                if "v" not in proxy._sandbox_powers or name[:3] == "__i":
                    return NotImplemented
                plain = self.plain(proxy)
                return getattr(plain, name)(*others) if hasattr(plain, name) else NotImplemented
        return self.request("op", proxy._sandbox_number, name, [self.codec.encode(other) for other in others])

    def plain(self, proxy: Any) -> Any:
        """The plain value of an original whose class is derived from a plain type."""
        return self.request("plain", proxy._sandbox_number)

    def is_instance(self, thing: Any, of: int) -> bool:
        """``isinstance``, asked of the side that has the class."""
        number = self._number_of(thing)
        return number is not None and self.request("isinstance", number, of) is True

    def is_subclass(self, thing: Any, of: int) -> bool:
        """``issubclass``, asked of the side that has the class."""
        number = self._number_of(thing)
        return number is not None and self.request("issubclass", number, of) is True

    def answer(self, message: Any) -> None:
        """Do what a request of the other side asks, and answer it."""
        try:
            answer: list[Any]
            verb, number, *rest = message
            if verb == "call":
                answer = ["r", call(self, self._given[number], *rest)]
            elif number == 0:
                answer = ["r", self.serves[verb](*rest)]
            else:
                write = self.lent.written if verb in _LENDING and not self.strict else self.codec.encode
                answer = ["r", write(VERBS[verb](self, self._given[number], *rest))]
        except Gone:
            raise
        except StopIteration as stop:
            answer = ["stop", self._encoded_or_none(stop.value)]
        except BaseException as error:  # noqa: BLE001 - whatever it raised is an answer, exits included
            answer = ["x", self.errors.told(error)]
        caught, changed = self.caught(), [] if self.strict else self.lent.changed()
        self.send([*answer, caught, changed] if caught or changed else answer)

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

    def given(self, number: Any) -> Any:
        """The thing that was given under a number; raises ``KeyError``."""
        return self._given[number]

    def _give(self, thing: Any) -> Any:
        kind = type(thing)
        if kind is types.FunctionType:  # what follows would come to the same, and look at much
            return {"h": [self.give(thing), "cf", kind.__name__]}
        home = self._number_of(thing)
        if home is not None:
            return {"y": home}
        if id(thing) in self._homes:
            return {"y": self._homes[id(thing)][1]}
        if kind is slice:
            return {"S": [self.codec.encode(part) for part in (thing.start, thing.stop, thing.step)]}
        if kind in _VIEWS:
            return {"V": [_VIEWS[kind], [self.codec.encode(item) for item in thing]]}
        for name, single in _SINGLE.items():
            if thing is single:
                return {"k": f"builtins:{name}"}
        if isinstance(thing, BaseException):
            return {"E": self.errors.told(thing)}
        if self.strict:
            known = _library_name(thing)
            if known is not None:
                return {"k": known}
            if isinstance(thing, _HIDDEN):
                raise TypeError(f"{kind.__name__} cannot be passed to the candidate")
        elif isinstance(thing, type) and thing.__module__ == "builtins":
            return {"k": f"builtins:{thing.__name__}"}
        title = name_of(thing) if kind.__module__.startswith("pandas") else None
        if title is not None:
            return {"A": [title, [self.codec.encode(part) for part in parts_of(title, thing)]]}
        for name, parts in _BY_PARTS.items():
            module, _, title = name.partition(":")
            if module in sys.modules and kind is getattr(sys.modules[module], title):
                return {"P": [name, [self.codec.encode(part) for part in parts(thing)]]}
        told: list[Any] = [self.give(thing), _powers(thing, self.codec), kind.__name__[:200]]
        if isinstance(thing, types.ModuleType):
            told[1:] = ["o", thing.__name__[:200]]
        elif isinstance(thing, type):
            told[2] = thing.__name__[:200]
            if issubclass(thing, BaseException):
                told.append(names_of(thing))
                self.errors.shared[told[-1][0]] = thing
        elif not self.strict and kind.__module__ == OWN_MODULE:
            told += [None, self.give(kind)]
        return {"h": told}

    def _take(self, tag: str, body: Any) -> Any:
        if tag == "h":
            return self._stand_in(*body)
        if tag == "y":
            return self._given[body]
        if tag == "k":
            return self._named(body)
        if tag == "E":
            return self.errors.rebuilt(body)
        if tag == "S":
            return slice(*[self.codec.decode(part) for part in body])
        if tag == "V":
            items: Any = [self.codec.decode(item) for item in body[1]]
            if body[0] == "values":
                return dict(enumerate(items)).values()
            return dict(items).items() if body[0] == "items" else dict.fromkeys(items).keys()
        if tag == "A" and body[0] in NAMES:
            return rebuilt(body[0], [self.codec.decode(part) for part in body[1]])
        if tag == "L":
            return self.lent.taken(*body)
        if tag == "P" and body[0] in _BY_PARTS:
            module, _, title = body[0].partition(":")
            return getattr(importlib.import_module(module), title)(*[self.codec.decode(part) for part in body[1]])
        raise NotPlain(f"unknown tag {tag[:20]!r}")

    def _stand_in(self, number: Any, powers: Any, name: Any, names: Any = None, kind: Any = None) -> Any:
        if names is not None:
            return self.errors.kind(names, int(number))
        self._made.discard(number)
        key = (int(number), str(powers), str(name))
        if self.strict and "t" in key[1]:
            return self._class(key[0], key[2])
        if self.strict and key[1] == "o":
            return RemoteModule(self, key[0], key[2])
        known = self._proxies.get(key[0])
        if known is None or known[0] != key:
            if kind is not None and not set("ag") & set(key[1]):
                stand_in: Any = object.__new__(self._class(int(kind), key[2]))
                Proxy.__init__(stand_in, key[0])
            else:
                stand_in = proxy_class(self, key[1], key[2])(key[0])
            known = self._proxies[key[0]] = (key, stand_in)
            if isinstance(known[1], types.GeneratorType | types.AsyncGeneratorType):
                self._homes[id(known[1])] = (known[1], key[0])
        if isinstance(known[1], types.CoroutineType):
            del self._proxies[key[0]]
        return known[1]

    def _class(self, number: int, name: str) -> Any:
        if number not in self._classes:
            self._classes[number] = Remote.stand_in(self, number, name)
        return self._classes[number]

    def keep_class(self, number: int, made: Any) -> None:
        """Have ``made`` stand for the original with this handle."""
        self._classes[number] = made

    def _named(self, body: Any) -> Any:
        module, _, name = body.partition(":")
        if module == "builtins" and name in _SINGLE:
            return _SINGLE[name]
        found: Any = importlib.import_module(module) if module in _BY_NAME else None
        if self.strict and (module != "builtins" or not isinstance(getattr(found, name, None), type)):
            raise NotPlain("only built-in types come by name")
        for part in name.split("."):
            found = getattr(found, part)
        return found

    def _encoded_or_none(self, value: Any) -> Any:
        try:
            return self.codec.encode(value)
        except NotPlain:
            return None


def _show(printed: Any = "", errors: Any = "", warned: Any = ()) -> None:
    """Where a test looks at what is printed, or warned of, let it see that of the candidate."""
    if type(printed) is str and printed and sys.stdout is not sys.__stdout__:
        sys.stdout.write(printed)
    if type(errors) is str and errors and sys.stderr is not sys.__stderr__:
        sys.stderr.write(errors)
    for names, text in warned:
        known = [getattr(builtins, str(name).partition(":")[2], None) for name in names]
        kinds = [kind for kind in known if isinstance(kind, type) and issubclass(kind, Warning)]
        warnings.warn_explicit(str(text), kinds[0] if kinds else UserWarning, "solution.py", 1)


_LENDING = ("get", "enter", "aenter")
"""Verbs that read a value off an object."""
_ALONE = ("__hash__", "__round__")
"""Operators whose operand, if any, is no value of a test."""
_COMPARING = ("__eq__", "__lt__", "__le__", "__gt__", "__ge__")


def _powers(thing: Any, codec: SharingCodec) -> str:
    """What the other side may do with a thing, as letters that ``proxies`` knows."""
    if isinstance(thing, types.CoroutineType):
        return "a"
    if isinstance(thing, types.GeneratorType):
        return "g"
    if isinstance(thing, types.AsyncGeneratorType):
        return "ag"
    return "t" if isinstance(thing, type) else abilities_of(type(thing), codec)


_NAMED = (type, types.BuiltinFunctionType, types.MethodDescriptorType)


def _library_name(thing: Any) -> str | None:
    """``module:name`` of a function or class of the standard library that means the same in any process."""
    if not isinstance(thing, _NAMED):
        return None
    owner = getattr(thing, "__objclass__", thing)
    module, name = str(getattr(owner, "__module__", "")), getattr(thing, "__qualname__", "")
    module = {"_operator": "operator", "_functools": "functools", "_collections": "collections"}.get(module, module)
    return f"{module}:{name}" if module in _BY_NAME and "<" not in name else None
