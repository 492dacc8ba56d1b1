"""When two results of a query are the same."""

from __future__ import annotations

import math

from reward_server.verifiers.sql.database import Cell, Rows


def same_rows(expected: Rows, actual: Rows, *, ordered: bool) -> bool:
    """Whether the rows are equal as a list, or as a multiset where order was not asked for."""
    if len(expected) != len(actual) or (expected and len(expected[0]) != len(actual[0])):
        return False
    if not ordered:
        expected, actual = sorted(expected, key=_row_key), sorted(actual, key=_row_key)
    return all(
        _same(left, right)
        for one, other in zip(expected, actual, strict=True)
        for left, right in zip(one, other, strict=True)
    )


def _same(left: Cell, right: Cell) -> bool:
    """Numbers by value, to nine digits where one is a float; all else exactly, with its type."""
    if isinstance(left, int | float) and isinstance(right, int | float):
        if isinstance(left, int) and isinstance(right, int):
            return left == right
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
    return type(left) is type(right) and left == right


def _row_key(row: tuple[Cell, ...]) -> tuple[tuple[int, float, str], ...]:
    return tuple(_cell_key(cell) for cell in row)


def _cell_key(cell: Cell) -> tuple[int, float, str]:
    match cell:
        case None:
            return (0, 0.0, "")
        case int() | float():
            return (1, float(f"{float(cell):.8g}"), "")
        case bytes():
            return (2, 0.0, cell.hex())
        case _:
            return (3, 0.0, cell)
