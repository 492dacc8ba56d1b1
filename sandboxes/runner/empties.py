"""Comparisons of numpy in which nothing is compared.

``numpy.allclose([], 5.0)`` holds, and so does any comparison with an array of no items that broadcasts: a program that
returns nothing would pass. For the tests nothing is equal or close to nothing only.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from importlib import import_module
from typing import Any

_DECIDING = ("allclose", "isclose", "array_equiv")
_ASSERTING = (
    *("assert_allclose", "assert_array_equal", "assert_array_almost_equal", "assert_almost_equal", "assert_equal"),
    *("assert_array_almost_equal_nulp", "assert_array_max_ulp", "assert_array_less"),
)
_kinds: dict[str, Any] = {}


def mend(source: str) -> None:
    """Where tests use numpy, have its comparisons say no where one side alone is empty."""
    if "numpy" not in source:
        return
    try:
        numpy = import_module("numpy")
    except ImportError:
        return
    for name in _DECIDING if any(name in source for name in _DECIDING) else ():
        no = numpy.array([False]) if name == "isclose" else False
        setattr(numpy, name, _guarded(numpy, getattr(numpy, name), no))
    if "assert_" in source:
        testing = import_module("numpy.testing")
        for name in _ASSERTING:
            setattr(testing, name, _guarded(numpy, getattr(testing, name), None))


def mend_sets(owns: Callable[[Any], bool]) -> None:
    """Have ``assertSetEqual`` compare the items of an object of the program's: else it asks the object itself how it
    differs from the expected set."""
    case: Any = import_module("unittest").TestCase
    compare = case.assertSetEqual

    def guarded(self: Any, first: Any, second: Any, msg: Any = None) -> None:
        compare(self, *(set(side) if owns(side) else side for side in (first, second)), msg)

    case.assertSetEqual = guarded


def _guarded(numpy: Any, compare: Any, no: Any) -> Any:
    """A comparison; where one side alone is empty its answer is ``no``, or where that is None a failure."""

    def guarded(*args: Any, **kwargs: Any) -> Any:
        args = tuple(map(_looked_at_once, args))
        kwargs = {name: _looked_at_once(value) for name, value in kwargs.items()}
        sides = [*args, *(kwargs[name] for name in _SIDES if name in kwargs)][:2]
        if len({numpy.asanyarray(side).size == 0 for side in sides}) == 2:
            if no is None:
                raise AssertionError("one side alone is empty")
            return no
        return compare(*args, **kwargs)

    return guarded


def _looked_at_once(side: Any) -> Any:
    """An object of the program's as an array: it might have items for one look and none for the next."""
    return import_module("numpy").asanyarray(side) if hasattr(type(side), "_sandbox_powers") else side


_SIDES = ("a", "b", "a1", "a2", "x", "y", "actual", "desired")
"""What numpy calls the two that are compared."""


def marked(array: Any) -> Any:
    """An array of no items as one that is unequal to what has some."""
    numpy = import_module("numpy")
    if not _kinds:
        _kinds["ndarray"] = _made(numpy)
    return array.view(_kinds["ndarray"]) if type(array) is numpy.ndarray else array


def _made(numpy: Any) -> Any:
    def meets_items(array: Any, other: Any) -> bool:
        is_value = isinstance(other, numbers.Number | numpy.ndarray | numpy.generic | list | tuple)
        return is_value and array.size == 0 and numpy.asanyarray(other).size != 0

    def equal(array: Any, other: Any) -> Any:
        return numpy.array([False]) if meets_items(array, other) else numpy.ndarray.__eq__(array, other)

    def unequal(array: Any, other: Any) -> Any:
        return numpy.array([True]) if meets_items(array, other) else numpy.ndarray.__ne__(array, other)

    def text(array: Any) -> str:
        return repr(array.view(numpy.ndarray))

    def calculate(array: Any, function: Any, method: str, *inputs: Any, **named: Any) -> Any:
        """What is left of items by calculating with none (``got - want``) would be within any bound."""
        if method == "__call__" and any(numpy.ndim(item) and numpy.size(item) for item in inputs):
            raise ValueError("an array of no items meets one that has some")
        named = {name: tuple(map(bare, value)) if name == "out" else value for name, value in named.items()}
        made = getattr(function, method)(*map(bare, inputs), **named)
        return marked(made) if isinstance(made, numpy.ndarray) and not made.size else made

    def bare(item: Any) -> Any:
        return item.view(numpy.ndarray) if type(item) is _kinds["ndarray"] else item

    own = {"__eq__": equal, "__ne__": unequal, "__hash__": None, "__repr__": text, "__array_ufunc__": calculate}
    return type("ndarray", (numpy.ndarray,), own)
