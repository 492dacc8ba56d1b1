"""Comparison of what has elements: lists, sets, tuples, intervals, matrices, ratios, tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

from reward_server.verifiers.math.canonical import canonical
from reward_server.verifiers.math.judgement import Budget, Judgement, different, same, undecided
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym, Words
from reward_server.verifiers.math.params import MathParams
from reward_server.verifiers.math.reals import Region
from reward_server.verifiers.math.scalars import compare_scalars
from reward_server.verifiers.math.shapes import between, items, kind, signs

_MAX_UNORDERED: Final = 60


class Sequences(ABC):
    """Rules that compare element by element; the elements are compared by ``compare``."""

    def __init__(self, params: MathParams, budget: Budget) -> None:
        self.params = params
        self.budget = budget

    @abstractmethod
    def compare(self, a: Node, b: Node) -> Judgement:
        """Whether two answers are the same."""

    def all_of(self, judgements: Iterable[Judgement]) -> Judgement:
        """Equal when all are; the first that is not decides."""
        tier = "structure"
        for found in judgements:
            if not found.equal:
                return found
            tier = found.tier if found.tier not in ("identical", "canonical") else tier
        return same(tier)

    def lists(self, a: Node, b: Node) -> Judgement:
        left, right = items(a), items(b)
        ops = {node.op for node in (a, b) if isinstance(node, Apply)}
        if "or" in ops and len(ops) > 1 and all(_is_name(item, ops) for item in (*left, *right)):
            return different("structure", "one leaves open which of them it is")
        ordered = self.params.order == "strict" and "set" not in (kind(a), kind(b))
        if "group" in (kind(a), kind(b)):
            group = a if kind(a) == "group" else b
            if isinstance(group, Apply) and group.op != "tuple" and not (group.op == "closed" and len(group.args) > 2):
                return different("structure", "a list against an interval")
            left, right = (
                node.args if kind(node) == "group" and isinstance(node, Apply) else items(node) for node in (a, b)
            )
            ordered = self.params.order != "any"
        if ordered:
            return self.elementwise(left, right)
        found = self.unordered(left, right)
        if found.equal and len(left) == len(right) and kind(a) == kind(b) == "list":
            return self.as_often(left, right, found)
        return found

    def as_often(self, left: tuple[Node, ...], right: tuple[Node, ...], found: Judgement) -> Judgement:
        """Of two lists of one length each value stands in both as often: ``1, 1, 2`` is not ``1, 2, 2``."""
        if len({canonical(node) for node in left}) == len(left):
            return found
        if len(left) > _MAX_UNORDERED:
            return found
        rest = list(right)
        for node in left:
            match = next((k for k, other in enumerate(rest) if self.compare(node, other).equal), None)
            if match is None:
                return different("structure", f"{canonical(node)} is not as often on one side")
            rest.pop(match)
        return found

    def single(self, a: Node, b: Node) -> Judgement:
        """A list or set of one value against that value; several boxes that all say the same."""
        many, one = (a, b) if kind(a) in ("list", "set") else (b, a)
        values = items(many)
        if not values:
            return different("structure", "nothing against a value")
        return self.unordered(values, signs(one))

    def point_of_set(self, a: Node, b: Node) -> Judgement:
        group, many = (a, b) if kind(a) == "group" else (b, a)
        values = items(many)
        return self.compare(values[0], group) if len(values) == 1 else different("structure", "a tuple against a set")

    def interval_said(self, a: Node, b: Node) -> Judgement:
        """``(a, b)`` with letters for ends against ``a < x < b``."""
        group, relation = (a, b) if kind(a) == "group" else (b, a)
        said = between(relation)
        return different("structure", "an interval against a relation") if said is None else self.groups(said, group)

    def sets(self, a: Node, b: Node) -> Judgement:
        return self.unordered(items(a), items(b))

    def groups(self, a: Node, b: Node) -> Judgement:
        assert isinstance(a, Apply) and isinstance(b, Apply)
        if a.op != b.op and not (len(a.args) > 2 and {a.op, b.op} <= {"tuple", "closed"}):
            return different("structure", "the brackets differ")
        if self.params.order == "any" and len(a.args) > 1 and a.op == b.op == "tuple":
            return self.unordered(a.args, b.args)
        return self.elementwise(a.args, b.args)

    def elementwise(self, left: tuple[Node, ...], right: tuple[Node, ...]) -> Judgement:
        if len(left) != len(right):
            return different("structure", f"{len(left)} against {len(right)} elements")
        tier = "structure"
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            found = self.compare(one, other)
            if not found.equal:
                return found._replace(why=f"element {index + 1}: {found.why}")
            if found.tier not in ("identical", "canonical", "exact"):
                tier = found.tier
        return same(tier)

    def unordered(self, left: tuple[Node, ...], right: tuple[Node, ...]) -> Judgement:
        """As sets: every value of each side is among the other's."""
        if len(left) > _MAX_UNORDERED or len(right) > _MAX_UNORDERED:
            return self.elementwise(left, right)
        missing = self.missing(left, right) or self.missing(right, left)
        if missing is not None:
            return missing
        return same("structure")

    def missing(self, left: tuple[Node, ...], right: tuple[Node, ...]) -> Judgement | None:
        known = {canonical(node) for node in right}
        for node in left:
            self.budget.spend(2)
            if canonical(node) in known:
                continue
            open_ = False
            for other in right:
                if (kind(node) == "set") is not (kind(other) == "set"):
                    continue  # {2} as an element is not 2
                found = self.compare(node, other)
                if found.equal:
                    break
                open_ = open_ or found.equal is None
            else:
                why = f"{canonical(node)} is only on one side"
                return undecided(why) if open_ else different("structure", why)
        return None

    def regions(self, a: Region, b: Region) -> Judgement:
        if a.variable and b.variable and a.variable != b.variable:
            return different("structure", f"{a.variable} is not {b.variable}")
        if len(a.pieces) != len(b.pieces):
            return different("region", f"{len(a.pieces)} against {len(b.pieces)} intervals")
        for one, other in zip(a.pieces, b.pieces, strict=True):
            if (one.low_closed, one.high_closed) != (other.low_closed, other.high_closed):
                return different("region", "an end belongs to one and not to the other")
            found = self.elementwise((one.low, one.high), (other.low, other.high))
            if not found.equal:
                return found
        return same("region")

    def matrices(self, a: Node, b: Node) -> Judgement:
        assert isinstance(a, Apply) and isinstance(b, Apply)
        if len(a.args) != len(b.args):
            return different("structure", f"{len(a.args)} against {len(b.args)} rows")
        return self.all_of(
            self.elementwise(one.args, other.args)
            for one, other in zip(a.args, b.args, strict=True)
            if isinstance(one, Apply) and isinstance(other, Apply)
        )

    def vectors(self, a: Node, b: Node) -> Judgement:
        matrix, group = (a, b) if kind(a) == "matrix" else (b, a)
        assert isinstance(matrix, Apply) and isinstance(group, Apply)
        rows = [row.args for row in matrix.args if isinstance(row, Apply)]
        if all(isinstance(arg, Apply) and arg.op == group.op == "closed" for arg in group.args):
            return self.matrices(matrix, group)
        is_vector = len(rows) == 1 or all(len(row) == 1 for row in rows)
        if self.params.vectors == "strict" or not is_vector:
            return different("structure", "a matrix against a tuple")
        return self.elementwise(tuple(cell for row in rows for cell in row), group.args)

    def ratios(self, a: Node, b: Node) -> Judgement:
        assert isinstance(a, Apply) and isinstance(b, Apply)
        if len(a.args) != len(b.args):
            return different("structure", "ratios of different length")
        if Num(0) in a.args or Num(0) in b.args:
            return self.elementwise(a.args, b.args)
        return self.all_of(
            compare_scalars(Apply("mul", (one, b.args[0])), Apply("mul", (other, a.args[0])), self.budget)
            for one, other in zip(a.args[1:], b.args[1:], strict=True)
        )

    def ratio_value(self, a: Node, b: Node) -> Judgement:
        ratio, value = (a, b) if kind(a) == "ratio" else (b, a)
        assert isinstance(ratio, Apply)
        if len(ratio.args) != 2:
            return different("structure", "a ratio of several against one value")
        return compare_scalars(Apply("div", ratio.args), value, self.budget)

    def tables(self, a: Node, b: Node) -> Judgement:
        """Cases and systems: the same rows in any order."""
        assert isinstance(a, Apply) and isinstance(b, Apply)
        return self.unordered(_rows(a), _rows(b))

    def system(self, a: Node, b: Node) -> Judgement:
        cases, other = (a, b) if kind(a) == "cases" else (b, a)
        assert isinstance(cases, Apply)
        if any(len(row.args) != 1 for row in cases.args if isinstance(row, Apply)):
            return different("structure", "cases against a list")
        return self.compare(Apply("list", _rows(cases)), other)


def _is_name(node: Node, ops: set[str]) -> bool:
    """Whether an item is a name: ``A or B`` is not ``A and B``, where ``x = 1 or x = 2`` is ``1, 2``."""
    return isinstance(node, Words) or (isinstance(node, Sym) and (node.name.isupper() or ops == {"and", "or"}))


def _rows(node: Apply) -> tuple[Node, ...]:
    rows: list[Node] = []
    for row in node.args:
        if isinstance(row, Apply) and row.op == "row":
            rows.append(row.args[0] if len(row.args) == 1 else Apply("tuple", row.args))
        else:
            rows.append(row)
    return tuple(rows)
