"""Comparing what a function returned with what it should have returned.

The expected side is JSON of the task's owner; the actual side was rebuilt from a closed set of plain types, so
nothing here can run foreign code. List and tuple are equal at any depth; booleans and whole numbers are exact; real
numbers are equal within 1e-9; NaN equals nothing; text never equals a number. A key of an expected object
also stands for the number, boolean or None that JSON writes so, since JSON has no other keys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from reward_server.types import Json

TOLERANCE = 1e-9
"""Relative, and absolute near zero."""

_MISSING = object()


def value_matches(expected: Json, actual: Any) -> bool:
    """Whether ``actual`` (a typed plain value) is what was expected."""
    if expected is None or isinstance(expected, bool):
        return actual is expected
    if isinstance(expected, int | float):
        return _number_matches(expected, actual)
    if isinstance(expected, str):
        return isinstance(actual, str) and actual == expected
    if isinstance(expected, list | tuple):
        return (
            isinstance(actual, list | tuple)
            and len(actual) == len(expected)
            and all(value_matches(left, right) for left, right in zip(expected, actual, strict=True))
        )
    return isinstance(actual, dict) and _dict_matches(expected, actual)


def _number_matches(expected: int | float, actual: Any) -> bool:
    if isinstance(actual, bool) or not isinstance(actual, int | float | Decimal | Fraction):
        return False
    if isinstance(actual, Decimal) and not actual.is_finite():
        return False
    if isinstance(expected, int):
        return bool(actual == expected)
    try:
        return math.isclose(expected, float(actual), rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except OverflowError:  # an integer beyond the range of a double
        return False


def _dict_matches(expected: Mapping[str, Json], actual: dict[Any, Any]) -> bool:
    if len(expected) != len(actual):
        return False
    written = {_key(key): value for key, value in actual.items()}
    return len(written) == len(actual) and all(
        value_matches(value, written.get(key, _MISSING)) for key, value in expected.items()
    )


def _key(key: Any) -> Any:
    """The text that JSON writes for a key, or the key itself where it writes none."""
    if key is None or isinstance(key, bool | float) or (isinstance(key, int) and key.bit_length() < 1024):
        return json.dumps(key)
    return key
