"""Series, indexes and frames of pandas, by value: from plain parts, never from a pickle."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

NAMES = ("DataFrame", "Series", "RangeIndex", "MultiIndex", "DatetimeIndex", "Index", "Timestamp", "Timedelta")


def name_of(thing: Any) -> str | None:
    """What pandas calls the exact type of a thing; None where it crosses as a handle."""
    pandas: Any = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):
        return None
    return next((name for name in NAMES if type(thing) is getattr(pandas, name)), None)


def parts_of(name: str, thing: Any) -> list[Any]:
    """What it is rebuilt from."""
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
    if name == "DataFrame":
        columns, series, index = parts
        frame = pandas.concat(series, axis=1) if series else pandas.DataFrame(index=index)
        frame.columns, frame.index = columns, index
        return frame
    if name == "Series":
        values, kind, index, title = parts
        return pandas.Series(values, index=index, name=title, dtype=kind)
    if name == "RangeIndex":
        return pandas.RangeIndex(*parts[:3], name=parts[3])
    if name == "MultiIndex":
        return pandas.MultiIndex.from_tuples(parts[0], names=parts[1])
    if name in ("Timestamp", "Timedelta"):
        return getattr(pandas, name)(parts[0])
    values, kind, title = parts
    return pandas.Index(values, dtype=kind, name=title)


def _values(thing: Any) -> list[Any]:
    """Plain values and the name of their type, as ``Series`` and ``Index`` take them."""
    kind = str(thing.dtype)
    if kind.startswith("datetime64"):
        return [[str(value) for value in thing], kind]
    return [thing.tolist(), kind]
