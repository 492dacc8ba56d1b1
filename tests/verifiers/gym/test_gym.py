"""Every reasoning-gym task is judged by its own scorer, and no scorer evaluates what a model wrote."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.gym import Gym
from reward_server.verifiers.gym.guards import ANSWERS, ENTRIES, evaluates_unlisted, is_expression, is_literal
from reward_server.verifiers.registry import Registry

factory = pytest.importorskip("reasoning_gym.factory", reason="reasoning-gym is not installed")
REGISTRY = Registry()
REGISTRY.register(Gym())
TASKS = sorted(factory.DATASETS)
SETTINGS: dict[str, dict[str, Any]] = {"rush_hour": {"min_moves": 1, "max_moves": 6}}
MADE_OF_OTHERS = "composite"


def judge(reference: dict[str, Any], answer: str) -> Verdict:
    return REGISTRY.verify_once("gym", reference, {}, Completion(f"<answer>{answer}</answer>"))


def own_answer(task: str, entry: dict[str, Any]) -> str:
    """The answer that a task states, or one that is right by its rules where it states none."""
    metadata = entry["metadata"]
    match task:
        case "graph_color":
            return json.dumps(metadata["possible_answer"])
        case "propositional_logic":
            return str(metadata["example_answer"])
        case "rubiks_cube":
            return str(metadata["example_correct_answer"])
        case "rush_hour":
            return _park(metadata["board_config"])
        case "boxnet":
            return _deliver(metadata["initial_state"])
    return str(entry["answer"])


def _park(board: str) -> str:
    """Moves that free the red car, by breadth-first search on the task's own board."""
    from reasoning_gym.games.rush_hour import Board

    frontier, seen = [("", str(Board(board)))], {str(Board(board))}
    while frontier:
        following = []
        for moves, _ in frontier:
            for letter in (chr(65 + place) for place, piece in enumerate(Board(board)._pieces) if not piece.fixed):
                for step in ("+1", "-1"):
                    attempt = f"{moves} {letter}{step}".strip()
                    state = Board(board)
                    state.perform_moves(attempt)
                    if state.solved:
                        return attempt
                    if str(state) not in seen:
                        seen.add(str(state))
                        following.append((attempt, str(state)))
        frontier = following
    raise AssertionError("no way out")


def _deliver(squares: dict[str, list[str]]) -> str:
    """Walks every box, one step at a time, to the square of its target."""
    plan: list[dict[str, str]] = []
    for start, things in squares.items():
        for box in [thing for thing in things if thing.startswith("box_")]:
            target = "target_" + box.removeprefix("box_")
            goal = next(square for square, held in squares.items() if target in held)
            x, y = map(float, start.split("_"))
            goal_x, goal_y = map(float, goal.split("_"))
            while (x, y) != (goal_x, goal_y):
                step = (x + (goal_x > x) - (goal_x < x), y) if x != goal_x else (x, y + (goal_y > y) - (goal_y < y))
                plan.append({f"Agent[{x}, {y}]": f"move({box}, square[{step[0]}, {step[1]}])"})
                x, y = step
            plan.append({f"Agent[{x}, {y}]": f"move({box}, {target})"})
    return json.dumps(plan)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the library of arc_agi leaves a file open
@pytest.mark.parametrize("task", [task for task in TASKS if task != MADE_OF_OTHERS])
def test_a_task_scores_its_own_answer_1_and_another_less(task: str) -> None:
    import reasoning_gym

    settings = SETTINGS.get(task, {})
    for index in range(2):
        entry = reasoning_gym.create_dataset(task, seed=11, size=2, **settings)[index]
        reference = {"task": task, "seed": 11, "index": index, "config": settings}
        answer = own_answer(task, entry)
        verdict = judge(reference, answer)
        assert verdict.outcome is Outcome.CORRECT, (answer, dict(verdict.detail))
        assert verdict.score == 1.0
        assert judge(reference, "zebra " + answer[::-1] + " 1").outcome is Outcome.INCORRECT


@pytest.mark.parametrize(
    ("task", "entry", "wrong"),
    [
        ("coin_flip", {"answer": "0.171875"}, ["0", "0.1"]),
        ("game_of_life_halting", {"answer": True}, ["I do not know", "False"]),
        ("complex_arithmetic", {"answer": "3.0 - 2.0i", "metadata": {"result": [3.0, -2.0]}}, ["nan", "NaN"]),
        (
            "puzzle24",
            {"answer": "8*3*1*1", "metadata": {"numbers": [8, 3, 1, 1]}},
            ["6*4*1*1", "8*3*1", "(8*3)+1/(1+1)"],
        ),
        ("gsm_symbolic", {"answer": "288"}, ["-288", "288, 747", "288 or -288", "−288", "747 is not 288"]),
        ("letter_jumble", {"answer": "and may not be"}, ["and may not be a", "and may not"]),
        ("word_sorting", {"answer": "a, b", "metadata": {"sorted_words": ["a", "b"]}}, ["a, b, c", "b, a"]),
    ],
)
def test_what_a_lax_scorer_takes_for_right_is_wrong(task: str, entry: dict[str, Any], wrong: list[str]) -> None:
    reference = {"task": task, "entry": {"question": "", "metadata": {}, **entry}}
    assert judge(reference, str(entry["answer"])).outcome is Outcome.CORRECT
    for answer in wrong:
        assert judge(reference, answer).outcome is Outcome.INCORRECT, answer


HOSTILE = [
    "__import__('os').system('true')", "9" * 300 + "**" + "9" * 300, "(" * 3_000, "[" * 3_000, "-" * 4_000 + "1", "nan",
    "9**9**9**9", "\x00" * 300, "→" * 1_000, "{'a':" * 500, "x^" * 500, "\n" * 3_000 + "zz", "a b c " * 1_500, "None",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as above
@pytest.mark.parametrize("task", [task for task in TASKS if task != MADE_OF_OTHERS])
def test_no_hostile_answer_earns_anything_or_a_null_from_any_task(task: str) -> None:
    entry = REGISTRY["gym"]
    reference = {"task": task, "seed": 11, "config": SETTINGS.get(task, {})}
    prepared = entry.verifier.prepare(*entry.parse(reference, {}), REGISTRY.context)
    for answer in HOSTILE:
        verdict = entry.verifier.verify(prepared, Completion(f"<answer>{answer}</answer>"), REGISTRY.context)
        assert verdict.reward == 0.0, answer[:40]


def test_the_task_made_of_others_is_refused_with_a_reason() -> None:
    verdict = judge({"task": MADE_OF_OTHERS, "seed": 1}, "1")
    assert verdict.outcome is Outcome.INVALID_TASK
    assert "settings" in verdict.detail["message"]


@pytest.mark.parametrize("task", [task for task in TASKS if task not in (MADE_OF_OTHERS, *ENTRIES)][::7])
def test_an_entry_stands_for_its_seed(task: str) -> None:
    import reasoning_gym

    entry = json.loads(json.dumps(reasoning_gym.create_dataset(task, seed=5, size=1)[0], default=list))
    if isinstance(entry["answer"], str):
        assert judge({"task": task, "entry": entry}, entry["answer"]).outcome is Outcome.CORRECT


PAYLOADS = [
    "__import__('os').system('touch {0}')", "open('{0}','w').close()", "[open('{0}','w') for _ in [1]]",
    "exec(\"open('{0}','w')\")", "S(\"open('{0}','w')\")", "().__class__.__base__.__subclasses__()",
    "x.__class__.__init__.__globals__['os'].system('touch {0}')", "(lambda: open('{0}', 'w'))()",
    "eval(chr(111)+chr(112))", "[[open('{0}','w')]]", "f\"{{open('{0}','w')}}\"", "x if open('{0}','w') else x",
]  # fmt: skip


@pytest.mark.parametrize("task", sorted(ANSWERS))
def test_code_in_an_answer_never_runs(task: str, tmp_path: Path) -> None:
    marker = tmp_path / "pwned"
    for payload in PAYLOADS:
        assert judge({"task": task, "seed": 3}, payload.format(marker)).reward == 0.0
        assert not marker.exists(), payload


@pytest.mark.parametrize("task", sorted(ENTRIES))
def test_code_in_an_entry_never_runs(task: str, tmp_path: Path) -> None:
    marker = tmp_path / "pwned"
    for payload in PAYLOADS:
        code = payload.format(marker)
        entry = {"question": "", "answer": code, "metadata": {"problem": code, "integrand": code, "variable": "x"}}
        assert judge({"task": task, "entry": entry}, "1").outcome is Outcome.INVALID_TASK
        assert not marker.exists(), payload


def test_no_scorer_of_the_installed_version_evaluates_unlisted() -> None:
    assert [task for task in TASKS if evaluates_unlisted(task, factory.DATASETS[task][0])] == []


def test_a_scorer_that_evaluates_and_is_not_listed_is_noticed() -> None:
    class Careless:
        def score_answer(self, answer: str, entry: dict[str, Any]) -> float:
            return float(eval(answer))

    assert evaluates_unlisted("a_new_task", Careless)


@pytest.mark.parametrize("text", ["x**2/2 + sin(x)", "3*x**(1/2) + C", "exp(2*x)", "(1+2)*8", "-x", "2^10"])
def test_plain_arithmetic_is_an_expression(text: str) -> None:
    assert is_expression(text)


@pytest.mark.parametrize(
    "text", ["9**9**9", "9**999", "(((9**99)**99)**99)**99", "x.y", "f'a'", "foo(x)", "x[0]", "a_b", "9**(9**9)", "é"]
)
def test_what_could_run_or_explode_is_no_expression(text: str) -> None:
    assert not is_expression(text)


@pytest.mark.parametrize(("text", "plain"), [("[1, 'a']", True), ("f()", False), ("a.b", False), ("1 2 3", True)])
def test_only_literals_and_what_does_not_parse_reach_eval(text: str, plain: bool) -> None:
    assert is_literal(text) is plain


@pytest.mark.parametrize(
    "reference",
    [
        {"task": "chain_sum"}, {"task": "chain_sum", "seed": 1, "entry": {}}, {"task": "no", "seed": 1},
        {"task": "chain_sum", "seed": 1, "config": {"no_such_setting": 1}},
        {"task": "chain_sum", "entry": {"metadata": 1}},
        {"task": "chain_sum", "seed": 1, "config": {"min_terms": -5}},
    ],
)  # fmt: skip
def test_a_reference_that_makes_no_entry_is_an_invalid_task(reference: dict[str, Any]) -> None:
    assert judge(reference, "1").outcome is Outcome.INVALID_TASK


def test_a_missing_library_is_unavailable_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from reward_server.errors import Unavailable

    monkeypatch.setitem(__import__("sys").modules, "reasoning_gym.factory", None)
    monkeypatch.setitem(__import__("sys").modules, "reasoning_gym", None)
    with pytest.raises(Unavailable, match="gym") as raised:
        judge({"task": "chain_sum", "seed": 1}, "1")
    assert raised.value.retryable is False


def test_this_suite_has_its_library_where_it_must() -> None:
    if os.environ.get("CI"):
        assert TASKS
