"""Results that are hard to take, and state that might outlive its run."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from reward_server.types import Json, Outcome
from tests.attacks.catalogue import Attack, attacks, held
from tests.live import Grader

CALLS = "function check"

RAW = """
import os
def whole(data):
    data = memoryview(len(data).to_bytes(4, 'little') + data)
    while data: data = data[os.write(3, data):]
whole(b'{}')
whole(BODY)
os._exit(0)
"""
RESULTS = {
    "cycle": (CALLS + " members", "def f(x):\n    a = []\n    a.append(a)\n    return a"),
    "dict_cycle": (CALLS, "def f(x):\n    a = {}\n    a[1] = a\n    return a"),
    "deep": (CALLS, "def f(x):\n    a = []\n    for _ in range(200_000): a = [a]\n    return a"),
    "huge_integer": (CALLS, "def f(x): return 1 << 100_000_000"),
    "many_digits": (CALLS, "def f(x): return int('9' * 4000) ** 100"),
    "lone_surrogates": (CALLS + " text", "def f(x): return '\\ud800' * 10"),
    "hanging_repr": (CALLS, "class A:\n    def __repr__(self):\n        while True: pass\ndef f(x): return A()"),
    "raising_repr": (
        CALLS,
        "class A:\n    def __repr__(self): raise SystemExit\n    __str__ = __repr__\ndef f(x): return A()",
    ),
    "raising_error_text": (
        CALLS + " raising",
        "class E(ValueError):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\ndef f(x): raise E",
    ),
    "hanging_error_text": (
        CALLS,
        "class E(ValueError):\n    def __str__(self):\n        while True: pass\ndef f(x): raise E",
    ),
    "long_error_text": (CALLS, "def f(x): raise ValueError('x' * (1 << 24))"),
    "error_group": (CALLS, "def f(x): raise ExceptionGroup('g', [ValueError(1)])"),
    "error_chain": (
        CALLS,
        "def f(x):\n    e = None\n    for _ in range(10_000):\n        n = ValueError()\n        n.__cause__ = e\n        e = n\n    raise e",
    ),
    "raising_iter": (
        "members lists",
        "class A(list):\n    def __iter__(self): raise SystemExit\n    def __len__(self): return 1 << 62\ndef f(x): return A([1])",
    ),
    "lying_len": (
        "members",
        "class A:\n    def __len__(self): return -1\n    def __getitem__(self, n): return n\ndef f(x): return A()",
    ),
    "raising_hash": (CALLS, "class A:\n    def __hash__(self): raise SystemExit\ndef f(x): return A()"),
    "raising_getattr": (CALLS, "class A:\n    def __getattribute__(self, n): raise SystemExit\ndef f(x): return A()"),
    "endless_getattr": (
        CALLS,
        "class A:\n    def __getattr__(self, n): return A()\n    def __call__(self, *a): return self\n    def __iter__(self): return self\n    def __next__(self): return self\ndef f(x): return A()",
    ),
    "module": (CALLS, "import sys\ndef f(x): return sys"),
    "frame": (CALLS, "import sys\ndef f(x): return sys._getframe()"),
    "lock": (CALLS, "import threading\ndef f(x): return threading.Lock()"),
    "class": (CALLS, "def f(x): return type('A', (), {'__eq__': lambda *a: True})"),
    "evil_names": (CALLS, "def f(x): return type('A' * 100_000, (), {})()"),
    "namedtuple_names": (
        "lists",
        "class T(tuple):\n    _fields = ('__class__', 'class', '1', '')\ndef f(x): return T((1, 2, 3, 4))",
    ),
    "structured_array": ("numpy", "import numpy as np\ndef f(x): return np.zeros(2, dtype=[('a', 'i4'), ('b', 'O')])"),
    "zero_d_array": ("numpy", "import numpy as np\ndef f(x): return np.array(None)"),
    "huge_dtype": ("numpy", "import numpy as np\ndef f(x): return np.zeros(1, dtype='S1000000')"),
    "decimal_exponent": (
        CALLS + " floats close",
        "from decimal import Decimal\ndef f(x): return Decimal('1e999999999')",
    ),
    "fraction_of_giants": ("floats", "from fractions import Fraction\ndef f(x): return Fraction(1 << 1_000_000, 3)"),
    "range_of_giants": ("lists members", "def f(x): return range(0, 1 << 400, 1 << 390)"),
    "keys_of_one_hash": (
        CALLS,
        RAW.replace(
            "BODY",
            """b'{"v": {"s": [' + b', '.join(b'{"i": "%x"}' % (n * (2**61 - 1)) for n in range(1, 100000)) + b']}}'""",
        ),
    ),
    "giant_fraction": (
        CALLS + " floats",
        RAW.replace("BODY", """b'{"v": {"F": [{"i": "%s"}, {"i": "%s"}]}}' % (b'97' * 1_500_000, b'3b' * 1_400_000)"""),
    ),
    "a_million_lists": (CALLS + " lists", RAW.replace("BODY", """b'{"v": [' + b'[],' * 9_000_000 + b'[]]}'""")),
    "mutated_arguments": ("lists", "def f(x):\n    x.clear(); x.extend([[x]])\n    return x"),
    "mutated_by_nonsense": ("check", "def f(*a, **k): return a[5]"),
}

STATE = {
    "counts_calls": (CALLS, "n = -1\ndef f(x):\n    global n\n    n += 1\n    return [1, 2, 3, 4][n]"),
    "replays_order": ("function", "S = iter([48611, 982451653, 15485863, 32452843])\ndef f(x): return next(S)"),
    "remembers_in_files": ("stdio", "import os\np = '/tmp/count'\nn = int(open(p).read()) if os.path.exists(p) else 0\nopen(p, 'w').write(str(n + 1))\nprint('quokka-7f3a', [48611, 982451653, 15485863, 32452843][n % 4])\nprint('end')"),
}  # fmt: skip


@pytest.mark.parametrize(
    "attack",
    attacks(
        ("a result that cannot be taken is wrong, and hurts no one", RESULTS),
        ("the order of the tests tells nothing", STATE),
    ),
)
def test_awkward_results_are_wrong_answers(grade: Grader, attack: Attack) -> None:
    held(grade, attack)


LEAVE = """
import os, sys
for path in ('/tmp/left', '/dev/shm/left', 'left', '../left', os.path.expanduser('~/left'), '/var/tmp/left', '/run/left'):
    try: open(path, 'w').write('left')
    except OSError: pass
try:
    import socket
    s = socket.socket(socket.AF_UNIX); s.bind('\\0left'); s.listen(1)
except OSError: pass
try:
    from multiprocessing import shared_memory
    shared_memory.SharedMemory('left', True, 64)
except Exception: pass
import ctypes
libc = ctypes.CDLL(None)
libc.shmget(4242, 4096, 0o1666); libc.semget(4242, 1, 0o1666); libc.msgget(4242, 0o1666)
os.environ['LEFT'] = '1'
import builtins, json
builtins.left = json.left = True
print(6)
"""
LOOK = """
import os, sys, builtins, json, ctypes, socket
bad = [path for path in ('/tmp/left', '/dev/shm/left', 'left', '../left', os.path.expanduser('~/left'), '/var/tmp/left', '/run/left', '/dev/shm/psm_left') if os.path.exists(path)]
libc = ctypes.CDLL(None)
bad += [name for name in ('shmget', 'semget') if getattr(libc, name)(4242, 1, 0) >= 0]
bad += ['socket'] * ('left' in open('/proc/net/unix').read())
bad += ['environ'] * ('LEFT' in os.environ) + ['module'] * (hasattr(builtins, 'left') or hasattr(json, 'left'))
bad += ['files'] * bool(set(os.listdir('.')) - {'main.py'}) + ['tmp'] * bool(os.listdir('/tmp'))
print(bad or 6)
"""


def test_nothing_survives_a_run(grade: Grader) -> None:
    tests: Json = {"kind": "stdio", "cases": [{"input": "", "output": "6\n"}]}
    for _ in range(3):
        assert grade(tests, LEAVE).outcome is Outcome.CORRECT
        after = grade(tests, LOOK)
        assert after.outcome is Outcome.CORRECT, after.detail.get("first_failure")


SCAN = """
# every byte is read one higher, so that neither the word sought nor what was read of it is ever a hit itself
higher = bytes((byte + 1) % 256 for byte in range(256))
hits = []
with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb', 0) as memory:
    for line in maps.read().splitlines():
        low, high = (int(part, 16) for part in line.split()[0].split('-'))
        if 'rw' in line.split()[1]:
            try:
                memory.seek(low)
                if b'xpncbuxpncbu' in memory.read(high - low).translate(higher): hits.append(line)
            except (OSError, OverflowError): pass
print(hits or 'no')
"""


def test_a_program_cannot_read_the_one_before(grade: Grader) -> None:
    tests: Json = {"kind": "stdio", "cases": [{"input": "", "output": "no\n"}]}
    hold = "x = 'wombat' * 20_000\ny = x.encode()\nprint('no')\nopen('note', 'w').write(x)\n"
    assert grade(tests, hold).outcome is Outcome.CORRECT
    verdict = grade(tests, SCAN)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail
    found = grade(tests, f"z = 'wombat' * 20_000\n{SCAN}")
    assert found.outcome is Outcome.INCORRECT, "the scan finds what is there"
