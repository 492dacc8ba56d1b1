"""What a program does with the tests' own objects, names and classes, and with lengths and classes of its own."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reward_server.types import Json
from tests.attacks.catalogue import SECRETS, Attack, attacks, refused, solved
from tests.attacks.test_leniency import ALWAYS, asserts, pytests
from tests.live import Grader

A, B = SECRETS[:2]

TASKS: Mapping[str, Json] = {
    "named_test": pytests(
        f"from solution import f\nimport pytest\n@pytest.mark.parametrize('x, want', [(0, {A}), (1, {B})])\ndef test_f(x, want):\n    assert f(x) == want\n"
    ),
    "environment": pytests(
        "from solution import f\ndef test_f(monkeypatch):\n    monkeypatch.setenv('RATE', '5')\n    assert f(0) == 5\n"
    ),
    "skippable": pytests(
        f"from solution import f\nimport numpy as np\ndef test_a():\n    np.testing.assert_allclose(f(0), {A})\ndef test_b():\n    assert f(1) == 1\n"
    ),
    "own_error": pytests(
        f"from solution import f, Bad\nimport pytest\ndef test_a():\n    with pytest.raises(Bad):\n        assert f(0) == {A}\n        f('no')\n"
    ),
    "applied": asserts("f", f"assert f(lambda g, *a: g(*a)) == {A}"),
    "logger": pytests(
        f"import logging\nfrom solution import f\ndef test_a(caplog):\n    assert f(logging.getLogger('x')) == {A}\n    assert caplog.messages[-1] == 'done'\n"
    ),
    "database": asserts(
        "f",
        "import sqlite3\nc = sqlite3.connect(':memory:')\nassert f(c) == 'loaded' or c.execute('select x from t').fetchall() == [(5,)]",
    ),
    "zipped": asserts("f", f"got = f(0)\nassert len(got) == 2 and all(a == b for a, b in zip(got, [{A}, {B}]))"),
    "zipped_twice": asserts(
        "f",
        f"got = f(0)\nassert len(got) == 2 and all(isinstance(x, int) for x in got)\nfor x, want in zip(got, [{A}, {B}]): assert x == want",
    ),
    "counted": asserts(
        "f",
        f"got, want = f(0), [{A}, {B}]\nassert len(got) == len(want)\nfor at in range(len(got)): assert got[at] == want[at]",
    ),
    "reversed": asserts(
        "f", f"got = f(0)\nassert len(got) == 2\nfor x, want in zip(reversed(got), [{B}, {A}]): assert x == want"
    ),
    "class": asserts("Box", f"b = Box()\nassert len(b) == 2\nfor x, want in zip(b, [{A}, {B}]): assert x == want"),
    "enumeration": asserts("Box", f"assert len(Box) == 2\nfor x, want in zip(Box, [{A}, {B}]): assert x.value == want"),
    "queue": asserts(
        "Box", f"b = Box()\nassert len(b) == 2\nassert list(b) == [{A}, {B}]\nassert list(b) == [] and len(b) == 0"
    ),
    "close": asserts(
        "f", f"import numpy as np\nassert np.allclose(f(0), [{A}, 1])\nassert np.isclose(f(1), {B}.5).all()"
    ),
    "equal": asserts("f", f"import numpy as np\nassert (f(0) == {A}).all()\nassert ([{B}] == f(1)).all()"),
    "asserted": asserts(
        "f",
        f"import numpy as np\nnp.testing.assert_allclose(f(0), {A})\nnp.testing.assert_array_equal(f(1), desired={B})",
    ),
    "asserted_by_name": asserts(
        "f",
        f"from numpy.testing import assert_almost_equal, assert_equal\nassert_almost_equal(f(0), {A})\nassert_equal(f(1), {B})",
    ),
    "equivalent": asserts(
        "f", f"import numpy as np\nassert np.array_equiv(f(0), {A}) and np.isclose(b=f(1), a={B}).all()"
    ),
    "nothing": asserts(
        "f", "import numpy as np\nassert np.allclose(f([]), np.array([]))\nassert not np.isclose(f([1]), [2.0]).any()"
    ),
    "empty_arrays": asserts(
        "f",
        "import numpy as np\ngot = f([])\nassert got.shape == (0,) and len(got) == 0 and isinstance(got, np.ndarray) and got.sum() == 0\nassert (got == np.array([])).all() and np.array_equal(got, []) and (got == []).all() and list(got) == [] and got.tolist() == []\nnp.testing.assert_array_equal(got, np.array([]))\nnp.testing.assert_allclose(got, [])\nassert (got * 2 + 1).size == 0 and not (got == 5).any() and (got > 0).all() and np.concatenate([got, [1]]).tolist() == [1]\nassert repr(np.append(got, 2.0)) == 'array([2.])' and str(got) == '[]' and (got != 3).all() and got.dtype == float",
    ),
    "described": asserts(
        "Tool",
        f"import unittest\nclass T(unittest.TestCase):\n    tool = Tool()\n    want = {A}\n    def setUp(self):\n        self.tool\n        self.other = {B}\n    def test_a(self):\n        self.assertEqual(self.tool.run(0), self.want)\n        self.assertEqual(self.tool.run(1), self.other)\n",
    ),
    "approximate": asserts("f", f"import pytest\nassert pytest.approx([{A}, {B}]) == f(0)"),
}
SKIPS = "import numpy.testing\nS = type('SkipTest', (Exception,), {'__module__': 'numpy.testing'})\n"
NOTHING_IN_IT = "class L:\n    def __len__(s): return 2\n    def __iter__(s): return iter(())\n    def __getitem__(s, at): raise IndexError\ndef f(x): return L()"
DESCRIBED = "class Tool:\n    def __get__(s, o, k):\n        try: {get}\n        except Exception: s.got = [1, 1]\n        return s\n    def run(s, at): return s.got[at]"
WRONG = {
    "reads_the_name_of_the_test": ("named_test", "import os\ndef f(x): return int(os.environ['PYTEST_CURRENT_TEST'].split('-')[1].split(']')[0])"),
    "skips_by_another_name": ("skippable", SKIPS + "def f(x):\n    if x: return x\n    raise S('no')"),
    "error_is_an_assertion": ("own_error", "Bad = AssertionError\ndef f(x): return 1"),
    "error_is_any": ("own_error", "Bad = Exception\ndef f(x): return 1"),
    "error_is_the_root": ("own_error", "Bad = BaseException\ndef f(x): return 1"),
    "error_says_it_is_an_assertion": ("own_error", "class Bad(Exception): pass\nBad.__module__ = 'builtins'\nBad.__name__ = Bad.__qualname__ = 'AssertionError'\ndef f(x): return 1"),
    "errors_are_many": ("own_error", "Bad = (ValueError, AssertionError)\ndef f(x): return 1"),
    "makes_a_class_there": ("applied", f"def f(apply):\n    class E:\n        {ALWAYS.replace(chr(10), chr(10) + '    ')}\n    names = {{'__eq__': lambda *a: True, '__hash__': lambda s: 1}}\n    return apply(apply(type, 'C', (object,), names))"),
    "reads_the_stack": ("logger", "import re\ndef f(l):\n    l.warning('done')\n    return int(re.findall(r'== (\\d+)', str(l.findCaller(True)))[0])"),
    "reads_a_record": ("logger", "import re\ndef f(l):\n    l.error('x', stack_info=True)\n    seen = ''\n    for h in [*l.handlers, *l.root.handlers, *l.parent.handlers]:\n        for look in (lambda: h.records[-1].stack_info, lambda: h.stream.getvalue(), lambda: h.text):\n            try: seen += look()\n            except Exception: pass\n    l.warning('done')\n    return int(re.findall(r'== (\\d+)', seen)[0])"),
    "loads_native_code": ("database", "def f(c):\n    c.enable_load_extension(True)\n    return 'loaded'"),
    "says_it_has_items": ("zipped zipped_twice counted approximate", NOTHING_IN_IT),
    "says_so_backwards": ("reversed", "class L:\n    def __len__(s): return 2\n    def __getitem__(s, at): return 1\n    def __reversed__(s): return iter(())\ndef f(x): return L()"),
    "is_no_enumeration": ("enumeration", "class M(type):\n    def __len__(c): return 2\n    def __iter__(c): return iter(())\nclass Box(metaclass=M): pass"),
    "asked_for_by_name": ("class", NOTHING_IN_IT.replace("class L", "class Box").replace("L()", "Box()")),
    "is_nothing": ("equal asserted asserted_by_name equivalent", "import numpy as np\ndef f(x): return np.array([])"),
    "is_nothing_by_rows": ("equal asserted asserted_by_name equivalent", "import numpy as np\ndef f(x): return np.zeros((3, 0, 1))"),
    "is_an_empty_list": ("asserted asserted_by_name equivalent", "def f(x): return []"),
    "is_an_empty_object": ("asserted asserted_by_name equivalent equal", "class L:\n    def __len__(s): return 0\n    def __iter__(s): return iter(())\n    def __getitem__(s, at): raise IndexError\n    def all(s): return True\n    def __eq__(s, o): return s\ndef f(x): return L()"),
    "is_empty": ("close", "import numpy as np\ndef f(x): return [] if x else np.zeros((0, 2))"),
    "has_them_once": ("zipped_twice", "class L:\n    n = 0\n    def __len__(s): return 2\n    def __iter__(s):\n        s.n += 1\n        return iter([1, 2] if s.n == 1 else [])\ndef f(x): return L()"),
    "changes_its_length": ("counted zipped", "class L:\n    n = 0\n    def __len__(s):\n        s.n += 1\n        return 2 if s.n == 1 else 0\n    def __iter__(s): return iter(())\n    def __getitem__(s, at): return 1\ndef f(x): return L()"),
    "looks_at_the_owner": ("described", DESCRIBED.format(get="s.got = [getattr(o, 'want', 1), getattr(o, 'other', 1)] if o else [getattr(k, 'want', 1)] * 2")),
    "looks_into_the_owner": ("described", DESCRIBED.format(get="s.got = [o.__dict__.get('want', 1), o.__dict__.get('other', 1)]")),
    "puts_its_own_there": ("described", DESCRIBED.format(get="s.got = [1, 1]; o.want = o.other = 1")),
    "puts_it_there_and_looks": ("described", DESCRIBED.format(get="s.got = [o.__dict__.setdefault('want', 1), o.__dict__.setdefault('other', 1)]")),
    "puts_methods_there": ("described", DESCRIBED.format(get="s.got = [1, 1]; o.assertEqual = o._getAssertEqualityFunc = o.fail = lambda *a, **k: None")),
    "puts_it_into_the_class": ("described", DESCRIBED.format(get="s.got = [1, 1]; k.want = 1; k.assertEqual = lambda *a: None")),
}  # fmt: skip
RIGHT = {
    "named_test": f"def f(x): return [{A}, {B}][x]",
    "environment": "import os\ndef f(x): return int(os.environ['RATE'])",
    "skippable": f"def f(x): return [{A}, 1][x]",
    "own_error": f"Bad = Exception\ndef f(x):\n    if x: raise Bad(x)\n    return {A}",
    "applied": f"def f(apply): return apply(lambda x: x + 1, {A - 1})",
    "logger": f"def f(l):\n    if not l.handlers: l.setLevel('INFO')\n    l.info('%s', 'done')\n    return {A}",
    "database": "def f(c):\n    c.execute('create table t (x int)')\n    c.execute('insert into t values (5)')",
    "zipped": f"class L:\n    def __len__(s): return 2\n    def __iter__(s): return iter([{A}, {B}])\ndef f(x): return L()",
    "zipped_twice": f"class L:\n    def __len__(s): return 2\n    def __getitem__(s, at): return [{A}, {B}][at]\ndef f(x): return L()",
    "enumeration": f"import enum\nclass Box(enum.Enum):\n    a = {A}\n    b = {B}",
    "class": f"class Box:\n    def __len__(s): return 2\n    def __iter__(s): return iter([{A}, {B}])",
    "queue": f"class Box:\n    def __init__(s): s.items = [{A}, {B}]\n    def __len__(s): return len(s.items)\n    def __iter__(s):\n        while s.items: yield s.items.pop(0)",
    "reversed": f"class L:\n    def __len__(s): return 2\n    def __getitem__(s, at): return [{A}, {B}][at]\ndef f(x): return L()",
    "described": f"class Tool:\n    def __get__(s, o, k):\n        s.seen = s.seen + 1 if hasattr(s, 'seen') else 0\n        return s\n    def run(s, at): return [{A}, {B}][at]",
    "close": f"def f(x): return {B}.5 if x else ({A}, 1)",
    "nothing": "import numpy as np\ndef f(xs): return np.array(xs)",
    "empty_arrays": "import numpy as np\ndef f(xs): return np.array(xs)",
    "equal": f"import numpy as np\ndef f(x): return np.array([{A}, {A}] if x == 0 else [{B}])",
    "asserted": f"import numpy as np\ndef f(x): return np.array([{A}, {A}] if x == 0 else [{B}])",
    "asserted_by_name": f"import numpy as np\ndef f(x): return np.array([{A}, {A}] if x == 0 else [{B}])",
    "equivalent": f"import numpy as np\ndef f(x): return np.array([{A}, {A}] if x == 0 else [{B}])",
    "counted": f"class L:\n    def __init__(s): s.items = [{A}, {B}]\n    def __len__(s): return len(s.items)\n    def __getitem__(s, at): return s.items[at]\ndef f(x): return L()",
}
"""Programs that solve those tasks in the way that is nearest to the attacks."""


@pytest.mark.parametrize("attack", attacks(("what the tests own and ask for is theirs", WRONG)))
def test_the_tests_objects_serve_no_cheat(grade: Grader, attack: Attack) -> None:
    refused(grade, TASKS[attack.task], attack, time_s=2)


@pytest.mark.parametrize("task", RIGHT)
def test_honest_programs_do_the_like(grade: Grader, task: str) -> None:
    solved(grade, TASKS[task], RIGHT[task])
