"""What one process may ask of the other about a thing that it was given."""

from __future__ import annotations

import copy
import operator
import sys
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .claims import claims_of
from .classes import PROTOCOL, bound, methods
from .descriptors import descend
from .hints import is_hint
from .inspection import code_of, fields, parameters
from .pickles import pickled
from .plain import OWN_MODULE
from .powers import abilities_of
from .proxies import OPEN_NAMES, OPERATORS
from .tables import Flat, Whole

if TYPE_CHECKING:
    from .link import Link

_TEXT = 2000
_MOST_MADE = 10_000
_SPECIAL = ("__len__", "__iter__", "__next__", "__call__", "__contains__", "__getitem__", "__enter__", "__exit__")
"""Special methods that a protocol may ask for."""
_STRICT_NAMES = ("__name__", "__qualname__", "__doc__")
_INERT = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
)
"""Of a tester's: what leads to code, or to what was bound to it."""
_KEEP_LINES = {
    "logging": ("findCaller", "records", "stream", "stack_info", "getvalue"),
    "_pytest": ("records", "stream", "stack_info", "text"),
    "sqlite3": ("enable_load_extension", "load_extension"),
}
"""By package, names of a tester's objects that lead there too: source lines of the callers, and native code."""


def call(link: Link, thing: Any, written: Any, names: Any, rows: Any) -> list[Any]:
    """Call a thing; the answer is its result and rows of content, also of what was passed where that has changed."""
    codec = link.codec
    values, known = codec.decode_together(written, rows)
    at = len(values) - len(names)
    result = thing(*values[:at], **dict(zip(names, values[at:], strict=True)))
    if isinstance(thing, type) and not link.strict:
        if thing in type(result).__mro__ and type(result).__module__ == OWN_MODULE and len(link.made_from) < _MOST_MADE:
            link.made_from[id(result)] = (result, *values)
        result = Whole(result)
    counts = _references(values)
    kept = [at for at, value in enumerate(values) if type(result) is Whole or _is_kept(value, result, counts[at])]
    changed = bool(known) and codec.encode_together(values)[:2] != (written, rows)
    (first,), content, _ = codec.encode_together([result], known, changed=changed)
    lent = [[link.lent.lend(values[at]), at] for at in kept] if kept and not link.strict else []
    lent = [pair for pair in lent if pair[0] is not None]
    return [first, content, lent] if lent else [first, content]


def _is_kept(value: Any, result: Any, references: int) -> bool:
    """Whether the program has kept an argument, and may change it later."""
    return type(value) in (list, dict, set) and references > _USUAL + (value is result)


def _references(values: list[Any]) -> list[int]:
    return [sys.getrefcount(value) for value in values]


def _of_a_call() -> int:
    """How many references there are to an argument that nobody has kept: those of ``values`` and ``known``."""
    values = [[]]  # type: list[Any]
    known = list(values)
    return _references(values)[0] if known else 0


_USUAL = _of_a_call()


def _attribute(link: Link, thing: Any, name: str) -> Any:
    if link.strict and name == "__annotations__" and isinstance(thing, types.FunctionType):
        return {key: value for key, value in thing.__annotations__.items() if is_hint(value)}
    if link.strict and name == "__dict__" and getattr(type(thing), "__module__", "") == "tester":
        return {key: value for key, value in vars(thing).items() if not key.startswith("_")}
    _check_name(link, thing, name)
    return getattr(thing, name)


def _assign(link: Link, thing: Any, name: str, value: Any) -> Any:
    _check_name(link, thing, name, writes=True)
    setattr(thing, name, link.codec.decode(value))
    return None


def _delete(link: Link, thing: Any, name: str) -> Any:
    _check_name(link, thing, name, writes=True)
    delattr(thing, name)
    return None


def _check_name(link: Link, thing: Any, name: str, *, writes: bool = False) -> None:
    """Raises ``AttributeError`` for what a tester keeps to itself, and for what leads to code in either."""
    if type(name) is not str or (name.startswith("__") and (writes or name not in OPEN_NAMES)):
        raise AttributeError(name)
    if not link.strict or (not writes and name in _STRICT_NAMES):
        return
    module = getattr(type(thing), "__module__", "")
    inert = isinstance(thing, _INERT) or module in ("functools", "operator") or _reads_files(thing)
    leads = name in _KEEP_LINES.get(str(module).partition(".")[0], ())
    if name.startswith("_") or leads or (inert and not writes) or (writes and not hasattr(thing, "__dict__")):
        raise AttributeError(name)
    of_a_mock = _is_mock(thing) and (hasattr(type(thing), name) or name.startswith("assert") or name == "method_calls")
    if of_a_mock or (writes and callable(getattr(thing, name, None))):
        raise AttributeError(name)  # what a test looks at afterwards, or looks with


def _reads_files(thing: Any) -> bool:
    """Whether it is a class whose methods would open what the tests can."""
    return isinstance(thing, type) and thing.__module__ == "pathlib"


def _as_property(thing: Any) -> Any:
    if not _is_mock(thing):
        raise AttributeError("no property")
    return thing


def _is_mock(thing: Any) -> bool:
    return any(kind.__module__ == "unittest.mock" for kind in type(thing).__mro__)


def _operate(link: Link, thing: Any, name: str, written: Any) -> Any:
    if name not in OPERATORS:
        raise AttributeError(name)
    method = getattr(type(thing), name, None)
    if method is None:
        return NotImplemented
    return method(thing, *[link.codec.decode(item) for item in written])


def _text(link: Link, thing: Any, kind: str, spec: str = "") -> Any:
    if link.strict and (isinstance(thing, _INERT) or type(thing).__module__ in ("functools", "operator")):
        return f"<{type(thing).__name__}>"  # else the text of what was bound to it
    return str(repr(thing) if kind == "r" else str(thing) if kind == "s" else format(thing, str(spec)))


def _await(link: Link, thing: Any) -> Any:
    """Wait for something in an event loop of this side's own, also while one of them runs."""
    import asyncio

    async def outer() -> Any:
        return await thing

    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    loop = link.__dict__.setdefault("_loop", None) or asyncio.new_event_loop()
    if loop.is_running():
        loop = asyncio.new_event_loop()
    else:
        link.__dict__["_loop"] = loop
    try:
        return loop.run_until_complete(outer())
    finally:
        asyncio._set_running_loop(running)


def _next_awaited(link: Link, thing: Any) -> list[Any]:
    try:
        return [_await(link, thing.__anext__())]
    except StopAsyncIteration:
        return []


def _leave(link: Link, thing: Any, told: Any) -> Any:
    return _yes_no_or_none(thing.__exit__(*_left_by(link, told)))


def _yes_no_or_none(answer: Any) -> bool | None:
    return None if answer is None else bool(answer)


def _left_by(link: Link, told: Any) -> tuple[Any, Any, Any]:
    error = None if told is None else link.errors.rebuilt(told)
    return None if error is None else type(error), error, None


class _Iteration:
    """An iterator that is given away even where its type is plain."""

    def __init__(self, inner: Iterator[Any]) -> None:
        self._inner = inner

    def __iter__(self) -> _Iteration:
        return self

    def __next__(self) -> Any:
        return next(self._inner)


def _described(link: Link, thing: Any) -> list[Any]:
    """Of a class: its bases among the program's, what its objects can, its full name, its text, the names of its
    abstract methods and of the library's classes that it is derived from."""
    bases = [base for base in thing.__bases__ if base.__module__ == OWN_MODULE and not issubclass(base, BaseException)]
    text = thing.__doc__
    text = text[:_TEXT] if type(text) is str else None
    abstract = sorted(getattr(thing, "__abstractmethods__", ()))
    library = [f"{base.__module__}:{base.__name__}" for base in thing.__mro__ if base.__module__ != OWN_MODULE]
    if getattr(thing, "_is_runtime_protocol", False):
        library.append(f"{PROTOCOL}:{' '.join(sorted(_members(thing)))}")
    return [bases, abilities_of(thing, link.codec), thing.__qualname__, text, abstract, library]


def _members(protocol: Any) -> set[str]:
    own = [base for base in protocol.__mro__ if base.__module__ == OWN_MODULE and getattr(base, "_is_protocol", False)]
    found = {name for base in own for name in (*vars(base), *getattr(base, "__annotations__", ()))}
    return {name for name in found if not name.startswith(("_abc_", "_is_", "__")) or name in _SPECIAL}


def _of_a_candidate(verb: Callable[..., Any]) -> Callable[..., Any]:
    """A verb that no candidate may use on what a tester gave it."""

    def checked(link: Link, thing: Any, *rest: Any) -> Any:
        if link.strict:
            raise AttributeError(verb.__name__)
        return verb(link, thing, *rest)

    return checked


VERBS: dict[str, Callable[..., Any]] = {
    "dir": _of_a_candidate(lambda link, thing: dir(thing)),
    "describe": _of_a_candidate(_described),
    "abilities": _of_a_candidate(lambda link, thing: _described(link, thing)[1]),
    "methods": _of_a_candidate(lambda link, thing: methods(thing)),
    "bound": _of_a_candidate(lambda link, thing, name, other: bound(thing, name, link.codec.decode(other))),
    "signature": parameters,
    "wrapped": _of_a_candidate(lambda link, thing: getattr(thing, "__wrapped__", None)),
    "code": code_of,
    "fields": lambda link, thing: fields(thing, strict=link.strict),
    "get": _attribute,
    "set": _assign,
    "del": _delete,
    "op": _operate,
    "await": _await,
    "next": lambda link, thing: next(thing),
    "send": lambda link, thing, value: thing.send(link.codec.decode(value)),
    "throw": lambda link, thing, told: thing.throw(link.errors.rebuilt(told)),
    "close": lambda link, thing: thing.close(),
    "iter": lambda link, thing: _Iteration(iter(thing)),
    "reversed": lambda link, thing: _Iteration(reversed(thing)),
    "len": lambda link, thing: int(len(thing)),
    "bool": lambda link, thing: bool(thing),
    "bytes": lambda link, thing: bytes(thing),
    "dget": lambda link, thing: _as_property(thing).__get__(None, None),
    "dset": lambda link, thing, value: _as_property(thing).__set__(None, link.codec.decode(value)),
    "bind": descend("__get__"),
    "assign": descend("__set__"),
    "unassign": descend("__delete__"),
    "named": descend("__set_name__"),
    "fspath": lambda link, thing: thing.__fspath__(),
    "names": _of_a_candidate(lambda link, thing: [name for name in vars(thing) if type(name) is str]),
    "own": _of_a_candidate(lambda link, thing, name: vars(thing)[name]),
    "copy": lambda link, thing, deep: (copy.deepcopy if deep else copy.copy)(thing),
    "pickled": _of_a_candidate(lambda link, thing, protocol: pickled(thing, protocol)),
    "plain": lambda link, thing: Flat(thing),
    "claims": _of_a_candidate(
        lambda link, thing, name, *method: claims_of(thing, name, link.made_from.get(id(thing), ()), *method)
    ),
    "isinstance": lambda link, thing, other: isinstance(thing, link.given(other)),
    "issubclass": lambda link, thing, other: issubclass(thing, link.given(other)),
    "item": lambda link, thing, key: thing[link.codec.decode(key)],
    "setitem": lambda link, thing, key, value: operator.setitem(
        thing, link.codec.decode(key), link.codec.decode(value)
    ),
    "delitem": lambda link, thing, key: operator.delitem(thing, link.codec.decode(key)),
    "text": _text,
    "enter": lambda link, thing: thing.__enter__(),
    "exit": _leave,
    "aenter": lambda link, thing: _await(link, thing.__aenter__()),
    "aexit": lambda link, thing, told: _yes_no_or_none(_await(link, thing.__aexit__(*_left_by(link, told)))),
    "aiter": lambda link, thing: thing.__aiter__(),
    "anext": _next_awaited,
    "aclose": lambda link, thing: _await(link, thing.aclose()),
}
