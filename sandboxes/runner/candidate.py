"""Loads a program and lets a tester in another process use what it defines."""

from __future__ import annotations

import io
import os
import sys
from functools import partial
from typing import Any

from .caller import Method, classes_of, describe, find, load_program, resolve
from .classes import derive
from .link import Gone, Link
from .pickles import unpickled
from .plain import OWN_MODULE
from .program import take_place
from .sharing import CONTAINERS
from .surroundings import Told

_LINK = 3


_KEPT = 1 << 20


class _Output(io.FileIO):
    """Standard output that remembers what was written, for a test that looks at it."""

    written = b""

    def write(self, data: Any) -> Any:
        if len(self.written) < _KEPT:
            self.written += bytes(data)
        return super().write(data)


_ready: list[tuple[Link, io.TextIOWrapper]] = []


def prepare() -> None:
    """In a zygote, while descriptor 1 is a pipe: make a candidate's end of the link and its standard output ahead."""
    output = _Output(1, "wb", closefd=False)
    stream = io.TextIOWrapper(io.BufferedWriter(output), "utf-8", "surrogateescape")
    link = Link(_LINK, strict=False)
    told = Told(link)
    codec = link.codec
    link.serves = {"around": told.hear, "lent": link.lent.told, "derive": partial(derive, link)}
    link.serves["unpickled"] = lambda data: codec.encode(unpickled(codec.decode(data)))
    link.serves["executed"] = lambda text, names: codec.encode(_executed(text, codec.decode(names)))
    link.caught = lambda: _caught(stream, output, told)
    _ready.append((link, stream))


def _executed(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """The names that a text of the program's binds, for tests that execute what it wrote."""
    names.setdefault("__name__", OWN_MODULE)
    exec(text, names)
    return {name: value for name, value in names.items() if name not in ("__builtins__", "__name__")}


def _caught(stream: Any, output: _Output, told: Told) -> list[Any]:
    try:
        stream.flush()
    except BaseException:  # noqa: BLE001 - a stream that the program closed or broke
        return []
    errors, warned, logged = told.caught()
    if not output.written and not errors and not warned and not logged:
        return []
    text, output.written = output.written[:_KEPT].decode("utf-8", "replace"), b""
    return [text, errors, warned, logged]


def _is_own_class(entry: Any) -> bool:
    own = isinstance(entry, type) and entry.__module__ == OWN_MODULE and not issubclass(entry, BaseException)
    try:
        return own and isinstance(None, entry) in (True, False)
    except TypeError:  # protocols and typed dictionaries do not say
        return False


class Candidate:
    """A program about to be loaded. Its first message is ``["ready", handles]`` or ``["failed", error]``."""

    def __init__(self, source: bytes, head: dict[str, Any], place: str) -> None:
        self._source, self._head, self._path = source, head, f"{place}/{head['file']}"
        take_place(place)
        self._link, stream = _ready[0]
        self._link.errors.settle()
        self._before = sys.stdout  # to let go of it would cost more than to keep it
        sys.stdout = sys.__stdout__ = stream  # type: ignore[misc] # as far as the interpreter is concerned

    def run(self) -> None:
        """Load, then answer until the tester has gone."""
        leave, link = os._exit, self._link
        try:
            module, own = load_program(self._source, self._path, self._head)
            link.serves["module"] = lambda: link.codec.encode(module)
            link.codec.classes.update(classes_of(module, self._head["classes"]))
            entries = [self._entry(find(own, name)) for name in self._head["entries"]]
            link.codec.whole = (*CONTAINERS, *(entry for entry in entries if _is_own_class(entry)))
            link.send(["ready", [link.lent.written(entry) for entry in entries]])
        except Gone:
            leave(0)
        except BaseException as error:  # noqa: BLE001 - whatever loading raised is the program's fault, and reported so
            try:
                link.send(["failed", describe(error, self._path)])
            except Gone:
                pass
            leave(1)
        try:
            while True:
                link.answer(link.receive())
        except Gone:
            pass
        try:
            sys.stdout.flush()
        except BaseException:  # noqa: BLE001 - a stream that the program replaced or broke
            pass
        leave(0)

    def _entry(self, target: Any) -> Any:
        builtin = isinstance(target, type) and target.__module__ == "builtins"
        if builtin and not issubclass(target, BaseException):  # would cross by name, and never be called
            return lambda *args, **kwargs: target(*args, **kwargs)
        if type(target) is not Method:
            return target
        return lambda *args, **kwargs: resolve(target)(*args, **kwargs)
