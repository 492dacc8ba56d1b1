"""Pickles of the program's objects: ``pickle.loads(pickle.dumps(thing))`` in tests; and their JSON.

The program's process makes the pickle and reads it. The tester's own holds it as bytes that it never looks into.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .link import Link

_HOME = "sandbox_pickles"
"""The module that pickles of the tester's name; the runner's own cannot be imported there."""


def offer(link: Link) -> Any:
    """Let pickles of stand-ins be read in this process: the module that they name."""

    def restored(data: bytes) -> Any:
        return link.request("unpickled", 0, link.codec.encode(data))

    restored.__module__, restored.__qualname__ = _HOME, "restored"
    home: Any = types.ModuleType(_HOME)
    home.restored = restored
    sys.modules[_HOME] = home
    return home


def reduced(link: Link, number: int, protocol: Any) -> tuple[Any, ...]:
    """What ``__reduce_ex__`` says of a stand-in."""
    data = link.request("pickled", number, int(protocol))
    if type(data) is not bytes:
        raise TypeError("a pickle must be bytes")
    home: Any = sys.modules.get(_HOME) or offer(link)
    return home.restored, (data,)


def write_json(link: Link) -> None:
    """Have ``json.dumps`` of the tests write objects whose class is derived from a plain type."""
    encoder: Any = importlib.import_module("json").JSONEncoder
    refuse = encoder.default

    def default(self: Any, thing: Any) -> Any:
        return link.plain(thing) if "v" in getattr(type(thing), "_sandbox_powers", "") else refuse(self, thing)

    encoder.default = default


# What follows is the candidate's side of it.


def pickled(thing: Any, protocol: int) -> bytes:
    """The pickle of a thing of the program's."""
    data: bytes = importlib.import_module("pickle").dumps(thing, protocol)
    return data


def unpickled(data: bytes) -> Any:
    """The thing again."""
    return importlib.import_module("pickle").loads(data)
