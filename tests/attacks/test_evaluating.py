"""Texts and bytes of a program that the tests evaluate do not become code in the tests' process."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reward_server.types import Json
from tests.attacks.catalogue import SECRETS, Attack, attacks, refused, solved
from tests.attacks.test_leniency import asserts, pytests
from tests.live import Grader

A, B = SECRETS[:2]
RECORDS = [b'{"error": null, "calls": 1}', b'{"end": []}']


def forging(modules: str, tests: int) -> str:
    """An expression that writes what a tester reports, and ends it, by the ``os`` that it finds there."""
    data = b"".join(len(text).to_bytes(4, "little") + text for text in [RECORDS[0]] * tests + RECORDS[1:])
    found = f"{modules}.get('os')"
    return f"[{found}.write(4, {data!r}), {found}.execv('/bin/true', ['true'])]"


def statements(tests: int) -> str:
    return f"import sys\n{forging('sys.modules', tests)}"


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
    "typed_names": asserts(
        "f",
        f"from decimal import Decimal\nfrom collections import Counter\nWANT, TABLE = Decimal('{A}.5'), Counter(a={A})\nassert eval(f(0)) == WANT\nassert eval(f(1)) == TABLE",
    ),
    "one_name": asserts("f", f"WANT = {A}\nassert eval(f(0)) == WANT"),
    "modules": asserts(
        "f",
        f"import os, pathlib, uuid\nopen('want.txt', 'w').write('{A}')\nassert eval(f(0)) == {A}\nassert f(1) == {B}",
    ),
    "annotations": asserts("f", f"import inspect\ninspect.get_annotations(f, eval_str=True)\nassert f(0) == {A}"),
    "executed": asserts("f", f"ns = {{}}\nexec(f('x'), ns)\nassert ns['got'] == {A}\nassert ns['g'](2) == {B}"),
    "executed_here": asserts("f", f"WANT = {A}\nexec(f('x'))\nassert f(0) == WANT"),
    "executed_bytes": asserts("f", f"WANT = {A}\nexec(f('x').decode())\nassert got == WANT and f(0) == 1"),
    "compiled": asserts("f", f"ns = {{}}\nexec(compile(f('x'), 'g', 'exec'), ns)\nassert eval('got', ns) == {A}"),
    "generated": pytests(
        f"import pytest\nfrom solution import f\nHELP = 'def twice(x):\\n    return 2 * x'\n@pytest.mark.parametrize('expr, want', [('f(0)', {A}), ('[f(x) for x in (0, 1)]', [{A}, {B}])])\ndef test_f(expr, want):\n    assert eval(expr) == want\ndef test_g():\n    ns = {{}}\n    exec(HELP, ns)\n    assert ns['twice'](3) == 6\n    exec(f'assert f(0) == {{3 * 0}} + {A}', {{'f': f}})\n"
    ),
    "doctested": asserts(
        "f",
        f"import doctest\nt = doctest.DocTestParser().get_doctest(f.__doc__ or '', {{'f': f}}, 'f', None, 0)\nr = doctest.DocTestRunner(verbose=False)\nr.run(t)\nassert r.failures == 0\nassert f(0) == {A}",
    ),
    "formula": asserts(
        "f", f"import sympy\nassert sympy.simplify(sympy.sympify(f(0)) - (sympy.Symbol('x') ** 2 + {A})) == 0"
    ),
    "shelved": asserts(
        "f",
        f"import os, shelve, tempfile\np = os.path.join(tempfile.mkdtemp(), 's')\nshelve.open(p).close()\nf(p)\nwith shelve.open(p) as s: got = s['a']\nassert got == {A}",
    ),
    "array_file": asserts(
        "f",
        f"import io\nimport numpy as np\ngot = np.load(io.BytesIO(f('x')), allow_pickle=True)\nassert got.tolist() == [{A}, None]",
    ),
    "run_file": asserts(
        "f",
        f"import os, runpy, tempfile\np = os.path.join(tempfile.mkdtemp(), 'made.py')\nf(p)\nassert runpy.run_path(p)['got'] == {A}",
    ),
    "imported_file": pytests(
        f"import importlib, sys\nfrom solution import f\ndef test_a(tmp_path, monkeypatch):\n    monkeypatch.syspath_prepend(tmp_path)\n    (tmp_path / 'own.py').write_text('x = 1')\n    assert importlib.import_module('own').x == 1\n    f(tmp_path / 'made.py')\n    assert importlib.import_module('made').got == {A}\n"
    ),
    "pickled_alone": asserts("f", f"import pickle\nassert pickle.loads(f('x')) == {A}"),
    "pickled_record": asserts(
        "f",
        f"import pickle\nclass Point:\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return type(o) is Point and self.x == o.x\n    def total(self): return self.x\ngot = pickle.loads(f('x'))\nassert got == Point({A}) and got.total() == {A}",
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
META = b"ctyping\n_AnyMeta\n(S'E'\n(t(dS'__eq__'\nc%s\nstR(tR."
PATCH = b"c%s\np0\n(N(dS'__eq__'\ncbuiltins\nbool\nstbg0\n(I1\ntR."
SHADOW = b"ctester\nPoint\n(I%d\ntR(dS'total'\ncbuiltins\nbool\nsb." % A
FORGED_PICKLES = {
    "type_hints": b"ctyping\nget_type_hints\n(ctypes\nSimpleNamespace\n(tR(dS'__annotations__'\n(dS'x'\nS%s\nssb(dtR."
    % repr(forging("__import__('sys').modules", 1)).encode(),
    "command": b"cuuid\n_get_command_stdout\n(S'true'\ntR.",
    "class_that_agrees": META % b"builtins\nbool",
    "class_that_is_true": META % b"operator\ntruth",
    "enumeration": b"cenum\nEnum\n(S'E'\n(dS'__eq__'\ncbuiltins\nbool\nsS'a'\nI1\nstRp0\n(I1\ntR.",
    "patched_class": PATCH % b"collections\nCounter",
    "module_of_a_module": b"cuuid\nos\n.",
    "extension": b"ccopyreg\nadd_extension\n(S'os'\nS'_exit'\nI1\ntR\x82\x01(I0\ntR.",
    "lambda": b"ctypes\nLambdaType\n(N(dtR.",
    "old_names": b"c__builtin__\napply\n.",
}
CODE = {
    "evaluates": ("result", forging("typing.sys.modules", 2)),
    "by_statistics": ("result", forging("statistics.sys.modules", 2)),
    "by_getter": ("result", forging("attrgetter('sys.modules')(typing)", 2)),
    "by_formatter": ("result", forging("string.Formatter().get_field('0.sys.modules', [typing], {})[0]", 2)),
    "by_hints": ("result", "get_type_hints(f)"),
    "by_a_module": ("modules", forging("uuid.os.sys.modules", 2)),
    "by_a_path": ("modules", "int(pathlib.Path('want.txt').read_text())"),
    "by_the_report": ("modules", "pathlib.Path('/proc/self/fd/4').write_bytes(b'x')"),
    "by_name": ("one_name", "WANT"),
    "by_sum": ("one_name", "+WANT"),
    "by_typed_name": ("typed_names", "WANT"),
    "by_annotation": ("annotations", "1"),
    "by_formula": ("formula", f"exec({statements(1)!r})"),
    "by_attribute": ("formula", "().__class__.__base__.__subclasses__()"),
    "by_statements": ("executed executed_here compiled", statements(2)),
    "by_class": ("executed compiled", "class E:\n    __eq__ = __call__ = lambda *a: True\ngot = g = E()"),
    "by_frames": (
        "executed compiled",
        "import sys\ngot = max(c for c in sys._getframe(1).f_code.co_consts if type(c) is int)\ng = lambda x: got",
    ),
    "by_assignment": ("executed_here", "f = lambda x: WANT"),
}
ANNOTATED = f"f.__annotations__ = {{'x': {forging('__import__(chr(115) + chr(121) + chr(115)).modules', 2)!r}}}"
WRONG = {
    **{
        f"code_{name}": (tasks, f"def f(x): return {text!r} if x in (0, 'x') else 1\n{ANNOTATED}")
        for name, (tasks, text) in CODE.items()
    },
    **{
        f"bytes_{name}": (tasks, f"def f(x): return bytearray({text.encode()!r}) if x else {text.encode()!r}")
        for name, (tasks, text) in CODE.items()
        if tasks == "result"
    },
    **{
        f"forged_pickle_{name}": ("pickled_alone pickled", f"def f(x): return {data!r} if x == 'x' else 1")
        for name, data in FORGED_PICKLES.items()
    },
    "pickle_patches_a_record": ("pickled_record", f"def f(x): return {PATCH % (b'tester' + bytes([10]) + b'Point')!r}"),
    "pickle_shadows_a_method": ("pickled_record", f"def f(x): return {SHADOW!r}"),
    "words_of_the_tests": ("executed_bytes", "def f(x): return b'got = WANT' if x == 'x' else 1"),
    "file": ("run_file imported_file", f"def f(p): open(p, 'w').write({statements(1)!r})"),
    "file_of_a_liar": ("run_file imported_file", "def f(p): open(p, 'w').write('class E:\\n    __eq__ = lambda *a: True\\ngot = E()')"),
    "docstring": ("doctested", f"def f(x): return 1\nf.__doc__ = '>>> exec(' + repr({statements(2)!r}) + ')\\n'"),
    "docstring_of_names": ("doctested", "def f(x): return 1\nf.__doc__ = '>>> import os\\n>>> f = lambda x: 48611\\n'"),
    "shelf": ("shelved", f"import shelve\nclass P:\n    def __reduce__(s): return exec, ({statements(1)!r},)\ndef f(p):\n    with shelve.open(p) as s: s['a'] = P()"),
    "array_of_code": ("array_file", f"import io\nimport numpy as np\nclass P:\n    def __reduce__(s): return exec, ({statements(1)!r},)\ndef f(x):\n    b = io.BytesIO()\n    np.save(b, np.array([P(), None], dtype=object))\n    return b.getvalue()"),
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
    "typed_names": f"def f(x): return ['Decimal(\\'{A}.5\\')', 'Counter({{\\'a\\': {A}}})'][x]",
    "modules": f"def f(x): return 'len({{pathlib.PurePath(\\'a\\'), uuid.UUID(int=1)}}) + {A - 2}' if x == 0 else {B}",
    "annotations": f"def f(x: 'list[int] | None') -> 'Optional[int]': return {A}",
    "executed": f"def f(x): return 'import math\\ngot = {A}\\ndef g(x): return {B} if math.sqrt(4) == x else 0'",
    "compiled": f"def f(x): return 'got = {A}'",
    "generated": f"def f(x): return [{A}, {B}][x]",
    "doctested": f"def f(x): return {A}\nf.__doc__ = '>>> f(0)\\n{A}\\n'",
    "formula": f"def f(x): return 'x**2 + {A} + sin(0)'",
    "shelved": f"import shelve\ndef f(p):\n    with shelve.open(p) as s: s['a'] = {A}",
    "array_file": f"import io\nimport numpy as np\ndef f(x):\n    b = io.BytesIO()\n    np.save(b, np.array([{A}, None], dtype=object))\n    return b.getvalue()",
    "pickled_alone": f"import pickle\ndef f(x): return pickle.dumps({A}, 2)",
}
"""Programs that solve those tasks."""


@pytest.mark.parametrize("attack", attacks(("what is evaluated builds values", WRONG)))
def test_no_text_becomes_code(grade: Grader, attack: Attack) -> None:
    refused(grade, TASKS[attack.task], attack, time_s=1)


@pytest.mark.parametrize("task", RIGHT)
def test_honest_texts_are_evaluated(grade: Grader, task: str) -> None:
    if task == "shelved":
        grade.need_common_folder()
    solved(grade, TASKS[task], RIGHT[task])
