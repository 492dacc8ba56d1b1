"""What makes the tests' side of a program true to life must not make a wrong program right."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reward_server.types import Json, Outcome
from tests.attacks.catalogue import SECRETS, Attack, attacks, refused
from tests.attacks.test_forgery import DESCRIPTORS
from tests.live import Grader

A, B, C = SECRETS[:3]


def asserts(entry: str | list[str], code: str) -> Json:
    return {"kind": "asserts", "entry": entry, "code": code}


def pytests(code: str) -> Json:
    return {"kind": "pytest", "files": {"test_it.py": code}}


TASKS: Mapping[str, Json] = {
    "attribute_in_context": asserts("f", f"with f(0) as got:\n    assert got.total == {A}"),
    "item_in_context": asserts("f", f"with f(0) as got:\n    assert got['total'][0] == {A}"),
    "raise_in_context": asserts("f", f"with f(0) as got:\n    if got != {A}:\n        raise ValueError('wrong')"),
    "value_raised_in_context": asserts("f", f"with f(0) as got:\n    x = int(got)\n    assert x == {A}"),
    "failure_in_context": asserts(
        "f", f"import unittest\nwith f(0) as got:\n    unittest.TestCase().assertEqual(got, {A})"
    ),
    "nested_context": asserts(
        "f", f"with f(0):\n    with f(1) as got:\n        assert got == {A}\n    raise KeyError(1)"
    ),
    "async_context": asserts(
        "f",
        f"import asyncio\nasync def main():\n    async with f(0) as got:\n        assert got.total == {A}\nasyncio.run(main())",
    ),
    "async_items": asserts(
        "f",
        f"import asyncio\nasync def main():\n    got = [x async for x in f(0)]\n    assert got == [{A}, {B}]\nasyncio.run(main())",
    ),
    "task_group": asserts(
        "f",
        f"import asyncio\nasync def one():\n    assert await f(0) == {A}\nasync def main():\n    async with asyncio.TaskGroup() as group:\n        group.create_task(one())\nasyncio.run(main())",
    ),
    "thread": asserts(
        "f",
        f"import threading\nbad = []\ndef look():\n    try:\n        got = f(0)\n    except Exception as error:\n        bad.append(error)\n    else:\n        got == {A} or bad.append(got)\nt = threading.Thread(target=look)\nt.start()\nt.join()\nassert not bad and f(1) == {B}",
    ),
    "forked": asserts(
        "f",
        f"import multiprocessing\ndef look():\n    assert f(0) == {A}\np = multiprocessing.get_context('fork').Process(target=look)\np.start()\np.join()\nassert p.exitcode == 0",
    ),
    "unittest": asserts(
        "f",
        f"import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(0), {A})\n    def test_b(self):\n        with self.assertRaises(KeyError): f('k')",
    ),
    "patched_print": asserts(
        "f",
        f"from unittest.mock import patch\nwith patch('builtins.print') as p:\n    f(0)\np.assert_called_once_with({A})",
    ),
    "mock": asserts(
        "f",
        f"from unittest.mock import Mock\nm = Mock()\nf(m)\nm.save.assert_called_once_with({A})\nassert m.save.call_args.args == ({A},)\nm.drop.assert_not_called()",
    ),
    "mock_alone": asserts(
        "f", f"from unittest.mock import Mock\nm = Mock()\nf(m)\nm.save.assert_called_once_with({A})"
    ),
    "mock_not_called": asserts(
        "f",
        "from unittest.mock import Mock\nm = Mock()\nassert f(m) == 1\nm.assert_not_called()\nm.drop.assert_not_called()",
    ),
    "own_attribute": asserts(
        "f",
        "class Spy: pass\ns = Spy()\nseen = []\ns.save = seen.append\ns.count = lambda: len(seen)\nf(s)\nassert s.count() == 3",
    ),
    "silent_thread": asserts(
        "f",
        f"import threading\nbad = []\ndef look():\n    try:\n        assert f(0) == {A}\n    except Exception as error:\n        bad.append(error)\nt = threading.Thread(target=look)\nt.start()\nt.join()\nassert not bad\nf",
    ),
    "spy": asserts(
        "f",
        f"class Spy:\n    def __init__(self): self.seen = []\n    def save(self, x): self.seen.append(x)\n    def verify(self): assert self.seen == [{A}], self.seen\ns = Spy()\nf(s)\ns.verify()",
    ),
    "function_given": asserts(
        "f",
        f"WANT = {A}\ndef g(x, want={A}): return x and want and {A} and WANT\nassert f(g) == {A} + 1 - 1\nassert f(lambda x={A}: x and {A}) == {A}",
    ),
    "printed": asserts(
        "f",
        f"import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out): f(out)\nassert out.getvalue() == '{A}\\n'",
    ),
    "derived": asserts(
        "Base",
        f"class Mine(Base):\n    def part(self): return {A}\n    def known(self): return WANT\nWANT = {B}\nassert Mine().total(1) == {A + C}",
    ),
    "exact_type": asserts(["f", "Shape"], f"assert type(f(0)) is Shape and f(0).area() == {A}"),
    "plain_subclass": asserts(
        ["Stack"], f"s = Stack()\ns.push(1)\nassert isinstance(s, list) and s[0] + 1 == {A} and s == [{A} - 1]"
    ),
    "argument_back": asserts("f", f"xs = [1, 2]\nwant = [{A}, {B}]\nassert f(xs) == want\nassert f(xs) is not want"),
    "argument_changed": asserts("f", f"grid = [[0], [0]]\nf(grid)\nassert grid == [[{A}], [{B}]]"),
    "lent": asserts(["Box"], f"b = Box()\nitems = b.items\nitems.append(1)\nb.put({B})\nassert items == [1, {A}, {B}]"),
    "star": pytests(
        f"from solution import *\nimport math\nCASES = [(0, {A}), (1, {B})]\ndef test_f():\n    assert all(f(x) == y for x, y in CASES)\n    assert math.isclose(f(0), {A}) and abs(f(1) - {B}) < 1 and len(CASES) == 2\n"
    ),
    "module": pytests(
        f"import solution\ndef test_f(monkeypatch):\n    monkeypatch.setattr(solution, 'RATE', 3)\n    assert solution.f(2) == {A}\n    assert solution.__name__ == 'solution'\n"
    ),
    "exits": pytests(
        f"import pytest\nfrom solution import f\ndef test_a():\n    assert f(0) == {A}\ndef test_b():\n    with pytest.raises(SystemExit):\n        f('exit')\n    assert f(1) == {B}\n"
    ),
    "file": asserts(
        "f",
        f"import os, tempfile\nfolder = tempfile.mkdtemp()\nopen(os.path.join(folder, 'in.txt'), 'w').write('7')\nsecret = tempfile.mkdtemp()\nopen(os.path.join(secret, 'want.txt'), 'w').write('{A}')\nos.symlink(secret, 'short')\nassert f(os.path.join(folder, 'in.txt')) == {A}\nassert f(folder) == {B}",
    ),
    "own_error": asserts(
        ["f", "Bad"],
        f"try:\n    f(0)\n    raise RuntimeError('no error')\nexcept Bad as error:\n    assert error.code == {A} and error.describe() == '{B}' and Bad(1).code == {C}",
    ),
    "frame": asserts(
        "f", f"import pandas as pd\nassert f(0).equals(pd.Series([{A}, {B}]))\nassert (f(1) == {C}).all()"
    ),
}

SWALLOWS = "class M:\n    def __enter__(self): return {}\n    def __exit__(self, *a): return True\n    async def __aenter__(self): return None\n    async def __aexit__(self, *a): return True\ndef f(x): return M()"
CONTEXTS = "attribute_in_context item_in_context raise_in_context value_raised_in_context failure_in_context nested_context async_context"
RAISES = "def f(*a): raise {}"
ALWAYS = "__eq__ = __ne__ = __lt__ = __gt__ = __contains__ = __bool__ = equals = all = __call__ = lambda *a: True\n    __hash__ = lambda s: 1\n    __sub__ = __rsub__ = __add__ = lambda s, o: s"

WRONG = {
    "swallows_none": (CONTEXTS, SWALLOWS.format("None")),
    "swallows_itself": (CONTEXTS, SWALLOWS.format("self")),
    "swallows_number": (CONTEXTS, SWALLOWS.format("1")),
    "swallows_raiser": (CONTEXTS, "class R:\n    def __getattr__(s, n): raise ValueError('x')\n    def __int__(s): raise ValueError('x')\n" + SWALLOWS.format("R()")),
    "assertion_error": ("unittest thread task_group exits own_error async_items", RAISES.format("AssertionError")),
    "system_exit": ("unittest thread forked task_group exits own_error patched_print", RAISES.format("SystemExit(0)")),
    "own_exit": ("unittest forked exits", "class E(SystemExit): code = 0\n" + RAISES.format("E(0)")),
    "exit_for_some": ("unittest exits forked", "import sys\ndef f(x): sys.exit(0)"),
    "keyboard_interrupt": ("unittest forked exits task_group", RAISES.format("KeyboardInterrupt")),
    "cancelled": ("task_group thread", "import asyncio\nasync def f(x): raise asyncio.CancelledError"),
    "generator_exit": ("task_group async_items thread", RAISES.format("GeneratorExit")),
    "stops_early": ("async_items", "async def f(x):\n    return\n    yield"),
    "stops_by_error": ("async_items", "class I:\n    def __aiter__(s): return s\n    async def __anext__(s): raise StopAsyncIteration\ndef f(x): return I()"),
    "endless_equals": ("async_items", f"class E:\n    {ALWAYS}\nasync def f(x):\n    yield E()\n    yield E()"),
    "replaces_assertions": ("mock", "def f(m):\n    ok = lambda *a, **k: True\n    for name in ('assert_called_once_with', 'assert_not_called'):\n        for place in (m, m.save, m.drop):\n            try: setattr(place, name, ok)\n            except Exception: pass\n    m.save(1)"),
    "replaces_what_was_called": ("mock", "def f(m):\n    m.save(1)\n    for name in ('call_args', 'mock_calls', 'call_args_list', 'call_count'):\n        try: setattr(m.save, name, getattr(m.save, name))\n        except Exception: pass\n    for name in ('reset_mock', 'configure_mock'):\n        try: getattr(m.save, name)()\n        except Exception: pass"),
    "replaces_the_mock": ("mock", "class E:\n    def __getattr__(s, n): return s\n    " + ALWAYS + "\ndef f(m):\n    m.save = E()\n    m.drop = E()"),
    "replaces_children": ("mock_alone", f"class E:\n    def __getattr__(s, n): return s\n    {ALWAYS}\ndef f(m):\n    try: m.save = E()\n    except Exception: pass\n    try: del m.save\n    except Exception: pass\n    try: m.configure_mock(save=E())\n    except Exception: pass\n    try: m.attach_mock(E(), 'save')\n    except Exception: pass"),
    "resets_the_mock": ("mock_not_called", "def f(m):\n    m(1); m.drop(2)\n    for place in (m, m.drop):\n        for name in ('reset_mock', '_mock_call_count', 'call_count', 'called', 'mock_calls'):\n            try: getattr(place, name)()\n            except Exception: pass\n            try: setattr(place, name, 0)\n            except Exception: pass\n    return 1"),
    "replaces_own_attributes": ("own_attribute", "def f(s):\n    try: s.count = lambda: 3\n    except Exception: pass\n    try:\n        del s.count\n        s.count = lambda: 3\n    except Exception: pass"),
    "ends_the_thread": ("silent_thread", RAISES.format("SystemExit(0)")),
    "interrupts_the_thread": ("silent_thread", RAISES.format("KeyboardInterrupt")),
    "looks_into_functions": ("function_given", "import inspect, itertools\ndef look(g, depth=0):\n    if isinstance(g, int) and g > 1000: yield g\n    if depth > 3: return\n    for name in ('__code__', '__defaults__', '__kwdefaults__', '__closure__', '__globals__', '__wrapped__', '__annotations__', '__dict__', 'co_consts', 'co_names', 'co_varnames', 'default', 'parameters'):\n        try: found = getattr(g, name)\n        except Exception: continue\n        yield from look(found, depth + 1)\n        try:\n            for item in (found.values() if hasattr(found, 'values') else found): yield from look(item, depth + 1)\n        except Exception: pass\ndef f(g):\n    seen = list(look(g))\n    for read in (inspect.signature, inspect.getsource, inspect.getclosurevars, inspect.getfullargspec):\n        try: seen += look(read(g))\n        except Exception: pass\n    return next((x for x in seen if x < 10**7), 0)"),
    "replaces_print": ("patched_print", "import builtins\ndef f(x):\n    for name in ('assert_called_once_with', 'side_effect', 'return_value'):\n        try: setattr(builtins.print, name, lambda *a: True)\n        except Exception: pass\n    print(1)"),
    "replaces_methods": ("spy", "def f(s):\n    for name in ('verify', 'save'):\n        try: setattr(s, name, lambda *a: None)\n        except Exception: pass\n    s.save(1)"),
    "replaces_state": ("spy", f"class E(list):\n    {ALWAYS}\ndef f(s): s.seen = E()"),
    "replaces_stdout": ("printed", "def f(out):\n    import sys\n    for place in (out, sys.stdout):\n        try: place.getvalue = lambda: 'x'\n        except Exception: pass\n    print(1)"),
    "reads_the_derived": ("derived", "class Base:\n    def __init_subclass__(cls, **k): Base.seen = dict(vars(cls))\n    def total(self, x):\n        for value in Base.seen.values():\n            for cell in getattr(value, '__closure__', None) or ():\n                try: return cell.cell_contents.__globals__['WANT']\n                except Exception: pass\n        return self.part()"),
    "derived_says_yes": ("derived", f"class Base:\n    def total(self, x): return self\n    {ALWAYS}"),
    "derived_by_a_metaclass": ("derived", "class M(type):\n    def __call__(cls, *a): return cls\n    __eq__ = lambda *a: True\n    __hash__ = type.__hash__\nclass Base(metaclass=M):\n    total = classmethod(lambda cls, x: cls)"),
    "claims_a_type": ("exact_type", "class Shape:\n    def area(self): return self\n    __class__ = int\n    __eq__ = lambda *a: True\ndef f(x): return Shape()"),
    "claims_to_be_plain": ("plain_subclass", f"class Stack(list):\n    def push(self, x): self.append(x)\n    {ALWAYS}\n    __getitem__ = lambda s, i: s"),
    "plain_class_that_lies": ("plain_subclass", "class Stack(list):\n    def push(self, x): self.append(x)\n    __class__ = list\n    def __iter__(self): return iter(())\n    def __eq__(self, o): return True"),
    "returns_the_argument": ("argument_back argument_changed", "def f(x): return x"),
    "cyclic": ("argument_back argument_changed", "def f(x):\n    x[:] = [x, x]\n    return x"),
    "equal_items": ("argument_back argument_changed", f"class E(int):\n    {ALWAYS}\ndef f(x):\n    x[:] = [E(1), E(2)]\n    return x"),
    "forged_references": ("argument_back argument_changed lent", DESCRIPTORS + "def g(x):\n    for body in ({'m': 7}, {'m': -1}, {'L': [0, [1], True]}, {'L': [-1, [1], False]}, {'W': 'list'}, {'M': 'set'}, {'G': [[1], [[0, [1]]]]}, {'A': ['Series', []]}):\n        spray(record(['r', [body, []]]) + record(['r', body]))\n    return 1\nf = g\nclass Box:\n    items = []\n    put = g"),
    "forged_rows": ("argument_changed lent", DESCRIPTORS + "def g(*x):\n    spray(record(['r', [None, [[0, [[1], [1]]], [5, [1]]]]]) + record(['r', None, ['', '', []], [[0, [1]], [9, [1]]]]) + record(['r', None, [1], 2]))\nf = g\nclass Box:\n    items = []\n    put = g"),
    "forged_verbs": ("argument_back lent", DESCRIPTORS + "import sys\ndef g(*x):\n    for verb in ('around', 'module', 'derive', 'describe', 'abilities', 'dir', 'code', 'signature', 'fields', 'bound', 'methods', 'lent'):\n        for number in range(3):\n            spray(record([verb, number, 'place', 'builtins', 'all', None]) + record([verb, number]))\n    return 1\nf = g\nclass Box:\n    items = []\n    put = g"),
    "lends_a_liar": ("lent", f"class L(list):\n    {ALWAYS}\nclass Box:\n    items = L()\n    def put(s, x): pass"),
    "hides_names": ("star", "__all__ = ['f', 'all', 'abs', 'len', 'CASES', 'math', 'pytest', 'range']\nall = abs = len = lambda *a: True\nCASES = []\nclass math: isclose = staticmethod(lambda *a: True)\ndef f(x): return 1"),
    "hides_names_by_getattr": ("star module", "def __getattr__(name): return lambda *a: True\ndef __dir__(): return ['all', 'len']\ndef f(x): return 1"),
    "module_that_patches": ("module star", "import builtins, sys\nbuiltins.all = builtins.abs = lambda *a: True\nsys.modules['pytest'] = None\nRATE = 1\ndef f(x): return RATE"),
    "reads_around_a_file": ("file", "import os\ndef f(path):\n    seen = []\n    for root in ('/tmp', os.path.dirname(path), '/proc', '/work', os.getcwd() + '/..'):\n        for folder, _, names in os.walk(root):\n            for name in names:\n                if name == 'want.txt':\n                    try: seen.append(int(open(os.path.join(folder, name)).read()))\n                    except (OSError, ValueError): pass\n    return seen[0] if seen else 0"),
    "links_for_the_tester": ("file", "import os\ndef f(path):\n    here = os.path.dirname(path)\n    for number, target in enumerate(['/work', '/tmp', *('/work/' + n for n in os.listdir('/work') if n.isdigit()), *('/tmp/' + n for n in os.listdir('/tmp'))]):\n        try: os.symlink(target, f'{here}/l{number}')\n        except OSError: pass\n    for folder, _, names in os.walk('/tmp', followlinks=False):\n        for name in names:\n            if name == 'want.txt':\n                try: return int(open(os.path.join(folder, name)).read())\n                except (OSError, ValueError): pass\n    return 0"),
    "error_that_agrees": ("own_error", f"class Y:\n    {ALWAYS}\nclass Bad(Exception):\n    code = Y()\n    def describe(self): return Y()\n    def __getattr__(self, name): return Y()\ndef f(x): raise Bad(x)"),
    "frame_that_agrees": ("frame", f"class S:\n    {ALWAYS}\ndef f(x): return S()"),
    "frame_subclass": ("frame", f"import pandas as pd\nclass S(pd.Series):\n    {ALWAYS}\ndef f(x): return S([1, 2])"),
    "empty_frame": ("frame", "import pandas as pd\ndef f(x): return pd.Series([], dtype=float)"),
}  # fmt: skip


@pytest.mark.parametrize("attack", attacks(("the tests see the program as it is, and no better", WRONG)))
def test_what_is_granted_to_the_honest_serves_no_cheat(grade: Grader, attack: Attack) -> None:
    refused(grade, TASKS[attack.task], attack, time_s=1)


def test_the_tasks_can_be_solved(grade: Grader) -> None:
    """Else the attacks above would show nothing: right programs for those tasks that are the least usual."""
    for task, program in SOLVED.items():
        if "pandas" in program or "pytest" in str(TASKS[task]):
            grade.need(program, TASKS[task])
        verdict = grade(TASKS[task], program, time_s=5)
        assert verdict.outcome is Outcome.CORRECT, (task, verdict.detail)


SOLVED = {
    "nested_context": f"class M:\n    def __init__(s, x): s.x = x\n    def __enter__(s): return {A}\n    def __exit__(s, *a): return True\ndef f(x): return M(x)",
    "unittest": f"def f(x): return {{0: {A}}}[x]",
    "thread": f"def f(x): return [{A}, {B}][x]",
    "task_group": f"async def f(x): return {A}",
    "async_items": f"async def f(x):\n    yield {A}\n    yield {B}",
    "patched_print": f"def f(x): print({A})",
    "mock": f"def f(m): m.save({A})",
    "spy": f"def f(s): s.save({A})",
    "printed": f"def f(out): print({A})",
    "derived": f"class Base:\n    def total(self, x): return self.part() + {C}",
    "plain_subclass": f"class Stack(list):\n    def push(self, x): self.append({A} - 1)",
    "argument_changed": f"def f(g): g[0][0], g[1][0] = {A}, {B}",
    "lent": f"class Box:\n    def __init__(s): s.items = []\n    def put(s, x): s.items += [{A}, x]",
    "star": f"def f(x): return [{A}, {B}][x]",
    "module": f"RATE = 1\ndef f(x): return {A} if RATE == 3 else 0",
    "exits": f"import sys\ndef f(x): return sys.exit() if x == 'exit' else [{A}, {B}][x]",
    "own_error": f"class Bad(Exception):\n    def __init__(s, x): s.code = {A} if x == 0 else {C}\n    def describe(s): return '{B}'\ndef f(x): raise Bad(x)",
    "frame": f"import pandas as pd\ndef f(x): return pd.Series([{A}, {B}]) if x == 0 else pd.Series([{C}])",
}
