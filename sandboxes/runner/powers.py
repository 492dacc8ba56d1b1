"""Which stand-in a thing gets: its abilities as letters, and the class that has just these."""

from __future__ import annotations

import sys
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from .contexts import AsyncContext_, AsyncIterable_, AsyncIterator_, Awaitable_, Context_
from .descriptors import Getting_, Named_, Setting_
from .generators import async_generator, coroutine, generator
from .plain import OWN_MODULE, Codec
from .proxies import (
    Bytes_,
    Callable_,
    Class_,
    Container_,
    Dataclass_,
    Descriptor_,
    Function_,
    Iterable_,
    Iterator_,
    Keyed_,
    Path_,
    Proxy,
    Reversible_,
    Sized_,
    Unhashable_,
    View_,
)

if TYPE_CHECKING:
    from .link import Link

_POWERS: dict[str, type[Proxy]] = {
    "t": Class_,
    "f": Function_,
    "v": View_,
    "c": Callable_,
    "n": Iterator_,
    "i": Iterable_,
    "m": Container_,
    "l": Sized_,
    "r": Reversible_,
    "k": Keyed_,
    "u": Unhashable_,
    "B": Bytes_,
    "P": Path_,
    "d": Descriptor_,
    "w": Context_,
    "x": AsyncContext_,
    "y": AsyncIterator_,
    "z": AsyncIterable_,
    "A": Awaitable_,
    "D": Dataclass_,
    "G": Getting_,
    "S": Setting_,
    "N": Named_,
}


_ABILITIES = (
    ("m", "__contains__"),
    ("l", "__len__"),
    ("r", "__reversed__"),
    ("k", "__getitem__"),
    ("B", "__bytes__"),
    ("P", "__fspath__"),
    ("w", "__enter__"),
    ("x", "__aenter__"),
    ("y", "__anext__"),
    ("z", "__aiter__"),
    ("A", "__await__"),
)


_DESCRIBING = (("G", "__get__"), ("S", "__set__"), ("N", "__set_name__"))


def abilities_of(kind: Any, codec: Codec) -> str:
    """What the other side may do with an object of a class, as letters for ``abilities``."""
    powers = "c" if hasattr(kind, "__call__") else ""  # noqa: B004 - of its objects, not of itself
    powers += "n" if hasattr(kind, "__next__") else "i" if hasattr(kind, "__iter__") else ""
    for letter, name in _ABILITIES:
        powers += letter if hasattr(kind, name) else ""
    powers += "d" if kind.__module__ == "unittest.mock" and hasattr(kind, "__get__") else ""
    for letter, name in _DESCRIBING if kind.__module__ == OWN_MODULE else ():
        powers += letter if hasattr(kind, name) else ""
    powers += "u" if kind.__hash__ is None else ""
    powers += "D" if kind.__module__ != OWN_MODULE and hasattr(kind, "__dataclass_fields__") else ""
    powers += "b" if hasattr(kind, "__bool__") or hasattr(kind, "__len__") else ""
    equal: Any = kind.__eq__
    powers += "e" if equal is not object.__eq__ and not issubclass(kind, FunctionType) else ""
    return powers + ("v" if codec.is_plain(kind) else "")


def abilities(powers: str) -> tuple[type[Proxy], ...]:
    """The base classes of a stand-in that can so much."""
    bases = tuple(_POWERS[power] for power in _POWERS if power in powers)
    return tuple(base for base in bases if not any(base in other.__mro__[1:] for other in bases)) or (Proxy,)


METHOD = ("ce", "method")
"""Powers and name of the class of a bound method."""
LIBRARY = {
    "re": ("Match",),
    "argparse": ("Namespace", "ArgumentParser"),
    "types": ("SimpleNamespace", "MappingProxyType"),
    "builtins": ("zip", "map", "filter", "enumerate", "reversed", "property"),
    "itertools": ("chain", "count", "cycle", "islice", "product", "permutations", "combinations", "accumulate"),
    "functools": ("partial", "cached_property"),
    "collections": ("ChainMap", "UserDict", "UserList", "UserString"),
    "_io": ("StringIO", "BytesIO", "TextIOWrapper", "BufferedReader", "BufferedWriter"),
    "logging": ("Logger",),
    "queue": ("Queue", "PriorityQueue", "LifoQueue"),
    "threading": ("Thread", "Event", "Timer", "Condition", "Semaphore", "Barrier"),
    "asyncio.queues": ("Queue",),
    "string": ("Template", "Formatter"),
    "configparser": ("ConfigParser",),
    "email.message": ("Message", "EmailMessage"),
    "statistics": ("NormalDist",),
    "networkx.classes.graph": ("Graph",),
    "networkx.classes.digraph": ("DiGraph",),
    "networkx.classes.multigraph": ("MultiGraph",),
    "networkx.classes.multidigraph": ("MultiDiGraph",),
    "sortedcontainers.sortedlist": ("SortedList", "SortedKeyList"),
    "sortedcontainers.sorteddict": ("SortedDict",),
    "sortedcontainers.sortedset": ("SortedSet",),
    "concurrent.futures._base": ("Future",),
    "sqlite3": ("Connection", "Cursor", "Row"),
    "xml.etree.ElementTree": ("Element",),
    "random": ("Random",),
    "numpy.random._generator": ("Generator",),
    "numpy.random.mtrand": ("RandomState",),
}
"""Classes of the library whose objects are known by ``isinstance`` to be theirs."""


def _of_the_library(title: str) -> Any:
    module, _, name = title.partition(":")
    return getattr(sys.modules.get(module), name, None) if name in LIBRARY.get(module, ()) else None


def proxy_class(link: Link, powers: str, name: str, title: str = "") -> Any:
    """The class of stand-ins with these abilities; for a coroutine or generator, a function that makes one of ours."""
    if powers == "a":
        return lambda number: coroutine(link, number)
    if powers == "g":
        return lambda number: generator(link, number)
    if powers == "ag":
        return lambda number: async_generator(link, number)
    made: dict[tuple[str, str, str], type] = link.__dict__.setdefault("_kinds", {})
    if (powers, name, title) not in made:
        bases = abilities(powers)
        own = {"__slots__": (), **{name: Proxy.__dict__[name] for name in ("__doc__", "__module__")}}
        own |= {"_sandbox_link": link, "_sandbox_powers": powers}
        known = MethodType if (powers, name) == METHOD else _of_the_library(title)
        if known is not None:
            own["__class__"] = property(lambda proxy: known)
        made[powers, name, title] = type(name if name.isprintable() else "object", bases, own)
    return made[powers, name, title]
