"""What the tests evaluate may be a text or bytes of the program's, and must not become code in their process.

``eval(repr(point))`` and ``get_type_hints(f)`` are fair tests. Here they build values and call what the program offers,
and nothing else; a text that stands in the tests themselves is theirs. What the program wrote to be executed is
executed in its own process (``exec(generate(), names)``). For pickles see ``unpickling``.
"""

from __future__ import annotations

import binascii
import builtins
import os
import sys
import types
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .tidy import WRITABLE

if TYPE_CHECKING:
    import ast  # else where there is something to guard: in every fork it would cost 120 pages

    from .link import Link

VALUES = (
    *("collections", "datetime", "_datetime", "decimal", "_decimal", "fractions", "uuid", "pathlib", "ipaddress"),
    *("zoneinfo", "array"),
)
"""Modules whose classes are values, and no more."""
_FUNCTIONS = ("math", "cmath", "statistics")
"""Modules whose functions give values, and no more."""
_LIBRARY = (sys.stdlib_module_names | {"numpy", "pandas", "scipy", "pytest", "_pytest", "runner"}) - {"inspect"}
"""Packages that evaluate texts of their own."""
_NO_NAMES = frozenset(
    (*("eval", "exec", "compile", "open", "input", "getattr", "setattr", "delattr", "globals", "locals", "vars"),)
    + ("breakpoint", "type", "object", "super", "memoryview", "exit", "quit", "help", "print", "copyright", "credits")
)
_NO_ATTRIBUTES = (
    *("attrgetter", "methodcaller", "format", "format_map", "CodeType", "FunctionType", "ForwardRef", "eval", "query"),
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "unlink", "rename", "symlink_to", "hardlink_to"),
    *("rmdir", "mkdir", "touch", "chmod", "glob", "rglob", "iterdir", "tofile", "dump", "to_pickle", "pipe"),
)
_LONG = 8
"""A text of the program's that has as many characters is known again within another."""

_FILES = ("runpy", "spec_from_file", "sys.path", "syspath_prepend")
_EVALUATING = ("eval(", "eval_str", "exec(", "sympy", "doctest", *_FILES)
WORDS = ("hints", "singledispatch", *_EVALUATING)


def guard(source: str, link: Link) -> None:
    """Guard what tests with this text may evaluate."""
    hints = "hints" in source or "singledispatch" in source
    evaluates = any(word in source for word in _EVALUATING)
    if hints or evaluates:
        globals()["ast"] = import_module("ast")
    if hints:
        _guard_hints()
    if evaluates:
        _Evaluating(source, link).guard()


class _Source(str):
    """A text of the program's that the tests have compiled; it is executed as the text that it is."""


class _Evaluating:
    """What takes the place of ``eval``, ``exec`` and ``compile``."""

    def __init__(self, source: str, link: Link) -> None:
        self._link, self._source = link, source
        self._own, self._named, self._words = _constants(source)
        self._heard = _listening(link) if "exec(" in source or "doctest" in source else set()
        self._eval, self._exec, self._compile = builtins.eval, builtins.exec, builtins.compile

    def guard(self) -> None:
        """Take it."""
        builtins.eval = self._evaluate
        if any(word in self._source for word in ("exec(", "compile(", "doctest", *_FILES)):
            builtins.exec, builtins.compile = self._execute, self._compiled  # type: ignore[assignment]

    def _evaluate(self, text: Any, names: Any = None, own: Any = None, /) -> Any:
        frame = sys._getframe(1)
        home = _package(frame)
        names, own = (frame.f_globals, own or frame.f_locals) if names is None else (names, own or names)
        if isinstance(text, types.CodeType) or home in _LIBRARY:
            return self._eval(text, names, own)
        text = _as_text(text)
        if home == "inspect":  # annotations
            return self._eval(_checked_hint(text), {**_typing_names(), **names}, own)
        if home == "sympy":
            _check_formula(text)
        elif not self._is_own(text):
            check(text, {**names, **own}, self._link.owns)
        return self._eval(text, names, own)

    def _execute(self, text: Any, names: Any = None, own: Any = None, /, **options: Any) -> None:
        frame = sys._getframe(1)
        if isinstance(text, types.CodeType) or _package(frame) in _LIBRARY:
            if _package(frame) in ("runpy", "importlib") and _is_of_another(names.get("__file__")):
                raise ImportError("the tests do not run a file of the program's among them")
            if names is None:
                names, own = frame.f_globals, frame.f_locals
            return self._exec(text, names, own, **options)
        text = _as_text(text)
        if not self._is_own(text) and not self._is_like_own(text):
            if not self._is_heard(text) or names is None or names is frame.f_globals:
                raise NameError("the tests do not execute a text of the program's among their own names")
            given = {name: value for name, value in names.items() if name != "__builtins__"}
            link = self._link
            made = link.request("executed", 0, str(text), link.codec.encode(given))
            (names if own is None else own).update(made)
            return None
        if names is None:
            names, own = frame.f_globals, frame.f_locals
        return self._exec(text, names, own, **options)

    def _compiled(self, text: Any, *args: Any, **options: Any) -> Any:
        frame = sys._getframe(1)
        home = _package(frame)
        made = self._compile(text, *args, **options)
        if not isinstance(made, types.CodeType) or (home in _LIBRARY and home != "doctest"):
            return made
        text = _as_text(text)
        if self._is_own(text):
            return made
        if home == "doctest":
            check(text, getattr(frame.f_locals.get("test"), "globs", {}), self._link.owns)
            return made
        return _Source(text)

    def _is_own(self, text: str) -> bool:
        """Whether it stands in the tests as a text; a name does so only to be evaluated."""
        return text in self._named or (text in self._own and not text.strip().isidentifier())

    def _is_heard(self, text: str) -> bool:
        return text in self._heard or any(len(part) >= _LONG and part in text for part in self._heard)

    def _is_like_own(self, text: str) -> bool:
        """Whether the tests have put it together of words of their own."""
        return not self._is_heard(text) and _words(text) <= self._words


def _constants(source: str) -> tuple[set[str], set[str], set[str]]:
    """Texts that stand in the tests, those of them that stand there to be evaluated, and all words."""
    texts, named, words, todo = set[str](), set[str](), set[str](), [source]
    while todo:
        source = todo.pop()
        words |= _words(source)
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and type(node.value) is str:
                texts.add(node.value)
                if node.value.startswith('{"files": {'):  # of pytest
                    todo += import_module("json").loads(node.value)["files"].values()
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
                named |= {str(part.value) for part in node.args[:1] if isinstance(part, ast.Constant)}
    return texts, named, words


def _words(text: str) -> set[str]:
    return set(import_module("re").findall(r"[^\W\d]\w*", text))


def _listening(link: Link) -> set[str]:
    """The texts that the program tells from now on."""
    heard, read = set[str](), link._read

    def note(part: Any) -> None:
        if type(part) is str:
            heard.add(part)
        elif isinstance(part, list):
            for inner in part:
                note(inner)
        elif isinstance(part, dict):
            for tag, inner in part.items():
                note(_decoded(inner) if tag in ("b", "B") else inner)

    def reading() -> Any:
        message = read()
        note(message)
        return message

    link._read = reading  # type: ignore[method-assign]
    return heard


def _decoded(written: Any) -> str:
    """Bytes as they are written, as the text that they may be."""
    try:
        return binascii.a2b_base64(written).decode("utf-8", "replace")
    except (TypeError, ValueError):
        return ""


def _is_of_another(file: Any) -> bool:
    """Whether a file lies where programs may write, and another user made it."""
    try:
        return os.path.realpath(file).startswith(WRITABLE) and os.stat(file).st_uid != os.getuid()
    except (OSError, TypeError):
        return False


def _package(frame: Any) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def _as_text(text: Any) -> str:
    return str(text) if isinstance(text, str) else bytes(text).decode()


def check(text: str, names: dict[str, Any], owns: Any) -> None:
    """Raise ``NameError`` where a text does more than build values and use what the program offers."""
    for node in ast.walk(ast.parse(text.strip())):
        statement = isinstance(node, ast.Module | ast.Expr | ast.Assign | ast.Store)
        if not (statement or _builds(node)):
            raise NameError(f"the tests do not evaluate a {type(node).__name__} of the program's")
        if isinstance(node, ast.Attribute) and not _is_harmless_attribute(node, names, owns):
            raise NameError(node.attr)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and not _is_harmless(node.id, names, owns):
            raise NameError(node.id)


def _builds(node: ast.AST) -> bool:
    """Whether a part of an expression does no more than to build or look up a value, or to call something."""
    made = (ast.Expression, ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.Call, ast.keyword)
    found = (ast.Name, ast.Load, ast.Attribute, ast.Subscript, ast.Slice, ast.IfExp)
    reckoned = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
    return isinstance(node, (*made, *found, *reckoned))


def _value_of(name: str, names: dict[str, Any]) -> Any:
    return names.get(name, getattr(builtins, name, None))


def _is_harmless(name: str, names: dict[str, Any], owns: Any) -> bool:
    value = _value_of(name, names)
    if owns(value) or getattr(type(value), "__module__", "") == "sandbox_pickles":
        return True
    if value is getattr(builtins, name, names):
        return name not in _NO_NAMES and not name.startswith("_")
    if type(value) is types.ModuleType:
        return value.__name__ in (*VALUES, *_FUNCTIONS)
    return (type(value) is float and name in ("inf", "nan")) or makes_values(value)


def makes_values(thing: Any) -> bool:
    """Whether it is a class of the library whose objects are values, or a function that gives such; and no value."""
    home = getattr(thing, "__module__", "")
    if isinstance(thing, type):
        return (home in VALUES and not issubclass(thing, type)) or thing is types.SimpleNamespace
    return isinstance(thing, types.FunctionType | types.BuiltinFunctionType) and home in _FUNCTIONS


def _is_harmless_attribute(node: ast.Attribute, names: dict[str, Any], owns: Any) -> bool:
    if node.attr.startswith("_") or node.attr in _NO_ATTRIBUTES:
        return False
    path = [node.attr]
    root: ast.expr = node.value
    while isinstance(root, ast.Attribute):
        path.append(root.attr)
        root = root.value
    if isinstance(root, ast.Constant):
        return len(path) == 1
    value = _value_of(root.id, names) if isinstance(root, ast.Name) else None
    if value is None or owns(value):
        return value is not None
    if type(value) is types.ModuleType:
        value = getattr(value, path.pop(), None)
        if not makes_values(value) and type(value) is not float:
            return False
    return not path or getattr(value, "__module__", "") != "pathlib"


def _checked_hint(text: str) -> str:
    for node in ast.walk(ast.parse(text, mode="eval")):
        if isinstance(node, ast.Call) or not _builds(node):
            raise NameError(text)
    return text


def _check_formula(text: str) -> None:
    """Of ``sympy``, which has made calls of it by names of its own."""
    for node in ast.walk(ast.parse(text.strip(), mode="eval")):
        if isinstance(node, ast.Attribute) or not _builds(node):
            raise NameError(f"no {type(node).__name__} of the program's")
        if isinstance(node, ast.Name) and (node.id in _NO_NAMES or node.id.startswith("_")):
            raise NameError(node.id)


def _typing_names() -> dict[str, Any]:
    typing: Any = import_module("typing")
    return {name: getattr(typing, name) for name in typing.__all__}


def _guard_hints() -> None:
    reference: Any = import_module("typing").ForwardRef
    names, evaluate = _typing_names(), reference._evaluate

    def guarded(self: Any, known: Any, *args: Any, **kwargs: Any) -> Any:
        _checked_hint(self.__forward_arg__)
        return evaluate(self, {**names, **(known or {})}, *args, **kwargs)

    reference._evaluate = guarded
