"""What ``inspect``, ``dataclasses`` and the like want to know of a function or class of the other process."""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

from .hints import is_hint
from .plain import OWN_MODULE

if TYPE_CHECKING:
    from .link import Link


def fields_of(link: Link, number: int) -> dict[str, Any]:
    """``__dataclass_fields__`` of an original."""
    found = link.request("fields", number)
    if not isinstance(found, list):
        raise AttributeError("__dataclass_fields__")
    dataclasses: Any = importlib.import_module("dataclasses")
    fields = {}
    for name, kind in found:
        field = fields[str(name)] = dataclasses.field()
        field.name, field.type, field._field_type = str(name), kind, dataclasses._FIELD
    return fields


def signature(link: Link, number: int) -> Any:
    """``inspect.signature`` of an original, or of what it wraps."""
    inspect: Any = importlib.import_module("inspect")
    wrapped = link.request("wrapped", number) if link.strict else None
    if type(wrapped) is types.FunctionType:  # one of the tests' own, of which the other side does not know the values
        return inspect.signature(wrapped)
    rows, returned = link.request("signature", number)
    none = inspect.Parameter.empty
    parts = [
        inspect.Parameter(
            str(name),
            list(inspect._ParameterKind)[int(kind)],
            default=default[0] if default else none,
            annotation=annotation[0] if annotation else none,
        )
        for name, kind, default, annotation in rows
    ]
    return inspect.Signature(parts, return_annotation=returned[0] if returned else none)


class Code:
    """What ``inspect`` asks of the code of a function."""

    __class__ = types.CodeType  # type: ignore[assignment] # for isinstance

    def __init__(self, numbers: dict[str, Any], source: str) -> None:
        self.__dict__.update(numbers)
        lines = source.splitlines(keepends=True)
        importlib.import_module("linecache").cache[self.co_filename] = (len(source), None, lines, self.co_filename)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def parameters(link: Link, thing: Any) -> list[Any]:
    """The signature of a thing, in plain parts; of a tester's function how it is called, and nothing of its values."""
    inspect: Any = importlib.import_module("inspect")
    none = inspect.Parameter.empty
    if link.strict:
        _check_function(thing)
        rows = [
            [
                part.name,
                int(part.kind),
                [] if part.default is none else [...],
                [part.annotation] if part.annotation is not none and is_hint(part.annotation) else [],
            ]
            for part in inspect.signature(thing, follow_wrapped=False).parameters.values()
        ]
        return [rows, []]
    found = inspect.signature(thing)
    rows = [
        [part.name, int(part.kind), *([] if value is none else [value] for value in (part.default, part.annotation))]
        for part in found.parameters.values()
    ]
    return [rows, [] if found.return_annotation is none else [found.return_annotation]]


def _check_function(thing: Any) -> None:
    if not isinstance(thing, types.FunctionType | types.MethodType):
        raise AttributeError("no function")


def code_of(link: Link, thing: Any) -> list[Any]:
    """What ``Code`` is made of: numbers and names of a function's code, and the source of the program; of a tester's
    function how many arguments it has, and their names."""
    code = thing.__code__
    if link.strict:
        _check_function(thing)
        count = code.co_argcount + code.co_kwonlyargcount
        counts = {f"co_{name}": getattr(code, f"co_{name}") for name in ("argcount", "posonlyargcount", "flags")}
        named = {"co_kwonlyargcount": code.co_kwonlyargcount, "co_varnames": code.co_varnames[:count]}
        return [{**counts, **named, "co_name": code.co_name, "co_filename": "<tests>"}, ""]
    names = ("argcount", "posonlyargcount", "kwonlyargcount", "flags", "nlocals", "firstlineno", "filename", "name")
    numbers = {f"co_{name}": getattr(code, f"co_{name}") for name in (*names, "varnames", "names", "qualname")}
    path = sys.modules[OWN_MODULE].__file__ or ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return [numbers, file.read() if code.co_filename == path else ""]


def fields(kind: Any, *, strict: bool) -> list[Any] | None:
    """Names and types of the fields of a data class, or an object of one; None where it is none."""
    found = getattr(kind, "__dataclass_fields__", None)
    if not isinstance(found, dict):
        return None
    own = [field for field in found.values() if field._field_type.name == "_FIELD"]
    if not strict:
        return [[field.name, field.type] for field in own]
    shown = [field for field in own if field.name[:1] != "_"]
    return [[field.name, field.type if is_hint(field.type) else None] for field in shown]
