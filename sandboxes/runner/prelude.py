"""The imports that function and assert tests give a program, had ahead.

To run them in a fork writes to every object that they name, which costs more than the rest of a short program. So the
zygotes run them once, and a child whose prelude begins with this very text starts from the names that are there.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

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
    """In a zygote: run the common part, into a module that is no program's yet."""
    module = ModuleType("prepared")
    exec(compile(COMMON, "<prelude>", "exec", dont_inherit=True), module.__dict__)
    _ready.append((module, dict(module.__dict__)))


def begin(name: str, source: str) -> tuple[ModuleType, str, dict[str, Any]]:
    """A module for a program, what of the prelude ``source`` is still to be run in it, and the names it has so far.

    For a second module of the same process there is none ready.
    """
    if source.startswith(COMMON) and _ready:
        module, names = _ready.pop()
        module.__name__ = name
        lines = COMMON.count("\n")
        return module, "\n" * lines + source[len(COMMON) :], names
    return ModuleType(name), source, {}
