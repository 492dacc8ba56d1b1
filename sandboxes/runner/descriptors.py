"""Descriptors of the program in classes of the tests: ``class Item: price = Positive()``, a decorator of methods.

The object of the tests does not go to the program. What goes is a stand-in that is empty but for what the descriptor
itself keeps in it; the object has that too, where it had nothing of the name, and a stand-in that is given back, to a
function that the descriptor wraps, is the object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .proxies import Proxy

if TYPE_CHECKING:
    from .link import Link


class Getting_(Proxy):
    __slots__ = ()

    def __get__(self, thing: Any, kind: Any = None) -> Any:
        return _ask(self, "bind", thing, kind)


class Setting_(Proxy):
    __slots__ = ()

    def __set__(self, thing: Any, value: Any) -> None:
        _ask(self, "assign", thing, type(thing), self._sandbox_link.codec.encode(value))

    def __delete__(self, thing: Any) -> None:
        _ask(self, "unassign", thing, type(thing))


class Named_(Proxy):
    __slots__ = ()

    def __set_name__(self, owner: Any, name: str) -> None:
        _ask(self, "named", None, owner, name)


def _ask(proxy: Proxy, verb: str, thing: Any, owner: Any, *rest: Any) -> Any:
    """Ask the original, and have the object what the original keeps there. Nothing goes the other way but which of
    these the tests have deleted."""
    link = proxy._sandbox_link
    number = link.give(thing) if thing is not None else 0
    own = getattr(thing, "__dict__", None)
    own = own if type(own) is dict else {}
    mine: dict[str, Any] = link.__dict__.setdefault("_kept", {}).setdefault(number, {})
    deleted = [name for name in mine if name not in own]
    for name in deleted:
        del mine[name]
    told = [link.give(owner), str(getattr(owner, "__name__", ""))]
    result, found = link.request(verb, proxy._sandbox_number, number, told, deleted, *rest)
    for name in [name for name in mine if name not in found]:
        if own.get(name) is mine.pop(name):
            del own[name]
    for name, value in found.items():
        if (own.get(name) is mine[name]) if name in mine else _is_free(name, own, thing, proxy):
            own[name] = mine[name] = value
    return result


def _is_free(name: str, own: dict[str, Any], thing: Any, proxy: Proxy) -> bool:
    """Whether nobody else has something of that name there, which the tests may look at."""
    above = [base.__dict__[name] for base in type(thing).__mro__ if name in base.__dict__]
    return name not in own and name[:2] != "__" and (not above or above[0] is proxy)


# What follows is the candidate's side of it.


class _Shadow(Proxy):
    """An object or class of the tests, of which the program sees its name and what it keeps there itself."""

    __slots__ = ("__dict__",)
    __setattr__ = object.__setattr__  # type: ignore[assignment] # of the stand-in's own
    __delattr__ = object.__delattr__

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return self._sandbox_number

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object>"

    __str__ = __repr__


def descend(verb: str) -> Any:
    """What a descriptor is asked by its method of this name: its answer, and what it keeps in the object."""

    def asked(link: Link, thing: Any, number: Any, told: Any, deleted: Any, *rest: Any) -> list[Any]:
        if link.strict:
            raise AttributeError(verb)
        owner = _shadow(link, told[0], "type", told[1])
        target = _shadow(link, number, told[1]) if number else None
        for name in deleted:
            target.__dict__.pop(name, None)
        method: Any = getattr(type(thing), verb)
        if verb == "__get__":
            result = method(thing, target, owner)
        elif verb == "__set_name__":
            result = method(thing, owner, str(rest[0]))
        else:
            result = method(thing, target, *map(link.codec.decode, rest))
        return [result, {} if target is None else dict(target.__dict__)]

    return asked


def _shadow(link: Link, number: int, kind: str, name: str | None = None) -> Any:
    shadows: dict[int, Any] = link.__dict__.setdefault("_shadows", {})
    if number not in shadows:
        own = {"__slots__": (), "_sandbox_link": link, "_sandbox_powers": ""}
        made = shadows[number] = type(kind, (_Shadow,), own)(number)
        if name is not None:
            made.__dict__.update(__name__=name, __qualname__=name)
    return shadows[number]
