"""Any answer about a graph, and any plan, that keeps the rules is right."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.graph import Graph
from reward_server.verifiers.plan import Plan
from reward_server.verifiers.registry import Registry

REGISTRY = Registry()
REGISTRY.register(Graph())
REGISTRY.register(Plan())
SQUARE = [["A", "B", 1], ["B", "C", 2], ["C", "D", 3], ["D", "A", 4]]


def graph(kind: str, text: str, edges: Any = SQUARE, **more: Any) -> Verdict:
    return REGISTRY.verify_once("graph", {"kind": kind, "edges": edges, **more}, {}, Completion(text))


def plan(text: str, **reference: Any) -> Verdict:
    return REGISTRY.verify_once("plan", reference, {}, Completion(text))


@pytest.mark.parametrize(
    ("kind", "more", "right", "wrong"),
    [
        (
            "path",
            {"start": "A", "goal": "C"},
            [
                "A -> B -> C",
                '["A", "D", "C"]',
                "Answer: A, B, C",
                "\\boxed{A \\to B \\to C}",
                "The shortest path is A → B → C.",
                "Visit these: A, B, C",
            ],
            ["A -> C", "A -> B", "B -> C", "A -> X -> C"],
        ),
        ("path", {"start": "A", "goal": "C", "at_most": 3}, ["A -> B -> C"], ["A -> D -> C"]),
        ("path", {"start": "A", "goal": "C", "directed": True, "at_most": 3}, ["A -> B -> C"], ["A -> D -> C"]),
        ("path", {"start": "A", "goal": "C", "at_least": 6}, ["A -> D -> C"], ["A -> B -> A -> B -> A -> B -> C"]),
        ("path", {"edges": [["A", "B", 5], ["A", "B", 2]], "start": "A", "goal": "B", "at_most": 2}, ["A -> B"], ["B"]),
        (
            "path",
            {"edges": [["A", "B", -1], ["B", "A", -1], ["B", "C"]], "start": "A", "goal": "C", "at_most": 0},
            ["A -> B -> C"],
            ["A -> B -> A -> B -> C"],
        ),
        ("hamiltonian_path", {}, ["A -> B -> C -> D"], ["A -> B -> C", "A -> C -> B -> D", "A -> B -> A -> D"]),
        ("hamiltonian_cycle", {"at_most": 10}, ["A -> B -> C -> D -> A", '["B", "C", "D", "A"]'], ["A -> C -> B -> D"]),
        (
            "coloring",
            {"colors": 2},
            ['{"A": 1, "B": 2, "C": 1, "D": 2}', "A: red, B: blue, C: red, D: blue"],
            ['{"A": 1, "B": 1, "C": 2, "D": 2}', '{"A": 1, "B": 2}', '{"A": 1, "B": 2, "C": 3, "D": 2}', "A: 1, A: 2"],
        ),
        (
            "spanning_tree",
            {"at_most": 6},
            ['[["A", "B"], ["B", "C"], ["C", "D"]]'],
            [
                '[["A", "B"], ["B", "C"], ["D", "A"]]',
                '[["A", "B"], ["B", "A"], ["C", "D"]]',
                '[["A", "B"]]',
                '[["A", "C"], ["A", "B"], ["C", "D"]]',
            ],
        ),
        ("matching", {"at_least": 2}, ['[["A", "B"], ["C", "D"]]'], ['[["A", "B"], ["B", "C"]]', '[["A", "B"]]']),
        ("clique", {"at_least": 2}, ["A, B"], ["A, C", "A", "A, A", "A, B, C"]),
        ("independent_set", {"at_least": 2}, ["A, C"], ["A, B", "A, A"]),
        ("vertex_cover", {"at_most": 2}, ["A, C"], ["A, B", "A, B, C"]),
    ],
)
def test_graph_answers(kind: str, more: dict[str, Any], right: list[str], wrong: list[str]) -> None:
    for text in right:
        assert graph(kind, text, **more).outcome is Outcome.CORRECT, (text, dict(graph(kind, text, **more).detail))
    for text in wrong:
        assert graph(kind, text, **more).reward == 0.0, text


def test_random_walks_are_paths_and_a_skipped_node_breaks_them() -> None:
    source = random.Random(2)
    for _ in range(50):
        nodes = list(range(12))
        edges = [[a, b] for a in nodes for b in nodes if a < b and source.random() < 0.25] or [[0, 1]]
        ways = {(a, b) for a, b in edges} | {(b, a) for a, b in edges}
        walk = [source.choice(edges)[0]]
        for _ in range(5):
            walk.append(source.choice(sorted(b for a, b in ways if a == walk[-1])))
        asked = {"start": walk[0], "goal": walk[-1]}
        assert graph("path", json.dumps(walk), edges, **asked).reward == 1.0
        for cut in range(1, 5):
            if (walk[cut - 1], walk[cut + 1]) not in ways:
                assert graph("path", json.dumps(walk[:cut] + walk[cut + 1 :]), edges, **asked).reward == 0.0


def test_a_topological_order_is_any_that_respects_every_edge() -> None:
    edges = [["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"]]
    for text, right in (("a, b, c, d", True), ("a, c, b, d", True), ("b, a, c, d", False), ("a, b, d", False)):
        assert (graph("topological_order", text, edges, directed=True).reward == 1.0) is right


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("path", {}),
        ("path", {"start": "A", "goal": "Z"}),
        ("coloring", {}),
        ("clique", {}),
        ("vertex_cover", {}),
        ("topological_order", {}),
        ("no_such_kind", {}),
        ("matching", {}),
        ("independent_set", {"edges": []}),
    ],
)
def test_a_graph_task_that_asks_for_nothing_is_invalid(kind: str, more: dict[str, Any]) -> None:
    assert graph(kind, "A", **more).outcome is Outcome.INVALID_TASK


JOBS = {
    "a": {"duration": 2, "resource": "m"},
    "b": {"duration": 3, "resource": "m"},
    "c": {"duration": 1, "after": ["a", "b"], "deadline": 9},
}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('{"a": 0, "b": 2, "c": 5}', True),
        ("a: 3, b: 0, c: 5", True),
        ('{"a": 0, "b": 1, "c": 5}', False),
        ('{"a": 0, "b": 2, "c": 4}', False),
        ('{"a": 0, "b": 2}', False),
        ('{"a": 0, "b": 2, "c": 8.5}', False),
        ('{"a": -1, "b": 2, "c": 5}', False),
        ('{"a": "nan", "b": 2, "c": 5}', False),
        ('{"a": 0, "b": 2, "c": "inf"}', False),
    ],
)
def test_schedules(text: str, right: bool) -> None:
    assert (plan(text, kind="schedule", jobs=JOBS).reward == 1.0) is right


def test_a_schedule_may_have_to_end_in_time_and_a_resource_may_serve_several() -> None:
    late = '{"a": 0, "b": 2, "c": 6}'
    assert plan(late, kind="schedule", jobs=JOBS, at_most=6).reward == 0.0
    assert plan('{"a": 0, "b": 0, "c": 3}', kind="schedule", jobs=JOBS, capacity={"m": 2}, at_most=4).reward == 1.0


ACTIONS = {
    "open": {"needs": ["key"], "adds": ["door"], "cost": 2},
    "take": {"forbids": ["key"], "adds": ["key"]},
    "enter": {"needs": ["door"], "adds": ["inside"], "removes": ["outside"]},
}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("take -> open -> enter", True),
        ('["take", "open", "enter"]', True),
        ("open, enter", False),
        ("take, take, open, enter", False),
        ("take, open", False),
        ("take, open, fly", False),
        ("Answer: take\nopen\nenter", False),
    ],
)
def test_action_plans(text: str, right: bool) -> None:
    reference = {
        "kind": "actions",
        "actions": ACTIONS,
        "start": ["outside"],
        "goal": ["inside"],
        "goal_forbids": ["outside"],
    }
    assert (plan(text, **reference).reward == 1.0) is right
    assert plan(text, **reference, at_most=3).reward == 0.0


@pytest.mark.parametrize(
    ("values", "text", "right"),
    [
        ([3, 1, 2, 1], "1, 1, 2, 3", True),
        ([3, 1, 2, 1], "[1, 1, 2, 3]", True),
        ([3, 1, 2], "1, 2", False),
        ([3, 1], "3, 1", False),
        ([3, 1, 1], "1, 3, 3", False),
        (["b", "a"], '["a", "b"]', True),
        ([1.5, -2], "-2.0, 1.5", True),
        ([2, 1], "one, two", False),
    ],
)
def test_sortings(values: list[Any], text: str, right: bool) -> None:
    assert (plan(text, kind="sorting", values=values).reward == 1.0) is right


def test_packings() -> None:
    reference = {"kind": "packing", "sizes": {"x": 2, "y": 3, "z": 2}, "capacity": 5, "at_most": 2}
    assert plan('[["x", "y"], ["z"]]', **reference).reward == 1.0
    for text in (
        '[["x", "y", "z"]]',
        '[["x", "y"]]',
        '[["x"], ["y"], ["z"]]',
        '[["x", "x"], ["y", "z"]]',
        '["x"]',
        '{"a": 1}',
    ):
        assert plan(text, **reference).reward == 0.0
