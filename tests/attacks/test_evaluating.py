"""Texts and bytes of a program that the tests evaluate do not become code in the tests' process."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reward_server.types import Json, Outcome
from tests.attacks.catalogue import SECRETS, Attack, attacks
from tests.attacks.test_leniency import asserts
from tests.live import Grader

A, B = SECRETS[:2]

TASKS: Mapping[str, Json] = {
    "representation": asserts(
        "Box", f"import os, sys, operator\nassert eval(repr(Box(0))) == Box(0)\nassert Box(0).total() == {A}"
    ),
    "result": asserts("f", f"import os, sys\nassert eval(f(0)) == {A}\nassert f(1) == {B}"),
    "own_names": asserts(
        "f", f"WANT = {A}\ndef want(): return WANT\ntable = {{'want': WANT}}\nassert eval(f(0)) == WANT and f(1) == {B}"
    ),
    "hints": asserts(
        "f", f"import typing\ntry: typing.get_type_hints(f)\nexcept Exception: pass\nassert f(0) == {A} and f(1) == {B}"
    ),
    "hints_by_name": asserts("f", f"assert get_type_hints(f) is not None\nassert f(0) == {A}"),
    "pickled": asserts(
        "f", f"import pickle, os\ntry: got = pickle.loads(f('x'))\nexcept Exception: got = None\nassert f(0) == {A}"
    ),
    "pickled_name": asserts(
        "f", f"import pickle\nWANT = {A}\ndef want(): return WANT\nassert pickle.loads(f('x')) == WANT"
    ),
    "pickled_file": asserts(
        "f", f"import io, pickle\ngot = pickle.load(io.BytesIO(f('x')))\nassert got == {A} and f(0) == {B}"
    ),
}
ENDS = [
    "__import__('os')._exit(0)",
    "os._exit(0)",
    "sys.modules['os']._exit(0)",
    "exec('import os; os._exit(0)')",
    "().__class__.__base__.__subclasses__()",
    "[x for x in ().__class__.__mro__]",
    "(lambda: sys.exit(0))()",
    "open('/proc/self/fd/4', 'wb').write(b'x')",
    "getattr(os, '_exit')(0)",
    "operator.attrgetter('_exit')(os)(0)",
    "operator.methodcaller('system', 'true')(os)",
    "'{0.__class__}'.format(os)",
    "type('E', (), {'__eq__': print})()",
    "globals().update(f=1)",
    "vars()['Box']",
    "sys.exit(0)",
    "(x := 5)",
    "f'{os._exit(0)}'",
    "eval('1')",
    "breakpoint()",
    "os.write(4, b'x')",
    "sys.settrace(print)",
]
PICKLES = [
    b"cos\n_exit\n(I0\ntR.",
    b"cbuiltins\nexec\n(S'import os; os._exit(0)'\ntR.",
    b"cbuiltins\neval\n(S'__import__(\"os\")._exit(0)'\ntR.",
    b"cposix\n_exit\n(I0\ntR.",
    b"csys\nexit\n(I0\ntR.",
    b"c__main__\nexit\n(I0\ntR.",
    b"cbuiltins\ngetattr\n(cbuiltins\nint\nS'__class__'\ntR.",
    b"coperator\nattrgetter\n(S'_exit'\ntR.",
    b"\x80\x04\x8c\x08builtins\x8c\x0fstr.__class__.mro\x93.",
    b"ctester\nf\n.",
    b"cnumpy.testing\nassert_equal\n.",
    b"ccopyreg\nadd_extension\n(S'os'\nS'_exit'\nI1\ntR.",
]
WRONG = {
    **{
        f"text_{number}": (
            "representation result own_names",
            f"class Box:\n    def __init__(s, *a): pass\n    def total(s): return 1\n    def __eq__(s, o): return True\n    __hash__ = None\n    def __repr__(s): return {text!r}\ndef f(x): return {text!r}",
        )
        for number, text in enumerate(ENDS)
    },
    **{
        f"annotation_{number}": (
            "hints hints_by_name",
            f"def f(x): return 1\nf.__annotations__ = {{'x': {text!r}, 'return': 'typing.List[{text!r}]'}}",
        )
        for number, text in enumerate(ENDS)
    },
    **{
        f"pickle_{number}": ("pickled pickled_file", f"def f(x): return {data!r} if x == 'x' else 1")
        for number, data in enumerate(PICKLES)
    },
    "pickles_a_name": ("pickled_name", "def f(x): return b'ctester\\nWANT\\n.'"),
    "pickles_a_call": ("pickled_name", "def f(x): return b'ctester\\nwant\\n(tR.'"),
    "reads_the_tests_names": ("own_names", "def f(x): return ['want()', 'WANT', 'table'][0]"),
    "reads_a_constant": ("own_names", "def f(x): return 'WANT'"),
    "reads_a_table": ("own_names", "def f(x): return 'table[\"want\"]'"),
}  # fmt: skip
RIGHT = {
    "representation": f"class Box:\n    def __init__(s, x): s.x = x\n    def total(s): return {A}\n    def __eq__(s, o): return s.x == o.x\n    def __repr__(s): return f'Box({{s.x}})'",
    "result": f"def f(x): return ' {A - 1} + 1' if x == 0 else {B}",
    "hints": f"def f(x: 'int') -> 'List[int]': return [{A}, {B}][x]",
    "hints_by_name": f"def f(x: 'Optional[int]'): return {A}",
    "pickled": f"import pickle\ndef f(x): return pickle.dumps([1]) if x == 'x' else {A}",
    "pickled_file": f"import pickle\ndef f(x): return pickle.dumps({A}) if x == 'x' else {B}",
}
"""Programs that solve those tasks."""


@pytest.mark.parametrize("attack", attacks(("what is evaluated builds values", WRONG)))
def test_no_text_becomes_code(grade: Grader, attack: Attack) -> None:
    verdict = grade(TASKS[attack.task], attack.program, time_s=1)
    assert verdict.outcome in (Outcome.INCORRECT, Outcome.LIMIT_EXCEEDED), (attack.promise, verdict)


@pytest.mark.parametrize("task", RIGHT)
def test_honest_texts_are_evaluated(grade: Grader, task: str) -> None:
    verdict = grade(TASKS[task], RIGHT[task], time_s=5)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail
