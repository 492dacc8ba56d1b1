"""HumanEval: every canonical solution passes, and a mutant is judged as its tests judge it in a plain interpreter."""

from __future__ import annotations

import ast
import gzip
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import Grader, absent

DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "HumanEval.jsonl.gz"
TIME_S = 1


def problems() -> list[dict[str, Any]]:
    if not DATA.exists():
        absent(f"{DATA.name} is not beside the checkout")
    with gzip.open(DATA, "rt") as lines:
        return [json.loads(line) for line in lines]


def reference(problem: dict[str, Any]) -> dict[str, Any]:
    tests = {
        "kind": "asserts",
        "entry": problem["entry_point"],
        "code": problem["test"],
        "setup": problem["prompt"],
    }
    return {"language": "python", "tests": tests}


def mutants(source: str, entry: str) -> Iterator[tuple[str, str]]:
    """One mutation each of the entry's body: the last statement dropped, a comparison flipped, None returned."""
    for name, mutate in (("drop", _drop), ("flip", _flip), ("none", _none)):
        tree = ast.parse(source)
        function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == entry)
        if mutate(function):
            yield name, ast.unparse(ast.fix_missing_locations(tree))


def _drop(function: ast.FunctionDef) -> bool:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if len(body) < 2:
        return False
    function.body.remove(body[len(body) // 2])
    return True


def _flip(function: ast.FunctionDef) -> bool:
    swapped: dict[type[ast.cmpop], type[ast.cmpop]] = {
        ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
        ast.In: ast.NotIn, ast.NotIn: ast.In,
    }  # fmt: skip
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in swapped:
            node.ops[0] = swapped[type(node.ops[0])]()
            return True
    return False


def _none(function: ast.FunctionDef) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            node.value = ast.Constant(None)
            return True
    return False


def passes_plainly(problem: dict[str, Any], program: str) -> bool:
    """Whether the tests pass with everything in one interpreter: a fork of this one, which is trusted data's due."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.setitimer(signal.ITIMER_REAL, 2 * TIME_S)
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            names: dict[str, Any] = {"__name__": "plain"}
            exec(f"{problem['prompt']}\n    pass\n{program}\n{problem['test']}", names)
            names["check"](names[problem["entry_point"]])
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_every_canonical_solution_passes(grade: Grader) -> None:
    rejected = {}
    for problem in problems():
        completion = f"```python\n{problem['prompt']}{problem['canonical_solution']}\n```"
        verdict = grade.grade(reference(problem), completion, {})
        if verdict.reward != 1.0:
            rejected[problem["task_id"]] = (verdict.outcome, verdict.detail)
    assert rejected == {}


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_mutant_is_judged_by_the_tests_alone(grade: Grader) -> None:
    disagreed, judged = [], 0
    for problem in problems():
        source = problem["prompt"] + problem["canonical_solution"]
        for name, mutant in mutants(source, problem["entry_point"]):
            verdict = grade.grade(reference(problem), mutant, {"extract": "none", "time_s": TIME_S})
            judged += 1
            if verdict.reward != float(passes_plainly(problem, mutant)):
                disagreed.append((problem["task_id"], name, verdict.outcome, verdict.detail))
    assert judged > 350
    assert disagreed == []
