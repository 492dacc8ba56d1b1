"""Worked examples of the ``code`` verifier: documentation, and tests that run wherever there is a sandbox."""

from __future__ import annotations

from reward_server.types import Json, Outcome
from reward_server.verifiers.base import Example

_DOUBLE: dict[str, Json] = {
    "language": "python",
    "tests": {"kind": "stdio", "cases": [{"input": "21\n", "output": "42\n"}, {"input": "-4\n", "output": "-8\n"}]},
}
_TOPK: dict[str, Json] = {
    "language": "python",
    "tests": {
        "kind": "function",
        "entry": "topk",
        "cases": [
            {"args": [[3, 1, 2], 2], "expected": [3, 2]},
            {"args": [[5], 1], "expected": [5]},
            {"args": [[1, 1, 4], 1], "expected": [4]},
        ],
    },
}
_SPAN: dict[str, Json] = {
    "language": "python",
    "tests": {
        "kind": "asserts",
        "entry": "span",
        "code": "def check(candidate):\n    assert candidate([3, 9, 4]) == 6\n    assert candidate([7]) == 0\n",
    },
}

EXAMPLES = (
    Example(
        "a program that reads and prints",
        _DOUBLE,
        "Read it, double it:\n```python\nprint(int(input()) * 2)\n```",
        Outcome.CORRECT,
    ),
    Example("one that squares instead", _DOUBLE, "```python\nprint(int(input()) ** 2)\n```", Outcome.INCORRECT),
    Example("prose without a program", _DOUBLE, "The answer is to double it.", Outcome.NO_ANSWER),
    Example(
        "a function",
        _TOPK,
        "```python\ndef topk(numbers, k):\n    return sorted(numbers, reverse=True)[:k]\n```",
        Outcome.CORRECT,
    ),
    Example(
        "an object that claims to be equal to everything",
        _TOPK,
        "```python\nclass Any:\n    def __eq__(self, other):\n        return True\n\ndef topk(numbers, k):\n"
        "    return Any()\n```",
        Outcome.INCORRECT,
    ),
    Example(
        "a function under assertions",
        _SPAN,
        "```python\ndef span(v):\n    return max(v) - min(v)\n```",
        Outcome.CORRECT,
    ),
    Example("one that leaves before the tests", _SPAN, "```python\nimport sys\nsys.exit(0)\n```", Outcome.INCORRECT),
)
