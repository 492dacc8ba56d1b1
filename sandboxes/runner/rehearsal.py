"""Goes through a conversation of tester and candidate in the zygote, so that no fork is the first to have one.

The interpreter adapts code while it runs it, and fills caches: both are writes, and in a fork each costs a page. What
was done here ahead is done for all of them. The values are made up; nothing of it stays but what the interpreter knows.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from . import candidate, child, jsons, prelude, tester
from .caller import Caller
from .candidate import Candidate
from .link import Link
from .tester import Tester

_TIMES = 20
"""Enough for the interpreter to adapt what it runs."""
_VALUES: tuple[Any, ...] = (1, "text", 0.5, [1, 2], {"key": [1]}, (1, "a"), None, True)


def prepare() -> None:
    """In a zygote, while 1 and 2 are pipes: have what calls and tests need, and have it used once."""
    child.talking.update({child.CALLER: Caller, child.CANDIDATE: Candidate, child.TESTER: Tester})
    prelude.prepare()
    candidate.prepare()
    tester.prepare()
    _rehearse()


def _rehearse() -> None:
    """Have one end call a function of the other's, which is the same process: the answer is there before it asks."""
    ends = import_module("_socket").socketpair()  # the module around it would bring 60 pages that no program here needs
    asking, asked = Link(ends[0].fileno(), strict=True), Link(ends[1].fileno(), strict=False)
    asked.send(["ready", [asked.codec.encode(_same)]])
    (handle,) = asking.receive()[1]
    proxy = asking.codec.decode(handle)
    for value in _VALUES * _TIMES:
        written = jsons.read(jsons.written(asked.codec.encode(value)))
        asked.send(["r", [written, []]])
        assert proxy(value) == value
        asked.answer(asked.receive())
        asking.receive()
    for end in ends:
        end.close()


def _same(value: Any) -> Any:
    return value
