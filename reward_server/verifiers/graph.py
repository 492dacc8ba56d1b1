"""Answers about a graph: paths, tours, colourings, orders, trees, matchings, covers."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Json, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, NoParams, StrictModel
from reward_server.verifiers.listing import Wrong, answer_list, answer_pairs, document
from reward_server.verifiers.structured import shown

Kind = Literal[
    "path", "hamiltonian_path", "hamiltonian_cycle", "coloring", "topological_order", "spanning_tree", "matching",
    "clique", "independent_set", "vertex_cover",
]  # fmt: skip


class GraphReference(StrictModel):
    """A graph, what is looked for in it, and how good it must be."""

    kind: Kind
    edges: list[tuple[str | int, str | int] | tuple[str | int, str | int, float]] = Field(
        max_length=100_000,
        description="Pairs of nodes, with a weight (1 where none is given; of parallel edges the least)",
    )
    nodes: list[str | int] = Field(default_factory=list, description="Nodes that no edge names, or all of them")
    directed: bool = False
    start: str | int | None = None
    goal: str | int | None = None
    colors: int | None = Field(None, ge=1, description="Coloring: how many colours may be used")
    at_most: float | None = Field(
        None, description="Largest length, weight or size allowed; the optimum, to ask for it"
    )
    at_least: float | None = Field(None, description="Smallest size allowed")


class GraphDetail(TypedDict, total=False):
    """What was answered, what is wrong with it, and its length, weight or size."""

    answer: str
    problem: str
    value: float


@dataclass(frozen=True, slots=True)
class GraphTask:
    """Nodes and weights of edges, nodes as text."""

    reference: GraphReference
    nodes: frozenset[str]
    weights: Mapping[tuple[str, str], float]

    def weight(self, left: str, right: str) -> float:
        """Weight of an edge; raises ``Wrong`` where there is none."""
        if (left, right) not in self.weights:
            raise Wrong(f"there is no edge from {left[:40]!r} to {right[:40]!r}")
        return self.weights[left, right]


class Graph:
    """Right if the answer is a path, tour, colouring, order, tree, matching, clique or cover of the given graph.

    Nodes are listed as a JSON array, or as ``A -> B -> C`` or ``A, B, C`` in the stated answer or last line; a
    colouring is a JSON object or ``A: red, B: blue``; a tree or matching is a JSON array of pairs. ``at_most`` and
    ``at_least`` bound the length, weight or size; any answer within them is right.
    """

    name = "graph"
    version = "2"
    lane = Lane.CPU
    limits = Limits(time_s=5.0)
    cost_s = 1e-4
    Reference = GraphReference
    Params = NoParams
    Detail = GraphDetail
    examples = (
        Example("a path", {"kind": "path", "edges": [["A", "B"], ["B", "C"]], "start": "A", "goal": "C"},
                "A -> B -> C", Outcome.CORRECT),
        Example("a missing edge", {"kind": "path", "edges": [["A", "B"], ["B", "C"]], "start": "A", "goal": "C"},
                "Answer: A -> C", Outcome.INCORRECT),
        Example("a colouring", {"kind": "coloring", "edges": [[1, 2], [2, 3]], "colors": 2},
                '{"1": "red", "2": "blue", "3": "red"}', Outcome.CORRECT),
        Example("an order", {"kind": "topological_order", "edges": [["a", "b"], ["a", "c"]], "directed": True},
                "[\"a\", \"c\", \"b\"]", Outcome.CORRECT),
        Example("nothing", {"kind": "clique", "edges": [[1, 2]], "at_least": 2}, "", Outcome.NO_ANSWER),
    )  # fmt: skip

    def prepare(self, reference: GraphReference, params: NoParams, context: Context) -> GraphTask:
        """Index the graph; raises ``InvalidTask``."""
        weights: dict[tuple[str, str], float] = {}
        for left, right, *weight in reference.edges:
            pairs = [(str(left), str(right))] + ([] if reference.directed else [(str(right), str(left))])
            cost = float(weight[0]) if weight else 1.0
            weights.update({pair: min(cost, weights.get(pair, cost)) for pair in pairs})
        nodes = frozenset(map(str, reference.nodes)) | {node for pair in weights for node in pair}
        if not nodes:
            raise InvalidTask("the graph has no node")
        ends = [end for end in (reference.start, reference.goal) if end is not None]
        if any(str(end) not in nodes for end in ends):
            raise InvalidTask("start or goal is no node of the graph")
        if reference.kind == "path" and len(ends) < 2:
            raise InvalidTask("a path needs start and goal")
        if reference.kind == "coloring" and reference.colors is None:
            raise InvalidTask("a coloring needs the number of colors")
        if reference.kind in ("clique", "independent_set", "matching") and reference.at_least is None:
            raise InvalidTask(f"{reference.kind} needs at_least: the empty set would be right")
        if reference.kind == "vertex_cover" and reference.at_most is None:
            raise InvalidTask("vertex_cover needs at_most: all nodes would be right")
        if reference.kind == "topological_order" and not reference.directed:
            raise InvalidTask("a topological order is of a directed graph")
        return GraphTask(reference, nodes, weights)

    def verify(self, task: GraphTask, completion: Completion, context: Context) -> Verdict:
        """Read the answer in the shape of its kind and check it."""
        read, check = _KINDS[task.reference.kind]
        answer = read(completion.text)
        if not answer:
            return no_answer()
        detail: GraphDetail = {"answer": shown(answer)}
        try:
            value = check(task, answer)
            detail["value"] = value
            if task.reference.at_most is not None and value > task.reference.at_most + 1e-9:
                raise Wrong(f"{value:g} is more than {task.reference.at_most:g}")
            if task.reference.at_least is not None and value < task.reference.at_least - 1e-9:
                raise Wrong(f"{value:g} is less than {task.reference.at_least:g}")
        except Wrong as error:
            return incorrect({**detail, "problem": str(error)})
        return correct({**detail})


def _known(graph: GraphTask, nodes: Sequence[str], *, each_once: bool = True) -> None:
    for node in nodes:
        if node not in graph.nodes:
            raise Wrong(f"{node[:40]!r} is no node")
    if each_once and (twice := [node for node, count in Counter(nodes).items() if count > 1]):
        raise Wrong(f"{twice[0][:40]!r} stands twice")


def _ends(graph: GraphTask, nodes: Sequence[str]) -> None:
    start, goal = graph.reference.start, graph.reference.goal
    if start is not None and nodes[0] != str(start):
        raise Wrong(f"it does not start at {start}")
    if goal is not None and nodes[-1] != str(goal):
        raise Wrong(f"it does not end at {goal}")


def _path(graph: GraphTask, nodes: Sequence[str]) -> float:
    """A walk; where going round would pay, each node stands once."""
    pays = graph.reference.at_least is not None or min(graph.weights.values(), default=0.0) < 0
    _known(graph, nodes, each_once=pays)
    _ends(graph, nodes)
    return sum(graph.weight(a, b) for a, b in itertools.pairwise(nodes))


def _hamiltonian_path(graph: GraphTask, nodes: Sequence[str]) -> float:
    _known(graph, nodes)
    _all(graph, nodes)
    return _path(graph, nodes)


def _hamiltonian_cycle(graph: GraphTask, nodes: Sequence[str]) -> float:
    """Every node once; the first may stand again at the end."""
    if len(nodes) > 1 and nodes[0] == nodes[-1]:
        nodes = nodes[:-1]
    _known(graph, nodes)
    _all(graph, nodes)
    if len(nodes) < 3 and not graph.reference.directed:
        raise Wrong("a cycle has at least three nodes")
    return sum(graph.weight(a, b) for a, b in itertools.pairwise([*nodes, nodes[0]]))


def _all(graph: GraphTask, nodes: Sequence[str]) -> None:
    if missing := graph.nodes - set(nodes):
        raise Wrong(f"{min(missing)!r} is missing")


def _coloring(graph: GraphTask, colors: Mapping[str, str]) -> float:
    _known(graph, list(colors))
    _all(graph, list(colors))
    for left, right in graph.weights:
        if colors[left] == colors[right]:
            raise Wrong(f"{left!r} and {right!r} are neighbours of one colour")
    used = len(set(colors.values()))
    if used > (graph.reference.colors or 0):
        raise Wrong(f"{used} colours are used")
    return float(used)


def _topological_order(graph: GraphTask, nodes: Sequence[str]) -> float:
    _known(graph, nodes)
    _all(graph, nodes)
    place = {node: index for index, node in enumerate(nodes)}
    for left, right in graph.weights:
        if place[left] >= place[right]:
            raise Wrong(f"{left!r} must stand before {right!r}")
    return float(len(nodes))


def _edges(graph: GraphTask, pairs: Sequence[tuple[str, str]]) -> float:
    """Total weight; each edge there is, and once."""
    if len({frozenset(pair) for pair in pairs}) != len(pairs):
        raise Wrong("an edge stands twice")
    return sum(graph.weight(left, right) for left, right in pairs)


def _spanning_tree(graph: GraphTask, pairs: Sequence[tuple[str, str]]) -> float:
    total = _edges(graph, pairs)
    if len(pairs) != len(graph.nodes) - 1:
        raise Wrong(f"a tree over {len(graph.nodes)} nodes has {len(graph.nodes) - 1} edges, not {len(pairs)}")
    root = {node: node for node in graph.nodes}

    def find_root(node: str) -> str:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for left, right in pairs:
        if find_root(left) == find_root(right):
            raise Wrong(f"the edge {left!r} - {right!r} closes a cycle")
        root[find_root(left)] = find_root(right)
    return total


def _matching(graph: GraphTask, pairs: Sequence[tuple[str, str]]) -> float:
    _edges(graph, pairs)
    _known(graph, [node for pair in pairs for node in pair])
    return float(len(pairs))


def _clique(graph: GraphTask, nodes: Sequence[str]) -> float:
    _known(graph, nodes)
    for left, right in itertools.combinations(nodes, 2):
        graph.weight(left, right)
    return float(len(nodes))


def _independent_set(graph: GraphTask, nodes: Sequence[str]) -> float:
    _known(graph, nodes)
    chosen = set(nodes)
    for left, right in graph.weights:
        if left in chosen and right in chosen:
            raise Wrong(f"{left!r} and {right!r} are neighbours")
    return float(len(nodes))


def _vertex_cover(graph: GraphTask, nodes: Sequence[str]) -> float:
    _known(graph, nodes)
    chosen = set(nodes)
    for left, right in graph.weights:
        if left not in chosen and right not in chosen:
            raise Wrong(f"the edge {left!r} - {right!r} is not covered")
    return float(len(nodes))


def _answer_edges(text: str) -> list[tuple[str, str]] | None:
    value: Json = document(text)
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if not isinstance(value, list) or not all(isinstance(one, list) and len(one) in (2, 3) for one in value):
        return None
    return [(str(one[0]), str(one[1])) for one in value]


_KINDS: Mapping[Kind, tuple[Callable[[str], Json], Callable[[GraphTask, Json], float]]] = {
    "path": (answer_list, _path),
    "hamiltonian_path": (answer_list, _hamiltonian_path),
    "hamiltonian_cycle": (answer_list, _hamiltonian_cycle),
    "coloring": (answer_pairs, _coloring),
    "topological_order": (answer_list, _topological_order),
    "spanning_tree": (_answer_edges, _spanning_tree),
    "matching": (_answer_edges, _matching),
    "clique": (answer_list, _clique),
    "independent_set": (answer_list, _independent_set),
    "vertex_cover": (answer_list, _vertex_cover),
}
