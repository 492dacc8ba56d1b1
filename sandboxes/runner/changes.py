"""Arguments that a function changed in place, on the side that passed them."""

from __future__ import annotations

import sys
from typing import Any


def is_array(item: Any) -> bool:
    """Whether it is a numpy array, or one of the standard library."""
    numpy = sys.modules.get("numpy")
    return (numpy is not None and isinstance(item, numpy.ndarray)) or type(item).__name__ == "array"


def update(old: Any, new: Any) -> None:
    """Make a set, a bytearray, a deque or an array what it became on the other side, in place."""
    if isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, bytearray) and isinstance(new, bytearray):
        old[:] = new
    elif hasattr(old, "typecode") and hasattr(new, "typecode"):
        old[:] = new
    elif hasattr(old, "shape") and hasattr(new, "shape") and old.shape == new.shape:
        old[...] = new
    elif hasattr(old, "maxlen") and hasattr(new, "maxlen"):
        old.clear()
        old.extend(new)
