"""Leaving early, in every way that a graders' "status 0" was ever taken for "passed"."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from tests.attacks.catalogue import Attack, attacks, held
from tests.live import Grader

ALL = "function stdio asserts check pytest"
CALLS = "function check paired unpacked"

AT_LOAD = {
    "sys_exit": (ALL, "import sys\nsys.exit(0)"),
    "os_exit": (ALL, "import os\nos._exit(0)"),
    "raise_system_exit": (CALLS, "raise SystemExit"),
    "quit": (CALLS, "quit()"),
    "exec_true": (ALL, "import os\nos.execv('/bin/true', ['true'])"),
    "kill_self": (CALLS, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    "exit_from_thread": (
        CALLS,
        "import threading, os\nthreading.Thread(target=os._exit, args=(0,)).start()\ndef f(x): return 1",
    ),
    "exit_from_signal": (
        CALLS,
        "import signal, os\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\nsignal.setitimer(signal.ITIMER_REAL, .001)\ndef f(x):\n    while True: pass",
    ),
    "atexit": (ALL, "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 1"),
    "excepthook": (CALLS, "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\nraise ValueError"),
    "exit_in_parent_of_fork": (CALLS, "import os\nif os.fork(): os._exit(0)\ndef f(x): return 1"),
    "exit_in_child_of_fork": (CALLS, "import os\nif not os.fork(): os._exit(0)\ndef f(x): return 1"),
    "abort": (CALLS, "import os\nos.abort()"),
}
IN_CALL = {
    "sys_exit_in_call": (CALLS, "import sys\ndef f(x): sys.exit(0)"),
    "os_exit_in_call": (CALLS, "import os\ndef f(x): os._exit(0)"),
    "base_exception_in_call": (CALLS, "def f(x): raise BaseException"),
    "keyboard_interrupt_in_call": (CALLS, "def f(x): raise KeyboardInterrupt"),
    "generator_exit_in_call": (CALLS, "def f(x): raise GeneratorExit"),
    "stop_iteration_in_call": (CALLS, "def f(x): raise StopIteration"),
    "stop_iteration_subclass": (CALLS, "class S(StopIteration): pass\ndef f(x): raise S(x)"),
    "stop_async_iteration": (CALLS, "def f(x): raise StopAsyncIteration"),
    "skip_test_in_call": ("check pytest", "import unittest\ndef f(x): raise unittest.SkipTest"),
    "pytest_skip_in_call": ("pytest", "import pytest\ndef f(x): pytest.skip('no')"),
    "pytest_exit_in_call": ("pytest", "import pytest\ndef f(x): pytest.exit('no', 0)"),
    "pytest_skip_at_load": ("pytest", "import pytest\npytest.skip('no', allow_module_level=True)"),
    "exit_after_first": (CALLS, "import os\ndef f(x):\n    if x: os._exit(0)\n    return 48611"),
    "exit_in_index": ("check", "import os\nclass A(int):\n    def __index__(self): os._exit(0)\ndef f(x): return A(1)"),
    "exit_in_reduce": (
        "check lists",
        "import os\nclass A:\n    def __reduce__(self): os._exit(0)\ndef f(x): return A()",
    ),
    "assertion_error": ("raising check", "def f(x): raise AssertionError"),
    "import_error": (CALLS, "def f(x): raise ModuleNotFoundError('f')"),
    "memory_error": (CALLS, "def f(x): raise MemoryError"),
    "no_such_function": (CALLS, "pass"),
    "function_that_is_none": (CALLS, "f = None"),
}


@pytest.mark.parametrize(
    "attack",
    attacks(
        ("a process that ended before the tests is no pass", AT_LOAD),
        ("a call that did not return is no pass, however it ended", IN_CALL),
    ),
)
def test_leaving_early_earns_nothing(grade: Grader, attack: Attack) -> None:
    held(grade, attack)
