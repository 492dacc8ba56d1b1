"""Test files for pytest. Strictly: pytest runs apart from the program, which it imports as a module of proxies."""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from reward_server.errors import InvalidTask
from reward_server.sandbox.base import Tester
from reward_server.verifiers.code.reference import PytestTests


def names_imported(tests: PytestTests) -> tuple[str, ...]:
    """The names of the program that the test files import or use outright, in a stable order.

    Raises ``InvalidTask`` for a file that does not parse, and for files that do not mention the module at all.
    """
    names: set[str] = set()
    sources = {file: source for file, source in tests.files.items() if file.endswith(".py")}
    for file, source in sources.items():
        names |= _names(file, source, tests.module)
    if not names and not any(tests.module in source for source in sources.values()):
        raise InvalidTask(f"no test file uses the module {tests.module!r}", reason="broken_tests")
    return tuple(sorted(names))


def pytest_tester(tests: PytestTests, *, stop: bool) -> Tester:
    """A tester that writes the files, offers the program as a module, and runs pytest on them."""
    job = {"files": dict(tests.files), "module": tests.module, "stop": stop, "free": _free_names(tests)}
    return Tester(
        tests=("_run_pytest()\n",),
        entries=names_imported(tests),
        setup=f"{_driver()}\n_JOB = {json.dumps(job)!r}\n",
        stop_at_first_failure=stop,
    )


def _names(file: str, source: str, module: str) -> set[str]:
    names: set[str] = set()
    aliases: set[str] = set()
    tree = parsed(source, file)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            names |= {alias.name for alias in node.names if alias.name != "*"}
        elif isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name == module}
    return names | {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases
    }


def _free_names(tests: PytestTests) -> list[str]:
    """What files with a ``from solution import *`` use and nothing else binds: all that it may bring them."""
    free: set[str] = set()
    for file, source in tests.files.items():
        nodes = list(ast.walk(parsed(source, file))) if file.endswith(".py") else []
        stars = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
        if any(node.module == tests.module for node in stars):
            used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
            free |= used - _bound(nodes) - set(dir(builtins))
    return sorted(free)


def _bound(nodes: Sequence[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return names


def parsed(source: str, name: str) -> ast.Module:
    """The syntax tree of test code; raises ``InvalidTask`` where there is none."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InvalidTask(f"{name} does not compile: {error}", reason="broken_tests") from None


@cache
def _driver() -> str:
    return (files(__package__) / "inside" / "pytest_driver.py").read_text("utf-8")
