"""Calls a function of the program with every given set of arguments, in one process, and writes what came of each."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from . import jsons
from .plain import Codec
from .prelude import begin
from .program import take_place
from .tables import NotPlain

_CUT = 2000
_RESULTS = 3


class Caller:
    """A program about to be loaded and called.

    Records: first ``{}`` or ``{"load": error}``, then one per call: ``{"v": value}``, ``{"e": error}`` or
    ``{"o": type name}``, with ``"a"`` for the arguments afterwards where asked for.
    """

    def __init__(self, source: bytes, head: dict[str, Any], place: str) -> None:
        self._job = jsons.read(read_input())
        self._source, self._head, self._path = source, head, f"{place}/{head['file']}"
        self._codec = Codec()
        take_place(place)

    def run(self) -> None:
        """Load, call, and leave without taking the interpreter down."""
        leave, stdout = os._exit, sys.stdout
        try:
            module, own = load_program(self._source, self._path, self._head)
            self._codec.classes = classes_of(module, self._head["classes"])
            target = find(own, self._head["entry"])
        except BaseException as error:  # noqa: BLE001 - whatever loading raised is the program's fault, and reported so
            write_record(_RESULTS, {"load": describe(error, self._path)})
            leave(0)
        write_record(_RESULTS, {})
        for args, kwargs in self._job:
            record = self._call(target, args, kwargs)
            if args is self._job[-1][0]:
                _quietly(stdout.flush)
            write_record(_RESULTS, record)
        _quietly(sys.stdout.flush)
        leave(0)

    def _call(self, target: Any, args: Any, kwargs: Any) -> dict[str, Any]:
        codec = self._codec
        given = codec.decode(args)
        try:
            value = resolve(target)(*given, **codec.decode(kwargs))
        except BaseException as error:  # noqa: BLE001 - an exit is an answer like any other exception
            return {"e": describe(error, self._path)}
        try:
            record = {"v": codec.encode(value)}
        except (NotPlain, RecursionError):
            record = {"o": type(value).__name__[:200]}
        if self._head["after"]:
            try:
                record["a"] = [codec.encode(item) for item in given]
            except (NotPlain, RecursionError):
                pass
        return record


def read_input() -> bytes:
    """The content of standard input, which is a memfd; it is left empty for the program."""
    size = os.fstat(0).st_size
    data = os.pread(0, size, 0)
    while len(data) < size:
        data += os.pread(0, size - len(data), len(data))
    os.ftruncate(0, 0)
    return data


class Own:
    """The names that a program bound in its module, and not the prelude. Looks at no name that it is not asked for."""

    def __init__(self, names: dict[str, Any], given: dict[str, Any]) -> None:
        self._names, self._given = names, given

    def __contains__(self, name: str) -> bool:
        return name in self._names and self._given.get(name, self) is not self._names[name]

    def __getitem__(self, name: str) -> Any:
        return self._names[name]

    def get(self, name: str) -> Any:
        """What it is bound to; None where it is not."""
        return self._names[name] if name in self else None


def load_program(source: bytes, path: str, head: dict[str, Any]) -> tuple[ModuleType, Own]:
    """Run the program, whose file is there, as a module called ``solution``, so that no main guard runs; raises what
    it raises."""
    module, given = begin("solution", path, head["common"])
    names = module.__dict__
    if head["prelude"]:
        exec(compile(head["prelude"], "<prelude>", "exec", dont_inherit=True), names)
        given = dict(names)
    exec(compile(source, path, "exec", dont_inherit=True), names)
    return module, Own(names, given)


class Method(NamedTuple):
    """A method of a class, to be called on a new object of it."""

    owner: type
    name: str


def find(names: Own, entry: str) -> Any:
    """What ``entry`` names, as something for ``resolve``; raises ``AttributeError`` or ``NameError``.

    A name that was imported (``from heapq import *`` brings a ``merge``) yields to a method of ``Solution``.
    """
    first, _, method = entry.partition(".")
    if method:
        owner = names[first] if first in names else _missing(first)
        getattr(owner, method)
        return Method(owner, method) if isinstance(owner, type) else getattr(owner, method)
    of_solution = isinstance(names.get("Solution"), type) and hasattr(names["Solution"], first)
    if first in names and not (of_solution and getattr(names[first], "__module__", "solution") != "solution"):
        return names[first]
    if of_solution:
        return Method(names["Solution"], first)
    return _missing(first)


def resolve(target: Any) -> Any:
    """The function to call: of a new object where the target is a class and a method's name."""
    return getattr(target.owner(), target.name) if type(target) is Method else target


def classes_of(module: ModuleType, names: list[str]) -> dict[str, type]:
    """The classes whose objects cross by value, as the module has them."""
    found = {name: module.__dict__.get(name) for name in names}
    return {name: kind for name, kind in found.items() if isinstance(kind, type)}


def describe(error: BaseException, path: str) -> dict[str, Any]:
    """An exception as text, with the last line of ``path`` that it passed through."""
    try:
        message = str(error)
    except BaseException as other:  # noqa: BLE001 - an exception whose text cannot be had
        message = f"<{type(other).__name__} while printing it>"
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        traceback = import_module("traceback")
        text = "".join(traceback.format_exception(error, limit=-8))[-_CUT:]
    except BaseException:  # noqa: BLE001 - nor may its traceback fail the report
        text = ""
    name = type.__dict__["__name__"].__get__(type(error))
    return {"type": name[:200], "message": message[:_CUT], "traceback": text, "line": line}


def write_record(descriptor: int, record: Any) -> None:
    """One record: length, then JSON."""
    text = jsons.written(record)
    view = memoryview(len(text).to_bytes(4, "little") + text)
    while view:
        view = view[os.write(descriptor, view) :]


def _missing(name: str) -> Any:
    raise NameError(f"the program defines no {name!r}")


def _quietly(flush: Any) -> None:
    try:
        flush()
    except BaseException:  # noqa: BLE001 - a stream that the program replaced or broke
        return
