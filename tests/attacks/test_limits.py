"""Time, processes and resources: none of them buys a verdict, and none outlasts its program."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from reward_server.types import Outcome
from tests.attacks.catalogue import TASKS, Attack, attacks, held
from tests.live import Grader

CALLS = "function check"
RIGHT = "\ndef f(x): return 1\n"

TIME = {
    "endless": (CALLS + " stdio", "while True: pass"),
    "endless_in_call": (CALLS, "def f(x):\n    while True: pass"),
    "sleeps": ("function stdio", "import time\ntime.sleep(60)"),
    "ignores_signals": (
        "function check",
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\ndef f(x):\n    while True: pass",
    ),
    "stubbed_clock": (
        CALLS,
        "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0\ntime.sleep = lambda s: None" + RIGHT,
    ),
    "cancelled_alarm": (
        CALLS,
        "import signal\nsignal.alarm(0); signal.setitimer(signal.ITIMER_REAL, 0)\ndef f(x):\n    while True: pass",
    ),
    "stopped": ("function", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"),
    "finaliser": (
        CALLS,
        "class A:\n    def __del__(self):\n        while True: pass\ndef f(x):\n    A()\n    return 1",
    ),
    "raised_limit": (
        CALLS,
        "import resource\nfor n in range(16):\n    try: resource.setrlimit(n, (-1, -1))\n    except (ValueError, OSError): pass\ndef f(x):\n    while True: pass",
    ),
    "regex": (CALLS, "import re\ndef f(x): return re.match('(a+)+$', 'a' * 60 + 'b')"),
    "power": (CALLS, "def f(x): return 9 ** 9 ** 9"),
    "endless_generator": ("members", "def f(x):\n    while True: yield 0"),
    "slow_generator": ("members", "import time\ndef f(x):\n    while True:\n        time.sleep(.3); yield 0"),
    "endless_callbacks": ("callback", "def f(g):\n    while True: g(1)"),
    "recursive_callbacks": ("callback", "def f(g): return g(g)"),
}
PROCESSES = {
    "fork_bomb": (CALLS + " stdio", "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
    "thread_bomb": (
        CALLS,
        "import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(99,)).start()\n    except RuntimeError: pass",
    ),
    "daemon": (
        CALLS + " stdio",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(30)\n    os._exit(0)"
        + RIGHT,
    ),
    "daemon_holding_pipes": (
        CALLS,
        "import os, signal, time\nif os.fork() == 0:\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(30)\n    os._exit(0)\nos._exit(0)",
    ),
    "kill_all": (CALLS + " stdio", "import os, signal\nos.kill(-1, signal.SIGKILL)" + RIGHT),
    "kill_init": (
        CALLS + " stdio",
        "import os, signal\nfor pid in (1, 2, 3, 4, os.getppid()):\n    for s in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):\n        try: os.kill(pid, s)\n        except OSError: pass"
        + RIGHT,
    ),
    "kill_group": (
        CALLS,
        "import os, signal\ntry: os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)\nexcept OSError: pass" + RIGHT,
    ),
    "stop_parent": (
        CALLS,
        "import os, signal\ntry: os.kill(os.getppid(), signal.SIGSTOP)\nexcept OSError: pass" + RIGHT,
    ),
    "subprocesses": (
        CALLS,
        "import subprocess\nfor _ in range(20):\n    try: subprocess.Popen(['sleep', '30'])\n    except OSError: pass"
        + RIGHT,
    ),
    "vfork_storm": (
        "function",
        "import os\nfor _ in range(500):\n    try:\n        if os.fork() == 0: os._exit(0)\n    except OSError: pass"
        + RIGHT,
    ),
}
NULLS = {
    "judge_hears_nonsense": ("judged", "print('nonsense')"),
    "judge_hears_nothing": ("judged", ""),
    "judge_hears_giants": ("judged", "print('9' * 5000)"),
    "judge_is_closed_to": ("judged", "import os\nos.close(0)\nos.close(1)"),
    "checker_reads_nonsense": ("checked", "print('nonsense')"),
    "checker_reads_nothing": ("checked", "print()"),
    "checker_runs_out_of_memory": ("checked", "print(1, 10 ** 11)"),
}
RESOURCES = {
    "memory": (CALLS + " stdio", "x = []\nwhile True: x.append(bytearray(1 << 24))"),
    "memory_in_call": (CALLS, "def f(x): return bytearray(1 << 34)"),
    "memory_in_children": (CALLS, "import os\nfor _ in range(16):\n    if os.fork() == 0:\n        x = b'x' * (200 << 20)\n        while True: pass\nwhile True: pass"),
    "memory_swallowed": (CALLS, "x = []\ntry:\n    while True: x.append(bytearray(1 << 24))\nexcept MemoryError: pass" + RIGHT),
    "stdout_flood": (CALLS + " stdio", "import os\nwhile True: os.write(1, b'x' * 65536)"),
    "stderr_flood": (CALLS + " stdio", "import os\nwhile True: os.write(2, b'x' * 65536)"),
    "quiet_flood_then_wrong": (CALLS + " stdio", "print('x' * 3_000_000)" + RIGHT),
    "disk": (CALLS + " stdio", "import os\nn = 0\nwhile True:\n    n += 1\n    with open(f'big{n}', 'wb') as f: f.write(b'x' * (1 << 24))"),
    "inodes": (CALLS, "n = 0\nwhile True:\n    n += 1\n    open(f'a{n}', 'w').close()"),
    "deep_directories": ("function", "import os\nwhile True:\n    os.mkdir('d'); os.chdir('d')"),
    "unreadable_directories": ("function", "import os\nfor n in range(200):\n    os.mkdir(f'a{n}'); os.mkdir(f'a{n}/b'); os.chmod(f'a{n}', 0)" + RIGHT),
    "descriptors": (CALLS, "import os\nx = []\nwhile True: x.append(os.open('/dev/null', 0))"),
    "sockets": (CALLS, "import socket\nx = []\nwhile True: x.append(socket.socketpair())"),
    "recursion": (CALLS, "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)"),
    "mapped_zeroes": (CALLS, "import mmap\nx = [mmap.mmap(-1, 1 << 30) for _ in range(64)]" + RIGHT),
    "shm": ("function", "import os\nwith open('/dev/shm/x', 'wb') as f:\n    while True: f.write(b'x' * (1 << 20))"),
    "large_result": (CALLS, "def f(x): return 'x' * (1 << 28)"),
    "large_result_list": (CALLS, "def f(x): return list(range(10_000_000))"),
    "hash_collisions": (CALLS, "def f(x): return {n * (2**61 - 1) for n in range(3000)}"),
}  # fmt: skip


@pytest.mark.parametrize(
    "attack",
    attacks(
        ("time is counted outside", TIME),
        ("processes end with the execution that started them", PROCESSES),
        ("no program earns a null by what it says to the task's own programs", NULLS),
        ("resources are bounded for the group", RESOURCES),
    ),
)
def test_limits_hold(grade: Grader, attack: Attack) -> None:
    held(grade, attack, memory_mb=256, time_s=0.5)


@pytest.mark.parametrize("program", ["while True: pass", "def f(x):\n    while True: pass", "x = 'x' * (1 << 34)"])
def test_a_limit_is_the_outcome(grade: Grader, program: str) -> None:
    verdict = grade(TASKS["function"], program, time_s=0.5, memory_mb=256)
    if "1 << 34" in program:
        assert verdict.reward == 0.0
    else:
        assert verdict.outcome is Outcome.LIMIT_EXCEEDED and verdict.detail["limit"] in ("time", "wall"), verdict
