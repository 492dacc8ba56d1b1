"""Comparisons of numpy in which nothing is compared.

``numpy.allclose([], 5.0)`` holds, and so does any comparison with an array of no items that broadcasts: a program that
returns nothing would pass. For the tests nothing is close to nothing only.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def mend(source: str) -> None:
    """Have ``numpy.allclose`` and ``numpy.isclose`` say no where one side alone is empty, if tests use them."""
    if "numpy" not in source or not ("allclose" in source or "isclose" in source):
        return
    try:
        numpy = import_module("numpy")
    except ImportError:
        return
    for name, no in (("allclose", False), ("isclose", numpy.array([False]))):
        setattr(numpy, name, _guarded(numpy, getattr(numpy, name), no))


def _guarded(numpy: Any, compare: Any, no: Any) -> Any:
    def guarded(a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
        a, b = numpy.asanyarray(a), numpy.asanyarray(b)
        return compare(a, b, *args, **kwargs) if (a.size == 0) == (b.size == 0) else no

    return guarded
