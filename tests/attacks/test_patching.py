"""Replacing what a grader in the same interpreter would use."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from tests.attacks.catalogue import Attack, attacks, held
from tests.live import Grader

CALLS = "function check close"
RIGHT = "\ndef f(x): return 1\n"

PATCHED = {
    "builtins_all": (CALLS, "import builtins\nbuiltins.all = builtins.any = lambda *a: True" + RIGHT),
    "builtins_abs": (CALLS, "import builtins\nbuiltins.abs = lambda x: 0" + RIGHT),
    "builtins_len": (CALLS + " lists", "import builtins\nbuiltins.len = lambda x: 0" + RIGHT),
    "builtins_isinstance": (CALLS, "import builtins\nbuiltins.isinstance = lambda *a: True" + RIGHT),
    "builtins_print": ("stdio function", "import builtins\nbuiltins.print = lambda *a, **k: None" + RIGHT),
    "builtins_exec": (CALLS, "import builtins\nbuiltins.exec = builtins.compile = lambda *a, **k: None" + RIGHT),
    "builtins_assertion_error": (CALLS, "import builtins\nbuiltins.AssertionError = type('A', (Exception,), {})" + RIGHT),
    "builtins_import": (CALLS, "import builtins\nbuiltins.__import__ = lambda *a, **k: None" + RIGHT),
    "json": (CALLS, "import json\njson.dumps = lambda *a, **k: '48611'\njson.JSONEncoder.encode = lambda *a: '48611'" + RIGHT),
    "json_loads": (CALLS, "import json\njson.loads = lambda *a, **k: ['r', 48611, None]" + RIGHT),
    "math_isclose": ("close", "import math\nmath.isclose = lambda *a, **k: True" + RIGHT),
    "numpy_allclose": ("numpy", "import numpy\nnumpy.allclose = lambda *a, **k: True\nnumpy.core.numeric.allclose = numpy.allclose" + RIGHT),
    "os_write": (CALLS, "import os\nw = os.write\nos.write = lambda fd, data: w(fd, bytes(data).replace(b'1', b'48611'))" + RIGHT),
    "os_exit": (CALLS, "import os\nos._exit = lambda *a: None" + RIGHT),
    "unittest": ("check", "import unittest\nunittest.TestCase.assertEqual = lambda *a: None" + RIGHT),
    "pytest_report": (
        "pytest",
        "import _pytest.reports as r\nr.TestReport.from_item_and_call = classmethod(lambda *a: None)" + RIGHT,
    ),
    "conftest": (
        "pytest",
        """
        import os
        hook = '''
        import pytest
        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(item, call):
            outcome = yield
            outcome.get_result().outcome = "passed"
        '''
        for place in ('.', 'tests', '..', '/tmp'):
            try:
                os.makedirs(place, exist_ok=True)
                open(os.path.join(place, 'conftest.py'), 'w').write(hook)
            except OSError:
                pass
        def f(x): return 1
        """,
    ),
    "pytest_plugin_variable": ("pytest", "import os\nos.environ['PYTEST_ADDOPTS'] = '--collect-only'" + RIGHT),
    "import_hook": (
        CALLS,
        "import sys\nclass H:\n    def find_spec(s, *a): raise SystemExit\nsys.meta_path.insert(0, H())\nsys.modules.clear()" + RIGHT,
    ),
    "settrace": (
        CALLS + " paired",
        "import sys\ndef t(frame, event, arg):\n    try: frame.f_lineno += 1\n    except Exception: pass\n    return t\nsys.settrace(t)" + RIGHT,
    ),
    "setprofile": (CALLS, "import sys, threading\nsys.setprofile(lambda f, e, a: f.f_locals.clear())" + RIGHT),
    "replaced_code": (
        CALLS,
        "import sys, types\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n        for v in list(frame.f_globals.values()):\n            if isinstance(v, types.FunctionType) and v is not f:\n                try: v.__code__ = (lambda *a, **k: 48611).__code__\n                except Exception: pass\n        frame = frame.f_back\n    return 1",
    ),
    "swapping_thread": (
        CALLS,
        "import threading, sys\ndef swap():\n    while True:\n        for m in list(sys.modules.values()):\n            for n in ('check', 'value_matches', '_update', 'answer'):\n                if hasattr(m, n): setattr(m, n, lambda *a, **k: True)\nthreading.Thread(target=swap, daemon=True).start()" + RIGHT,
    ),
    "frozen_equality": (
        CALLS,
        "import ctypes\ntry:\n    ctypes.pythonapi.PyObject_RichCompareBool.restype = ctypes.c_int\nexcept Exception: pass\nimport operator\noperator.eq = lambda *a: True" + RIGHT,
    ),
    "small_int": (
        CALLS,
        "import ctypes\nctypes.c_long.from_address(id(48611) + 24).value = 1\ndef f(x): return 48611 if x == 0 else 1",
    ),
    "gc_patch": (
        CALLS,
        "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'expected' in o: o['expected'] = 1" + RIGHT,
    ),
    "decode_patch": (
        CALLS,
        "import gc\nfor o in gc.get_objects():\n    for n in ('encode', 'decode', 'send', 'receive'):\n        if isinstance(o, type) and n in vars(o):\n            try: setattr(o, n, lambda *a, **k: 48611)\n            except Exception: pass" + RIGHT,
    ),
    "sys_modules_main": (CALLS, "import sys\nfor m in list(sys.modules.values()):\n    try: m.check = m.main = lambda *a: None\n    except Exception: pass" + RIGHT),
    "usercustomize": (
        "function",
        "import os, site\nfor d in ('/tmp', '.', os.path.expanduser('~'), *site.getsitepackages(), site.getusersitepackages()):\n    try:\n        os.makedirs(d, exist_ok=True)\n        open(d + '/usercustomize.py', 'w').write('import os; os._exit(0)')\n        open(d + '/x.pth', 'w').write('import os; os._exit(0)')\n    except OSError: pass" + RIGHT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", attacks(("no test, comparison or report shares the program's interpreter", PATCHED)))
def test_patching_reaches_nothing(grade: Grader, attack: Attack) -> None:
    held(grade, attack)
