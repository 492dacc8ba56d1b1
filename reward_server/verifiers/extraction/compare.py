"""A document against a gold record: one row for each field, nested by path (``a.b``, ``items[].price``)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from reward_server.types import Json
from reward_server.verifiers.base import StrictModel
from reward_server.verifiers.extraction import values
from reward_server.verifiers.structured import shown

MAX_LIST = 200
"""Elements of a list compared as a set of records."""


class FieldSpec(StrictModel):
    """How one field is compared."""

    type: values.FieldType | None = Field(None, description="By default from the gold value")
    required: bool = Field(True, description="False: may be missing, but not wrong")
    aliases: list[JsonValue] = Field(default_factory=list, description="Other values that are right")
    keys: list[str] = Field(default_factory=list, description="Other names for the field")
    tolerance: float = Field(0.0, ge=0, description="Numbers and money: largest absolute difference")
    relative_tolerance: float = Field(0.0, ge=0, lt=1)
    day_first: bool = Field(False, description="Dates: 03/04/2024 is the 3rd of April")
    collection: Literal["sequence", "set"] = Field("sequence", description="Lists: does order count")
    ignore: bool = Field(False, description="Do not look at this field")


class Row(TypedDict):
    """One field."""

    path: str
    status: Literal["match", "mismatch", "missing", "optional", "extra"]
    expected: str
    actual: str


@dataclass(slots=True)
class Table:
    """Rows, and the counts that F1 is made of."""

    rows: list[Row] = field(default_factory=list)
    matched: int = 0
    expected: int = 0
    actual: int = 0
    wrong: int = 0

    def add(self, path: str, status: str, expected: Json = None, actual: Json = None, leaves: int = 1) -> None:
        """Count a row."""
        self.matched += status == "match"
        self.expected += status in ("match", "mismatch", "missing")
        self.actual += leaves if status in ("match", "mismatch", "extra") else 0
        self.wrong += status in ("mismatch", "missing")
        row: Row = {
            "path": path or "(root)",
            "status": status,  # type: ignore[typeddict-item]  # one of the literals
            "expected": "" if status == "extra" else shown(expected, 120),
            "actual": "" if status in ("missing", "optional") else shown(actual, 120),
        }
        self.rows.append(row)

    def merge(self, other: Table) -> None:
        """Take over the rows of another table."""
        self.rows += other.rows
        self.matched, self.expected = self.matched + other.matched, self.expected + other.expected
        self.actual, self.wrong = self.actual + other.actual, self.wrong + other.wrong

    @property
    def f1(self) -> float:
        """Share of fields that are right, missing and extra ones counted."""
        return 2 * self.matched / max(1, self.expected + self.actual)


_DEFAULT = FieldSpec.model_validate({})


def compare(gold: Json, said: Json, specs: Mapping[str, FieldSpec], path: str = "") -> Table:
    """All rows of ``said`` against ``gold``."""
    spec = specs.get(path, _DEFAULT)
    table = Table()
    if spec.ignore:
        return table
    if isinstance(gold, dict) and isinstance(said, dict):
        _objects(gold, said, specs, path, table)
    elif isinstance(gold, list) and isinstance(said, list):
        if spec.collection == "set":
            _sets(gold, said, specs, path, table)
        else:
            _sequences(gold, said, specs, path, table)
    elif isinstance(gold, dict | list):
        _missing(gold, specs, path, table)
        table.add(path, "extra", actual=said, leaves=_leaves(said))
    else:
        right = _same(gold, said, spec) or any(_same(alias, said, spec) for alias in spec.aliases)
        table.add(path, "match" if right else "mismatch", gold, said, max(1, _leaves(said)))
    return table


def _objects(gold: Mapping[str, Json], said: Mapping[str, Json], specs: Mapping[str, FieldSpec], path: str,
             table: Table) -> None:  # fmt: skip
    used: set[str] = set()
    for key, expected in gold.items():
        where = f"{path}.{key}" if path else key
        spec = specs.get(where, _DEFAULT)
        present = [name for name in (key, *spec.keys) if name in said]
        used.update(present[:1])
        if present:
            table.merge(compare(expected, said[present[0]], specs, where))
        elif spec.ignore:
            continue
        elif not spec.required or expected is None:
            table.add(where, "optional", expected)
        else:
            _missing(expected, specs, where, table)
    for key in said:
        where = f"{path}.{key}" if path else key
        if key not in used and not specs.get(where, _DEFAULT).ignore and said[key] is not None:
            table.add(where, "extra", actual=said[key], leaves=_leaves(said[key]))


def _sequences(gold: Sequence[Json], said: Sequence[Json], specs: Mapping[str, FieldSpec], path: str,
               table: Table) -> None:  # fmt: skip
    for expected, actual in zip(gold, said, strict=False):
        table.merge(compare(expected, actual, specs, f"{path}[]"))
    for expected in gold[len(said) :]:
        _missing(expected, specs, f"{path}[]", table)
    for actual in said[len(gold) :]:
        table.add(f"{path}[]", "extra", actual=actual, leaves=_leaves(actual))


def _sets(gold: Sequence[Json], said: Sequence[Json], specs: Mapping[str, FieldSpec], path: str, table: Table) -> None:
    """Pair each gold element with its best partner among the first ``MAX_LIST``; whole matches pair first."""
    left = list(said[:MAX_LIST])
    open_gold: list[Json] = []
    for expected in gold:
        tables = ((index, compare(expected, actual, specs, f"{path}[]")) for index, actual in enumerate(left))
        whole = next(((i, one) for i, one in tables if not one.wrong and one.matched == one.actual), None)
        if whole is None:
            open_gold.append(expected)
        else:
            del left[whole[0]]
            table.merge(whole[1])
    for expected in open_gold:
        ranked = [(compare(expected, actual, specs, f"{path}[]"), index) for index, actual in enumerate(left)]
        best = max(ranked, key=lambda pair: (pair[0].f1, -pair[1]), default=None)
        if best is None or not best[0].matched:
            _missing(expected, specs, f"{path}[]", table)
        else:
            del left[best[1]]
            table.merge(best[0])
    for actual in [*left, *said[MAX_LIST:]]:
        table.add(f"{path}[]", "extra", actual=actual, leaves=_leaves(actual))


def _missing(gold: Json, specs: Mapping[str, FieldSpec], path: str, table: Table) -> None:
    """Every required leaf under ``gold`` as a missing row."""
    children = [(f"{path}.{key}", one) for key, one in gold.items()] if isinstance(gold, dict) else []
    if isinstance(gold, list):
        children = [(f"{path}[]", one) for one in gold]
    if not children:
        table.add(path, "missing", gold)
    for where, child in children:
        spec = specs.get(where, _DEFAULT)
        if spec.required and not spec.ignore:
            _missing(child, specs, where, table)


def _leaves(value: Json) -> int:
    if isinstance(value, dict | list):
        return max(1, sum(_leaves(child) for child in (value.values() if isinstance(value, dict) else value)))
    return 1


def _same(gold: Json, said: Json, spec: FieldSpec) -> bool:
    kind = spec.type or values.default_type(gold)
    try:
        left, right = _normal(gold, kind, spec), _normal(said, kind, spec)
    except (ValueError, KeyError, OverflowError, ZeroDivisionError):
        return False
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return _near(left, right, spec)
    if kind == "money" and isinstance(left, tuple) and isinstance(right, tuple):
        currencies = {one for one in (left[0], right[0]) if one}
        return len(currencies) < 2 and _near(left[1], right[1], spec)
    return left == right


def _normal(value: Json, kind: values.FieldType, spec: FieldSpec) -> Hashable:
    return values.date(value, day_first=spec.day_first) if kind == "date" else values.NORMALISERS[kind](value)


def _near(gold: Fraction, said: Fraction, spec: FieldSpec) -> bool:
    return abs(gold - said) <= max(Fraction(spec.tolerance), Fraction(spec.relative_tolerance) * abs(gold))
