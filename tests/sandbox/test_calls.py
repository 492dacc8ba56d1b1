"""Function calls: arguments go in, typed plain values come out."""

from __future__ import annotations

import math
from collections import deque
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from reward_server.errors import InvalidTask
from reward_server.sandbox.base import Call, Calls, ExecutionLimits, Sandbox
from reward_server.verifiers.code.prelude import LEETCODE_IMPORTS
from sandboxes.runner.prelude import COMMON
from tests.sandbox.conftest import Python, needs_numpy

VALUES: list[Any] = [
    None, True, 0, -1, 10**30, 1.5, "é\ud800", b"\x00\xff", bytearray(b"x"), 1 + 2j, [1, [2]], (1, (2,)), {3, 4},
    frozenset({5}), {1: "a", (2, 3): [4], None: {}}, range(2, 9, 3), deque([1, 2]), Decimal("1.50"), Fraction(1, 3),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_plain_value_comes_back_as_it_went(value: Any, sandbox: Sandbox, python: Python) -> None:
    (result,) = sandbox.call(python("def f(x): return x"), "f", [Call((value,))]).results
    assert result.value == value and type(result.value) is type(value)


def one(sandbox: Sandbox, python: Python, source: str, *args: Any, entry: str = "f") -> Calls:
    return sandbox.call(python(source), entry, [Call(args)], ExecutionLimits(time_s=2))


def test_not_a_number_and_infinities_come_back(sandbox: Sandbox, python: Python) -> None:
    value = one(sandbox, python, "def f(): return [float('nan'), float('-inf')]").results[0].value
    assert math.isnan(value[0]) and value[1] == -math.inf


def test_numpy_values_come_back_plain(sandbox: Sandbox, python: Python) -> None:
    needs_numpy(sandbox)
    source = "import numpy as np\ndef f(x): return np.array(x) * 2, np.float64(0.5), np.int8(3), np.bool_(True)"
    assert one(sandbox, python, source, [[1, 2], [3, 4]]).results[0].value == ([[2, 4], [6, 8]], 0.5, 3, True)


def test_subclasses_are_flattened_by_the_base_types_own_methods(sandbox: Sandbox, python: Python) -> None:
    source = (
        "class I(int):\n    def __int__(self): return 42\n    def __eq__(self, o): return True\n"
        "    __hash__ = int.__hash__\n"
        "class L(list):\n    def __iter__(self): return iter([42])\n"
        "class S(str):\n    def __str__(self): return '42'\n"
        "class D(dict):\n    def items(self): return [(4, 2)]\n"
        "def f(): return [I(1), L([1]), S('1'), D({1: 1})]"
    )
    assert one(sandbox, python, source).results[0].value == [1, [1], "1", {1: 1}]


@pytest.mark.parametrize(
    "result", ["object()", "(x for x in [1])", "lambda: 1", "int", "open('/dev/null')", "[object()]"]
)
def test_what_is_no_plain_value_is_opaque(result: str, sandbox: Sandbox, python: Python) -> None:
    assert one(sandbox, python, f"def f(): return {result}").results[0].opaque is not None


@pytest.mark.parametrize(
    "source",
    ["a = []\n    a.append(a)\n    return a", "a = []\n    for _ in range(10**5): a = [a]\n    return a"],
)
def test_cycles_and_depths_are_opaque(source: str, sandbox: Sandbox, python: Python) -> None:
    assert one(sandbox, python, f"def f():\n    {source}").results[0].opaque == "list"


def test_an_exception_is_reported_with_its_line(sandbox: Sandbox, python: Python) -> None:
    error = one(sandbox, python, "def f(x):\n    return 1 / x", 0).results[0].error
    assert error is not None and (error.type, error.line) == ("ZeroDivisionError", 2)
    assert "main.py" in error.traceback


def test_entries_are_found_on_the_module_then_on_solution(sandbox: Sandbox, python: Python) -> None:
    source = (
        "class Solution:\n    def __init__(self): self.n = 0\n    def f(self): self.n += 1; return self.n\n"
        "    @staticmethod\n    def g(): return 'g'\ndef h(): return 'h'"
    )
    build = python(source)
    for entry, expected in (("f", 1), ("Solution.f", 1), ("g", "g"), ("Solution.g", "g"), ("h", "h")):
        results = sandbox.call(build, entry, [Call(), Call()]).results
        assert [result.value for result in results] == [expected, expected], entry


def test_a_missing_entry_and_a_syntax_error_are_load_errors(sandbox: Sandbox, python: Python) -> None:
    missing = one(sandbox, python, "def g(): pass").load_error
    broken = one(sandbox, python, "def f(:").load_error
    assert missing is not None and missing.type == "NameError"
    assert broken is not None and (broken.type, broken.line) == ("SyntaxError", 1)


def test_the_main_guard_does_not_run(sandbox: Sandbox, python: Python) -> None:
    source = "def f(): return 1\nif __name__ == '__main__':\n    input()"
    assert one(sandbox, python, source).results[0].value == 1


def test_prelude_and_source_do_not_share_futures(sandbox: Sandbox, python: Python) -> None:
    build = python("from __future__ import annotations\ndef f(x: List[int]) -> Missing: return sqrt(x)")
    assert sandbox.call(build, "f", [Call((4,))], prelude="from math import *").results[0].value == 2.0


def test_objects_of_agreed_classes_cross_by_value(sandbox: Sandbox, python: Python) -> None:
    prelude = "class Node:\n    def __init__(self, val=0, next=None): self.val, self.next = val, next"
    done = sandbox.call(
        python("def f(): return Node(1, Node(2))"), "f", [Call()], prelude=prelude, value_classes=["Node"]
    )
    inner = {"__class__": "Node", "val": 2, "next": None}
    assert done.results[0].value == {"__class__": "Node", "val": 1, "next": inner}


def test_arguments_afterwards_are_returned_where_asked_for(sandbox: Sandbox, python: Python) -> None:
    build = python("def f(a, b): a.append(b[0]); b.clear()")
    done = sandbox.call(build, "f", [Call(([1], [2]))], after=True)
    assert done.results[0].args == [[1, 2], []]


def test_a_process_that_ends_early_answers_for_the_calls_before(sandbox: Sandbox, python: Python) -> None:
    source = "import os\ndef f(x):\n    if x == 2: os._exit(0)\n    return x"
    done = sandbox.call(python(source), "f", [Call((n,)) for n in range(5)])
    assert [result.value for result in done.results] == [0, 1]
    assert done.execution.exit_code == 0


def test_the_time_limit_is_that_of_one_call(sandbox: Sandbox, python: Python) -> None:
    source = (
        "import time\ndef f(x):\n    end = time.process_time() + 0.3\n"
        "    while x or time.process_time() < end: pass\n    return x"
    )
    done = sandbox.call(python(source), "f", [Call((0,))] * 5 + [Call((1,))], ExecutionLimits(time_s=1))
    assert len(done.results) == 5 and done.execution.limit == "time"


def test_printing_is_kept_apart_from_results(sandbox: Sandbox, python: Python) -> None:
    done = one(sandbox, python, "print('{\"v\": 1}')\ndef f(): print('x'); return 2")
    assert done.results[0].value == 2 and done.execution.stdout == b'{"v": 1}\nx\n'


@pytest.mark.parametrize(
    "junk", [r"b'\xff\xff\xff\xff'", r"b'\x02\x00\x00\x00{}' * 5", "b'\\x05\\x00\\x00\\x00[1,2]'", "b'x' * 99"]
)
def test_junk_on_every_descriptor_gives_no_value(junk: str, sandbox: Sandbox, python: Python) -> None:
    source = (
        f"import os\ndef f():\n    for fd in range(3, 20):\n        try: os.write(fd, {junk})\n"
        "        except OSError: pass\n    os._exit(0)"
    )
    done = one(sandbox, python, source)
    assert all(result.value is None for result in done.results)


def test_arguments_that_are_no_plain_values_are_the_tasks_fault(sandbox: Sandbox, python: Python) -> None:
    with pytest.raises(InvalidTask):
        sandbox.call(python("def f(x): pass"), "f", [Call((object(),))])


def test_the_prelude_that_zygotes_run_ahead_is_the_verifiers() -> None:
    assert COMMON == LEETCODE_IMPORTS


@pytest.mark.parametrize(
    "prelude", [LEETCODE_IMPORTS, LEETCODE_IMPORTS + "\nclass Node: pass\n", "from math import gcd"]
)
def test_a_name_of_the_prelude_is_no_entry_until_the_program_binds_it(
    sandbox: Sandbox, python: Python, prelude: str
) -> None:
    calls = [Call((4, 6))]
    missing = sandbox.call(python("x = 1"), "gcd", calls, prelude=prelude)
    assert missing.load_error is not None and missing.load_error.type == "NameError"
    own = sandbox.call(python("def gcd(a, b): return a + b"), "gcd", calls, prelude=prelude)
    assert own.results[0].value == 10
    used = sandbox.call(python("def f(a, b): return gcd(a, b), __name__"), "f", calls, prelude=prelude)
    assert used.results[0].value == (2, "solution")


def test_one_result_has_a_limit_and_so_have_all_together(sandbox: Sandbox, python: Python) -> None:
    limits, build = ExecutionLimits(output_bytes=1 << 20), python("def f(n): return 'x' * n")
    fine = sandbox.call(build, "f", [Call((1_000_000,))] * 2, limits)
    assert [len(result.value) for result in fine.results] == [1_000_000] * 2
    one = sandbox.call(build, "f", [Call((10,)), Call((1_100_000,))], limits)
    assert (len(one.results), one.execution.limit, one.execution.flags) == (1, "output", ("output_flood",))
    many = sandbox.call(build, "f", [Call((1_000_000,))] * 5, limits)
    assert (len(many.results), many.execution.limit) == (4, "output")


def test_a_forged_length_is_a_flood_and_not_waited_for(sandbox: Sandbox, python: Python) -> None:
    build = python("import os\ndef f(): os.write(3, bytes([255]) * 64); return 1")
    assert sandbox.call(build, "f", [Call()]).execution.limit == "output"
