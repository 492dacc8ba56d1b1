"""Every limit holds for the group, is named in the report, and leaves the sandbox fit for the next run."""

from __future__ import annotations

import time

import pytest

from reward_server.sandbox.base import ExecutionLimits, Sandbox
from tests.sandbox.conftest import Python

SECOND = ExecutionLimits(time_s=1.0, memory_mb=256)
STRIKES = {
    "busy": ("while True: pass", "time"),
    "busy_children": (
        "import os\nfor _ in range(3): os.fork()\nwhile True: pass",
        "time",
    ),
    "busy_and_unwaited": (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        while True: pass\ntime.sleep(60)",
        "time",
    ),
    "sleeping": ("import time\ntime.sleep(60)", "wall"),
    "stopped": ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "wall"),
    "ignoring_signals": (
        "import signal, time\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except Exception: pass\n"
        "while True:\n    try: time.sleep(60)\n    except BaseException: pass",
        "wall",
    ),
    "stdout_flood": ("while True: print('x' * 65536)", "output"),
    "stderr_flood": ("import sys\nwhile True: sys.stderr.write('x' * 65536)", "output"),
    "memory": ("a = []\nwhile True: a.append(bytearray(b'x') * (1 << 20))", "memory"),
    "memory_of_children": (
        "import os, time\nfor _ in range(40):\n    if os.fork() == 0:\n        a = bytearray(b'x') * (20 << 20)\n"
        "        time.sleep(60)\n        os._exit(0)\ntime.sleep(0.8)",
        "memory",
    ),
    "memory_in_shm": (
        "import os\nfor n in range(99):\n    for place in ('/dev/shm', '/tmp', '.'):\n"
        "        try: open(f'{place}/{n}', 'wb').write(bytes(16 << 20))\n        except OSError: pass\n"
        "a = bytearray(b'x') * (200 << 20)\nprint('held')",
        "memory",
    ),
}


@pytest.mark.parametrize("name", STRIKES)
def test_a_limit_strikes_in_time_and_is_named(name: str, sandbox: Sandbox, python: Python) -> None:
    source, limit = STRIKES[name]
    began = time.monotonic()
    done = sandbox.run(python(source), b"", SECOND)
    assert done.limit == limit, done
    assert not done.ok and done.exit_code is None
    assert time.monotonic() - began < 3.0 + 1.5  # wall limit of one second of processor time, and some load


@pytest.mark.parametrize("name", STRIKES)
def test_the_next_program_is_right_after_a_limit(name: str, sandbox: Sandbox, python: Python) -> None:
    sandbox.run(python(STRIKES[name][0]), b"", ExecutionLimits(time_s=0.3, memory_mb=256))
    done = sandbox.run(
        python("import os\nprint(input(), os.listdir(), os.listdir('/tmp'), os.listdir('/dev/shm'))"), b"7"
    )
    assert done.stdout == b"7 ['main.py'] [] []\n", done


def test_output_below_the_cap_is_whole_and_never_stalls(sandbox: Sandbox, python: Python) -> None:
    done = sandbox.run(python("import sys\nsys.stdout.write('x' * (7 << 20))\nsys.stderr.write('y' * (7 << 20))"))
    assert done.ok and len(done.stdout) == len(done.stderr) == 7 << 20


def test_output_above_the_cap_is_cut_and_flagged(sandbox: Sandbox, python: Python) -> None:
    done = sandbox.run(python("print('x' * (20 << 20))"))
    assert (done.limit, done.flags, len(done.stdout)) == ("output", ("output_flood",), 1 << 20)


def test_processes_of_the_group_are_bounded(sandbox: Sandbox, python: Python) -> None:
    source = (
        "import os, time\ncount = 0\ntry:\n    while True:\n        if os.fork() == 0:\n            time.sleep(60)\n"
        "            os._exit(0)\n        count += 1\nexcept OSError: print(count)"
    )
    done = sandbox.run(python(source), b"", ExecutionLimits(time_s=5, processes=20))
    assert done.exit_code == 0 and 10 <= int(done.stdout) <= 20, done


def test_threads_count_as_processes(sandbox: Sandbox, python: Python) -> None:
    source = (
        "import threading, time\ntry:\n    for n in range(1000):\n"
        "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nexcept RuntimeError: print(n)"
    )
    done = sandbox.run(python(source), b"", ExecutionLimits(time_s=5, processes=20))
    assert done.exit_code == 0 and 10 <= int(done.stdout) <= 20, done


def test_a_fork_bomb_ends_and_the_next_program_is_right(sandbox: Sandbox, python: Python) -> None:
    done = sandbox.run(python("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"), b"", SECOND)
    assert done.limit in ("time", "wall")
    assert sandbox.run(python("print(1)")).stdout == b"1\n"


def test_a_file_may_not_grow_beyond_its_limit(sandbox: Sandbox, python: Python) -> None:
    source = "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nopen('big', 'wb').write(bytes(3 << 20))"
    done = sandbox.run(python(source), b"", ExecutionLimits(file_mb=1))
    assert done.exit_code == 1 and b"File too large" in done.stderr


def test_open_files_are_bounded(sandbox: Sandbox, python: Python) -> None:
    source = "a = []\ntry:\n    while True: a.append(open('/dev/null'))\nexcept OSError: print(len(a))"
    assert int(sandbox.run(python(source), b"", ExecutionLimits(open_files=64)).stdout) < 64


def test_limits_cannot_be_raised(sandbox: Sandbox, python: Python) -> None:
    source = (
        "import resource\nfor name in ('CPU', 'NPROC', 'FSIZE', 'NOFILE', 'CORE', 'AS', 'STACK'):\n"
        "    kind = getattr(resource, 'RLIMIT_' + name)\n    soft, hard = resource.getrlimit(kind)\n"
        "    assert soft == hard != -1, name\n"
        "    try: resource.setrlimit(kind, (hard + 1, hard + 1)); print('raised', name)\n    except ValueError: pass"
    )
    done = sandbox.run(python(source))
    assert (done.stdout, done.exit_code) == (b"", 0), done


def test_processor_time_of_children_is_counted(sandbox: Sandbox, python: Python) -> None:
    source = (
        "import os, time\nif os.fork() == 0:\n    end = time.process_time() + 0.3\n"
        "    while time.process_time() < end: pass\n"
        "    os._exit(0)\nos.wait()"
    )
    assert sandbox.run(python(source)).cpu_s >= 0.25


def test_peak_memory_is_reported(sandbox: Sandbox, python: Python) -> None:
    small = sandbox.run(python("pass")).memory_mb
    assert sandbox.run(python("a = bytearray(b'x') * (100 << 20)")).memory_mb > small + 90


def test_a_locked_and_deep_directory_tree_is_wiped(sandbox: Sandbox, python: Python) -> None:
    source = (
        "import os\nfor place in ('.', '/tmp', '/dev/shm'):\n    os.chdir(place)\n    for n in range(300):\n"
        "        os.mkdir('d'); os.chdir('d'); open('f', 'w').close()\n    os.chmod('.', 0)\n"
        "os.mkdir('/tmp/locked'); open('/tmp/locked/x', 'w').close(); os.chmod('/tmp/locked', 0)\nprint('made')"
    )
    done = sandbox.run(python(source))
    assert done.stdout == b"made\n", done
    done = sandbox.run(python("import os\nprint(os.listdir('/tmp'), os.listdir('/dev/shm'), os.listdir())"))
    assert done.stdout == b"[] [] ['main.py']\n"


def test_daemons_are_found_and_killed(sandbox: Sandbox, python: Python) -> None:
    source = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        for fd in range(3): os.close(fd)\n        time.sleep(600)\n    os._exit(0)\nos.wait()\nprint('left')"
    )
    done = sandbox.run(python(source))
    assert done.stdout == b"left\n"
    assert done.flags == (() if sandbox.isolation == "namespaces" else ("leftover_processes",))
    count = "import os\nprint(sum(1 for p in os.listdir('/proc') if p.isdigit() and os.stat('/proc/' + p).st_uid > 0))"
    assert int(sandbox.run(python(count)).stdout) <= (3 if sandbox.isolation == "namespaces" else 1)  # itself alone
