"""Arguments that a function changed in place, on the side that passed them."""

from __future__ import annotations

import sys
from typing import Any

_MUTABLE = (list, dict, set, bytearray)


def is_mutable(item: Any) -> bool:
    """Whether a function may have changed it, by its type alone."""
    return isinstance(item, _MUTABLE) or hasattr(item, "maxlen") or is_array(item) or hasattr(item, "typecode")


def is_array(item: Any) -> bool:
    """Whether it is a numpy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(item, numpy.ndarray)


def update(old: Any, new: Any) -> None:
    """Make a mutable argument what it became on the other side, in place as deep as the shapes agree."""
    if type(old) is list and type(new) is list:
        if len(old) == len(new):
            for at, (before, after) in enumerate(zip(list(old), new, strict=True)):
                if type(before) in _MUTABLE and type(before) is type(after):
                    update(before, after)
                else:
                    old[at] = after
        else:
            old[:] = new
    elif type(old) is dict and type(new) is dict:
        merged = {key: old[key] if key in old and _same_kind(old[key], value) else value for key, value in new.items()}
        for key, value in new.items():
            if merged[key] is not value:
                update(merged[key], value)
        old.clear()
        old.update(merged)
    elif isinstance(old, tuple) and isinstance(new, tuple):
        for before, after in zip(old, new, strict=False):
            update(before, after)
    elif isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, list | bytearray) and isinstance(new, list | bytearray):
        old[:] = new
    elif hasattr(old, "typecode") and hasattr(new, "typecode"):
        old[:] = new
    elif isinstance(old, dict) and isinstance(new, dict):
        old.clear()
        old.update(new)
    elif is_array(old) and is_array(new) and old.shape == new.shape:
        old[...] = new
    elif hasattr(old, "maxlen") and hasattr(new, "maxlen"):
        old.clear()
        old.extend(new)
    elif type(old) is type(new) and isinstance(getattr(old, "__dict__", None), dict):
        old.__dict__.update(new.__dict__)


def _same_kind(before: Any, after: Any) -> bool:
    return type(before) in _MUTABLE and type(before) is type(after)
