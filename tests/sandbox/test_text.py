"""The interpreter's code, moved into huge pages while it runs."""

from __future__ import annotations

import json
import subprocess
import sys

MOVES = """
import ctypes, json, os, sys, threading
from sandboxes.runner import text
moved = text.move()
code = ctypes.cast(ctypes.pythonapi.Py_IncRef, ctypes.c_void_p).value
def huge_kb():
    inside = False
    for line in open("/proc/self/smaps"):
        if not line.split()[0].endswith(":"):
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            inside = start <= code < end
        elif inside and line.startswith("AnonHugePages:"):
            return int(line.split()[1])
pid = os.fork()
if pid == 0:
    os._exit(0 if sorted(str(n) for n in range(12))[2] == "10" else 1)
thread = threading.Thread(target=lambda: sorted(range(1000)))
thread.start(), thread.join()
try:
    {}["x"]
except KeyError:
    print(json.dumps([moved, huge_kb(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]))
"""


def test_an_interpreter_goes_on_in_its_huge_pages_and_so_do_its_forks() -> None:
    done = subprocess.run([sys.executable, "-c", MOVES], capture_output=True, text=True, check=True)
    moved, huge_kb, status = json.loads(done.stdout)
    assert status == 0
    assert huge_kb > 0 if moved else huge_kb == 0


def test_where_there_are_no_huge_pages_nothing_is_changed() -> None:
    refusing = "import sandboxes.runner.text as text\ntext._COLLAPSE = 999  # no such advice\n"
    done = subprocess.run(
        [sys.executable, "-c", MOVES.replace("from sandboxes.runner import text", refusing)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "[false, 0, 0]\n"
