"""What the tests evaluate may be a text or bytes of the program's, and must not become code in their process.

``eval(repr(point))``, ``get_type_hints(f)`` and ``pickle.loads(serialize(x))`` are fair tests. Here they build values
and call what the program offers, and nothing else; a text that stands in the tests themselves is theirs.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast  # else where there is something to guard: in every fork it would cost 120 pages

_MODULES = (
    *("collections", "datetime", "decimal", "fractions", "math", "cmath", "uuid", "pathlib", "ipaddress", "zoneinfo"),
    *("enum", "types", "operator", "itertools", "string", "statistics", "typing", "array"),
)
_LIBRARY = sys.stdlib_module_names | {"numpy", "pandas", "scipy", "sympy", "pytest", "_pytest", "runner"}
"""Packages that evaluate texts of their own."""
_NO_NAMES = frozenset(
    (*("eval", "exec", "compile", "open", "input", "getattr", "setattr", "delattr", "globals", "locals", "vars"),)
    + ("breakpoint", "type", "object", "super", "memoryview", "exit", "quit", "help", "print", "copyright", "credits")
)
_NO_ATTRIBUTES = ("attrgetter", "methodcaller", "format", "format_map", "CodeType", "FunctionType", "ForwardRef")
_BUILD = (
    "_reconstruct",
    "_reconstructor",
    "__newobj__",
    "_unpickle_timezone",
    "scalar",
    "_frombuffer",
    "dtype",
    "ndarray",
)
"""What makes arrays and objects of a pickle."""


WORDS = ("hints", "singledispatch", "eval(", "pickle")


def guard(source: str, owns: Callable[[Any], bool]) -> None:
    """Guard what tests with this text may evaluate; ``owns`` says what stands for a thing of the program's."""
    if "hints" in source or "singledispatch" in source or "eval(" in source:
        globals()["ast"] = import_module("ast")
    if "hints" in source or "singledispatch" in source:
        _guard_hints()
    if "eval(" in source:
        evaluate = builtins.eval

        def guarded(text: Any, names: Any = None, own: Any = None, /) -> Any:
            frame = sys._getframe(1)
            names, own = (frame.f_globals, own or frame.f_locals) if names is None else (names, own or names)
            library = str(frame.f_globals.get("__name__")).partition(".")[0] in _LIBRARY
            if isinstance(text, str) and text not in source and not library:
                check(text, {**names, **own}, owns)
            return evaluate(text, names, own)

        builtins.eval = guarded
    if "pickle" in source:
        _guard_pickles()


def check(text: str, names: dict[str, Any], owns: Callable[[Any], bool]) -> None:
    """Raise ``NameError`` where an expression does more than build values and use what the program offers."""
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        if not _builds(node):
            raise NameError(f"the tests do not evaluate a {type(node).__name__} of the program's")
        if isinstance(node, ast.Attribute) and (node.attr.startswith("_") or node.attr in _NO_ATTRIBUTES):
            raise NameError(node.attr)
        if isinstance(node, ast.Name) and not _is_harmless(node.id, names, owns):
            raise NameError(node.id)


def _builds(node: ast.AST) -> bool:
    """Whether a part of an expression does no more than to build or look up a value, or to call something."""
    made = (ast.Expression, ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.Call, ast.keyword)
    found = (ast.Name, ast.Load, ast.Attribute, ast.Subscript, ast.Slice, ast.IfExp)
    reckoned = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
    return isinstance(node, (*made, *found, *reckoned))


def _is_harmless(name: str, names: dict[str, Any], owns: Callable[[Any], bool]) -> bool:
    value = names.get(name, getattr(builtins, name, None))
    if owns(value) or getattr(type(value), "__module__", "") == "sandbox_pickles":
        return True
    if value is getattr(builtins, name, names):
        return name not in _NO_NAMES and not name.startswith("_")
    home = value.__name__ if isinstance(value, type(sys)) else getattr(value, "__module__", "")
    return home in _MODULES


def _guard_hints() -> None:
    typing: Any = import_module("typing")
    reference, names = typing.ForwardRef, {name: getattr(typing, name) for name in typing.__all__}
    evaluate = reference._evaluate

    def guarded(self: Any, known: Any, *args: Any, **kwargs: Any) -> Any:
        for node in ast.walk(ast.parse(self.__forward_arg__, mode="eval")):
            if isinstance(node, ast.Call) or not _builds(node):
                raise NameError(self.__forward_arg__)
        return evaluate(self, {**names, **(known or {})}, *args, **kwargs)

    reference._evaluate = guarded


class _OfTheProgram(Exception):
    """A pickle holds an object of the program's, which the program has to load."""


def _guard_pickles() -> None:
    pickle: Any = import_module("pickle")
    io = import_module("io")

    class Unpickler(pickle.Unpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            if module == "solution":
                raise _OfTheProgram(name)
            top = module.partition(".")[0]
            plain = module in ("builtins", "copyreg") and name not in _NO_NAMES and not name.startswith("__")
            known = plain or module in (*_MODULES, "sandbox_pickles", "tester") or name in _BUILD
            known = known or (module, name) == ("_codecs", "encode")
            if not known or "." in name or name in _NO_ATTRIBUTES or (top == "numpy" and name not in _BUILD):
                raise pickle.UnpicklingError(f"the tests do not load {module}.{name} of the program's")
            found = super().find_class(module, name)
            if module == "tester" and not isinstance(found, type):  # which may be what is expected
                raise pickle.UnpicklingError(name)
            return found

    def loads(data: Any, /, **options: Any) -> Any:
        try:
            return Unpickler(io.BytesIO(data), **options).load()
        except _OfTheProgram:
            return sys.modules["sandbox_pickles"].restored(bytes(data))

    def load(file: Any, **options: Any) -> Any:
        return Unpickler(file, **options).load()

    pickle.Unpickler, pickle.loads, pickle.load = Unpickler, loads, load
