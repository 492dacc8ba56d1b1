"""Lone surrogates: JSON can escape them, UTF-8 and so everything behind this service cannot hold them.

They become U+FFFD, which is what a reader of broken text expects to see.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reward_server.types import Json

_SURROGATES = re.compile("[\ud800-\udfff]")


def repair_text(text: str) -> str:
    """The text without lone surrogates; the same object where it holds none."""
    return _SURROGATES.sub("\ufffd", text) if _SURROGATES.search(text) else text


def repair(value: Json) -> Json:
    """The value without lone surrogates in any text or key. Raises ``RecursionError`` for absurd nesting."""
    if isinstance(value, str):
        return repair_text(value)
    if isinstance(value, Mapping):
        return {repair(key): repair(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [repair(inner) for inner in value]
    return value
