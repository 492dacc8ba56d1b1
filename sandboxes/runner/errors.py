"""Exceptions that cross between tester and candidate.

Types of Python's own and of its library are rebuilt as themselves. One that the other side defined becomes a class made
here, of the same name below the nearest that is known, so that ``except``, ``str`` and attributes work; what is no
field of it is asked for. Never rebuilt is what ends something without failing it: the ends of iterations, a skip, a
cancelled task, and ``SystemExit`` or ``KeyboardInterrupt`` in a thread or a process that the tests started. Those
become plain exceptions that merely have the name.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .plain import OWN_MODULE
from .tables import NotPlain

if TYPE_CHECKING:
    from .link import Link

_NEVER = (StopIteration, StopAsyncIteration)
_ENDING = {"builtins:SystemExit": SystemExit, "builtins:KeyboardInterrupt": KeyboardInterrupt}
_ROOTS = ("builtins:object", "builtins:BaseException", "builtins:BaseExceptionGroup")
_NOT_FROM = ("unittest", "doctest", "bdb")
_CAUSES = 3
_SLOTS = ("msg", "lineno", "offset", "text", "filename", "end_lineno", "end_offset", "name", "path")
_MOST_NAMES, _MOST_FIELDS, _MOST_KEPT = 50, 50, 1000
_TEXT = 2000


class Errors:
    """Those of one end of a link."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._home = 0, 0
        self._made: dict[tuple[type[BaseException], str], type[BaseException]] = {}
        self.shared: dict[str, type[BaseException]] = {}
        """Classes of this side's that the other one was given."""
        self._narrow: dict[type[BaseException], type[BaseException]] = {}
        self._ours: list[BaseException] = []
        """What callbacks of the tester raised, to be the same when it comes home."""

    def settle(self) -> None:
        """Take this thread of this process as the one in which a program may be ended."""
        self._home = os.getpid(), get_ident()

    def told(self, error: BaseException, causes: int = _CAUSES) -> dict[str, Any]:
        """What the other side is told of an exception."""
        home = _own_dict(error).get("_sandbox_home")
        if home is not None and home[0] is self._link:
            return {"y": home[1]}
        args: tuple[Any, ...] = error.args if isinstance(error.args, tuple) else ()
        if self._link.strict and isinstance(error, AssertionError):
            args = ()  # whose text may show what was expected
        if isinstance(error, OSError) and error.filename is not None and len(args) == 2:
            args = (*args, error.filename)
        written = [self._written(item) for item in args]
        if None in written:
            written = [[_text(error)]]
        fields = [(name, self._written(item)) for name, item in list(_own_dict(error).items())[:_MOST_FIELDS]]
        told: dict[str, Any] = {
            "names": names_of(type(error)),
            "args": [item[0] for item in written if item],
            "text": _text(error) if args else "",
            "fields": {name: item[0] for name, item in fields if item and not name.startswith("__")},
        }
        if not self._link.strict:
            told["slots"] = [[name, self._link.codec.encode(value)] for name, value in _slots(error)]
        if self._link.strict and len(self._ours) < _MOST_KEPT:
            told["home"] = len(self._ours)
            self._ours.append(error)
        elif not self._link.strict and type(error).__module__ == OWN_MODULE:
            told["of"] = self._link.give(error)
        notes = getattr(error, "__notes__", None)
        if isinstance(notes, list) and not self._link.strict:
            told["notes"] = [str(note)[:_TEXT] for note in notes[:_MOST_FIELDS]]
        if isinstance(error.__cause__, BaseException) and causes:
            told["cause"] = self.told(error.__cause__, causes - 1)
        return told

    def rebuilt(self, told: Any) -> BaseException:
        """The exception that the other side told of; raises ``NotPlain`` or what else comes of a malformed one."""
        if "y" in told:
            error = self._ours[told["y"]]
            if not isinstance(error, Exception) or type(error).__module__.partition(".")[0] in _NOT_FROM:
                raise NotPlain("one that must not be raised from outside")
            return error
        kind = self.kind(told["names"])
        decode = self._link.codec.decode
        args = [decode(item) for item in told["args"]]
        error = _new(kind, args)
        own = _own_dict(error)
        own.update({str(name): decode(item) for name, item in told["fields"].items() if not str(name).startswith("__")})
        own["_sandbox_text"] = str(told["text"])
        for name, item in told.get("slots", ()):
            if name in _SLOTS:
                with suppress(AttributeError, TypeError):
                    setattr(error, name, decode(item))
        if "of" in told:
            own["_sandbox_of"] = (self._link, int(told["of"]))
        for note in told.get("notes", ()):
            error.add_note(str(note))
        if "home" in told:
            own["_sandbox_home"] = (self._link, int(told["home"]))
        if "cause" in told:
            error.__cause__ = self.rebuilt(told["cause"])
        return error

    def kind(self, names: Sequence[str], number: int | None = None) -> type[BaseException]:
        """The class for the names of a class and of its bases, nearest first; ``number`` is its handle."""
        kind: type[BaseException] = Exception
        if (os.getpid(), get_ident()) == self._home:
            kind = next((_ENDING[name] for name in names if name in _ENDING), kind)
        for name in reversed([str(name) for name in names[:_MOST_NAMES]]):
            known = self._known(name)
            if known is not None:
                kind = known if issubclass(known, kind) else kind
            elif name not in _ROOTS and not (kind is not Exception and name in _ENDING):
                kind = self._below(kind, name)
        if number is not None and self._link.strict and "_sandbox_name" in vars(kind):
            kind._sandbox_maker = (self._link, number)  # type: ignore[attr-defined] # of a class that is made here
        return self._narrowed(kind) if number is None else self.narrow(kind)

    def _below(self, kind: type[BaseException], name: str) -> type[BaseException]:
        """The class of that name below one that is known. A mixin is below several, and below the one that ``except``
        names, whatever it is mixed with."""
        if (kind, name) not in self._made:
            made = _made_below(kind, name)
            if kind is not Exception and issubclass(kind, Exception):
                with suppress(TypeError):
                    made = type(made.__name__, (self._below(Exception, name), kind), dict(_members(name)))
            self._made[kind, name] = made
        return self._made[kind, name]

    def narrow(self, kind: type) -> type:
        """In place of a class of the program's that would catch the tests' own failures (``Bad = AssertionError``): one
        below it, of which the program's exceptions are from now on."""
        if not (self._link.strict and issubclass(kind, BaseException) and issubclass(AssertionError, kind)):
            return kind
        base = kind if issubclass(kind, Exception) else Exception
        made: Any = _Narrow(kind.__name__, (base,), {"__module__": "builtins"})
        return self._narrow.setdefault(kind, made)

    def _narrowed(self, kind: type[BaseException]) -> type[BaseException]:
        """What the program's exceptions of a class are rebuilt as, where a class of its own stands for a wide one."""
        if kind in self._narrow or not issubclass(kind, Exception):
            return self._narrow.get(kind, kind)
        for wide, narrow in list(self._narrow.items()):
            if issubclass(kind, wide) and not issubclass(kind, narrow):
                mixed: Any = _Narrow(kind.__name__, (kind, narrow), {"__module__": "builtins"})
                return self._narrow.setdefault(kind, mixed)
        return kind

    def _known(self, name: str) -> type[Exception] | None:
        """One of this side's own that it has given away, or of the library; none that ends or fails a test."""
        module, _, title = name.partition(":")
        top = module.partition(".")[0]
        found: Any = self.shared.get(name)
        if found is None and (top in sys.stdlib_module_names or top == "numpy"):
            found = getattr(sys.modules.get(module), title, None)
        if not isinstance(found, type) or found.__module__.partition(".")[0] in _NOT_FROM:  # ``numpy.testing.SkipTest``
            return None
        return found if issubclass(found, Exception) and not issubclass(found, _NEVER) else None

    def _written(self, value: Any) -> list[Any] | None:
        try:
            return [self._link.codec.encode(value)]
        except BaseException:  # noqa: BLE001 - what cannot cross is left out
            return None


class _Narrow(type):
    """A class that is equal to the one that it stands for."""

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.__base__

    __hash__ = type.__hash__


def names_of(kind: type) -> list[str]:
    """``module:name`` of a class and of its bases."""
    return [
        base.__dict__.get("_sandbox_name") or f"{getattr(base, '__module__', '')}:{_title(base)}"
        for base in type.__dict__["__mro__"].__get__(kind)[:_MOST_NAMES]
    ]


def _title(kind: type) -> str:
    return str(type.__dict__["__name__"].__get__(kind))


def _made_below(base: type[BaseException], name: str) -> type[BaseException]:
    title = name.rpartition(":")[2]
    return type(title if title.isidentifier() else "Error", (base,), _members(name))


def _members(name: str) -> dict[str, Any]:
    return {"__init__": _construct, "__str__": _told_text, "__getattr__": _asked_for, "_sandbox_name": name}


def _told_text(error: Any) -> str:
    return str(_own_dict(error).get("_sandbox_text", BaseException.__str__(error)))


def _construct(error: Any, *args: Any, **kwargs: Any) -> None:
    """Where a test makes one, by a class that it knows by name: what the original's constructor would."""
    error.args = args
    maker = getattr(type(error), "_sandbox_maker", None)
    if maker is not None:
        original = maker[0].call(maker[1], args, kwargs)
        error.args = original.args
        _own_dict(error).update(_own_dict(original))


def _asked_for(error: Any, name: str) -> Any:
    """A method, a property or an attribute of the class, of the original."""
    of = _own_dict(error).get("_sandbox_of")
    if of is None or name.startswith(("__", "_sandbox")):
        raise AttributeError(f"{type(error).__name__!r} object has no attribute {name!r}")
    return of[0].request("get", of[1], name)


def _new(kind: type[BaseException], args: list[Any]) -> BaseException:
    try:
        if kind.__str__ is not _told_text:  # which sets what it keeps beside its arguments
            return kind(*args)
    except Exception:  # noqa: BLE001 - a constructor that wants other arguments
        pass
    try:
        error = kind.__new__(kind, *args)
    except Exception:  # noqa: BLE001 - the same of the allocation: groups
        error = Exception.__new__(Exception)
    error.args = tuple(args)
    return error


def _slots(error: BaseException) -> list[tuple[str, Any]]:
    """What the exceptions of Python keep beside their arguments."""
    found = [(name, getattr(error, name, None)) for name in _SLOTS if isinstance(error, SyntaxError | ImportError)]
    return [(name, value) for name, value in found if type(value) in (int, str)]


def _own_dict(error: BaseException) -> dict[str, Any]:
    own = BaseException.__dict__.get("__dict__")
    found: Any = object.__getattribute__(error, "__dict__") if own is None else own.__get__(error)
    return found if isinstance(found, dict) else {}


def _text(error: BaseException) -> str:
    try:
        return str(error)[:_TEXT]
    except BaseException:  # noqa: BLE001 - an exception whose text cannot be had
        return ""
