"""Rows of a data set: JSON Lines, JSON, CSV and Parquet, by the name's ending; the texts also behind ``.gz``."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from reward_server.errors import ConfigurationError

Row = dict[str, Any]


def read_rows(path: Path) -> list[Row]:
    """Every row as an object; raises ``ConfigurationError`` for a file that cannot be read."""
    read = _READERS.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if read is None:
        raise ConfigurationError(f"{path} is none of {', '.join(sorted(_READERS))}")
    try:
        rows = list(read(path))
    except (OSError, EOFError, ValueError, RecursionError, csv.Error) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError(f"{path} holds no rows, or rows that are no objects")
    return rows


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSON Lines, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
    partial.replace(path)


def column(row: Mapping[str, Any], name: str) -> Any:
    """A column, a value inside one by a dotted name, or several texts joined by ``+``; None where one is missing."""
    if name in row:
        return row[name]
    if "+" in name:
        parts = [column(row, one) for one in name.split("+")]
        return None if None in parts else "".join(map(str, parts))
    value: Any = row
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _opened(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _json_lines(path: Path) -> Iterator[Row]:
    with _opened(path) as lines:
        for number, line in enumerate(lines, 1):
            try:
                if line.strip():
                    yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number} is not JSON: {error}") from None


def _json(path: Path) -> Iterator[Row]:
    with _opened(path) as text:
        document = json.load(text)
    if isinstance(document, dict):
        document = next((value for value in document.values() if isinstance(value, list)), [])
    yield from document


def _csv(path: Path) -> Iterator[Row]:
    with _opened(path) as lines:
        yield from csv.DictReader(lines)


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import parquet
    except ImportError:
        raise ConfigurationError("reading Parquet needs pyarrow: pip install pyarrow") from None
    for batch in parquet.ParquetFile(path).iter_batches(1_000):
        yield from batch.to_pylist()


_READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
}
