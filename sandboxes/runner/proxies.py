"""Stand-ins for objects of the other process.

A stand-in is equal to itself alone, true, unordered, and hashed by identity: none of these asks the other process,
since an object that calls itself equal to everything is the oldest trick there is. It has only the abilities that
its original had, so that ``callable``, ``iter`` and ``len`` tell the truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .link import Link


class Proxy:
    """Base of all stand-ins."""

    _sandbox_link: Link
    _sandbox_type: str
    _sandbox_number: int
    __slots__ = ("_sandbox_number",)

    def __init__(self, number: int) -> None:
        object.__setattr__(self, "_sandbox_number", number)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{name!r} of an object in another process")
        return self._sandbox_link.request("get", self._sandbox_number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise AttributeError(f"{name!r} of an object in another process")
        link = self._sandbox_link
        link.request("set", self._sandbox_number, name, link.codec.encode(value))

    def __eq__(self, other: object) -> bool:
        self._sandbox_link.opaque = True
        return self is other or (
            isinstance(other, Proxy) and type(other) is type(self) and other._sandbox_number == self._sandbox_number
        )

    def __hash__(self) -> int:
        return hash(self._sandbox_number)

    def __bool__(self) -> bool:
        self._sandbox_link.opaque = True
        return True

    def __repr__(self) -> str:
        return str(self._sandbox_link.request("text", self._sandbox_number, "r"))

    def __str__(self) -> str:
        return str(self._sandbox_link.request("text", self._sandbox_number, "s"))


class Callable_(Proxy):
    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._sandbox_link.call(self._sandbox_number, args, kwargs)


class Iterable_(Proxy):
    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        iterator: Iterator[Any] = self._sandbox_link.request("iter", self._sandbox_number)
        return iterator


class Iterator_(Proxy):
    __slots__ = ()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._sandbox_link.request("next", self._sandbox_number)


class Generator_(Proxy):
    __slots__ = ()

    def send(self, value: Any) -> Any:
        link = self._sandbox_link
        return link.request("send", self._sandbox_number, link.codec.encode(value))

    def close(self) -> None:
        self._sandbox_link.request("close", self._sandbox_number)


class Sized_(Proxy):
    __slots__ = ()

    def __len__(self) -> int:
        size = self._sandbox_link.request("len", self._sandbox_number)
        if type(size) is not int:
            raise TypeError("a length must be an integer")
        return size


class Keyed_(Proxy):
    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        link = self._sandbox_link
        return link.request("item", self._sandbox_number, link.codec.encode(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        link = self._sandbox_link
        link.request("setitem", self._sandbox_number, link.codec.encode(key), link.codec.encode(value))

    def __delitem__(self, key: Any) -> None:
        link = self._sandbox_link
        link.request("delitem", self._sandbox_number, link.codec.encode(key))


class Context_(Proxy):
    __slots__ = ()

    def __enter__(self) -> Any:
        return self._sandbox_link.request("enter", self._sandbox_number)

    def __exit__(self, *_: object) -> Any:
        return self._sandbox_link.request("exit", self._sandbox_number)


_POWERS: dict[str, type[Proxy]] = {
    "c": Callable_,
    "n": Iterator_,
    "i": Iterable_,
    "g": Generator_,
    "l": Sized_,
    "k": Keyed_,
    "w": Context_,
}


def proxy_class(link: Link, powers: str, name: str) -> Any:
    """The class of stand-ins with these abilities; for a coroutine, a function that makes one of ours."""
    if powers == "a":
        return lambda number: _coroutine(link, number)
    made: dict[tuple[str, str], type] = link.__dict__.setdefault("_classes", {})
    if (powers, name) not in made:
        bases = tuple(_POWERS[power] for power in dict.fromkeys(powers) if power in _POWERS) or (Proxy,)
        own = {"__slots__": (), "_sandbox_link": link, "_sandbox_type": name}
        made[powers, name] = type(name if name.isidentifier() else "object", bases, own)
    return made[powers, name]


async def _coroutine(link: Link, number: int) -> Any:
    return link.request("await", number)
