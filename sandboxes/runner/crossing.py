"""What crosses between tester and candidate without being plain: handles, stand-ins, names, parts.

A function or class of the standard library crosses by name, from the tester to the candidate only; built-in types also
come the other way. All else that is no value stays where it is and crosses as a handle: a number.
"""

from __future__ import annotations

import importlib
import re
import sys
import types
from collections.abc import Callable
from itertools import count
from typing import Any

from .classes import Remote
from .errors import Errors, names_of
from .frames import NAMES, SINGLE, name_of, parts_of, rebuilt
from .hints import hint_of, hint_parts
from .lending import Lent
from .modules import RemoteModule
from .plain import OWN_MODULE
from .powers import LIBRARY, METHOD, abilities_of, proxy_class
from .proxies import Proxy
from .sharing import SharingCodec
from .tables import NotPlain

MAX_HANDLES = 100_000
_BY_NAME = (
    *("builtins", "math", "operator", "functools", "itertools", "collections", "string", "statistics", "cmath"),
    "numpy",
)
FUNCTION = ("cf", "function")
"""Powers and name of the class of a function."""
_HIDDEN = (types.FrameType, types.CodeType, types.ModuleType, types.TracebackType)
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
    "ipaddress:IPv4Interface": lambda interface: [str(interface)],
    "numpy:dtype": lambda kind: [kind.str],
}
"""Types of the library that are rebuilt from arguments, crossing as ``P``."""
_VIEWS: dict[type, str] = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


class Crossing:
    """What one end of a link has given away, and what stands here for the other's."""

    def __init__(self, link: Any, *, strict: bool) -> None:
        self.strict, self._link = strict, link
        self.codec = SharingCodec({}, self._give, self._take)
        self.errors, self.lent = Errors(link), Lent(link)
        self._given: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._numbering = count(1)
        self._proxies: dict[int, Any] = {}
        self._homes: dict[int, tuple[Any, int]] = {}
        """Generators made here in place of the other side's, and their numbers."""
        self._made: set[int] = set()
        """Handles of objects that a test has constructed and that nothing else has led to since."""
        self._classes: dict[int, Any] = {}

    def owns(self, thing: Any) -> bool:
        """Whether a thing is, or stands for, one of the other side's."""
        return self.number_of(thing) is not None

    def number_of(self, thing: Any) -> int | None:
        """The handle of what a stand-in stands for."""
        kind: Any = type(thing)
        if issubclass(kind, Proxy | RemoteModule):
            return thing._sandbox_number if thing._sandbox_link is self else None
        return thing._sandbox_class if issubclass(kind, Remote) and thing._sandbox_link is self else None

    def give(self, thing: Any) -> int:
        """Keep a thing for the other side; its number."""
        number = self._numbers.get(id(thing))
        if number is None:
            if len(self._given) >= MAX_HANDLES:
                raise MemoryError("too many handles")
            number = next(self._numbering)
            self._given[number], self._numbers[id(thing)] = thing, number
        return number

    def given(self, number: Any) -> Any:
        """The thing that was given under a number; raises ``KeyError``."""
        return self._given[number]

    def _give(self, thing: Any) -> Any:
        kind = type(thing)
        if kind is types.FunctionType:  # what follows would come to the same, and look at much
            return {"h": [self.give(thing), *FUNCTION]}
        if kind is types.MethodType:
            return {"h": [self.give(thing), *METHOD]}
        home = self.number_of(thing)
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
        hint = hint_parts(thing) if kind.__module__ in ("typing", "types") else None
        if hint is not None:
            return {"Y": [hint[0], self.codec.encode(hint[1])]}
        if kind is re.Pattern:
            return {"P": ["re:compile", [thing.pattern, thing.flags]]}
        like = kind.__mro__[-2] if kind.__module__ == "numpy.dtypes" else kind
        for name, parts in _BY_PARTS.items():
            module, _, title = name.partition(":")
            if module in sys.modules and like is getattr(sys.modules[module], title):
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
        elif kind.__name__ in LIBRARY.get(kind.__module__, ()):
            told += [None, None, f"{kind.__module__}:{kind.__name__}"]
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
        if tag == "A" and body[0] in (*NAMES, *SINGLE):
            return rebuilt(body[0], [self.codec.decode(part) for part in body[1]])
        if tag == "Y":
            return hint_of(str(body[0]), self.codec.decode(body[1]))
        if tag == "L":
            return self.lent.taken(*body)
        if tag == "P" and (body[0] in _BY_PARTS or body[0] == "re:compile"):
            module, _, title = body[0].partition(":")
            return getattr(importlib.import_module(module), title)(*[self.codec.decode(part) for part in body[1]])
        raise NotPlain(f"unknown tag {tag[:20]!r}")

    def _stand_in(
        self, number: Any, powers: Any, name: Any, names: Any = None, kind: Any = None, title: Any = ""
    ) -> Any:
        if names is not None:
            return self.errors.kind(names, int(number))
        self._made.discard(number)
        key = (int(number), str(powers), str(name))
        if self.strict and "t" in key[1]:
            return self._class(key[0], key[2])
        if self.strict and key[1] == "o":
            return RemoteModule(self._link, key[0], key[2])
        known = self._proxies.get(key[0])
        if known is None or known[0] != key:
            if kind is not None and not set("ag") & set(key[1]):
                stand_in: Any = object.__new__(self._class(int(kind), key[2]))
                Proxy.__init__(stand_in, key[0])
            else:
                stand_in = proxy_class(self._link, key[1], key[2], str(title))(key[0])
            known = self._proxies[key[0]] = (key, stand_in)
            if isinstance(known[1], types.GeneratorType | types.AsyncGeneratorType):
                self._homes[id(known[1])] = (known[1], key[0])
        if isinstance(known[1], types.CoroutineType):
            del self._proxies[key[0]]
        return known[1]

    def _class(self, number: int, name: str) -> Any:
        if number not in self._classes:
            self._classes[number] = Remote.stand_in(self._link, number, name)
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
        if self.strict and issubclass(found, type):  # a callback that calls it would make classes here
            raise NotPlain("metaclasses do not come by name")
        return self.errors.narrow(found) if self.strict else found


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
