"""Cutting assert-style test code into tests that can be reported one by one."""

from __future__ import annotations

import ast


def pieces_of(code: str) -> tuple[str, ...]:
    """Source pieces that give ``code`` when run in order, one for each top-level assertion.

    A piece keeps the line numbers of the whole by leading newlines. Code that defines ``check``,
    ``unittest`` cases or test functions stays whole, and is ended by what runs them.
    Raises ``SyntaxError`` and what else ``ast.parse`` raises for source that it does not take.
    """
    code = code.replace("\r\n", "\n").replace("\r", "\n")
    tree = ast.parse(code)
    ending = _ending(tree)
    if ending is not None:
        return (f"{code}\n{ending}",)
    lines = code.split("\n")
    cuts = _cuts(tree)
    pieces = []
    for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        text = "\n".join(lines[start:end])
        if text.strip():
            pieces.append("\n" * start + text + "\n")
    return tuple(pieces)


def _ending(tree: ast.Module) -> str | None:
    """What runs the tests of code that only defines them; None for code that is its own test.

    The tester calls a ``check`` by itself: not once more where the code does so.
    """
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "check" in defined:
        return "check = None\n" if "check" in _called(tree) else ""
    cases = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and _is_test_case(node)]
    if cases:
        return _RUN_CASES.replace("CASES", ", ".join(cases))
    tests = sorted(name for name in defined if name.startswith("test"))
    if tests and not any(isinstance(node, ast.Assert) for node in tree.body) and not _called(tree) & set(tests):
        return "".join(f"{name}()\n" for name in tests)
    return None


def _called(tree: ast.Module) -> set[str]:
    """Names that the code itself calls, apart from what it defines."""
    return {
        node.func.id
        for statement in tree.body
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _is_test_case(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).endswith("TestCase") for base in node.bases)


_RUN_CASES = """
def _run_cases(*cases):
    import io, unittest
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in cases)
    result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    assert result.testsRun > len(result.skipped), "no test ran"
    for test, text in [*result.errors, *result.failures]:
        raise AssertionError(f"{test}: {text[-1500:]}")
    assert result.wasSuccessful(), "a test passed that was expected to fail"
_run_cases(CASES)
"""


def _cuts(tree: ast.Module) -> list[int]:
    """Numbers of the lines before which to cut: after each assertion but the last, where its line ends there too."""
    cuts, last = [], max((at for at, node in enumerate(tree.body) if isinstance(node, ast.Assert)), default=0)
    for node, following in zip(tree.body[:last], tree.body[1 : last + 1], strict=True):
        starts = min([following.lineno, *(d.lineno for d in getattr(following, "decorator_list", []))])
        if isinstance(node, ast.Assert) and (node.end_lineno or node.lineno) < starts:
            cuts.append(starts - 1)
    return cuts
