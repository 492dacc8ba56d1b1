"""A program that starts by fork cannot tell it from ``python3 main.py``."""

from __future__ import annotations

import os

import pytest

from reward_server.errors import InvalidTask
from reward_server.sandbox.base import PYTHON, Call, ExecutionLimits, Program, Sandbox
from sandboxes.runner.prelude import COMMON
from tests.sandbox.conftest import Python, needs_numpy

SAME = {
    "names": ("print(__name__, sys.argv, os.path.basename(__file__), __spec__, __doc__)", "import sys, os"),
    "stdin_text": ("print(sys.stdin.read().upper())", "import sys"),
    "stdin_bytes": ("sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])", "import sys"),
    "stdin_open_0": ("print(open(0).read().split())", ""),
    "stdin_os_read": ("print(os.read(0, 100))", "import os"),
    "stdin_device": ("print(open('/dev/stdin').read())", ""),
    "stdin_input_eof": ("print(input(), input())\ntry:\n    input()\nexcept EOFError as e:\n    print('eof', e)", ""),
    "stdout_device": ("open('/dev/stdout', 'w').write('x\\n')", ""),
    "stderr": ("print('oops', file=sys.stderr)", "import sys"),
    "recursion": ("print(sys.getrecursionlimit(), f(900))", "import sys\ndef f(n): return n and 1 + f(n - 1)"),
    "too_deep": ("try:\n    f(2000)\nexcept RecursionError:\n    print('deep')", "def f(n): return n and 1 + f(n - 1)"),
    "raised_limit": (
        "print(f(50000))",
        "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return n and 1 + f(n - 1)",
    ),
    "threads": (
        "t = threading.Thread(target=lambda: (time.sleep(.05), print('late')))\nt.start()\nprint('main')",
        "import threading, time",
    ),
    "big_stack_thread": (
        "threading.stack_size(1 << 26)\nt = threading.Thread(target=lambda: print(f(20000)))\nt.start(); t.join()",
        "import threading, sys\nsys.setrecursionlimit(10**6)\ndef f(n): return n and 1 + f(n - 1)",
    ),
    "pool": (
        "if __name__ == '__main__':\n    with multiprocessing.Pool(2) as pool:\n        print(pool.map(abs, [-1, -2]))",
        "import multiprocessing",
    ),
    "spawn": (
        "if __name__ == '__main__':\n    c = multiprocessing.get_context('spawn')\n    q = c.Queue()\n"
        "    p = c.Process(target=f, args=(q,)); p.start(); print(q.get()); p.join()",
        "import multiprocessing\ndef f(q): q.put('spawned')",
    ),
    "subprocess": ("print(subprocess.run(['echo', 'hi'], capture_output=True).stdout)", "import subprocess"),
    "asyncio": ("print(asyncio.run(f()))", "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 3"),
    "atexit": ("atexit.register(print, 'bye')\nprint('hi')", "import atexit"),
    "finaliser": ("a = A()\nprint('end')", "class A:\n    def __del__(self): print('del')"),
    "exit_code": ("sys.exit(7)", "import sys"),
    "exit_text": ("sys.exit('no')", "import sys"),
    "exit_builtin": ("exit()", ""),
    "raise": ("f()", "def f():\n    raise ValueError('x')"),
    "raise_chain": ("try:\n    1/0\nexcept Exception as e:\n    raise KeyError(1) from e", ""),
    "syntax_error": ("def f(:\n  pass", ""),
    "abort": ("os.abort()", "import os"),
    "signal": ("os.kill(os.getpid(), 9)", "import os"),
    "interrupt": ("raise KeyboardInterrupt", ""),
    "sigpipe": ("print(signal.getsignal(signal.SIGPIPE), signal.getsignal(signal.SIGINT).__name__)", "import signal"),
    "annotations": ("def f(x: Missing): pass\nprint(f.__annotations__)", "from __future__ import annotations"),
    "no_annotations": ("try:\n    def f(x: Missing): pass\nexcept NameError as e:\n    print(e)", ""),
    "pickle_main": ("print(pickle.loads(pickle.dumps(A())).__class__)", "import pickle\nclass A: pass"),
    "dataclass": ("print(A(1), A(1) == A(1))", "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int"),
    "own_source": ("print(open(__file__).read()[:6], inspect.getsource(f))", "import inspect\ndef f(): pass"),
    "own_files": ("open('a.txt', 'w').write('1')\nprint(os.listdir())", "import os"),
    "tempfile": ("t = tempfile.NamedTemporaryFile(); t.write(b'x'); print('ok')", "import tempfile"),
    "locals": ("print(sorted(k for k in globals() if not k.startswith('__')))", "a = 1"),
    "modules_own": ("import wire", ""),
    "encodings": ("print(sys.stdin.encoding, sys.stdout.encoding, sys.getfilesystemencoding(), 'é€')", "import sys"),
    "surrogates": ("sys.stdout.write(sys.stdin.read() + '\\udcff')", "import sys"),
    "isatty": ("print(sys.stdin.isatty(), sys.stdout.isatty(), sys.stdout.line_buffering)", "import sys"),
    "stream_names": ("print(sys.stdin.name, sys.stdout.name, sys.stderr.name, sys.stdout.mode)", "import sys"),
    "flush_order": ("print('a', flush=True)\nos.write(1, b'b\\n')\nprint('c')", "import os"),
    "unflushed_os_exit": ("print('lost')\nos._exit(3)", "import os"),
    "fork": ("pid = os.fork()\nif pid: os.wait()\nprint('child' if pid == 0 else 'parent', flush=True)", "import os"),
    "closed_stdout": ("sys.stdout.close()", "import sys"),
    "excepthook": ("sys.excepthook = lambda *a: print('hook', a[0].__name__)\n1/0", "import sys"),
    "warnings": ("import warnings; warnings.warn('careful')", ""),
    "descriptors": ("print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:3])", "import os"),
}


@pytest.mark.parametrize("name", SAME)
def test_a_program_behaves_as_under_a_fresh_interpreter(name: str, sandbox: Sandbox) -> None:
    main, imports = SAME[name]
    source = f"{imports}\n{main}\n".encode()
    launch = b"import subprocess, sys\nsys.exit(subprocess.run(['/usr/bin/python3', 'main2.py']).returncode)"
    stdin = "3 1 é\nzwei\r\n".encode() + b"\xff"
    build = sandbox.build(Program(PYTHON, source))
    warm = sandbox.run(build, stdin)
    fresh = sandbox.run(sandbox.build(Program(PYTHON, launch, files={"main2.py": source})), stdin)
    assert _plain(warm.stdout) == _plain(fresh.stdout)
    assert _plain(warm.stderr) == _plain(fresh.stderr)
    status = fresh.exit_code or 0
    assert (warm.exit_code, warm.signal) == ((None, 256 - status) if status > 128 else (status, None))


def _plain(output: bytes) -> list[bytes]:
    """Lines without what differs between any two runs: directories, and that the reference has two sources."""
    lines = [line for line in output.replace(b"main2.py", b"main.py").splitlines() if line.strip(b" ^~")]
    return [
        b"File ..." + line.rpartition(b"/")[2]
        if b"/work/" in line
        else line.replace(b", 'main.py'", b"").replace(b"'main.py', ", b"")
        for line in lines
    ]


def test_crlf_and_odd_source_encodings_are_read_as_python_reads_files(sandbox: Sandbox) -> None:
    for source in (
        b"print(1)\r\nprint(2)\r\n",
        b"# -*- coding: latin-1 -*-\nprint(1, len('\xe9'))\nprint(2)",
        b"\xef\xbb\xbfprint(1)\nprint(2)",
    ):
        done = sandbox.run(sandbox.build(Program(PYTHON, source)))
        assert done.ok and done.stdout.split()[-1] == b"2", done


def test_scientific_packages_are_there(python: Python, sandbox: Sandbox) -> None:
    needs_numpy(sandbox)
    done = sandbox.run(
        python(
            "import numpy as np, scipy, pandas, sympy, networkx, sklearn.linear_model\n"
            "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('figure.png')\n"
            "print(np.arange(6).reshape(2, 3).sum())"
        ),
        b"",
        ExecutionLimits(time_s=20),
    )
    assert done.stdout == b"15\n", done.stderr


@pytest.mark.parametrize("imports", ["random", "random, threading", "random, decimal"])
def test_random_numbers_of_any_warm_interpreter_differ_between_runs(
    python: Python, sandbox: Sandbox, imports: str
) -> None:
    build = python(f"import {imports}\nprint(random.random())\ndef f(): return random.random()")
    run = {execution.stdout for execution in sandbox.run_each(build, [b""] * 3)}
    called = {sandbox.call(build, "f", [Call()], prelude=prelude).results[0].value for prelude in ("", COMMON) * 2}
    assert len(run) == 3 and len(called) == 4


def test_what_lasts_may_run_on_every_core_with_all_that_it_has_started(python: Python, sandbox: Sandbox) -> None:
    build = python(
        "import os, threading, time\n"
        "tasks = [os.getpid()]\n"
        "def wait():\n    tasks.append(threading.get_native_id())\n    time.sleep(0.3)\n"
        "threading.Thread(target=wait).start()\n"
        "tasks.append(os.fork())\n"
        "time.sleep(0.2)\n"
        "if tasks[-1]: print([len(os.sched_getaffinity(task)) for task in tasks])\n"
    )
    everywhere = len(os.sched_getaffinity(0))
    for execution in sandbox.run_each(build, [b""] * 3):
        assert execution.stdout == f"{[everywhere] * 3}\n".encode()


def test_the_programs_own_file_is_its_source_whatever_files_come_with_it(sandbox: Sandbox) -> None:
    source = b"print(open(__file__).read() == open('main.py').read(), len(open('main.py').read()))"
    build = sandbox.build(Program(PYTHON, source, files={"main.py": b"print('another')", "data/x.txt": b"1"}))
    assert sandbox.run(build).stdout == b"True %d\n" % len(source)
    with pytest.raises(InvalidTask, match="below the program's own file"):
        sandbox.build(Program(PYTHON, source, files={"main.py/x": b""}))


def test_a_program_larger_than_a_file_may_be_fails_by_itself(python: Python, sandbox: Sandbox) -> None:
    build = python("print(1)\n" + "#" * (3 << 20))
    runs = list(sandbox.run_each(build, [b""] * 3, ExecutionLimits(file_mb=2)))
    assert len(runs) == 3 and not any(run.ok for run in runs)
    assert sandbox.run(build).stdout == b"1\n"


def test_random_numbers_differ_between_runs(python: Python, sandbox: Sandbox) -> None:
    needs_numpy(sandbox)
    build = python("import random, numpy\nprint(random.random(), numpy.random.rand())")
    first, second = sandbox.run_each(build, [b"", b""])
    assert first.stdout.split()[0] != second.stdout.split()[0]
    assert first.stdout.split()[1] != second.stdout.split()[1]


def test_string_hashes_are_the_same_in_every_run(python: Python, sandbox: Sandbox) -> None:
    build = python("print(hash('a'), list({'x', 'y', 'z'}))")
    assert len({done.stdout for done in sandbox.run_each(build, [b""] * 3)}) == 1


def test_arguments_and_files_are_put_beside_the_program(sandbox: Sandbox) -> None:
    program = Program(
        PYTHON, b"import sys\nprint(sys.argv[1:], open('data/in.txt').read())", {"data/in.txt": b"x"}, ("a", "b c")
    )
    assert sandbox.run(sandbox.build(program)).stdout == b"['a', 'b c'] x\n"


def test_a_hundred_megabytes_of_input_are_read(python: Python, sandbox: Sandbox) -> None:
    done = sandbox.run(python("import sys\nprint(len(sys.stdin.buffer.read()))"), bytes(100 << 20), ExecutionLimits(20))
    assert done.stdout == b"%d\n" % (100 << 20), done
