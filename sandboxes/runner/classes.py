"""Classes of the program, as real classes in the tester's process.

So ``type(x) is Cls``, ``isinstance`` and pattern matching see what they would see in one process. Nothing of the
original is in them: making an object, reading an attribute, iterating over an enumeration is asked of the candidate.

A test may derive from one. Then the class is made in the candidate, from the original and stubs that call the
test's functions; here it has a counterpart, in whose methods ``super()`` leads to the originals.
"""

from __future__ import annotations

import abc
import sys
import types
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .inspection import fields_of, signature
from .plain import OWN_MODULE
from .powers import abilities
from .proxies import Proxy
from .sizes import counted

if TYPE_CHECKING:
    from .link import Link

_LEFT_OUT = ("__module__", "__qualname__", "__classcell__", "__doc__", "__dict__", "__weakref__", "__slots__")
_MOST_BASES = 50
PROTOCOL = "protocol"
"""Stands in the place of a module's name before the members of a protocol."""


class Remote(type):  # their metaclass; without a docstring: ``__doc__`` is the original's
    _sandbox_link: Link
    _sandbox_class: int
    """The handle of the original."""

    def __new__(cls, name: str, bases: tuple[type, ...], names: dict[str, Any], /, **options: Any) -> Any:
        """Called by a ``class`` statement of the tests: derive from the program's class."""
        base = next(base for base in bases if isinstance(base, Remote))
        link = base._sandbox_link
        members = [[key, *_written(link, value)] for key, value in names.items() if key not in _LEFT_OUT]
        number = link.request("derive", 0, name, [link.codec.encode(base) for base in bases], members, options)
        methods = [str(key) for key in link.request("methods", base._sandbox_class)]
        methods = [key for key in methods if key[:2] != "__" or key == "__init__"]
        shim = {key: _Super(link, base._sandbox_class, key) for key in methods}
        here = {key: value for key, value in names.items() if not link.owns(value)}  # else a descriptor would be none
        own = {key: value for key, value in here.items() if key[:2] != "__" or key in ("__init__", *_LEFT_OUT)}
        above = cls._made(link, base._sandbox_class, base.__name__, bases, shim, base._sandbox_powers)
        powers = str(link.request("abilities", number))
        made = cls._made(link, number, name, (above,), own, powers)
        link.keep_class(number, made)
        return made

    def __init__(cls, name: str, bases: tuple[type, ...], names: dict[str, Any], /, **options: Any) -> None:
        super().__init__(name, bases, names)

    @classmethod
    def _made(
        cls, link: Link, number: int, name: str, bases: tuple[type, ...], names: dict[str, Any], powers: str
    ) -> Any:
        have = {base for above in bases for base in above.__mro__}
        mixed = tuple(base for base in abilities(powers) if base not in have)
        own = {"__slots__": (), "__module__": OWN_MODULE, **names}
        own |= {"_sandbox_link": link, "_sandbox_class": number, "_sandbox_powers": powers}
        return type.__new__(cls, name if name.isprintable() else "object", (*mixed, *bases), own)

    @classmethod
    def stand_in(cls, link: Link, number: int, name: str) -> Any:
        """The class that stands for the original with this handle."""
        bases, powers, qualified, text, abstract, library = link.request("describe", number)
        above = tuple(base for base in bases[:_MOST_BASES] if isinstance(base, Remote))
        names = {"__qualname__": str(qualified), "__doc__": Proxy.__dict__["__doc__"], "_sandbox_text": text}
        try:
            made = cls._made(link, number, name, above, names, str(powers))
        except TypeError:  # an order of bases that Python does not take
            made = cls._made(link, number, name, (), names, str(powers))
        if abstract:
            type.__setattr__(made, "__abstractmethods__", frozenset(map(str, abstract)))
        for base in library[:_MOST_BASES]:
            register(made, str(base))
        return made

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls._sandbox_link.call(cls._sandbox_class, args, kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name == "__dataclass_fields__":
            return fields_of(cls._sandbox_link, cls._sandbox_class)
        if name == "__signature__":
            return signature(cls._sandbox_link, cls._sandbox_class)
        if name.startswith(("_sandbox", "__array", "__abstract")):
            raise AttributeError(name)
        return cls._sandbox_link.request("get", cls._sandbox_class, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            cls._sandbox_link.request("set", cls._sandbox_class, name, cls._sandbox_link.codec.encode(value))

    def __delattr__(cls, name: str) -> None:
        cls._sandbox_link.request("del", cls._sandbox_class, name)

    @property  # type: ignore[misc]
    def __dict__(cls) -> Any:  # type: ignore[override] # of the original: ``monkeypatch`` looks there
        return _Names(cls)

    @property
    def __doc__(cls) -> Any:  # type: ignore[override] # of the original, or of a class that the tests derive
        own = own_names(cls)
        return own["_sandbox_text"] if "_sandbox_text" in own else own.get("__doc__")

    @property
    def __annotations__(cls) -> Any:  # type: ignore[override] # of the original
        return cls._sandbox_link.request("get", cls._sandbox_class, "__annotations__")

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls._sandbox_link.owns(instance):
            return cls._sandbox_link.is_instance(instance, cls._sandbox_class)
        wanted = own_names(cls).get("_sandbox_protocol")
        if wanted is not None:
            return all(hasattr(instance, name) for name in wanted)
        return super().__instancecheck__(instance)  # a mock that says so

    def __subclasscheck__(cls, other: Any) -> bool:
        return cls is other or cls._sandbox_link.is_subclass(other, cls._sandbox_class)

    def __bool__(cls) -> bool:
        return True

    def __iter__(cls) -> Any:
        size = own_names(cls).get("_sandbox_size", 0)
        return counted(cls._sandbox_link.request("iter", cls._sandbox_class), size)

    def __len__(cls) -> int:
        size = int(cls._sandbox_link.request("len", cls._sandbox_class))
        type.__setattr__(cls, "_sandbox_size", size)
        return size

    def __contains__(cls, item: Any) -> bool:
        return any(other is item or other == item for other in cls)

    def __getitem__(cls, key: Any) -> Any:
        return cls._sandbox_link.request("item", cls._sandbox_class, cls._sandbox_link.codec.encode(key))

    def __dir__(cls) -> list[str]:
        return [str(name) for name in cls._sandbox_link.request("dir", cls._sandbox_class)]

    def __repr__(cls) -> str:
        return str(cls._sandbox_link.request("text", cls._sandbox_class, "r"))


def own_names(cls: type) -> Any:
    """The dictionary of a class that is made here."""
    return type.__dict__["__dict__"].__get__(cls)


class _Names(Mapping[str, Any]):
    """``__dict__`` of a class of the program: what the original has, and what its counterpart has beside that."""

    def __init__(self, cls: Any) -> None:
        self._link, self._number, self._here = cls._sandbox_link, cls._sandbox_class, own_names(cls)
        self._there = [str(name) for name in self._link.request("names", self._number)]

    def __getitem__(self, name: str) -> Any:
        if name in self._there and name[:2] != "__":
            return self._link.request("own", self._number, name)
        return self._here[name]

    def __iter__(self) -> Iterator[str]:
        there = [name for name in self._there if name[:2] != "__"]
        return iter(dict.fromkeys([*there, *(name for name in self._here if not name.startswith("_sandbox"))]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def register(made: Any, base: str) -> None:
    """Have ``isinstance`` know of a class of the library that the original of ``made`` is derived from."""
    module, _, name = base.partition(":")
    if module == PROTOCOL:
        type.__setattr__(made, "_sandbox_protocol", name.split())
    if module not in _KNOWN or module not in sys.modules:
        return
    found = getattr(sys.modules[module], name, None)
    if module == "enum" and isinstance(found, type):
        type.__setattr__(made, "_sandbox_enum", (*own_names(made).get("_sandbox_enum", ()), found))
        _let_enums_know()
    elif isinstance(found, abc.ABCMeta):
        found.register(made)


_KNOWN = ("enum", "collections.abc", "numbers", "contextlib", "typing", "abc")


def _let_enums_know() -> None:
    """Have ``isinstance(Color.RED, Enum)`` hold; an enumeration has a metaclass that no class here can share."""
    enum: Any = sys.modules["enum"]

    def knows(cls: Any, other: Any) -> bool:
        return cls in own_names(other).get("_sandbox_enum", ())

    enum.EnumType.__subclasscheck__ = lambda cls, other: knows(cls, other) or type.__subclasscheck__(cls, other)
    enum.EnumType.__instancecheck__ = lambda cls, thing: knows(cls, type(thing)) or type.__instancecheck__(cls, thing)


class _Super:
    """A method of the original, for ``super()`` in a class that a test derived."""

    def __init__(self, link: Link, number: int, name: str) -> None:
        self._link, self._number, self._name = link, number, name

    def __get__(self, thing: Any, kind: Any = None) -> Any:
        if thing is None:
            return self._link.request("get", self._number, self._name)
        return self._link.request("bound", self._number, self._name, self._link.codec.encode(thing))


def _written(link: Link, value: Any) -> list[Any]:
    """A member of a class that a test derives: its kind and what of the test's it calls."""
    encode = link.codec.encode
    if isinstance(value, types.FunctionType):
        return ["f", encode(value)]
    if isinstance(value, staticmethod | classmethod):
        return ["s" if isinstance(value, staticmethod) else "c", encode(value.__func__)]
    if isinstance(value, property):
        return ["p", [encode(part) for part in (value.fget, value.fset, value.fdel)]]
    return ["v", encode(value)]


# What follows is the candidate's side of it.


def derive(link: Link, name: str, bases: Any, members: Any, options: Any) -> int:
    """Make a class of a test's; its handle."""
    names = {str(key): _member(link, kind, written) for key, kind, written in members}
    above = tuple(link.codec.decode(base) for base in bases)
    made = types.new_class(name, above, options, lambda own: own.update({**names, "__module__": OWN_MODULE}))
    return link.give(made)


def _member(link: Link, kind: str, written: Any) -> Any:
    if kind == "p":
        return property(*[link.codec.decode(part) for part in written])
    value = link.codec.decode(written)
    if kind == "v":
        return value

    def stub(*args: Any, **kwargs: Any) -> Any:
        return value(*args, **kwargs)

    return stub if kind == "f" else staticmethod(stub) if kind == "s" else classmethod(stub)


def methods(kind: type) -> list[str]:
    """Names of the functions of a class of the program, for ``super()``."""
    own = [base for base in kind.__mro__ if base.__module__ == OWN_MODULE]
    found = {name for base in own for name, value in vars(base).items() if isinstance(value, types.FunctionType)}
    return ["__init__", *sorted(name for name in found if name[:2] != "__")]


def bound(kind: type, name: str, thing: Any) -> Any:
    """A method as ``super()`` finds it, from ``kind`` on."""
    home = next(base for base in kind.__mro__ if name in vars(base))
    return vars(home)[name].__get__(thing, type(thing))
