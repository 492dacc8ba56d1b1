"""Whether a context manager of the program may swallow an exception that left a block of the tests.

One that swallows everything would swallow failures too, and so would one whose value makes the test stumble. So it is
heeded only where the exception came whatever the program did: from a statement of the block itself that raises by
name (``raise ValueError("x")``), or that uses nothing but builtins, constants and modules (``int("x")``).
"""

from __future__ import annotations

import builtins
import types
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast  # else in ``prepare``: in every fork it would cost 120 pages

sources: dict[str, str] = {}
"""Text of the tests that are run, by the name of their file."""


def prepare(tests: str) -> None:
    """Have what it takes to read these tests, before they could change where that comes from."""
    if "with" in tests:
        globals()["ast"] = import_module("ast")


def is_deliberate(error: BaseException, trace: Any) -> bool:
    """Whether the tests raised it on their own."""
    if not isinstance(error, Exception) or isinstance(error, AssertionError) or trace is None:
        return False
    frame, line = trace.tb_frame, trace.tb_lineno
    statement = _statement(frame.f_code.co_filename, line)
    if isinstance(statement, ast.Raise):
        raised = isinstance(statement.exc, ast.Call | ast.Name) and trace.tb_next is None
        return raised and all(_is_own(node, frame, classes=True) for node in _names(statement))
    return isinstance(statement, ast.Expr) and all(_is_own(node, frame) for node in _names(statement))


def is_failure(error: BaseException | None) -> bool:
    """Whether a test has failed by it, and not the program."""
    of_a_test = isinstance(error, AssertionError) or any(
        kind.__module__ == "_pytest.outcomes" for kind in type(error).__mro__
    )
    return of_a_test and "_sandbox_text" not in vars(error)


def _statement(file: str, line: int) -> ast.stmt | None:
    """The statement at a line, where it stands directly in the block of the innermost ``with`` around it."""
    try:
        text = sources.get(file)
        if text is None:
            with open(file, encoding="utf-8") as stream:
                text = stream.read()
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return None
    found = None
    for node in ast.walk(tree):  # outer ones first
        if isinstance(node, ast.With | ast.AsyncWith) and node.body[0].lineno <= line <= (node.end_lineno or 0):
            found = node
    at = [node for node in found.body if node.lineno <= line <= (node.end_lineno or 0)] if found else []
    return at[0] if len(at) == 1 else None


def _names(statement: ast.stmt) -> list[ast.AST]:
    return [node for node in ast.walk(statement) if isinstance(node, ast.Name | ast.Await | ast.Yield | ast.NamedExpr)]


def _is_own(node: ast.AST, frame: types.FrameType, *, classes: bool = False) -> bool:
    """Whether a name stands for what no program can have made: a builtin, a module; or a class of exceptions."""
    if not isinstance(node, ast.Name):
        return False
    value = frame.f_locals.get(node.id, frame.f_globals.get(node.id, getattr(builtins, node.id, None)))
    if classes:
        return isinstance(value, type) and type(value) is type and issubclass(value, Exception)
    return type(value) is types.ModuleType or (value is not None and value is getattr(builtins, node.id, None))
