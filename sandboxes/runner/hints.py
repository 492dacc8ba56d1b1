"""Types of ``typing``, by value: ``Optional[str]`` is the same on both sides, though it is no class."""

from __future__ import annotations

import sys
import types
from importlib import import_module
from typing import Any

_BARE = ("Any", "NoReturn", "Never", "Self", "LiteralString", "Final", "ClassVar")


def hint_parts(thing: Any) -> list[Any] | None:
    """The name of a type of ``typing`` and what stands in its brackets, if anything; None for all else."""
    typing: Any = sys.modules.get("typing")
    if isinstance(thing, types.UnionType):
        return ["|", list(thing.__args__)]
    if type(thing) is types.GenericAlias:
        return ["[]", [thing.__origin__, *thing.__args__]]
    if typing is None or type(thing).__module__ != "typing":
        return None
    if any(thing is getattr(typing, name, None) for name in _BARE):
        return [getattr(thing, "_name", None) or thing.__name__, None]
    name, args = getattr(thing, "_name", None), getattr(thing, "__args__", None)
    if getattr(thing, "__origin__", None) is typing.Union:
        return ["Union", list(args or ())]
    if not isinstance(name, str) or not hasattr(typing, name):
        return None
    if not isinstance(args, tuple):  # ``List`` alone
        return [name, None]
    if name == "Callable":
        return [name, [list(args[:-1]) if args[0] is not ... else ..., args[-1]]]
    return [name, list(args)]


def is_hint(thing: Any) -> bool:
    """Whether it is a type, or one of ``typing``."""
    return isinstance(thing, type) or hint_parts(thing) is not None


def hint_of(name: str, args: Any) -> Any:
    """The type again; raises whatever ``typing`` raises for parts that are none."""
    if name == "|":
        made = args[0]
        for arg in args[1:]:
            made = made | arg
        return made
    if name == "[]":
        return types.GenericAlias(args[0], tuple(args[1:]))
    bare = getattr(import_module("typing"), name)
    if type(bare).__module__ != "typing":
        raise TypeError("no type of typing")
    return bare if args is None else bare[tuple(args) if len(args) != 1 else args[0]]
