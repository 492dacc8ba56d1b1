"""The imports that function and assert tests give a program, had ahead.

To run them in a fork writes to every object that they name, which costs more than the rest of a short program. So the
zygotes run them once, and a program whose prelude begins with this very text starts from the names that are there.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .program import fresh_module

if TYPE_CHECKING:
    from types import ModuleType

COMMON = """\
from typing import *
from bisect import *
from collections import *
from functools import *
from heapq import *
from itertools import *
from math import inf, nan, pi, e, gcd, lcm, sqrt, isqrt, ceil, floor, log, log2, log10, exp, sin, cos, tan, \
atan, atan2, hypot, comb, perm, factorial, prod
from operator import add, sub, mul, xor, or_, and_, itemgetter, attrgetter
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, punctuation
import bisect, collections, copy, datetime, functools, heapq, itertools, json, math, operator, random, re, statistics
import string, sys, typing
"""
"""As the ``code`` verifier has it (a test compares): where the two differ, it is run as any other."""
_ready: list[tuple[ModuleType, dict[str, Any]]] = []


def prepare() -> None:
    """In a zygote: run the common part, in a module that is no program's yet."""
    module = fresh_module("prepared", "prepared.py")
    del sys.modules["prepared"]
    exec(compile(COMMON, "<prelude>", "exec", dont_inherit=True), module.__dict__)
    _ready.append((module, dict(module.__dict__)))


def parted(source: str) -> tuple[bool, str]:
    """Whether a prelude begins with the common part, and what is to be run besides; its lines keep their numbers."""
    if not source.startswith(COMMON):
        return False, source
    rest = source[len(COMMON) :]
    return True, "\n" * COMMON.count("\n") + rest if rest.strip() else ""


def begin(name: str, path: str, common: bool) -> tuple[ModuleType, dict[str, Any]]:
    """A module for a program of this process, to be imported by its name, and what it has of the common part."""
    if not common:
        return fresh_module(name, path), {}
    module, names = _ready.pop()
    loader: Any = module.__loader__
    module.__name__, module.__file__, loader.name, loader.path = name, path, name, path
    sys.modules[name] = module
    return module, names
