"""Series, indexes and frames of pandas, by value: from plain parts, never from a pickle."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

NAMES = ("DataFrame", "Series", "RangeIndex", "MultiIndex", "DatetimeIndex", "Index", "Timestamp", "Timedelta")
SINGLE = ("NaT", "NA")


def name_of(thing: Any) -> str | None:
    """What pandas calls the exact type of a thing; None where it crosses as a handle."""
    pandas: Any = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):
        return None
    found = (name for name in NAMES if type(thing) is getattr(pandas, name))
    return next(found, None) or next((name for name in SINGLE if thing is getattr(pandas, name)), None)


def parts_of(name: str, thing: Any) -> list[Any]:
    """What it is rebuilt from."""
    if name in SINGLE:
        return []
    if name == "DataFrame":
        return [thing.columns, [thing.iloc[:, at] for at in range(thing.shape[1])], thing.index]
    if name == "Series":
        return [*_values(thing), thing.index, thing.name]
    if name == "RangeIndex":
        return [thing.start, thing.stop, thing.step, thing.name]
    if name == "MultiIndex":
        return [list(thing), list(thing.names)]
    if name in ("Timestamp", "Timedelta"):
        return [str(thing)]
    return [*_values(thing), thing.name]


def rebuilt(name: str, parts: Any) -> Any:
    """The thing again; raises whatever pandas raises for parts that are none."""
    pandas: Any = import_module("pandas")
    if name in SINGLE:
        return getattr(pandas, name)
    if name == "DataFrame":
        columns, series, index = parts
        frame = pandas.concat(series, axis=1) if series else pandas.DataFrame(index=index)
        frame.columns, frame.index = columns, index
        return frame
    if name == "Series":
        values, kind, index, title = parts
        return pandas.Series(values, index=index, name=title, dtype=_kind(kind))
    if name == "RangeIndex":
        return pandas.RangeIndex(*parts[:3], name=parts[3])
    if name == "MultiIndex":
        return pandas.MultiIndex.from_tuples(parts[0], names=parts[1])
    if name in ("Timestamp", "Timedelta"):
        return getattr(pandas, name)(parts[0])
    values, kind, title = parts
    return pandas.Index(values, dtype=_kind(kind), name=title)


def _kind(kind: Any) -> Any:
    return import_module("pandas").CategoricalDtype(*kind) if isinstance(kind, list) else kind


def _values(thing: Any) -> list[Any]:
    """Plain values and the name of their type, as ``Series`` and ``Index`` take them."""
    kind = str(thing.dtype)
    if kind == "category" and name_of(thing.dtype.categories):
        return [thing.tolist(), [thing.dtype.categories, thing.dtype.ordered]]
    if kind.startswith("datetime64"):
        return [[str(value) for value in thing], kind]
    return [thing.tolist(), kind]
