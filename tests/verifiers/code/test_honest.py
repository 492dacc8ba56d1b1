"""Honest but unusual programs are accepted."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from reward_server.types import Json, Outcome
from tests.live import Grader

DOUBLE: Json = {"kind": "stdio", "cases": [{"input": "21\n", "output": "42\n"}, {"input": "-3\n", "output": "-6\n"}]}
LINES: Json = {"kind": "stdio", "cases": [{"input": "1 2\n3\n", "output": "6\n"}, {"input": "10\n", "output": "10\n"}]}

STDIO = {
    "input": (DOUBLE, "print(int(input()) * 2)"),
    "main_guard": (DOUBLE, "def main():\n    print(int(input()) * 2)\nif __name__ == '__main__':\n    main()"),
    "read_all": (LINES, "import sys\nprint(sum(map(int, sys.stdin.read().split())))"),
    "buffer": (LINES, "import sys\nsys.stdout.buffer.write(b'%d\\n' % sum(map(int, sys.stdin.buffer.read().split())))"),
    "open_zero": (LINES, "print(sum(map(int, open(0).read().split())))"),
    "open_zero_bytes": (LINES, "print(sum(map(int, open(0, 'rb'))) if 0 else sum(map(int, open(0, 'rb').read().split())))"),
    "dev_stdin": (LINES, "print(sum(map(int, open('/dev/stdin').read().split())))"),
    "os_read": (LINES, "import os\nprint(sum(map(int, os.read(0, 1 << 20).split())))"),
    "fileinput": (LINES, "import fileinput\nprint(sum(int(t) for line in fileinput.input() for t in line.split()))"),
    "iterates": (LINES, "import sys\nprint(sum(int(t) for line in sys.stdin for t in line.split()))"),
    "replaced_input": (DOUBLE, "import sys\ninput = sys.stdin.readline\nprint(int(input()) * 2)"),
    "replaced_stdout": (DOUBLE, "import sys, io\nout = sys.stdout = io.StringIO()\nprint(int(input()) * 2)\nsys.__stdout__.write(out.getvalue())"),
    "stream_of_its_own": (DOUBLE, "import os, sys\nfrom io import BytesIO, IOBase\nclass FastIO(IOBase):\n    def __init__(self, file):\n        self._fd = file.fileno()\n        self.buffer = BytesIO()\n        self.write = lambda s: self.buffer.write(s.encode())\n    def flush(self):\n        os.write(self._fd, self.buffer.getvalue())\n        self.buffer.truncate(0), self.buffer.seek(0)\nsys.stdout = FastIO(sys.stdout)\nprint(int(input()) * 2)"),
    "reconfigured": (DOUBLE, "import sys\nsys.stdin.reconfigure(encoding='utf-8')\nsys.stdout.reconfigure(line_buffering=True, encoding='utf-8')\nprint(int(input()) * 2)"),
    "wrapped_again": (DOUBLE, "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8')\nprint(int(input()) * 2)"),
    "output_beyond_the_usual": ({"kind": "stdio", "cases": [{"input": "", "output": "x" * 17_000_000}]}, "print('x' * 17_000_000)"),
    "until_eof": (LINES, "s = 0\nwhile True:\n    try: s += sum(map(int, input().split()))\n    except EOFError: break\nprint(s)"),
    "thread_with_stack": (DOUBLE, "import sys, threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(64 << 20)\ndef deep(n): return 0 if n == 0 else 1 + deep(n - 1)\ndef main():\n    n = int(input())\n    deep(30000)\n    print(n * 2)\nt = threading.Thread(target=main)\nt.start(); t.join()"),
    "atexit": (DOUBLE, "import atexit\nn = int(input())\natexit.register(lambda: print(n * 2))"),
    "exit_zero": (DOUBLE, "import sys\nprint(int(input()) * 2)\nsys.exit(0)"),
    "exit_function": (DOUBLE, "print(int(input()) * 2)\nexit()"),
    "raise_system_exit": (DOUBLE, "print(int(input()) * 2)\nraise SystemExit"),
    "multiprocessing": (DOUBLE, "from multiprocessing import Pool\ndef f(x): return x * 2\nif __name__ == '__main__':\n    with Pool(2) as p: print(p.map(f, [int(input())])[0])"),
    "executor": (DOUBLE, "from concurrent.futures import ThreadPoolExecutor\nn = int(input())\nwith ThreadPoolExecutor() as e: print(e.submit(lambda: n * 2).result())"),
    "asyncio": (DOUBLE, "import asyncio\nasync def main():\n    await asyncio.sleep(0)\n    print(int(input()) * 2)\nasyncio.run(main())"),
    "subprocess": (DOUBLE, "import subprocess, sys\nprint(int(subprocess.run([sys.executable, '-c', f'print({int(input())} * 2)'], capture_output=True, text=True).stdout))"),
    "temporary_file": (DOUBLE, "import tempfile\nwith tempfile.TemporaryFile('w+') as f:\n    f.write(str(int(input()) * 2)); f.seek(0); print(f.read())"),
    "own_file": (DOUBLE, "open('note', 'w').write(input())\nprint(int(open('note').read()) * 2)"),
    "reads_its_source": (DOUBLE, "assert 'reads' in open(__file__).read()  # reads\nprint(int(input()) * 2)"),
    "future": (DOUBLE, "from __future__ import annotations\ndef f(x: Undefined) -> Undefined: return x * 2\nprint(f(int(input())))"),
    "bom": (DOUBLE, "\ufeffprint(int(input()) * 2)"),
    "crlf": (DOUBLE, "n = int(input())\r\nif n:\r\n    print(n * 2)\r\n"),
    "coding": (DOUBLE, "# -*- coding: utf-8 -*-\nä = int(input())\nprint(ä * 2)"),
    "chatty_stderr": (DOUBLE, "import sys\nprint('x' * 500_000, file=sys.stderr)\nprint(int(input()) * 2)"),
    "unread_input": ({"kind": "stdio", "cases": [{"input": "x\n" * 100_000, "output": "1\n"}]}, "print(1)"),
    "large_output": ({"kind": "stdio", "cases": [{"input": "", "output": "x" * 2_000_000}]}, "print('x' * 2_000_000)"),
    "large_input": ({"kind": "stdio", "cases": [{"input": "1 " * 1_000_000, "output": "1000000"}]}, "print(sum(map(int, input().split())))"),
    "numpy": (LINES, "import sys, numpy as np\nprint(int(np.array(sys.stdin.read().split(), dtype=np.int64).sum()))"),
    "big_integers": ({"kind": "stdio", "cases": [{"input": "", "output": str(7**3000)}]}, "print(7 ** 3000)"),
    "recursion": (DOUBLE, "import sys\nsys.setrecursionlimit(20000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nf(15000)\nprint(int(input()) * 2)"),
    "decorated": (DOUBLE, "from functools import lru_cache\n@lru_cache(None)\ndef f(x): return x * 2\nprint(f(int(input())))"),
    "dataclass": (DOUBLE, "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nprint(A(int(input()) * 2).x)"),
    "pickle_own_class": (DOUBLE, "import pickle\nclass A: pass\na = A(); a.x = int(input()) * 2\nprint(pickle.loads(pickle.dumps(a)).x)"),
    "unicode": ({"kind": "stdio", "cases": [{"input": "ß→日本\n", "output": "本日→ß\n"}]}, "print(input()[::-1])"),
    "flushes": (DOUBLE, "import sys\nsys.stdout.write(str(int(input()) * 2)); sys.stdout.flush()"),
    "ignores_sigpipe": (DOUBLE, "import signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\nprint(int(input()) * 2)"),
    "random_seed": (DOUBLE, "import random, time\nrandom.seed(time.time())\nprint(int(input()) * 2 + random.randrange(1))"),
    "exec": (DOUBLE, "exec('print(int(input()) * 2)')"),
    "walrus_match": (DOUBLE, "match (n := int(input())):\n    case 0: print(0)\n    case _: print(n * 2)"),
    "shadows_builtins": (DOUBLE, "list = int(input()); sum = str; print(list * 2)"),
    "environment": (DOUBLE, "import os\nos.environ.get('ONLINE_JUDGE'); print(int(input()) * 2)"),
    "trailing_blank": (DOUBLE, "print(int(input()) * 2, end=' \\n\\n')"),
    "carriage_return": (DOUBLE, "print(int(input()) * 2, end='\\r\\n')"),
}  # fmt: skip


@pytest.mark.parametrize("name", STDIO)
def test_an_unusual_program_is_accepted(grade: Grader, name: str) -> None:
    tests, program = STDIO[name]
    grade.need(tests, program)
    verdict = grade(tests, program, time_s=5)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail.get("first_failure", verdict.detail)


def calls(entry: str, *cases: tuple[list[Json], Json]) -> Json:
    return {"kind": "function", "entry": entry, "cases": [{"args": args, "expected": want} for args, want in cases]}


SORT = calls("f", ([[3, 1, 2]], [1, 2, 3]), ([[]], []))
FUNCTIONS = {
    "plain": (SORT, "def f(xs): return sorted(xs)"),
    "tuple": (SORT, "def f(xs): return tuple(sorted(xs))"),
    "lambda": (SORT, "f = lambda xs: sorted(xs)"),
    "partial": (SORT, "from functools import partial\nf = partial(sorted)"),
    "builtin": (SORT, "f = sorted"),
    "callable_object": (SORT, "class F:\n    def __call__(self, xs): return sorted(xs)\nf = F()"),
    "solution_method": (SORT, "class Solution:\n    def f(self, xs): return sorted(xs)"),
    "static_method": (SORT, "class Solution:\n    @staticmethod\n    def f(xs): return sorted(xs)"),
    "leetcode_types": (SORT, "class Solution:\n    def f(self, xs: List[int]) -> Optional[List[int]]:\n        heapify(xs)\n        return [heappop(xs) for _ in range(len(xs))]"),
    "in_place": (SORT, "def f(xs):\n    xs.sort()\n    return xs"),
    "prints": (SORT, "def f(xs):\n    print(xs, 'quite chatty')\n    return sorted(xs)"),
    "numpy_array": (SORT, "import numpy as np\ndef f(xs): return np.sort(np.array(xs, dtype=int))"),
    "numpy_items": (SORT, "import numpy as np\ndef f(xs): return [np.int64(x) for x in sorted(xs)]"),
    "list_subclass": (SORT, "class L(list): pass\ndef f(xs): return L(sorted(xs))"),
    "int_enum": (calls("f", ([1], 1)), "import enum\nclass E(enum.IntEnum):\n    A = 1\ndef f(x): return E(x)"),
    "default_dict": (calls("f", (["aab"], {"a": 2, "b": 1})), "from collections import defaultdict\ndef f(s):\n    d = defaultdict(int)\n    for c in s: d[c] += 1\n    return d"),
    "counter": (calls("f", (["aab"], {"a": 2, "b": 1})), "from collections import Counter\nf = Counter"),
    "ordered_dict": (calls("f", (["ab"], {"b": 0, "a": 1})), "from collections import OrderedDict\ndef f(s): return OrderedDict(a=1, b=0)"),
    "integer_keys": (calls("f", ([[1, 1, 2]], {"1": 2, "2": 1})), "from collections import Counter\nf = Counter"),
    "float_noise": (calls("f", ([0.1, 0.2], 0.3)), "def f(a, b): return a + b"),
    "float_of_integer": (calls("f", ([4], 2)), "def f(x): return x / 2"),
    "integer_of_float": (calls("f", ([4], 2.0)), "def f(x): return x // 2"),
    "none": (calls("f", ([1], None)), "def f(x): pass"),
    "string_subclass": (calls("f", (["a"], "A")), "class S(str): pass\ndef f(x): return S(x.upper())"),
    "namedtuple": (calls("f", ([1], [1, 2])), "from typing import NamedTuple\nclass P(NamedTuple):\n    a: int\n    b: int\ndef f(x): return P(x, 2)"),
    "huge": (calls("f", ([100], 7**100)), "def f(n): return 7 ** n"),
    "deque_to_list": (SORT, "from collections import deque\ndef f(xs): return list(deque(sorted(xs)))"),
    "threads": (SORT, "from concurrent.futures import ThreadPoolExecutor\ndef f(xs):\n    with ThreadPoolExecutor(2) as e: return e.submit(sorted, xs).result()"),
    "cached": (calls("f", ([30], 832040)), "from functools import cache\n@cache\ndef f(n): return n if n < 2 else f(n - 1) + f(n - 2)"),
    "main_guard": (SORT, "def f(xs): return sorted(xs)\nif __name__ == '__main__':\n    print(f(eval(input())))"),
    "shadowed_import": (calls("merge", ([[[1, 3], [2, 4]]], [[1, 4]])), "from heapq import *\nclass Solution:\n    def merge(self, xs):\n        return [[xs[0][0], xs[-1][1]]]"),
    "name_of_the_prelude": (calls("merge", ([[[1, 3], [2, 4]]], [[1, 4]])), "class Solution:\n    def merge(self, xs):\n        return [[xs[0][0], xs[-1][1]]]"),
    "module_of_the_prelude": (calls("f", ([[1, 2]], 1)), "def f(xs): return bisect.bisect_left(xs, 2)"),
    "keyword_only": ({"kind": "function", "entry": "f", "cases": [{"kwargs": {"a": 1}, "expected": 2}]}, "def f(*, a): return a + 1"),
    "state_in_object": (calls("Solution.f", ([1], 1), ([2], 2)), "class Solution:\n    def __init__(self): self.n = 0\n    def f(self, x):\n        self.n += x\n        return self.n"),
    "nested_function": (SORT, "def outer():\n    def f(xs): return sorted(xs)\n    return f\nf = outer()"),
    "recursion": (calls("f", ([5000], 5000)), "import sys\nsys.setrecursionlimit(10**5)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)"),
    "typing_hints": (SORT, "def f(xs: 'list[int]') -> 'list[int]': return sorted(xs)"),
    "custom_error_inside": (SORT, "class E(Exception): pass\ndef f(xs):\n    try: raise E\n    except E: return sorted(xs)"),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_unusual_function_is_accepted(grade: Grader, name: str) -> None:
    tests, program = FUNCTIONS[name]
    grade.need(tests, program)
    verdict = grade(tests, program, time_s=5)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail.get("first_failure", verdict.detail)


LIST_NODE = (
    "class ListNode:\n    def __init__(self, val=0, next=None):\n        self.val = val\n        self.next = next\n"
)
BUILD = "def build(xs):\n    head = None\n    for x in reversed(xs): head = ListNode(x, head)\n    return head\ndef values(node):\n    out = []\n    while node: out.append(node.val); node = node.next\n    return out\n"
TREE = "class TreeNode:\n    def __init__(self, val=0, left=None, right=None):\n        self.val, self.left, self.right = val, left, right\n"

ASSERTS: dict[str, tuple[dict[str, Json], str]] = {
    "in_place": ({"entry": "f", "code": "xs = [3, 1, 2]\nassert f(xs) is None\nassert xs == [1, 2, 3]"}, "def f(xs): xs.sort()"),
    "nested_in_place": ({"entry": "f", "code": "g = [[1], [2]]\nrow = g[0]\nf(g)\nassert g == [[1, 9], [2, 9]] and row == [1, 9]"}, "def f(g):\n    for row in g: row.append(9)"),
    "dict_in_place": ({"entry": "f", "code": "d = {'a': 1}\nf(d)\nassert d == {'a': 2, 'b': 3}"}, "def f(d):\n    d['a'] = 2; d['b'] = 3"),
    "set_in_place": ({"entry": "f", "code": "s = {1}\nf(s)\nassert s == {1, 2}"}, "def f(s): s.add(2)"),
    "bytearray_in_place": ({"entry": "f", "code": "b = bytearray(b'ab')\nf(b)\nassert b == b'ba'"}, "def f(b): b.reverse()"),
    "array_in_place": ({"entry": "f", "code": "import numpy as np\na = np.zeros(3)\nf(a)\nassert a.tolist() == [0, 7, 0]"}, "def f(a): a[1] = 7"),
    "class": ({"entry": "Stack", "code": "s = Stack()\ns.push(1); s.push(2)\nassert s.pop() == 2 and s.pop() == 1\nassert s.empty()"}, "class Stack:\n    def __init__(self): self.xs = []\n    def push(self, x): self.xs.append(x)\n    def pop(self): return self.xs.pop()\n    def empty(self): return not self.xs"),
    "class_attributes": ({"entry": "Point", "code": "p = Point(1, y=2)\nassert p.x + p.y == 3\np.x = 5\nassert p.total() == 7\nassert Point.kind == 'point'"}, "class Point:\n    kind = 'point'\n    def __init__(self, x, y): self.x, self.y = x, y\n    def total(self): return self.x + self.y"),
    "class_property": ({"entry": "A", "code": "assert A(3).double == 6"}, "class A:\n    def __init__(self, x): self.x = x\n    @property\n    def double(self): return self.x * 2"),
    "class_method": ({"entry": "A", "code": "assert A.make(3).x == 3\nassert A.add(1, 2) == 3"}, "class A:\n    def __init__(self, x): self.x = x\n    @classmethod\n    def make(cls, x): return cls(x)\n    @staticmethod\n    def add(a, b): return a + b"),
    "class_text": ({"entry": "A", "code": "assert str(A()) == 'an A' and repr(A()) == 'A()'\nassert f'{A()}' == 'an A'"}, "class A:\n    def __str__(self): return 'an A'\n    def __repr__(self): return 'A()'"),
    "class_container": ({"entry": "A", "code": "a = A()\na['k'] = 1\nassert a['k'] == 1 and len(a) == 1 and list(a) == ['k']\ndel a['k']\nassert len(a) == 0"}, "class A(dict):\n    pass\n" if False else "class A:\n    def __init__(self): self.d = {}\n    def __setitem__(self, k, v): self.d[k] = v\n    def __getitem__(self, k): return self.d[k]\n    def __delitem__(self, k): del self.d[k]\n    def __len__(self): return len(self.d)\n    def __iter__(self): return iter(self.d)"),
    "class_context": ({"entry": "A", "code": "with A() as a:\n    assert a.open\nassert not a.open"}, "class A:\n    def __enter__(self):\n        self.open = True\n        return self\n    def __exit__(self, *a): self.open = False"),
    "two_objects": ({"entry": ["Bank", "Account"], "code": "b = Bank()\na = Account(5)\nb.add(a)\nassert b.total() == 5\na.put(3)\nassert b.total() == 8"}, "class Account:\n    def __init__(self, n): self.n = n\n    def put(self, n): self.n += n\nclass Bank:\n    def __init__(self): self.xs = []\n    def add(self, a): self.xs.append(a)\n    def total(self): return sum(a.n for a in self.xs)"),
    "chained": ({"entry": "B", "code": "assert B().add(1).add(2).done() == [1, 2]"}, "class B:\n    def __init__(self): self.xs = []\n    def add(self, x):\n        self.xs.append(x)\n        return self\n    def done(self): return self.xs"),
    "generator": ({"entry": "f", "code": "assert list(f(3)) == [0, 1, 2]\ng = f(2)\nassert next(g) == 0 and next(g) == 1\ntry:\n    next(g)\n    assert False\nexcept StopIteration:\n    pass"}, "def f(n): yield from range(n)"),
    "endless_generator": ({"entry": "f", "code": "from itertools import islice\nassert list(islice(f(), 4)) == [0, 1, 2, 3]"}, "def f():\n    n = 0\n    while True:\n        yield n\n        n += 1"),
    "generator_send": ({"entry": "f", "code": "g = f()\nnext(g)\nassert g.send(2) == 2 and g.send(3) == 5"}, "def f():\n    s = 0\n    while True:\n        s += yield s"),
    "iterator": ({"entry": "f", "code": "assert list(f([1, 2])) == [2, 4]\nassert sum(f([1, 2])) == 6"}, "def f(xs): return map(lambda x: x * 2, xs)"),
    "closure": ({"entry": "f", "code": "add = f(3)\nassert add(4) == 7 and add(5) == 8\nassert callable(add)"}, "def f(n): return lambda x: x + n"),
    "counter_closure": ({"entry": "f", "code": "c = f()\nassert [c(), c(), c()] == [1, 2, 3]"}, "def f():\n    n = 0\n    def c():\n        nonlocal n\n        n += 1\n        return n\n    return c"),
    "decorator": ({"entry": "twice", "code": "@twice\ndef g(x):\n    return x + 1\nassert g(1) == 3"}, "def twice(f): return lambda x: f(f(x))"),
    "callback": ({"entry": "f", "code": "seen = []\nassert f(lambda x: seen.append(x) or x * 2, [1, 2]) == [2, 4]\nassert seen == [1, 2]"}, "def f(g, xs): return [g(x) for x in xs]"),
    "callback_error": ({"entry": "f", "code": "def bad(x): raise KeyError(x)\nassert f(bad) == 'caught'"}, "def f(g):\n    try: return g(1)\n    except KeyError: return 'caught'"),
    "builtin_callback": ({"entry": "f", "code": "assert f(len, ['a', 'bb']) == [1, 2]\nassert f(str, [1]) == ['1']\nassert f(abs, [-1]) == [1]"}, "def f(g, xs): return [g(x) for x in xs]"),
    "sort_key": ({"entry": "f", "code": "assert f(['bb', 'a'], key=len) == ['a', 'bb']"}, "def f(xs, key=None): return sorted(xs, key=key)"),
    "iterator_argument": ({"entry": "f", "code": "assert f(iter([1, 2])) == 3\nassert f(x for x in [1, 2]) == 3\nassert f(range(3)) == 3"}, "def f(xs): return sum(xs)"),
    "object_argument": ({"entry": "f", "code": "class D:\n    def __init__(self): self.n = 1\n    def get(self): return self.n\nd = D()\nassert f(d) == 2\nassert d.n == 5"}, "def f(d):\n    r = d.get() + d.n\n    d.n = 5\n    return r"),
    "expected_error": ({"entry": "f", "code": "try:\n    f(-1)\n    assert False, 'no error'\nexcept ValueError as e:\n    assert 'negative' in str(e)"}, "def f(x):\n    if x < 0: raise ValueError('negative: %d' % x)"),
    "error_subclass": ({"entry": "f", "code": "try:\n    f()\nexcept ValueError:\n    ok = True\nassert ok"}, "class Bad(ValueError): pass\ndef f(): raise Bad('x')"),
    "key_error": ({"entry": "f", "code": "import unittest\nwith unittest.TestCase().assertRaises(KeyError):\n    f({})"}, "def f(d): return d['x']"),
    "zero_division": ({"entry": "f", "code": "for e in (ZeroDivisionError, ArithmeticError, Exception):\n    try:\n        f()\n        assert False\n    except e:\n        pass\n    except BaseException:\n        raise"}, "def f(): return 1 / 0"),
    "pytest_raises": ({"entry": "f", "code": "import pytest\nwith pytest.raises(TypeError, match='need'):\n    f('x')"}, "def f(x): raise TypeError('need int')"),
    "sets": ({"entry": "f", "code": "assert f([1, 1]) == {1}\nassert isinstance(f([1]), set)\nassert f([1]) | {2} == {1, 2}"}, "f = set"),
    "frozen_keys": ({"entry": "f", "code": "assert f() == {frozenset({1}): (1, 2), (1,): b'x'}"}, "def f(): return {frozenset([1]): (1, 2), (1,): b'x'}"),
    "bytes": ({"entry": "f", "code": "assert f(b'\\xff\\x00') == b'\\x00\\xff'"}, "def f(b): return b[::-1]"),
    "complex": ({"entry": "f", "code": "assert f(1 + 2j) == 1 - 2j"}, "def f(z): return z.conjugate()"),
    "decimal": ({"entry": "f", "code": "from decimal import Decimal\nassert f(Decimal('0.1')) == Decimal('0.2')"}, "def f(x): return x + x"),
    "dates": ({"entry": "f", "code": "import datetime as d\nassert f(d.date(2024, 2, 28)) == d.date(2024, 3, 1)"}, "import datetime\ndef f(x): return x + datetime.timedelta(days=2)"),
    "numpy_result": ({"entry": "f", "code": "import numpy as np\nassert np.allclose(f([1, 2]), np.array([2.0, 4.0]))\nassert f([1]).shape == (1,)\nassert (f([1, 2]) == [2, 4]).all()"}, "import numpy as np\ndef f(xs): return np.array(xs) * 2.0"),
    "numpy_argument": ({"entry": "f", "code": "import numpy as np\nassert f(np.eye(2)) == 2.0"}, "def f(m): return m.trace()"),
    "numpy_scalar": ({"entry": "f", "code": "assert f([1, 2]) == 1.5\nassert isinstance(f([1]), float)"}, "import numpy as np\ndef f(xs): return np.mean(xs)"),
    "nan": ({"entry": "f", "code": "import math\nassert math.isnan(f())"}, "def f(): return float('nan')"),
    "kwargs": ({"entry": "f", "code": "assert f(1, *[2], c=3, **{'d': 4}) == (1, 2, 3, 4)"}, "def f(a, b, *, c, d): return a, b, c, d"),
    "linked_list": ({"entry": "f", "setup": LIST_NODE + BUILD, "code": "assert values(f(build([1, 2, 3]))) == [3, 2, 1]\nassert f(None) is None"}, "class Solution:\n    def f(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        prev = None\n        while head:\n            head.next, prev, head = prev, head, head.next\n        return prev"),
    "long_linked_list": ({"entry": "f", "setup": LIST_NODE + BUILD, "code": "assert values(f(build(list(range(5000))))) == list(range(5000))[::-1]"}, "def f(head):\n    prev = None\n    while head:\n        head.next, prev, head = prev, head, head.next\n    return prev"),
    "cyclic_list": ({"entry": "f", "setup": LIST_NODE + BUILD, "code": "n = build([1, 2])\nn.next.next = n\nassert f(n) is True\nassert f(build([1, 2])) is False"}, "def f(head):\n    slow = fast = head\n    while fast and fast.next:\n        slow, fast = slow.next, fast.next.next\n        if slow is fast: return True\n    return False"),
    "own_list_node": ({"entry": "f", "setup": LIST_NODE + BUILD, "code": "assert values(f(2)) == [0, 1]"}, LIST_NODE + "def f(n):\n    head = None\n    for i in reversed(range(n)): head = ListNode(i, head)\n    return head"),
    "tree": ({"entry": "depth", "setup": TREE, "code": "assert depth(TreeNode(1, TreeNode(2), TreeNode(3, TreeNode(4)))) == 3\nassert depth(None) == 0"}, "def depth(t): return 0 if t is None else 1 + max(depth(t.left), depth(t.right))"),
    "tree_in_place": ({"entry": "invert", "setup": TREE, "code": "t = invert(TreeNode(1, TreeNode(2), None))\nassert t.left is None and t.right.val == 2"}, "def invert(t):\n    if t: t.left, t.right = invert(t.right), invert(t.left)\n    return t"),
    "dataclass_record": ({"entry": "f", "setup": "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int\n", "code": "assert f(P(1, 2)) == P(2, 1)"}, "def f(p): return P(p.y, p.x)"),
    "helper_of_the_prompt": ({"entry": "f", "setup": "def poly(xs, x):\n    return sum(c * x**i for i, c in enumerate(xs))\ndef f(xs): ...\n", "code": "def check(candidate):\n    assert abs(poly([-1, 1], candidate([-1, 1]))) < 1e-6"}, "def f(xs): return -xs[0] / xs[1]"),
    "check_called_by_itself": ({"entry": "f", "code": "def check(candidate):\n    assert candidate() == 1\ncheck(f)"}, "n = 0\ndef f():\n    global n\n    n += 1\n    return n"),
    "entry_named_check": ({"entry": "check", "code": "assert check(2) is True\nassert check(3) is False"}, "def check(n): return n % 2 == 0"),
    "unittest_cases": ({"entry": "f", "code": "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.x = 2\n    def test_a(self): self.assertEqual(f(self.x), 4)\n    def test_b(self):\n        with self.assertRaises(TypeError): f(None)"}, "def f(x): return x * 2"),
    "test_functions": ({"entry": "f", "code": "def test_a():\n    assert f(1) == 2\ndef test_b():\n    assert f(2) == 4"}, "def f(x): return x * 2"),
    "several_entries": ({"entry": ["enc", "dec"], "code": "import random\nfor n in range(50):\n    s = ''.join(random.choice('abc') for _ in range(n))\n    assert dec(enc(s)) == s"}, "def enc(s): return s[::-1]\ndef dec(s): return s[::-1]"),
    "method_entry": ({"entry": "Solution.f", "code": "assert f(2) == 4\nassert Solution().f(3) == 6"}, "class Solution:\n    def f(self, x): return x * 2"),
    "coroutine": ({"entry": "f", "code": "import asyncio\nassert asyncio.run(f(2)) == 4"}, "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x * 2"),
    "coroutines": ({"entry": "f", "code": "import asyncio\nasync def main():\n    return await asyncio.gather(f(1), f(2))\nassert asyncio.run(main()) == [2, 4]"}, "async def f(x): return x * 2"),
    "prints": ({"entry": "f", "code": "assert f(1) == 1"}, "def f(x):\n    print('debug', x)\n    return x"),
    "sorted_by_result": ({"entry": "f", "code": "assert sorted([3, 1], key=f) == [1, 3]\nassert max(map(f, [1, 2])) == 2\nassert list(filter(f, [0, 1])) == [1]"}, "def f(x): return x"),
    "floats": ({"entry": "f", "code": "assert abs(f(2) - 1.41421356) < 1e-6\nassert round(f(2), 3) == 1.414"}, "def f(x): return x ** 0.5"),
    "tuple_unpacking": ({"entry": "f", "code": "a, (b, *c) = f()\nassert (a, b, c) == (1, 2, [3, 4])"}, "def f(): return 1, (2, 3, 4)"),
    "default_dict_result": ({"entry": "f", "code": "assert f('aab') == {'a': 2, 'b': 1}\nassert f('')  == {}"}, "from collections import defaultdict\ndef f(s):\n    d = defaultdict(int)\n    for c in s: d[c] += 1\n    return d"),
    "large_list": ({"entry": "f", "code": "assert f(list(range(100000))) == 4999950000\nassert len(f(None)) == 50000"}, "def f(xs): return sum(xs) if xs else list(range(50000))"),
    "many_calls": ({"entry": "f", "code": "assert all(f(n) == n * n for n in range(3000))"}, "def f(n): return n * n"),
    "deep_recursion": ({"entry": "f", "code": "assert f(900) == 900"}, "def f(n): return 0 if n == 0 else 1 + f(n - 1)"),
    "is_none": ({"entry": "f", "code": "assert f(1) is None\nassert f(0) is True"}, "def f(x): return None if x else True"),
    "pandas": ({"entry": "f", "code": "assert f([1, 2, 3]) == 2.0"}, "import pandas as pd\ndef f(xs): return float(pd.Series(xs).mean())"),
    "counter_argument": ({"entry": "f", "code": "from collections import Counter, OrderedDict, deque, defaultdict\nassert f(Counter('aab')) == 'a'\n"}, "def f(c): return max(c, key=c.get)"),
    "deque_argument": ({"entry": "f", "code": "from collections import deque\nassert f(deque([1, 2])) == 1"}, "def f(d): return d.popleft()"),
    "class_of_a_mapping": ({"entry": "LRU", "code": "c = LRU(1)\nc.put(1, 1); c.put(2, 5)\nassert c.get(1) == -1 and c.get(2) == 5\nassert 2 in c and 1 not in c and c == {2: 5}"}, "from collections import OrderedDict\nclass LRU(OrderedDict):\n    def __init__(self, n): super().__init__(); self.n = n\n    def get(self, k): return self[k] if k in self else -1\n    def put(self, k, v):\n        self[k] = v\n        if len(self) > self.n: self.popitem(last=False)"),
    "named_tuple_with_methods": ({"entry": "P", "code": "p = P(3, -4)\nassert p.norm() == 7 and p == (3, -4) and p.x == p[0]\na, b = p\nassert b == -4"}, "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int\n    def norm(self): return abs(self.x) + abs(self.y)"),
    "operators": ({"entry": "V", "code": "assert V(1, 2) + V(3, 4) == V(4, 6) != V(4, 7)\nassert (V(1, 2) * 3).x == 3 and (2 * V(1, 2)).y == 4\nassert abs(-V(3, 4)) == 5.0 and int(V(3, 4)) == 5\nassert sorted([V(2, 0), V(1, 0)])[0] == V(1, 0) and max(V(1, 0), V(5, 0)).x == 5\nassert len({V(1, 0), V(1, 0)}) == 1 and {V(1, 0): 'a'}[V(1, 0)] == 'a'\nassert f'{V(1, 2):>8}' == '  (1, 2)' and not V(0, 0) and sum([V(1, 0)], V(0, 0)).x == 1"}, "from dataclasses import dataclass\n@dataclass(frozen=True, order=True)\nclass V:\n    x: int\n    y: int\n    def __add__(self, o): return V(self.x + o.x, self.y + o.y)\n    def __mul__(self, k): return V(self.x * k, self.y * k)\n    __rmul__ = __mul__\n    def __neg__(self): return V(-self.x, -self.y)\n    def __abs__(self): return (self.x ** 2 + self.y ** 2) ** .5\n    def __int__(self): return int(abs(self))\n    def __bool__(self): return self != V(0, 0)\n    def __format__(self, spec): return format(f'({self.x}, {self.y})', spec)"),
    "kinds_of_objects": ({"entry": ["Shape", "make"], "code": "import copy\ns = make()\nassert isinstance(s, Shape) and not isinstance(5, Shape)\nassert Shape.__name__ == 'Shape' and type(s).__name__ == 'Square' and Shape.__doc__ == 'One.'\nassert s._side == 2 and vars(s) == {'_side': 2} and hasattr(s, 'area') and not hasattr(s, 'volume')\nt = copy.copy(s)\nt.set(3)\nassert s.area() == 4 and t.area() == 9"}, "class Shape:\n    'One.'\nclass Square(Shape):\n    def __init__(self, n): self._side = n\n    def set(self, n): self._side = n\n    def area(self): return self._side ** 2\ndef make(): return Square(2)"),
    "enumeration": ({"entry": ["Color", "f"], "code": "assert Color(1) is Color.RED and Color['BLUE'] == Color.BLUE != Color.RED\nassert [c.name for c in Color] == ['RED', 'BLUE'] and len(Color) == 2\nassert f(1) is Color.RED and {Color.RED: 3}[f(1)] == 3 and f(2) in (Color.BLUE,)"}, "import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2\ndef f(n): return Color(n)"),
    "own_error": ({"entry": ["Base", "Low", "take"], "code": "try:\n    take(9)\n    assert False\nexcept Low as e:\n    assert e.need == 9 and str(e) == 'need 9' and e.args == (9,) and type(e).__name__ == 'Low'\ntry:\n    take(1)\nexcept Base as e:\n    assert isinstance(e, Low) and isinstance(e.__cause__, KeyError)\nassert issubclass(Low, Base)"}, "class Base(Exception): pass\nclass Low(Base):\n    def __init__(self, need): super().__init__(need); self.need = need\n    def __str__(self): return f'need {self.need}'\ndef take(n):\n    try: {}[n]\n    except KeyError as e: raise Low(n) from e"),
    "errors_of_the_library": ({"entry": "f", "code": "import json, decimal\nfor g, kind in (('{', json.JSONDecodeError), ('x', decimal.InvalidOperation), ('/nowhere', FileNotFoundError)):\n    try:\n        f(g)\n        assert False\n    except kind as e:\n        assert g != '/nowhere' or e.filename == g\nassert isinstance(f(1), ValueError) and f(1).args == ('one',)"}, "import json, decimal\ndef f(x):\n    if x == '{': json.loads(x)\n    if x == 'x': decimal.Decimal(x)\n    if x == 1: return ValueError('one')\n    open(x)"),
    "error_of_the_test_comes_home": ({"entry": "f", "code": "class Mine(Exception): pass\ndef g(): raise Mine('q')\ntry:\n    f(g)\n    assert False\nexcept Mine as e:\n    assert str(e) == 'q'\nassert f(lambda: 1) == 1"}, "def f(g): return g()"),
    "generator_of_ours": ({"entry": "f", "code": "import types\ng = f()\nassert isinstance(g, types.GeneratorType) and next(g) == 1\nassert g.throw(ValueError('x')) == 'x'"}, "def f():\n    try: yield 1\n    except ValueError as e: yield str(e)"),
    "context_is_told": ({"entry": "C", "code": "c = C()\ntry:\n    with c: raise KeyError('k')\nexcept KeyError: pass\nassert c.seen == 'KeyError'\nwith c: pass\nassert c.seen is None"}, "class C:\n    def __enter__(self): return self\n    def __exit__(self, kind, error, trace): self.seen = kind and kind.__name__"),
    "threads_of_the_test": ({"entry": "f", "code": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as e:\n    assert list(e.map(f, range(99))) == [n * n for n in range(99)]"}, "def f(n): return n * n"),
    "printed_in_a_call": ({"entry": "f", "code": "import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out): f('hi')\nassert out.getvalue() == 'hi\\n'"}, "def f(x): print(x)"),
    "collections_stay": ({"entry": "f", "code": "from collections import Counter, OrderedDict, defaultdict, deque\nassert f(Counter('aab')) == 'Counter' and f(OrderedDict(a=1)) == 'OrderedDict' and f(defaultdict(list)) == 'defaultdict'\nd = f(deque([1, 2, 3], maxlen=3))\nassert d.maxlen == 3 and f(1)['new'] == 0 and f(2).most_common(1) == [('a', 2)]\nassert f(3) == {'k'} and list(f(4)) == [('k', 1)]"}, "from collections import Counter, defaultdict\ndef f(x):\n    if hasattr(x, 'maxlen'): return x\n    return type(x).__name__ if not isinstance(x, int) else [None, defaultdict(int), Counter('aab'), {'k': 1}.keys(), {'k': 1}.items()][x]"),
    "slices_and_paths": ({"entry": "f", "code": "from pathlib import Path\nfrom uuid import UUID\nassert f([1, 2, 3], slice(1, None)) == [2, 3]\nassert f(Path('a'), None) == Path('a/b') and f(UUID(int=1), None) == UUID(int=2)"}, "import uuid\ndef f(x, s):\n    if s: return x[s]\n    return x / 'b' if hasattr(x, 'name') else uuid.UUID(int=x.int + 1)"),
    "nodes_keep_their_identity": ({"entry": "lca", "setup": TREE, "code": "r = TreeNode(3, TreeNode(5, TreeNode(6), TreeNode(2)), TreeNode(1))\nassert lca(r, r.left.left, r.left.right) is r.left\nassert lca(r, q=r.right, p=r.left).val == 3"}, "def lca(r, p, q):\n    if r in (None, p, q): return r\n    a, b = lca(r.left, p, q), lca(r.right, p, q)\n    return r if a and b else a or b"),
    "constant": ({"entry": "LIMITS", "code": "assert LIMITS['low'] == [1, 2]\nassert len(LIMITS) == 1"}, "LIMITS = {'low': [1, 2]}"),
    "mbpp": ({"entry": "similar", "code": "assert set(similar((3, 4, 5), (4, 5, 7))) == set((4, 5))\nassert similar((1,), (2,)) == ()"}, "def similar(a, b): return tuple(set(a) & set(b))"),
}  # fmt: skip


@pytest.mark.parametrize("name", ASSERTS)
def test_assertions_see_an_unusual_program_as_it_is(grade: Grader, name: str) -> None:
    tests, program = ASSERTS[name]
    grade.need(tests, program)
    verdict = grade({"kind": "asserts", **tests}, program, time_s=5)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail.get("first_failure", verdict.detail)


SHARED = {
    "isinstance": ("import solution\ndef test_a():\n    assert isinstance(solution.make(), solution.A)\n", "class A: pass\ndef make(): return A()"),
    "monkeypatch": ("import solution\ndef test_a(monkeypatch):\n    monkeypatch.setattr(solution, 'n', 5)\n    assert solution.f() == 5\n", "n = 1\ndef f(): return n"),
    "star_import": ("from solution import *\ndef test_a():\n    assert f() == 1\n", "def f(): return 1"),
    "output": ("from solution import f\ndef test_a(capsys):\n    f()\n    assert capsys.readouterr().out == 'hi\\n'\n", "def f(): print('hi')"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHARED)
def test_what_needs_the_module_itself_runs_shared_and_says_so(grade: Grader, name: str) -> None:
    tests, program = SHARED[name]
    grade.need("pytest")
    reference: Json = {"kind": "pytest", "files": {"test_it.py": tests}}
    verdict = grade(reference, program, isolation="shared", time_s=5)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail.get("first_failure", verdict.detail)
    assert verdict.detail["isolation"].endswith("+shared") and "shared_process" in verdict.flags


PYTEST = {
    "parametrized": ("import pytest\nfrom solution import f\n@pytest.mark.parametrize('x, y', [(1, 2), (2, 4)])\ndef test_f(x, y):\n    assert f(x) == y\n", "def f(x): return x * 2"),
    "fixture": ("import pytest\nimport solution\n@pytest.fixture\ndef stack():\n    return solution.Stack()\ndef test_s(stack):\n    stack.push(1)\n    assert stack.pop() == 1\n", "class Stack:\n    def __init__(self): self.x = []\n    def push(self, x): self.x.append(x)\n    def pop(self): return self.x.pop()"),
    "raises": ("import pytest\nfrom solution import f\ndef test_f():\n    with pytest.raises(ValueError, match='neg'):\n        f(-1)\n", "def f(x): raise ValueError('neg')"),
    "approx": ("import pytest\nfrom solution import f\ndef test_f():\n    assert f(1) == pytest.approx(0.1)\n", "def f(x): return x / 10"),
    "two_files": ("from solution import f\nfrom helper import twice\ndef test_f():\n    assert twice(f(1)) == 4\n", "def f(x): return x * 2"),
    "class_based": ("import solution as s\nclass TestF:\n    def test_f(self):\n        assert s.f(1) == 2\n", "def f(x): return x * 2"),
}  # fmt: skip


@pytest.mark.parametrize("name", PYTEST)
def test_pytest_files_run_apart_from_the_program(grade: Grader, name: str) -> None:
    tests, program = PYTEST[name]
    grade.need("pytest")
    files: dict[str, Json] = {"test_it.py": tests}
    if "helper" in tests:
        files["helper.py"] = "def twice(x):\n    return x * 2\n"
    verdict = grade({"kind": "pytest", "files": files}, program, time_s=5)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail.get("first_failure", verdict.detail)
    wrong = grade({"kind": "pytest", "files": files}, "class Stack: pass\ndef f(x): return None", time_s=5)
    assert wrong.outcome is Outcome.INCORRECT, wrong
