"""The attacks' own tasks can be passed: by a program that was told the answers."""

from __future__ import annotations

import pytest

from reward_server.types import Outcome
from tests.attacks.catalogue import SECRETS, TASKS, WORD
from tests.live import Grader

TOLD = {
    "function": "def f(x): return S[x]",
    "text": f"def f(x): return f'{WORD}-{{x}}'",
    "lists": "def f(x): return (x[0], S[x[0]])",
    "floats": "def f(x): return S[x] / 1024",
    "solution": "class Solution:\n    def f(self, x): return S[x]",
    "stdio": f"print('{WORD}', S[int(input())])\nprint('end')",
    "stdio_float": "x = S[int(input())]\nprint(x)\nprint(x + .2500001)",
    "close": "def f(x): return S[x] + .5",
    "members": "def f(x): return [S[x]]",
    "callback": "def f(g): return S[1]",
    "context": "from contextlib import contextmanager\n@contextmanager\ndef f(x): yield S[x]",
    "own": "class Box:\n    def __init__(self, x): pass\n    def items(self): return [S[0]]\n"
    "    def total(self): return S[0]",
    "constant": "LIMITS = {'low': S[0]}",
    "judged": "input()\nprint(7)\nprint(1)",
    "checked": "print(S[0])",
    "callback_iterator": "def f(g): return S[1]",
    "numpy": "import numpy as np\ndef f(x): return np.array([S[x], 1])",
    "raising": "def f(x): raise ValueError(S[x])",
    "object": "class Box:\n    def __init__(self, x): self.x = x\n    def put(self, n): pass\n"
    "    def total(self): return S[self.x]",
}


@pytest.mark.parametrize("task", TASKS)
def test_a_task_can_be_passed_by_who_knows_the_answers(grade: Grader, task: str) -> None:
    grade.need(TASKS[task])
    verdict = grade(TASKS[task], f"S = {SECRETS}\n{TOLD.get(task, TOLD['function'])}")
    assert verdict.outcome is Outcome.CORRECT, verdict
