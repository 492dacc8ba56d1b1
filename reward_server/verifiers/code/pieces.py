"""Cutting assert-style test code into tests that can be reported one by one."""

from __future__ import annotations

import ast


def pieces_of(code: str) -> tuple[str, ...]:
    """Source pieces that give ``code`` when run in order, one for each top-level assertion.

    A piece keeps the line numbers of the whole by leading newlines. Code that defines ``check`` stays whole.
    Raises ``SyntaxError`` and what else ``ast.parse`` raises for source that it does not take.
    """
    code = code.replace("\r\n", "\n").replace("\r", "\n")
    tree = ast.parse(code)
    if any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body):
        return (code,)
    lines = code.split("\n")
    cuts = _cuts(tree)
    pieces = []
    for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        text = "\n".join(lines[start:end])
        if text.strip():
            pieces.append("\n" * start + text + "\n")
    return tuple(pieces)


def _cuts(tree: ast.Module) -> list[int]:
    """Numbers of the lines before which to cut: after each assertion but the last, where its line ends there too."""
    cuts, last = [], max((at for at, node in enumerate(tree.body) if isinstance(node, ast.Assert)), default=0)
    for node, following in zip(tree.body[:last], tree.body[1 : last + 1], strict=True):
        starts = min([following.lineno, *(d.lineno for d in getattr(following, "decorator_list", []))])
        if isinstance(node, ast.Assert) and (node.end_lineno or node.lineno) < starts:
            cuts.append(starts - 1)
    return cuts
