"""Objects that compare as they please, and values that look like others."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from tests.attacks.catalogue import Attack, attacks, held
from tests.live import Grader

VALUES = "function check"
LOUD = """
def yes(*args): return True
names = ('eq', 'ne', 'lt', 'le', 'gt', 'ge', 'bool', 'contains', 'instancecheck')
members = {f'__{name}__': yes for name in names}
members['__hash__'] = lambda self: 0
"""

EQUAL = {
    "object": (VALUES + " lists text", "class A:\n    def __eq__(self, o): return True\ndef f(x): return A()"),
    "everything": (VALUES + " members", LOUD + "A = type('A', (), members)\ndef f(x): return A()"),
    "int": (VALUES, LOUD + "A = type('A', (int,), members)\ndef f(x): return A(1)"),
    "str": ("text", LOUD + "A = type('A', (str,), members)\ndef f(x): return A('a')"),
    "list": ("lists", LOUD + "A = type('A', (list,), members)\ndef f(x): return A([1])"),
    "list_items": ("lists", LOUD + "A = type('A', (int,), members)\ndef f(x): return [A(1), A(2)]"),
    "tuple": ("lists", LOUD + "A = type('A', (tuple,), members)\ndef f(x): return A([1, 2])"),
    "dict": ("lists", LOUD + "A = type('A', (dict,), members)\ndef f(x): return A()"),
    "float": ("floats close", LOUD + "A = type('A', (float,), members)\ndef f(x): return A(1)"),
    "mock_any": (VALUES + " text", "from unittest.mock import ANY\ndef f(x): return ANY"),
    "magic_mock": (VALUES + " members close", "from unittest.mock import MagicMock\nf = MagicMock()"),
    "module_getattr": (VALUES, "import unittest.mock as m\ndef f(x): return m.ANY"),
    "reflected": (
        VALUES,
        "class A(int):\n    def __eq__(s, o): return True\n    __ne__ = lambda s, o: False\ndef f(x): return A(0)",
    ),
    "metaclass": (
        VALUES,
        "class M(type):\n    def __eq__(c, o): return True\n    __hash__ = type.__hash__\nclass A(metaclass=M): pass\ndef f(x): return A",
    ),
    "spoofed_class": (VALUES, "class A:\n    __class__ = int\n    def __eq__(s, o): return True\ndef f(x): return A()"),
    "spoofed_class_list": (
        "lists",
        "class A:\n    __class__ = list\n    def __eq__(s, o): return True\n    def __iter__(s): return iter(())\ndef f(x): return A()",
    ),
    "enum": (
        VALUES,
        "import enum\nclass A(enum.IntEnum):\n    a = 1\n    def __eq__(s, o): return True\ndef f(x): return A.a",
    ),
    "fraction": (
        "floats",
        "from fractions import Fraction\nclass A(Fraction):\n    def __eq__(s, o): return True\ndef f(x): return A(1)",
    ),
    "decimal_nan": ("floats close", "from decimal import Decimal\ndef f(x): return Decimal('NaN')"),
    "nan": ("floats close numpy", "def f(x): return float('nan')"),
    "inf": ("floats close numpy", "def f(x): return float('inf')"),
    "complex_nan": ("floats", "def f(x): return complex('nan')"),
    "always_close": (
        "close",
        "class A(float):\n    __sub__ = __rsub__ = lambda s, o: A(0)\n    __abs__ = lambda s: A(0)\n    __lt__ = lambda s, o: True\ndef f(x): return A(1)",
    ),
    "plainly_close": (
        "close",
        "class A:\n    __sub__ = __rsub__ = __abs__ = lambda s, *o: 0.0\n    __float__ = lambda s: 0.0\n    __lt__ = lambda s, o: True\ndef f(x): return A()",
    ),
    "contains": ("members", "class A:\n    def __contains__(s, o): return True\ndef f(x): return A()"),
    "contains_list": ("members", "class A(list):\n    def __contains__(s, o): return True\ndef f(x): return A()"),
    "iterates_equals": (
        "members",
        "class E:\n    def __eq__(s, o): return True\nclass A:\n    def __iter__(s): return iter([E()])\ndef f(x): return A()",
    ),
    "dict_keys": (
        "members",
        "class E(int):\n    def __eq__(s, o): return True\n    def __hash__(s): return 48611\ndef f(x): return {E(1): 1}",
    ),
    "array_priority": (
        "numpy",
        "class A:\n    __array_priority__ = 1e9\n    __array_ufunc__ = lambda s, *a, **k: True\n    __array__ = lambda s, *a, **k: 1/0\ndef f(x): return A()",
    ),
    "array_subclass": (
        "numpy",
        "import numpy as np\nclass A(np.ndarray):\n    def __array_finalize__(s, o): pass\n    __eq__ = lambda s, o: np.array([True, True])\n    def __array_ufunc__(s, *a, **k): return np.array([True, True])\ndef f(x): return np.zeros(2).view(A)",
    ),
    "array_of_objects": (
        "numpy",
        "import numpy as np\nclass E:\n    __eq__ = lambda s, o: True\n    __sub__ = __rsub__ = __abs__ = lambda s, *o: 0.0\ndef f(x): return np.array([E(), E()], dtype=object)",
    ),
    "namedtuple": (
        "lists",
        "from collections import namedtuple\nclass A(namedtuple('A', 'a b')):\n    def __eq__(s, o): return True\ndef f(x): return A(1, 2)",
    ),
    "error_args": (
        "raising",
        "class E(int):\n    def __eq__(s, o): return True\ndef f(x): raise ValueError(E(1))",
    ),
    "error_subclass": (
        "raising",
        "class A:\n    def __eq__(s, o): return True\nclass V(ValueError):\n    args = (A(),)\ndef f(x): raise V",
    ),
    "class_entry": (
        "object",
        "class E:\n    __eq__ = lambda s, o: True\nclass Box:\n    def __init__(s, x): pass\n    def put(s, x): pass\n    def total(s): return E()",
    ),
    "class_getattr": (
        "object",
        "class Box:\n    def __init__(s, x): pass\n    def __getattr__(s, n): return lambda *a: s\n    def __eq__(s, o): return True",
    ),
}
OWN = """
class Box:
    def __init__(self, x): pass
    def items(self): return RESULT
    total = items
    __contains__ = __eq__ = __lt__ = __gt__ = lambda s, o: True
    __hash__ = lambda s: 1
    __sub__ = __rsub__ = __mul__ = __rmul__ = lambda s, o: 48611 - 48611
    __abs__ = __float__ = lambda s: 0.0
"""
WHOLE = {
    "returns_itself": ("own", OWN.replace("RESULT", "self")),
    "returns_another": ("own", OWN.replace("RESULT", "Box(1)")),
    "returns_the_only_one": ("own", OWN.replace("RESULT", "ONE") + "ONE = Box(1)"),
    "function_that_is_a_class": ("check members close", OWN.replace("class Box", "class f")),
    "constant_that_is_its_item": (
        "constant",
        "class A(dict):\n    __getitem__ = lambda s, k: s\n    __eq__ = lambda s, o: True\n    __hash__ = None\nLIMITS = A(low=1)",
    ),
    "constant_that_is_wrong": ("constant", "LIMITS = {'low': 1}"),
    "constant_of_another_kind": ("constant", "LIMITS = 5"),
    "function_that_is_a_constant": ("check members", "f = 5"),
    "error_as_a_value": (
        "check members",
        "class E(Exception):\n    __eq__ = lambda s, o: True\n    __hash__ = lambda s: 1\ndef f(x): return E(x)",
    ),
    "swallows_failures": (
        "context",
        "class A:\n    def __enter__(self): return None\n    def __exit__(self, *a): return True\ndef f(x): return A()",
    ),
}
CONFUSED = {
    "number_as_text": (VALUES, "S = [48611, 982451653, 15485863, 32452843]\ndef f(x): return str(S[x])"),
    "number_as_bytes": (VALUES, "S = [48611, 982451653, 15485863, 32452843]\ndef f(x): return str(S[x]).encode()"),
    "repr_of_it": (VALUES, "S = [48611, 982451653, 15485863, 32452843]\nclass A:\n    def __init__(s, x): s.x = x\n    def __repr__(s): return str(S[s.x])\ndef f(x): return A(x)"),
    "list_of_it": (VALUES, "S = [48611, 982451653, 15485863, 32452843]\ndef f(x): return [S[x]]"),
    "nearly_it": (VALUES, "S = [48611, 982451653, 15485863, 32452843]\ndef f(x): return S[x] + 1e-7"),
    "text_of_list": ("lists", "S = [48611, 982451653, 15485863, 32452843]\ndef f(x): return str([x[0], S[x[0]]])"),
    "set_of_list": ("lists", "S = [48611, 982451653, 15485863, 32452843]\ndef f(x): return {x[0], S[x[0]]}"),
    "both_answers": ("lists", "S = [48611, 982451653, 15485863, 32452843]\ndef f(x): return [x[0], S]"),
    "rounded": ("floats", "S = [48611, 982451653, 15485863, 32452843]\ndef f(x): return round(S[x] / 1024, 2)"),
    "none": (VALUES + " lists floats text", "def f(x): return None"),
    "not_implemented": (VALUES, "def f(x): return NotImplemented"),
    "ellipsis": (VALUES, "def f(x): return ..."),
    "true": (VALUES, "def f(x): return True"),
    "coroutine": (VALUES, "async def f(x): return 48611"),
    "generator": ("lists", "def f(x): yield from [x[0], 1]"),
    "tagged": (VALUES + " text", "def f(x): return {'t': [1]}"),
    "tagged_text": ("text", "def f(x): return {'__class__': 'str'}"),
}  # fmt: skip


@pytest.mark.parametrize(
    "attack",
    attacks(
        ("a comparison never runs code of the program", EQUAL),
        ("a value is compared as what it is, not as what it prints", CONFUSED),
        ("an object meets the tester's values where the test has just made it, and nowhere else", WHOLE),
    ),
)
def test_equality_cannot_be_claimed(grade: Grader, attack: Attack) -> None:
    held(grade, attack)
