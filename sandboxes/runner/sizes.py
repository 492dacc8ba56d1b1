"""Lengths that must hold good.

``len(got) == len(want) and all(a == b for a, b in zip(got, want))`` compares nothing where an object says that it has
two items and has none. So what a function returned answers for its length: it has no fewer items than it last said,
and says the same again, as long as the tests did nothing with it in between. A class that the tests ask for by name
may mean by its length what it likes, and use up its items; but where it has some, the first look finds one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SHORT = "it has fewer items than its length"
LOOKING = (
    *("len", "bool", "text", "isinstance", "issubclass", "describe", "abilities", "around", "module", "lent"),
    *("claims", "pickled"),
)
"""Verbs that change nothing, whatever the object is."""
_READING = (*LOOKING, "iter", "next", "item", "reversed")
"""Those that may use up what they read."""


class Sizes:
    """What the other side's objects said of their length since the tests last did something."""

    def __init__(self, free: set[int]) -> None:
        self._free = free
        self._told: dict[int, int] = {}
        self._still = False

    def before(self, verb: str) -> None:
        """A request is about to be made."""
        self._still = self._still and verb in LOOKING
        if verb not in _READING:
            self._told.clear()

    def told(self, proxy: Any, size: int) -> None:
        """A length was told; raises ``RuntimeError`` where it was another before."""
        if self._is_free(proxy):
            self._told.setdefault(proxy._sandbox_number, min(size, 1))
            return
        known = self._told.get(proxy._sandbox_number)
        if self._still and known is not None and known != size:
            raise RuntimeError("its length changed by itself")
        self._still = True
        self._told[proxy._sandbox_number] = size

    def of(self, proxy: Any) -> int | None:
        """How many items an object that is about to be read must have, by what it last said."""
        number = proxy._sandbox_number
        size = self._told.get(number)
        if size is not None and self._is_free(proxy):
            self._told[number] = 0
        return size

    def _is_free(self, proxy: Any) -> bool:
        return any(_names(kind).get("_sandbox_class") in self._free for kind in type(proxy).__mro__)


_names = type.__dict__["__dict__"].__get__
"""The dictionary of a class itself, whatever it says of it."""


def counted(items: Iterator[Any], size: int) -> Iterator[Any]:
    """The items; raises ``RuntimeError`` where there are fewer than ``size``."""
    count = 0
    for item in items:
        count += 1
        yield item
    if count < size:
        raise RuntimeError(SHORT)
