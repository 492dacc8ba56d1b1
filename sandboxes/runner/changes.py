"""Arguments that a function changed in place, on the side that passed them."""

from __future__ import annotations

import sys
from typing import Any


def is_array(item: Any) -> bool:
    """Whether it is an array of numpy or of the standard library, or a frame or series of pandas."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if pandas is not None and type(item) in (getattr(pandas, "DataFrame", None), getattr(pandas, "Series", None)):
        return True
    return (numpy is not None and isinstance(item, numpy.ndarray)) or type(item).__name__ == "array"


def update(old: Any, new: Any) -> None:
    """Make a set, a bytearray, a deque, an array or a frame what it became on the other side, in place."""
    if isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, bytearray) and isinstance(new, bytearray):
        old[:] = new
    elif hasattr(old, "_update_inplace"):
        old._update_inplace(new)
    elif hasattr(old, "typecode") and hasattr(new, "typecode"):
        old[:] = new
    elif hasattr(old, "shape") and hasattr(new, "shape") and old.shape == new.shape:
        old[...] = new
    elif hasattr(old, "maxlen") and hasattr(new, "maxlen"):
        old.clear()
        old.extend(new)
