"""Writing what a grader might take for its own records."""
# ruff: noqa: E501 - programs stand on one line each, newlines escaped, so that a table can be read

from __future__ import annotations

import pytest

from tests.attacks.catalogue import Attack, attacks, held
from tests.live import Grader, absent

CALLS = "function check"
RIGHT = "\ndef f(x): return 1\n"
DESCRIPTORS = """
import os, json, struct
def record(value):
    text = json.dumps(value).encode()
    return len(text).to_bytes(4, 'little') + text
def spray(data, numbers=range(1, 64)):
    for number in numbers:
        try:
            os.set_blocking(number, False)
            os.write(number, data)
        except OSError: pass
"""

PRINTED = {
    "all_passed": (CALLS + " stdio", "print('All tests passed')\nprint('OK')\nprint('{\"passed\": true, \"reward\": 1.0}')" + RIGHT),
    "unittest_report": (CALLS, "import sys\nsys.stderr.write('Ran 4 tests in 0.000s\\n\\nOK\\n')" + RIGHT),
    "pytest_report": ("pytest", "print('===== 4 passed in 0.01s =====')" + RIGHT),
    "sentinels": (CALLS + " stdio", "for s in ('###RESULT###', '---END---', '<|pass|>', '__RESULT__'): print(s, 'PASS', 1, True)" + RIGHT),
    "json_lines": (CALLS, "import json\nfor i in range(9): print(json.dumps({'test': i, 'error': None, 'calls': 1}))\nprint(json.dumps({'done': True, 'calls': 9, 'flags': []}))" + RIGHT),
    "raw_records": (CALLS, DESCRIPTORS + "spray(record({'error': None, 'calls': 1}) * 9 + record({'end': []}))" + RIGHT),
    "raw_values": (CALLS, DESCRIPTORS + "spray(record({}) + record({'v': 48611}) * 4)" + RIGHT),
    "raw_messages": (CALLS, DESCRIPTORS + "spray(record(['ready', [{'h': [1, 'c', 'f']}]]) + record(['r', 48611, None]) * 9)" + RIGHT),
    "raw_messages_in_call": (CALLS, DESCRIPTORS + "def f(x):\n    spray(record(['r', 48611, None]))\n    return 1"),
    "raw_stop_in_call": ("paired unpacked", DESCRIPTORS + "def f(x):\n    spray(record(['stop', None]))\n    return 1"),
    "raw_error_in_call": ("raising", DESCRIPTORS + "def f(x):\n    spray(record(['x', {'names': ['ValueError'], 'args': [1], 'text': ''}]))\n    return 1"),
    "raw_assertion_error": ("raising", DESCRIPTORS + "def f(x):\n    spray(record(['x', {'names': ['SystemExit', 'BaseException'], 'args': [0], 'text': ''}]))\n    return 1"),
    "raw_requests": (CALLS, DESCRIPTORS + "def f(x):\n    for n in range(50): spray(record(['call', n, [], {'d': []}]) + record(['get', n, 'x']))\n    return 1"),
    "raw_handles": (CALLS, DESCRIPTORS + "def f(x):\n    spray(record(['r', {'y': 1}, None]) + record(['r', {'k': 'builtins:eval'}, None]))\n    return 1"),
    "raw_tags": (CALLS, DESCRIPTORS + "def f(x):\n    spray(record(['r', {'N': ['A', ['__eq__', '__class__'], [1, 2]]}, None]))\n    return 1"),
    "raw_object": (CALLS, DESCRIPTORS + "def f(x):\n    spray(record(['r', {'g': [['dict', [['__class__', 1]]]]}, None]))\n    return 1"),
    "raw_array": ("numpy", DESCRIPTORS + "def f(x):\n    spray(record(['r', {'a': ['O', [2], [1, 1]]}, None]) + record(['r', {'a': ['<f8', [10**9], []]}, None]))\n    return 1"),
    "garbage": (CALLS + " stdio", DESCRIPTORS + "spray(os.urandom(4096))" + RIGHT),
    "garbage_in_call": (CALLS, DESCRIPTORS + "def f(x):\n    spray(b'\\xff' * 4096)\n    return 1"),
    "huge_length": (CALLS, DESCRIPTORS + "def f(x):\n    spray(b'\\xff\\xff\\xff\\xff')\n    return 1"),
    "deep_json": (CALLS, DESCRIPTORS + "def f(x):\n    text = b'[' * 100000\n    spray(len(text).to_bytes(4, 'little') + text)\n    return 1"),
    "many_digits": (CALLS, DESCRIPTORS + "def f(x):\n    text = b'[\"r\", ' + b'9' * 100000 + b', null]'\n    spray(len(text).to_bytes(4, 'little') + text)\n    return 1"),
    "json_nan": ("close floats", DESCRIPTORS + "def f(x):\n    text = b'[\"r\", NaN, null]'\n    spray(len(text).to_bytes(4, 'little') + text)\n    return 1"),
    "closed_descriptors": (CALLS + " stdio", "import os\nos.closerange(0, 64)" + RIGHT),
    "duplicated_descriptors": (CALLS, "import os\nfor a in range(8):\n    for b in range(8):\n        try: os.dup2(a, b)\n        except OSError: pass" + RIGHT),
    "report_files": (CALLS + " pytest", "import os\nfor n in ('report.xml', 'result.json', '.report.json', 'reward.txt', 'verdict'):\n    for d in ('.', '/tmp', '/work', '/dev/shm', '..'):\n        try: open(os.path.join(d, n), 'w').write('{\"passed\": true, \"reward\": 1}')\n        except OSError: pass" + RIGHT),
    "symlinks": (CALLS, "import os\nfor n in ('main.py', 'solution.py', 'out', 'stdout', 'result'):\n    try:\n        os.path.exists(n) and os.unlink(n)\n        os.symlink('/proc/self/mem', n)\n    except OSError: pass" + RIGHT),
    "pickle": (CALLS, "import pickle, os\nclass P:\n    def __reduce__(self): return os._exit, (0,)\ndef f(x): return pickle.dumps(P())"),
    "pickle_object": (CALLS, "import os\nclass P:\n    def __reduce__(self): return os._exit, (0,)\ndef f(x): return P()"),
    "shared_memory": (CALLS, "from multiprocessing import shared_memory\ntry:\n    s = shared_memory.SharedMemory('results', True, 64)\n    s.buf[:] = b'\\x01' * 64\nexcept Exception: pass" + RIGHT),
    "manager_list": (CALLS, "import multiprocessing.managers as m\nm.BaseListProxy.append = lambda *a: None" + RIGHT),
    "reply_from_fork": (CALLS, DESCRIPTORS + "def f(x):\n    if os.fork() == 0:\n        spray(record(['r', 48611, None]) + record({'v': 48611}))\n        os._exit(0)\n    os.wait()\n    return 1"),
    "reply_later": (CALLS, DESCRIPTORS + "import threading, time\ndef late():\n    for _ in range(200):\n        time.sleep(.002); spray(record(['r', 48611, None]), [3])\nthreading.Thread(target=late, daemon=True).start()" + RIGHT),
    "greets_as_a_type": (CALLS + " paired", DESCRIPTORS + "spray(record(['ready', [{'k': 'builtins:object'}]]), [3])\nimport time\ntime.sleep(9)"),
    "greets_with_too_little": (CALLS, DESCRIPTORS + "spray(record(['ready', []]), [3])\nimport time\ntime.sleep(9)"),
    "failed_with_nonsense": (CALLS, DESCRIPTORS + "spray(record(['failed', [1, None]]), [3])\nos._exit(0)"),
    "raw_skip": ("raising", DESCRIPTORS + "def f(x):\n    spray(record(['x', {'names': ['unittest.case:SkipTest', 'builtins:Exception'], 'args': [1], 'text': '', 'fields': {}}]))\n    return 1"),
    "raw_home": ("raising callback", DESCRIPTORS + "def f(x):\n    spray(record(['x', {'y': 0}]) + record(['x', {'y': -1}]))\n    return 1"),
    "raw_printed": (CALLS, DESCRIPTORS + "def f(x):\n    spray(record(['r', [48611, [[1]], [['object', []]]], 'passed']))\n    return 1"),
    "nonce_search": (
        "shared_pytest",
        "print('passed', 4)\nimport os\nos.write(1, b'\\n00000000000000000000000000000000{\"passed\": 1, \"failures\": []}\\n')\nos._exit(0)",
    ),
}  # fmt: skip

JAVASCRIPT = {
    "js_exit": "process.exit(0)",
    "js_print": "console.log('quokka-7f3a'); console.log('end')",
    "js_proc": "const fs = require('fs'); let s = ''; for (const p of fs.readdirSync('/proc')) { try { s += fs.readFileSync(`/proc/${p}/environ`) + fs.readFileSync(`/proc/${p}/cmdline`) } catch (e) {} } console.log((s.match(/quok.a-7f3a \\d+/) || [''])[0]); console.log('end')",
}
CPP = {
    "cpp_exit": "int main() { return 0; }",
    "cpp_constructor": "#include <unistd.h>\nstruct A { A() { _exit(0); } } a;\nint main() {}",
    "cpp_include_input": '#include "/dev/stdin"\nint main() {}',
    "cpp_include_answers": '#include <cstdio>\n#if __has_include("answer.txt")\n#include "answer.txt"\n#endif\nint main() { puts("end"); }',
    "cpp_pragma": '#pragma GCC optimize("O0")\n#include <cstdio>\nasm(".incbin \\"/proc/self/cmdline\\"");\nint main() { puts("quokka-7f3a\\nend"); }',
}


@pytest.mark.parametrize("attack", attacks(("what a program writes is its output and nothing else", PRINTED)))
def test_a_forged_record_is_only_text(grade: Grader, attack: Attack) -> None:
    held(grade, attack, **({"isolation": "shared"} if attack.task == "shared_pytest" else {}))


@pytest.mark.parametrize(
    ("language", "name"), [*(("javascript", n) for n in JAVASCRIPT), *(("cpp", n) for n in CPP)]
)  # fmt: skip
def test_other_languages_forge_as_little(grade: Grader, language: str, name: str) -> None:
    if language not in grade.sandboxes.images():
        if grade.sandboxes.isolation == "namespaces":
            pytest.skip("the namespaces driver has the languages of this machine")
        absent(f"no image for {language}")
    program = {**JAVASCRIPT, **CPP}[name]
    held(grade, Attack(name, "stdio", "a compiled program finds no answers either", program, language))
