"""The records of a dataset: a file, a folder of files, or a dataset on the hub."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trainer_client.errors import DataError

Record = dict[str, Any]


def read(dataset: str, config: str | None = None, split: str = "train") -> Iterator[Record]:
    """The records of ``dataset``; ``config`` and ``split`` are those of a hub dataset. Raises ``DataError``."""
    path = Path(dataset)
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix in _READERS)
    elif path.suffix in _READERS or path.exists():
        files = [path]
    else:
        yield from _hub(dataset, config, split)
        return
    for file in files:
        if not file.is_file():
            raise DataError(f"there is no file {file}")
        if file.suffix not in _READERS:
            raise DataError(f"{file} is none of {', '.join(_READERS)}")
        try:
            for number, record in enumerate(_READERS[file.suffix](file)):
                if not isinstance(record, dict):
                    raise DataError(f"{file}: row {number} is no object but {type(record).__name__}")
                yield record
        except (OSError, ValueError) as error:  # what cannot be decoded, be it UTF-8, JSON or parquet
            raise DataError(f"{file}: {error}") from error


def _hub(name: str, config: str | None, split: str) -> Iterator[Record]:
    import datasets  # lazily: it is slow to import, and local files do without

    try:
        loaded = datasets.load_dataset(name, config, split=split)
    except Exception as error:
        raise DataError(f"cannot load {name!r}: {str(error).splitlines()[0]}") from error
    yield from loaded


def _jsonl(file: Path) -> Iterator[Any]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError as error:
                    raise DataError(f"{file}, line {number}: {error}") from error


def _json(file: Path) -> Iterator[Any]:
    held = json.loads(file.read_text(encoding="utf-8"))
    if isinstance(held, dict):
        held = held.get("data", [held])
    yield from held if isinstance(held, list) else [held]


def _parquet(file: Path) -> Iterator[Any]:
    import pyarrow.parquet  # lazily: JSON needs no Arrow

    with pyarrow.parquet.ParquetFile(file) as table:
        for batch in table.iter_batches():
            yield from batch.to_pylist()


_READERS: dict[str, Callable[[Path], Iterator[Any]]] = {".jsonl": _jsonl, ".json": _json, ".parquet": _parquet}
