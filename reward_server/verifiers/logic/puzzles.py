"""Puzzles whose answers a rule checks: any answer that keeps the rules is right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from reward_server.types import Json
from reward_server.verifiers.final_answer import final_answer
from reward_server.verifiers.listing import Wrong, answer_line, answer_list, answer_pairs, document
from reward_server.verifiers.logic.syntax import SyntaxFault, Term, parse_term

MAX_NUMBER = 10**12
_ROLES = {
    **dict.fromkeys(("knight", "a knight", "truth-teller", "truth teller", "true", "t", "yes"), True),
    **dict.fromkeys(("knave", "a knave", "liar", "false", "f", "no", "not a knight"), False),
}
_ROLE = re.compile(r"\b(\w{1,40})\s+is\s+(?:a|the)\s+(knight|knave|liar|truth-teller)\b", re.IGNORECASE)


def knights_and_knaves(roles: Sequence[str], text: str) -> dict[str, bool] | None:
    """Who is a knight, from "A: knight, B: knave" or "A is a knight"; None where not everybody is named.

    The last word on each counts; raises ``Wrong`` where that sentence gives somebody both roles.
    """
    pairs = answer_pairs(text) or {}
    said = {name: value.casefold() for name, value in pairs.items()}
    stated = final_answer(text)
    for sentence in re.split(r"[.!?\n]", stated.text if stated else text[-5_000:]):
        here: dict[str, str] = {}
        for match in _ROLE.finditer(sentence):
            if _ROLES.get(here.setdefault(match[1], match[2].casefold())) != _ROLES[match[2].casefold()]:
                here[match[1]] = "both"
        said |= here
    if both := [name for name in roles if said.get(name) == "both"]:
        raise Wrong(f"{both[0]} is said to be both")
    answer = {name: _ROLES[said[name]] for name in roles if said.get(name) in _ROLES}
    return answer if len(answer) == len(roles) else None


def sudoku(given: Sequence[Sequence[int]], text: str) -> int | None:
    """Number of cells of a right solution; raises ``Wrong``; None where there is no grid."""
    size = len(given)
    box = int(size**0.5)
    value = document(text, list)
    rows = value if isinstance(value, list) else _grid(text, size)
    if rows is None:
        return None
    if len(rows) != size or any(not isinstance(row, list) or len(row) != size for row in rows):
        raise Wrong(f"the grid is not {size} by {size}")
    wanted = set(range(1, size + 1))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            if given[i][j] and given[i][j] != cell:
                raise Wrong(f"the given {given[i][j]} in row {i + 1}, column {j + 1} is changed")
    units = [[(i, j) for j in range(size)] for i in range(size)]
    units += [[(i, j) for i in range(size)] for j in range(size)]
    units += [[(r + i, c + j) for i in range(box) for j in range(box)]
              for r in range(0, size, box) for c in range(0, size, box)]  # fmt: skip
    for unit in units:
        if {rows[i][j] for i, j in unit if type(rows[i][j]) is int} != wanted:
            raise Wrong(f"row {unit[0][0] + 1}, column {unit[0][1] + 1}: a line or box lacks a number")
    return size * size


def _grid(text: str, size: int) -> list[Json] | None:
    """The last ``size`` lines that hold ``size`` numbers each."""
    rows: list[Json] = []
    for line in text.splitlines():
        digits = re.findall(r"\d", line) if size <= 9 else re.findall(r"\d+", line)
        if len(digits) == size and len(line) < 200:
            rows.append([int(digit) for digit in digits])
    return rows[-size:] if len(rows) >= size else None


def n_queens(size: int, given: Mapping[int, int], text: str) -> int | None:
    """Number of queens of a right placement, the column of each row from 0; raises ``Wrong``."""
    answer = answer_list(text)
    if not answer:
        return None
    if len(answer) != size or not all(re.fullmatch(r"\d{1,4}", one) for one in answer):
        raise Wrong(f"not {size} columns")
    columns = [int(one) for one in answer]
    if max(columns) >= size:
        raise Wrong("a queen stands beside the board; columns count from 0")
    for row, column in given.items():
        if columns[row] != column:
            raise Wrong(f"the queen of row {row} is moved")
    for what, line in (("column", columns), ("diagonal", [c - r for r, c in enumerate(columns)]),
                       ("diagonal", [c + r for r, c in enumerate(columns)])):  # fmt: skip
        if len(set(line)) != size:
            raise Wrong(f"two queens share a {what}")
    return size


def countdown(numbers: Sequence[int], target: int, *, use_all: bool, text: str) -> Fraction | None:
    """Value of the expression, which is the target; raises ``Wrong``; None where there is none."""
    source = re.sub(
        r"=\s*-?\d+\s*$",
        "",
        answer_line(text).replace("\\times", "*").replace("\\cdot", "*").replace("\\div", "/").strip("$ ."),
    )
    if not re.search(r"\d", source):
        return None
    try:
        term = parse_term(source)
    except SyntaxFault as error:
        raise Wrong(f"not an expression: {error}") from None
    used: list[int] = []
    value = _value(term, used)
    left = Counter(numbers)
    left.subtract(used)
    if min(left.values()) < 0 or set(used) - set(numbers):
        raise Wrong("a number is used that is not there, or more often than it is")
    if use_all and any(left.values()):
        raise Wrong("not every number is used")
    if value != target:
        raise Wrong(f"its value is {str(value)[:40]}, not {target}")
    return value


def _value(term: Term, used: list[int]) -> Fraction:
    if term.name.isdigit():
        if len(term.name) > 12:
            raise Wrong("a number is too large")
        used.append(int(term.name))
        return Fraction(used[-1])
    args = [_value(arg, used) for arg in term.args]
    if term.name not in ("+", "-", "*", "/") or len(args) != 2:
        raise Wrong(f"{term.name[:20]!r} is not allowed: + - * / and brackets are")
    left, right = args
    if term.name == "/" and right == 0:
        raise Wrong("a division by zero")
    value = {"+": left.__add__, "-": left.__sub__, "*": left.__mul__, "/": left.__truediv__}[term.name](right)
    if abs(value.numerator) > MAX_NUMBER or value.denominator > MAX_NUMBER:
        raise Wrong("a number becomes too large")
    return value


def zebra(solution: Mapping[str, Mapping[str, str] | str], text: str) -> float | None:
    """1 where every attribute is right; raises ``Wrong``; None where there is no JSON object."""
    said = document(text, dict)
    if not isinstance(said, dict) or not said:
        return None
    wanted, found = _flat(solution), _flat(said)
    wrong = [key for key, value in wanted.items() if found.get(key) != value]
    surplus = found.keys() - wanted.keys()
    if wrong or surplus:
        raise Wrong(f"{' '.join((*wrong, *sorted(surplus))[0])[:100]} is wrong")
    return 1.0


def _flat(value: Json, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    if isinstance(value, Mapping):
        return {
            key: one
            for name, child in value.items()
            for key, one in _flat(child, (*path, str(name).casefold())).items()
        }
    return {path: str(value).strip().casefold()}
