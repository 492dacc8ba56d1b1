"""How attacks are written down: a category is a table of programs, each with the promise that it tests.

The answers of the tasks below follow from nothing: a program that passes has cheated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import pytest

from reward_server.types import Json, Outcome
from tests.live import Grader

SECRETS = [48_611, 982_451_653, 15_485_863, 32_452_843]
WORD = "quokka-7f3a"
"""Stands in every expected value that is text, so that a program can search for it."""

TASKS: Mapping[str, Json] = {
    "function": {
        "kind": "function",
        "entry": "f",
        "cases": [{"args": [at], "expected": secret} for at, secret in enumerate(SECRETS)],
    },
    "text": {
        "kind": "function",
        "entry": "f",
        "cases": [{"args": [at], "expected": f"{WORD}-{at}"} for at in range(4)],
    },
    "lists": {
        "kind": "function",
        "entry": "f",
        "cases": [{"args": [[at, 1]], "expected": [at, secret]} for at, secret in enumerate(SECRETS)],
    },
    "floats": {
        "kind": "function",
        "entry": "f",
        "cases": [{"args": [at], "expected": secret / 1024} for at, secret in enumerate(SECRETS)],
    },
    "solution": {
        "kind": "function",
        "entry": "Solution.f",
        "cases": [{"args": [at], "expected": secret} for at, secret in enumerate(SECRETS)],
    },
    "stdio": {
        "kind": "stdio",
        "cases": [{"input": f"{at}\n", "output": f"{WORD} {secret}\nend\n"} for at, secret in enumerate(SECRETS)],
    },
    "stdio_float": {
        "kind": "stdio",
        "compare": "float",
        "cases": [{"input": f"{at}\n", "output": f"{secret}\n{secret}.25\n"} for at, secret in enumerate(SECRETS)],
    },
    "asserts": {
        "kind": "asserts",
        "entry": "f",
        "code": "\n".join(f"assert f({at}) == {secret}" for at, secret in enumerate(SECRETS)),
    },
    "check": {
        "kind": "asserts",
        "entry": "f",
        "code": "def check(candidate):\n"
        + "\n".join(f"    assert candidate({at}) == {secret}, '{WORD}'" for at, secret in enumerate(SECRETS)),
    },
    "close": {
        "kind": "asserts",
        "entry": "f",
        "code": "import math\n"
        + "\n".join(
            f"assert abs(f({at}) - {secret}.5) < 1e-6\nassert math.isclose(f({at}), {secret}.5)"
            for at, secret in enumerate(SECRETS)
        ),
    },
    "members": {
        "kind": "asserts",
        "entry": "f",
        "code": "\n".join(f"assert {secret} in f({at})" for at, secret in enumerate(SECRETS)),
    },
    "paired": {
        "kind": "asserts",
        "entry": "f",
        "code": f"for got, want in zip(map(f, range(4)), {SECRETS}):\n    assert got == want\n",
    },
    "unpacked": {
        "kind": "asserts",
        "entry": "f",
        "code": f"def answers():\n    for at in range(4):\n        yield f(at)\n"
        f"assert not [want for got, want in zip(answers(), {SECRETS}) if got != want]",
    },
    "numpy": {
        "kind": "asserts",
        "entry": "f",
        "code": "import numpy as np\n"
        + "\n".join(f"assert np.allclose(f({at}), [{secret}, 1])" for at, secret in enumerate(SECRETS)),
    },
    "raising": {
        "kind": "asserts",
        "entry": "f",
        "code": "\n".join(
            f"try:\n    f({at})\n    assert False, 'no error'\nexcept ValueError as error:\n"
            f"    assert error.args[0] == {secret}"
            for at, secret in enumerate(SECRETS)
        ),
    },
    "object": {
        "kind": "asserts",
        "entry": "Box",
        "code": "\n".join(
            f"box = Box({at})\nbox.put(1)\nassert box.total() == {secret}" for at, secret in enumerate(SECRETS)
        ),
    },
    "callback": {
        "kind": "asserts",
        "entry": "f",
        "code": f"""
WANT = {SECRETS[1]}
class Holder:
    def __init__(self):
        self._want = WANT
    def ask(self, x):
        return x if self._want else None
assert f(lambda x: WANT and x) == WANT
assert f(Holder().ask) == WANT
""",
    },
    "callback_iterator": {
        "kind": "asserts",
        "entry": "f",
        "code": f"WANT = {SECRETS[1]}\nassert f(x for x in [1, WANT and 2]) == WANT\nassert f(iter([1])) == WANT",
    },
    "context": {
        "kind": "asserts",
        "entry": "f",
        "code": "\n".join(f"with f({at}) as got:\n    assert got == {want}" for at, want in enumerate(SECRETS)),
    },
    "own": {
        "kind": "asserts",
        "entry": "Box",
        "code": f"box = Box(1)\nassert {SECRETS[0]} in box.items()\nassert abs(box.total() - {SECRETS[0]}) < 1\n"
        f"assert 1 * box.total() == {SECRETS[0]}",
    },
    "constant": {"kind": "asserts", "entry": "LIMITS", "code": f"assert LIMITS['low'] == {SECRETS[0]}"},
    "judged": {
        "kind": "stdio",
        "cases": [{"input": "7\n", "output": "7\n"}],
        "judge": {
            "code": "import sys\nwant = int(open('answer.txt').read())\nprint('go', flush=True)\n"
            "sys.exit(0 if int(input()) * int(input()) == want else 1)"
        },
    },
    "checked": {
        "kind": "stdio",
        "cases": [{"input": "7\n", "output": f"{SECRETS[0]}\n"}],
        "checker": {
            "code": "import sys\ngot, want = (open(name).read().split() for name in sys.argv[2:4])\n"
            "room = [0] * int(got[-1])\nsys.exit(int(got[0]) != int(want[0]))"
        },
    },
    "pytest": {
        "kind": "pytest",
        "files": {
            "test_it.py": "from solution import f\nimport pytest\n"
            f"@pytest.mark.parametrize('at, want', list(enumerate({SECRETS})))\n"
            "def test_f(at, want):\n    assert f(at) == want\n"
        },
    },
    "shared_pytest": {
        "kind": "pytest",
        "files": {
            "test_it.py": "from solution import f\nimport pytest\n"
            f"@pytest.mark.parametrize('at, want', list(enumerate({SECRETS})))\n"
            "def test_f(at, want):\n    assert f(at) == want\n"
        },
    },
}


@dataclass(frozen=True)
class Attack:
    """A program that does not solve its task."""

    name: str
    task: str
    promise: str
    program: str
    language: str = "python"


def attacks(*tables: tuple[str, Mapping[str, tuple[str, str]]]) -> list[Any]:
    """Rows for ``pytest.mark.parametrize`` from (promise, {name: (tasks, program)}) tables.

    ``tasks`` is a list of task names, separated by spaces; the program is tried on each.
    """
    rows = []
    for promise, table in tables:
        for name, (tasks, program) in table.items():
            for task in tasks.split():
                attack = Attack(name, task, promise, dedent(program).lstrip("\n"))
                rows.append(pytest.param(attack, id=f"{name}-{task}"))
    return rows


HONEST: Mapping[str, tuple[Json, str]] = {
    "function": (
        {"kind": "function", "entry": "g", "cases": [{"args": [[3, 1, 2]], "expected": [1, 2, 3]}]},
        "def g(xs):\n    return sorted(xs)",
    ),
    "stdio": ({"kind": "stdio", "cases": [{"input": "4\n", "output": "16\n"}]}, "print(int(input()) ** 2)"),
    "asserts": ({"kind": "asserts", "entry": "g", "code": "assert g(2) == 4"}, "def g(x):\n    return x * x"),
}


def held(grade: Grader, attack: Attack, **params: Json) -> None:
    """Assert what every attack must leave true: no reward, no null, and the next honest program is right."""
    grade.need(TASKS[attack.task])
    verdict = grade(TASKS[attack.task], attack.program, language=attack.language, **{"time_s": 1, **params})
    assert verdict.outcome in (Outcome.INCORRECT, Outcome.LIMIT_EXCEEDED, Outcome.NO_ANSWER), (attack.promise, verdict)
    for tests, program in honest_like(attack.task):
        after = grade(tests, program)
        assert after.outcome is Outcome.CORRECT, ("the next honest program", after)


def honest_like(task: str) -> Iterator[tuple[Json, str]]:
    """An honest program of the same kind of tests."""
    tests: Any = TASKS[task]
    yield HONEST["asserts" if tests["kind"] == "pytest" else tests["kind"]]


def refused(grade: Grader, tests: Json, attack: Attack, time_s: int) -> None:
    """Its program fails these tests, and the next honest one passes."""
    grade.need(tests, attack.program)
    verdict = grade(tests, attack.program, time_s=time_s)
    assert verdict.outcome in (Outcome.INCORRECT, Outcome.LIMIT_EXCEEDED), (attack.promise, verdict)
    for others, program in honest_like("asserts"):
        assert grade(others, program).outcome is Outcome.CORRECT


def solved(grade: Grader, tests: Json, program: str) -> None:
    """An honest program passes these tests: else attacks on them would show nothing."""
    grade.need(tests, program)
    verdict = grade(tests, program, time_s=5)
    assert verdict.outcome is Outcome.CORRECT, verdict.detail
