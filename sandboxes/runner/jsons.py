"""JSON by the coder in C alone: what ``json.loads`` and ``json.dumps`` do around it costs a fork as much again."""

from __future__ import annotations

import json
from json import encoder
from typing import Any, cast

_read = cast(Any, json.JSONDecoder()).scan_once
_write = cast(Any, encoder).c_make_encoder(
    None, json.JSONEncoder().default, encoder.encode_basestring_ascii, None, ": ", ", ", False, False, True
)


def read(data: bytes) -> Any:
    """The value that ``data`` is, and nothing but it; raises ``ValueError`` or ``RecursionError``."""
    text = data.decode()
    try:
        value, end = _read(text, 0)
    except StopIteration:
        raise ValueError("no JSON") from None
    if end != len(text):
        raise ValueError("more than one value")
    return value


def written(value: Any) -> bytes:
    """The JSON of a tree of plain values; raises ``TypeError``, ``ValueError`` or ``RecursionError``."""
    return "".join(_write(value, 0)).encode()
