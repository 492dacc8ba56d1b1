"""Source that runs before a program or its tests: LeetCode's imports, and plain classes that both sides know."""

from __future__ import annotations

import ast
from dataclasses import dataclass

LEETCODE_IMPORTS = """\
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
"""What LeetCode gives a submission unasked, less the names that would hide a builtin (``math.pow``)."""

_SPECIAL = ("__init__", "__slots__", "__match_args__")


@dataclass(frozen=True, slots=True)
class SharedClasses:
    """Classes whose objects cross by value: their names, and source that defines them for the program."""

    names: tuple[str, ...] = ()
    source: str = ""


def shared_classes(setup: str) -> SharedClasses:
    """The plain classes that ``setup`` defines at its top level; raises ``SyntaxError`` and what else ``ast`` raises.

    Plain is a class with no bases and no methods but special ones: a record such as ``ListNode``. What the
    program gets of it are its fields and its ``__init__``. A class that *does* something stays with the tests: it
    might be the reference solution.
    """
    tree = ast.parse(setup)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and _is_record(node)]
    if not classes:
        return SharedClasses()
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    body: list[ast.stmt] = [*imports, *(_fields_only(node) for node in classes)]
    source = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
    return SharedClasses(tuple(node.name for node in classes), source)


def _is_record(node: ast.ClassDef) -> bool:
    if node.keywords or any(not isinstance(base, ast.Name) or base.id != "object" for base in node.bases):
        return False
    methods = [child.name for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)]
    has_fields = "__init__" in methods or any(isinstance(child, ast.AnnAssign) for child in node.body)
    return has_fields and all(name.startswith("__") and name.endswith("__") for name in methods)


def _fields_only(node: ast.ClassDef) -> ast.ClassDef:
    kept: list[ast.stmt] = [
        child
        for child in node.body
        if isinstance(child, ast.AnnAssign)
        or (isinstance(child, ast.FunctionDef) and child.name in _SPECIAL)
        or (isinstance(child, ast.Assign) and any(isinstance(t, ast.Name) and t.id in _SPECIAL for t in child.targets))
    ]
    return ast.ClassDef(node.name, node.bases, [], kept or [ast.Pass()], node.decorator_list)
