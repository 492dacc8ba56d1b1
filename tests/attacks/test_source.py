"""Sources that would change what a grader makes of them if tests were ever pasted below."""

from __future__ import annotations

import pytest

from reward_server.types import Outcome
from tests.attacks.catalogue import TASKS, Attack, attacks, held
from tests.live import Grader

ALL = "function stdio check"

JOINED = {
    "unclosed_string": (ALL, "def f(x): return 1\nx = '''"),
    "unclosed_bracket": (ALL, "def f(x): return 1\nx = ("),
    "continuation": (ALL, "def f(x): return 1\nif 0: \\"),
    "comment_at_the_end": (ALL, "def f(x): return 1\n#"),
    "own_check": ("check", "def check(candidate): pass\ndef f(x): return 1"),
    "own_tests": ("pytest", "def f(x): return 1\ndef test_f(): pass"),
    "own_harness": (ALL, "if __name__ == '__main__':\n    print('all tests passed')\n    raise SystemExit(0)"),
    "return_at_top": (ALL, "def f(x): return 1\nreturn"),
    "shadowed_entry": ("check", "def candidate(x): return 1\nentry = candidate"),
    "latin1": (ALL, "# -*- coding: latin-1 -*-\ndef f(x): return 1"),
    "utf7": (ALL, "# -*- coding: utf-7 -*-\n+AGQAZQBmACAAZg(x): return 1"),
    "unknown_coding": (ALL, "# -*- coding: no-such -*-\ndef f(x): return 1"),
    "rot13": (ALL, "# -*- coding: rot13 -*-\nqrs s(k): erghea 1"),
    "nul": (ALL, "def f(x): return 1\n\0\nassert False"),
    "bom": (ALL, "\ufeffdef f(x): return 1"),
    "form_feed": (ALL, "\f\ndef f(x): return 1\n\x1a"),
    "surrogate": (ALL, "x = '\ud800'\ndef f(x): return 1"),
    "bidi": (ALL, "def f(x): return 1 # \u202e 11684 nruter"),
    "fences": (ALL, "def f(x): return 1\n```\n```python\n"),
    "class_solution_comment": ("function", "# class Solution: def f\n"),
    "future_import_late": (ALL, "def f(x): return 1\nfrom __future__ import annotations"),
    "deep_nesting": (ALL, "x = " + "(" * 3000 + ")" * 3000),
    "deep_operators": (ALL, "x = " + "-" * 100_000 + "1"),
    "deep_attributes": (ALL, "x = a" + ".a" * 100_000),
    "huge_number": (ALL, "x = " + "9" * 1_000_000),
    "binary_junk": (ALL, bytes(range(256)).decode("latin-1") * 20),
    "only_spaces": ("function", " " * 1000),
    "whole_in_string": (ALL, '"""' + "def f(x): return 48611" + '"""'),
    "lambda_bomb": (ALL, "x = " + "lambda: " * 5000 + "0"),
    "constant_bomb": (ALL, "x = (((('a' * 4096) * 4096) * 64) * 64)"),
    "tuple_bomb": (ALL, "x = ((1,) * 256,) * 256\ny = 1 << (1 << 40)"),
}


@pytest.mark.parametrize("attack", attacks(("tests are never joined to a program's text", JOINED)))
def test_a_source_is_data(grade: Grader, attack: Attack) -> None:
    held(grade, attack)


@pytest.mark.parametrize("task", ["function", "stdio"])
def test_a_program_of_five_megabytes_is_too_large(grade: Grader, task: str) -> None:
    verdict = grade(TASKS[task], "#" * 5_000_000)
    assert verdict.outcome is Outcome.LIMIT_EXCEEDED and verdict.detail["limit"] == "size"
