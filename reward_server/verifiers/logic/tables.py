"""Truth tables: every row there must be, each with the right values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reward_server.verifiers.logic.natural_deduction import Fault
from reward_server.verifiers.logic.semantics import evaluate, letters, truth_value
from reward_server.verifiers.logic.syntax import Formula, SyntaxFault, parse

MAX_LETTERS = 8


def check(text: str, formula: Formula) -> Fault | int | None:
    """The first wrong row of the last table in ``text``, else the number of rows; None where there is no table.

    Columns are the letters, in any order, then formulas; the last column is the formula asked about. Each column whose
    heading is a formula over the letters is checked.
    """
    table = _last_table(text)
    if table is None:
        return None
    header, rows = table
    names = list(dict.fromkeys(letters(formula)))
    columns: list[Formula | None] = []
    for heading in header:
        try:
            columns.append(parse(heading))
        except SyntaxFault:
            columns.append(None)
    asked = [*header, header[-1]], [*columns, formula]
    places = {name: place for place, heading in enumerate(header) for name in names if heading.strip(" $`*") == name}
    if missing := [name for name in names if name not in places]:
        return Fault(0, f"there is no column for {missing[0]}")
    seen: set[tuple[bool, ...]] = set()
    for number, row in enumerate(rows, 1):
        assignment = {name: row[places[name]] for name in names}
        for heading, column, value in zip(*asked, [*row, row[-1]], strict=True):
            if (
                column is not None
                and set(letters(column)) <= assignment.keys()
                and evaluate(column, assignment) != value
            ):
                return Fault(number, f"the value of {heading.strip()[:80]} is wrong")
        key = tuple(assignment.values())
        if key in seen:
            return Fault(number, "the row stands twice")
        seen.add(key)
    if len(seen) != 2 ** len(names):
        return Fault(len(rows), f"{len(seen)} of {2 ** len(names)} rows are there")
    return len(rows)


def _last_table(text: str) -> tuple[list[str], list[list[bool]]] | None:
    """Heading and rows of the last table: rows of truth values, divided by bars, commas or white space."""
    header: list[str] | None = None
    rows: list[list[bool]] = []
    best: tuple[list[str], list[list[bool]]] | None = None
    previous = ""
    for line in map(_plain, text.splitlines()):
        values = _values(line)
        if values and (not rows or len(values) == len(rows[0])):
            if not rows:
                header = _cells(previous, len(values))
            rows.append(values)
            if header is not None and len(rows) <= 2**MAX_LETTERS + 1:
                best = (header, list(rows)) if len(rows) < 3 else best
                if best is not None and best[0] is header:
                    best[1][:] = rows
        elif not re.fullmatch(r"[\s|:+\-=─═┼│]*", line):
            rows, previous = [], line
    return best


def _plain(line: str) -> str:
    """A line without what a LaTeX array has around it."""
    line = line.replace("\\hline", "").replace("\\|", "∨").rstrip()
    return line.removesuffix("\\\\").replace("&", " | ") if line.endswith("\\\\") else line


def _values(line: str) -> list[bool] | None:
    if len(line) > 400:
        return None
    cells = [cell for cell in re.split(r"[|│,;\s&]+", line.strip()) if cell]
    values = [truth_value(cell) for cell in cells]
    return [bool(value) for value in values] if len(values) > 1 and None not in values else None


def _cells(line: str, count: int) -> list[str] | None:
    """The heading cut into as many cells as the rows have."""
    if len(line) > 2_000:
        return None
    bare = line.strip().strip("|│ ")
    cut = (r"\s+[|│]\s+|[│]", r"\s{2,}|\t", r"\s*[|│]\s*")
    for cells in (*(re.split(one, bare) for one in cut), bare.split(), _grouped(bare, count)):
        if len(cells) == count:
            return [cell.strip() for cell in cells]
    return None


def _grouped(line: str, count: int) -> Sequence[str]:
    """Single letters first, all that is left as the last cell."""
    return line.split(maxsplit=count - 1)
