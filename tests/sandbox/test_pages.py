"""Forks inherit the page tables of the interpreter's code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
_COUNT = """
import json, os, resource
from sandboxes.runner.pages import inherit_page_tables

def faults():
    read, write = os.pipe()
    if os.fork() == 0:
        compile("sorted([str(n) for n in range(3)])", "x", "exec")
        os.write(write, str(resource.getrusage(resource.RUSAGE_SELF).ru_minflt).encode())
        os._exit(0)
    os.wait()
    return int(os.read(read, 100))

def modes():
    with open("/proc/self/maps") as maps:
        return sorted({(line.split()[1], line.split()[5]) for line in maps if "/python3" in line})

before, told = modes(), [faults(), faults()]
inherit_page_tables()
print(json.dumps([min(told), min(faults(), faults()), before == modes()]))
"""


def _counted() -> tuple[int, int, bool]:
    done = subprocess.run([sys.executable, "-c", _COUNT], cwd=_REPOSITORY, capture_output=True, check=True, text=True)
    before, after, same = json.loads(done.stdout)
    return before, after, same


def test_a_fork_faults_less_once_the_interpreter_has_pages_of_its_own_and_no_mapping_is_left_writable() -> None:
    before, after, same_modes = _counted()
    assert after <= before - 20, (before, after)
    assert same_modes
