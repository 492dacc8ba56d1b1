# ruff: noqa: E501 - a table reads best with one program to a line
"""Test code runs beside a stand-in for the candidate: what crosses, and what does not."""

from __future__ import annotations

import pytest

from reward_server.sandbox.base import ExecutionLimits, Hosted, Sandbox, Tester
from tests.sandbox.conftest import Python, needs_numpy

# candidate, test code: all must pass
CROSSES = {
    "values": ("def f(*a, **k): return a, k", "assert f(1, 'a', [b'x'], k={1: (2, {3})}) == ((1, 'a', [b'x']), {'k': {1: (2, {3})}})"),
    "mutation": ("def f(a): a.sort(); a.append(9)", "a = [3, 1]\nassert f(a) is None and a == [1, 3, 9]"),
    "mutation_of_rows": ("def f(m): m[0][0] = 7; m[1].append(8)", "row = [1]\nm = [row, [2]]\nf(m)\nassert m == [[7], [2, 8]] and m[0] is row"),
    "mutation_of_dict_and_set": ("def f(d, s): d['k'] = 1; d.pop('x'); s.add(2)", "d, s = {'x': 0}, {1}\nf(d, s)\nassert d == {'k': 1} and s == {1, 2}"),
    "mutation_of_bytearray": ("def f(b): b += b'y'", "b = bytearray(b'x')\nf(b)\nassert b == b'xy'"),
    "state": ("n = 0\ndef f():\n    global n; n += 1; return n", "assert [f(), f(), f()] == [1, 2, 3]"),
    "class": ("class f:\n    def __init__(self, n): self.n = n\n    def add(self, k): self.n += k; return self", "c = f(1)\nassert c.add(2).add(3).n == 6"),
    "attribute_set": ("class f: pass", "c = f()\nc.x = [1]\nassert c.x == [1]"),
    "generator": ("def f(n):\n    for i in range(n): yield i * i", "assert list(f(4)) == [0, 1, 4, 9] and next(f(2)) == 0"),
    "endless_generator": ("def f():\n    n = 0\n    while True: yield n; n += 1", "import itertools\nassert list(itertools.islice(f(), 5)) == [0, 1, 2, 3, 4]"),
    "generator_send": ("def f():\n    x = yield 1\n    yield x * 2", "g = f()\nassert (next(g), g.send(4)) == (1, 8)\ng.close()"),
    "closure": ("def f(n): return lambda k: n + k", "assert f(1)(2) == 3"),
    "callback": ("def f(g, xs): return [g(x) for x in xs]", "assert f(lambda x: x * x, [1, 2]) == [1, 4]"),
    "callback_state": ("def f(g): g(1); g(2)", "seen = []\nf(seen.append)\nassert seen == [1, 2]"),
    "callback_raises": ("def f(g):\n    try: g()\n    except ValueError as e: return str(e)", "def g(): raise ValueError('mine')\nassert f(g) == 'mine'"),
    "nested_callbacks": ("def f(g, n): return n if n == 0 else g(f, n - 1) + 1", "def g(h, n): return h(g, n) + 1\nassert f(g, 5) == 10"),
    "callback_of_candidate": ("def f(): return lambda x: x + 1", "assert list(map(f(), [1, 2])) == [2, 3]"),
    "iterator_argument": ("def f(it): return sum(it)", "assert f(iter([1, 2])) == 3 and f(x for x in (3, 4)) == 7"),
    "builtin_argument": ("def f(t, g): return t('5'), g([1, 2]), t is int", "assert f(int, max) == (5, 2, True)"),
    "method_argument": ("def f(g): return g('a')", "assert f(str.upper) == 'A'"),
    "exception": ("def f(): raise ValueError('bad', 3)", "try:\n    f()\n    assert False\nexcept ValueError as e:\n    assert e.args == ('bad', 3)"),
    "exception_of_its_own": ("class Mine(KeyError): pass\ndef f(): raise Mine('k')", "try:\n    f()\n    assert 0\nexcept KeyError:\n    pass"),
    "assert_raises": ("def f(x): return 1 / x", "import unittest\nunittest.TestCase().assertRaises(ZeroDivisionError, f, 0)"),
    "sets_and_numbers": ("def f(): return {1}, frozenset({2}), b'x', 1 + 2j, 10**40", "assert f() == ({1}, frozenset({2}), b'x', 1 + 2j, 10**40)"),
    "namedtuple": ("from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(): return P(1, 2)", "p = f()\nassert p.x == 1 and p == (1, 2) and isinstance(p, tuple)"),
    "defaultdict": ("from collections import defaultdict, Counter, OrderedDict\ndef f(): return Counter('aab'), OrderedDict(a=1)", "assert f() == ({'a': 2, 'b': 1}, {'a': 1})"),
    "datetime": ("import datetime\ndef f(d): return d + datetime.timedelta(days=1)", "import datetime\nassert f(datetime.date(2020, 1, 31)) == datetime.date(2020, 2, 1)"),
    "decimal": ("from decimal import Decimal\nfrom fractions import Fraction\ndef f(): return Decimal('0.1'), Fraction(1, 3)", "from decimal import Decimal\nfrom fractions import Fraction\nassert f() == (Decimal('0.1'), Fraction(1, 3))"),
    "iterable_object": ("class f:\n    def __iter__(self): return iter([1, 2])\n    def __len__(self): return 2\n    def __getitem__(self, k): return k", "c = f()\nassert list(c) == [1, 2] and len(c) == 2 and c['k'] == 'k' and 2 in c"),
    "text": ("class f:\n    def __str__(self): return 'S'\n    def __repr__(self): return 'R'", "assert str(f()) == 'S' and repr(f()) == 'R' and f'{f()}' == 'S'"),
    "identity": ("x = object()\ndef f(): return x\ndef g(y): return y is x", "assert g(f()) and f() == f()"),
    "context_manager": ("import contextlib\n@contextlib.contextmanager\ndef f():\n    yield 5", "with f() as x:\n    assert x == 5"),
    "coroutine": ("import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x + 1", "import asyncio\nassert asyncio.run(f(1)) == 2"),
    "partial": ("def f(a, b): return a - b", "import functools\nassert functools.partial(f, 5)(3) == 2 and callable(f)"),
    "recursion": ("def f(n): return 1 if n < 2 else n * f(n - 1)", "assert f(500) > 10**1000"),
    "none_and_bool": ("def f(x): return x", "assert f(None) is None and f(True) is True and f(1) is not True"),
    "check": ("def f(x): return x", "def check(candidate):\n    assert candidate(3) == 3"),
    "tester_prints": ("def f(): print('hi'); return 1", "print('x', f())"),
}  # fmt: skip
# candidate, test code: all must fail, and none may hang
FAILS = {
    "wrong": ("def f(): return 1", "assert f() == 2"),
    "equal_to_all": ("class E:\n    def __eq__(self, o): return True\n    def __ne__(self, o): return False\ndef f(): return E()", "assert f() == 2"),
    "equal_in_list": ("class E:\n    def __eq__(self, o): return True\ndef f(): return [E()]", "assert f() == [2]"),
    "reflected": ("class E:\n    def __eq__(self, o): return True\ndef f(): return E()", "assert 2 == f()"),
    "contains_all": ("class E:\n    def __contains__(self, o): return True\n    def __iter__(self): return iter([])\ndef f(): return E()", "assert 3 in f()"),
    "smaller_than_all": ("class E(float):\n    def __lt__(self, o): return True\n    def __sub__(self, o): return self\n    def __abs__(self): return self\ndef f(): return E(7)", "assert abs(f() - 1) < 1e-6"),
    "subtracting_object": ("class E:\n    def __sub__(self, o): return 0\n    def __abs__(self): return 0\n    def __lt__(self, o): return True\ndef f(): return E()", "assert abs(f() - 1) < 1e-6"),
    "int_subclass": ("class E(int):\n    def __eq__(self, o): return True\n    __hash__ = int.__hash__\ndef f(): return E(7)", "assert f() == 2"),
    "spoofed_class": ("class E:\n    __class__ = int\n    def __eq__(self, o): return True\ndef f(): return E()", "assert isinstance(f(), int)"),
    "exit": ("import os\ndef f(): os._exit(0)", "f()"),
    "system_exit": ("import sys\ndef f(): sys.exit(0)", "f()\nassert False"),
    "raises_assertion": ("def f(): raise AssertionError", "try: f()\nexcept ValueError: pass"),
    "exit_swallowed": ("import os\ndef f(): os._exit(0)", "try: f()\nexcept: pass"),
    "stop_iteration": ("def f(): raise StopIteration", "f()"),
    "junk_on_the_link": ("import os\ndef f():\n    for fd in range(3, 20):\n        try: os.write(fd, b'\\xff' * 40)\n        except OSError: pass", "f()"),
    "forged_answers": ("import os\ndef f():\n    for fd in range(3, 20):\n        try: os.write(fd, (12).to_bytes(4, 'little') + b'[\"r\",2,null]' * 1)\n        except OSError: pass\n    return 1", "assert f() == 3"),
}  # fmt: skip


def host(sandbox: Sandbox, python: Python, candidate: str, *tests: str, **more: object) -> Hosted:
    names = tuple(name for name in ("f", "g") if f"def {name}(" in candidate or f"class {name}" in candidate)
    tester = Tester(tests, names or ("f",), **more)  # type: ignore[arg-type] # fields by name
    return sandbox.host(python(candidate), tester, ExecutionLimits(time_s=1))


@pytest.mark.parametrize("name", CROSSES)
def test_honest_programs_pass_through_the_proxy(name: str, sandbox: Sandbox, python: Python) -> None:
    done = host(sandbox, python, *CROSSES[name])
    assert done.finished and [test.error for test in done.tests] == [None], (done, done.tester.stderr)


@pytest.mark.parametrize("name", FAILS)
def test_cheats_fail_and_do_not_hang(name: str, sandbox: Sandbox, python: Python) -> None:
    done = host(sandbox, python, *FAILS[name])
    assert done.finished and done.tests[0].error is not None, done


def test_numpy_arrays_cross_as_arrays(sandbox: Sandbox, python: Python) -> None:
    needs_numpy(sandbox)
    candidate = "import numpy as np\ndef f(a):\n    a *= 2\n    return a.astype(float) / 4, np.float32(1)"
    test = "import numpy as np\na = np.array([[1, 2], [3, 4]])\nb, c = f(a)\n"
    test += "assert a[1, 1] == 8 and b.shape == (2, 2) and np.allclose(b, a / 4) and c.dtype == np.float32"
    assert host(sandbox, python, candidate, test).tests[0].error is None


def test_objects_of_agreed_classes_cross_by_value_and_are_changed_in_place(sandbox: Sandbox, python: Python) -> None:
    node = "class Node:\n    def __init__(self, val=0, next=None): self.val, self.next = val, next\n"
    candidate = "def f(n):\n    n.val = 5\n    return Node(9, n)"
    test = "n = Node(1, Node(2))\nr = f(n)\nassert (n.val, r.val, r.next.val, r.next.next.val) == (5, 9, 5, 2)"
    done = host(sandbox, python, candidate, test, setup=node, prelude=node, value_classes=("Node",))
    assert done.tests[0].error is None, done


def test_each_piece_is_reported_and_the_rest_is_run_where_asked_for(sandbox: Sandbox, python: Python) -> None:
    tests = ("assert f(1) == 1", "assert f(2) == 3", "assert f(3) == 3")
    stopped = host(sandbox, python, "def f(x): return x", *tests)
    went_on = host(sandbox, python, "def f(x): return x", *tests, stop_at_first_failure=False)
    assert [test.error is None for test in stopped.tests] == [True, False] and stopped.finished
    assert [test.error is None for test in went_on.tests] == [True, False, True] and went_on.calls == 3
    failure = went_on.tests[1].error
    assert failure is not None and (failure.type, failure.line) == ("AssertionError", 1)


def test_a_failing_setup_is_told_from_a_failing_program(sandbox: Sandbox, python: Python) -> None:
    setup = host(sandbox, python, "def f(): pass", "f()", setup="1/0")
    load = host(sandbox, python, "1/0\ndef f(): pass", "f()")
    missing = host(sandbox, python, "def other(): pass", "f()")
    assert setup.setup_error is not None and setup.setup_error.type == "ZeroDivisionError" and setup.calls == 0
    assert load.load_error is not None and load.load_error.type == "ZeroDivisionError"
    assert missing.load_error is not None and missing.load_error.type == "NameError"


def test_the_one_who_keeps_the_other_waiting_gets_the_time_limit(sandbox: Sandbox, python: Python) -> None:
    candidate = host(sandbox, python, "def f():\n    while True: pass", "f()")
    asleep = host(sandbox, python, "import time\ndef f(): time.sleep(60)", "f()")
    loading = host(sandbox, python, "while True: pass", "f()")
    tester = host(sandbox, python, "def f(): return 1", "f()\nwhile True: pass")
    assert (candidate.candidate.limit, candidate.tester.limit) == ("time", None)
    assert (asleep.candidate.limit, asleep.tester.limit) == ("wall", None)
    assert (loading.candidate.limit, loading.tester.limit) == ("time", None) and loading.calls == 0
    assert (tester.candidate.limit, tester.tester.limit) == (None, "time")


def test_the_time_limit_is_that_of_one_test(sandbox: Sandbox, python: Python) -> None:
    candidate = "import time\ndef f():\n    end = time.process_time() + 0.5\n    while time.process_time() < end: pass"
    assert len(host(sandbox, python, candidate, *["f()"] * 4).tests) == 4


def test_opaque_comparisons_and_early_exits_are_flagged(sandbox: Sandbox, python: Python) -> None:
    assert host(sandbox, python, "def f(): return object()", "assert f() == 1").flags == ("opaque_result",)
    assert host(sandbox, python, "import os\ndef f(): os._exit(0)", "f()").flags == ("early_exit",)


def test_tests_that_never_call_are_counted_as_such(sandbox: Sandbox, python: Python) -> None:
    assert host(sandbox, python, "def f(): pass", "assert False").calls == 0
