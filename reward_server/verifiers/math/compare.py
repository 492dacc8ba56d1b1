"""The third tier: comparison by shape, with the elements compared in turn; one rule for each pair of kinds.

Every rule is symmetric: ``compare(a, b)`` and ``compare(b, a)`` say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reward_server.verifiers.math import equations, units
from reward_server.verifiers.math.canonical import canonical
from reward_server.verifiers.math.conversion import factor
from reward_server.verifiers.math.exact import exact
from reward_server.verifiers.math.judgement import Budget, Judgement, different, same
from reward_server.verifiers.math.limits import NotMath
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym, Words, operations_of, symbols_of
from reward_server.verifiers.math.numerals import tidy
from reward_server.verifiers.math.params import MathParams
from reward_server.verifiers.math.parser import parse
from reward_server.verifiers.math.reals import region
from reward_server.verifiers.math.scalars import compare_scalars, rounds
from reward_server.verifiers.math.sequences import Sequences
from reward_server.verifiers.math.shapes import (
    EMPTY,
    distributed,
    is_label,
    items,
    kind,
    labelled,
    normal,
    renamed,
    signs,
)  # fmt: skip
from reward_server.verifiers.math.symbols import CONSTANTS
from reward_server.verifiers.math.tokens import tokenize


class Comparer(Sequences):
    """One comparison: the policies, and what is left of its budget."""

    def __init__(self, params: MathParams, budget: Budget | None = None) -> None:
        super().__init__(params, budget or Budget(tolerance=params.tolerance))

    def compare(self, a: Node, b: Node) -> Judgement:
        r"""Whether two answers are the same. Raises ``Spent``.

        >>> from reward_server.verifiers.math.reading import read
        >>> Comparer(MathParams()).compare(read(r"\{1, 2\}"), read(r"\{2, 1\}")).tier
        'structure'
        >>> Comparer(MathParams()).compare(read("(0, 1)"), read("[0, 1]")).why
        'the brackets differ'
        """
        self.budget.spend(4)
        a, b = self.rounded_off(normal(a)), self.rounded_off(normal(b))
        if a == b:
            return same("identical")
        found = self.of_equalities(a, b)
        if found is not None:
            return found
        kinds = kind(a), kind(b)
        if kinds[0] > kinds[1]:
            a, b, kinds = b, a, (kinds[1], kinds[0])
        if _may_be_regions(*kinds):
            regions = region(a, self.budget), region(b, self.budget)
            if regions[0] is not None and regions[1] is not None:
                return self.regions(regions[0], regions[1])
        rule = _RULES.get(kinds)
        if rule is None:
            return different("structure", f"one is a {kinds[0]}, the other a {kinds[1]}")
        return rule(self, a, b)

    # Equations and labels.

    def of_equalities(self, a: Node, b: Node) -> Judgement | None:
        """Where one side is an equation: labels against values, or equation against equation."""
        is_equation = equations.is_equality(a), equations.is_equality(b)
        if not any(is_equation):
            return self.of_lists(a, b)
        for one, other in ((a, b), (b, a)):
            if isinstance(one, Apply) and one.op == "approx" and not equations.is_equality(other):
                exact_side, decimal = one.args
                if not is_label(exact_side) and rounds(exact_side, decimal, self.budget):
                    return self.compare(exact_side, other)
        (label_a, value_a), (label_b, value_b) = labelled(a), labelled(b)
        if all(is_equation):
            if label_a is not None and label_b is not None:
                if equations.same_label(label_a, label_b):
                    return self.members(value_a, value_b)
                renaming = equations.same_function(label_a, label_b)
                if renaming:
                    free = {new: Sym(f"{canonical(new)} free") for new in renaming.values()}  # f(y) = x is not f(x) = x
                    return self.members(value_a, renamed(value_b, free | renaming))
            return equations.compare(a, b, self.budget)
        other, label, value = (b, label_a, value_a) if is_equation[0] else (a, label_b, value_b)
        if kind(other) == "relation" or (kind(other) == "list" and label is None):
            return different("structure", "an equation against something else")
        if value is a or value is b:
            return different("structure", "an equation against a value")
        return self.members(value, other)

    def rounded_off(self, node: Node) -> Node:
        """A chain without the decimal that it ends in: ``x = \\sqrt{2} \\approx 1.41`` says ``x = \\sqrt{2}``."""
        if not (isinstance(node, Apply) and node.op == "chain" and len(node.args) > 1):
            return node
        last = node.args[-1]
        if not (isinstance(last, Apply) and last.op == "approx" and rounds(last.args[0], last.args[1], self.budget)):
            return node
        return node.args[0] if len(node.args) == 2 else Apply("chain", node.args[:-1])

    def members(self, a: Node, b: Node) -> Judgement:
        """Compare where either side may be a chain of equal members, all of which must meet the other."""
        if isinstance(a, Apply) and a.op == "same":
            return self.all_of(self.members(member, b) for member in a.args)
        if isinstance(b, Apply) and b.op == "same":
            return self.all_of(self.members(a, member) for member in b.args)
        return self.compare(a, b)

    def of_lists(self, a: Node, b: Node) -> Judgement | None:
        """Labels of lists off: ``x = 1, x = 2`` against ``1, 2``, ``x = 1, y = 2`` against ``(1, 2)``."""
        if kind(a) != "list" and kind(b) != "list":
            return None
        a_label, a_values = distributed(a.args) if kind(a) == "list" and isinstance(a, Apply) else (None, ())
        b_label, b_values = distributed(b.args) if kind(b) == "list" and isinstance(b, Apply) else (None, ())
        for label, values in ((a_label, b_values), (b_label, a_values)):
            others = [labelled(value)[0] for value in values]
            if label is not None and any(other and not _same_letter(label, other) for other in others):
                return different("structure", f"{canonical(label)} is not what the other side names")
        if a_label is not None and b_label is not None and not equations.same_label(a_label, b_label):
            return different("structure", f"{canonical(a_label)} is not {canonical(b_label)}")
        if a_label is not None:
            return self.compare(Apply("list", a_values), b if b_label is None else Apply("list", b_values))
        if b_label is not None:
            return self.compare(a, Apply("list", b_values))
        named = [
            [labelled(value) for value in values]
            if values and all(labelled(v)[0] is not None for v in values)
            else None
            for values in (a_values, b_values)
        ]
        if named[0] is not None and named[1] is None and kind(b) in ("list", "group", "set"):
            return self.compare(_values(named[0]), b)
        if named[1] is not None and named[0] is None and kind(a) in ("list", "group", "set"):
            return self.compare(a, _values(named[1]))
        return None

    # Values.

    def scalars(self, a: Node, b: Node) -> Judgement:
        left, right = signs(a), signs(b)
        if len(left) > 1 or len(right) > 1:
            return self.unordered(left, right)
        if self.params.modulo is not None:
            residues = [exact(Apply("mod", (node, Num(self.params.modulo)))) for node in (left[0], right[0])]
            if None not in residues:
                return same("exact") if residues[0] == residues[1] else different("exact", "the residues differ")
        found = compare_scalars(left[0], right[0], self.budget)
        if found.equal:
            return found
        for one, other in ((a, b), (b, a)):
            bare = _bare(one, self.params.percent == "loose")
            if bare is not None and _bare(other, True) is None and compare_scalars(bare, other, self.budget).equal:
                return same("structure")
        return found

    def words(self, a: Node, b: Node) -> Judgement:
        left, right = (_plain(node, self.params.case) for node in (a, b))
        if left == right or (left in EMPTY and right in EMPTY):
            return same("text")
        return different("text", f"{left!r} is not {right!r}")

    def words_against(self, a: Node, b: Node) -> Judgement:
        text = _plain(a if isinstance(a, Words) else b, "words")
        other = b if isinstance(a, Words) else a
        if text in EMPTY and kind(other) == "set" and not items(other):
            return same("text")
        letters = other.args if isinstance(other, Apply) and other.op == "mul" else (other,)
        if all(isinstance(letter, Sym) for letter in letters):
            spelled = "".join(letter.name for letter in letters if isinstance(letter, Sym))
            if _plain(Words(spelled), self.params.case) == text:
                return same("text")
        return different("structure", f"words against a {kind(other)}")

    def quantities(self, a: Node, b: Node) -> Judgement:
        """Values with units; one of the two may have lost its unit."""
        both = [node for node in (a, b) if kind(node) == "quantity"]
        if any(isinstance(node, Apply) and node.op == "compound" for node in both):
            if len(both) == 2 and isinstance(a, Apply) and isinstance(b, Apply) and a.op == b.op:
                return self.elementwise(a.args, b.args)
            return different("structure", "a quantity in parts")
        left, left_unit = _quantity(a)
        right, right_unit = _quantity(b)
        if len(both) == 2:
            if not units.compatible(left_unit, right_unit):
                scale = factor(left_unit, right_unit) if self.params.units == "convert" else None
                if scale is None:
                    return different("structure", f"the unit {left_unit!r} is not {right_unit!r}")
                return self.compare(Apply("mul", (left, Num(tidy(scale)))), right)
        elif _bare(right if left_unit else left, True) is not None and not (left_unit + right_unit).startswith(
            "degree"
        ):
            if left_unit + right_unit == "rad":
                return compare_scalars(left, right, self.budget)
            return different("structure", f"{left_unit + right_unit!r} is no angle, and no share")
        elif (left_unit + right_unit).endswith("?") or self.params.units == "required":
            return different("structure", f"{left_unit + right_unit!r} is no unit")
        if len(both) == 1 and symbols_of(right if left_unit else left) - CONSTANTS - symbols_of(
            left if left_unit else right
        ):
            return self.spelled_out(*((left, left_unit, right) if left_unit else (right, right_unit, left)))
        return self.compare(left, right)

    def spelled_out(self, value: Node, unit: str, other: Node) -> Judgement:
        """A unit against one whose letters were read as a product: ``5\\text{ m/s}`` and ``5m/s``."""
        try:
            return self.compare(Apply("mul", (value, parse(tokenize(unit)))), other)
        except NotMath:
            return different("structure", f"the unit {unit!r} against letters")

    def residue(self, a: Node, b: Node) -> Judgement:
        """``x ≡ 3 (mod 7)`` against ``3 (mod 7)``."""
        relation, value = (a, b) if kind(a) == "relation" else (b, a)
        assert isinstance(relation, Apply)
        if relation.op != "cong" or not is_label(relation.args[0]):
            return different("structure", "a relation against a value")
        return self.compare(relation.args[1], value)

    def residues(self, a: Node, b: Node) -> Judgement:
        """``7 (mod 5)`` against ``2 (mod 5)``, and against the remainder alone."""
        assert isinstance(a, Apply)
        if not (isinstance(b, Apply) and b.op == "residue"):
            value, modulus = map(exact, a.args)
            if value is None or modulus is None or not 0 <= value < modulus:
                return different("structure", "a residue against a number")
            return self.compare(a.args[0], b)
        left, right = (Apply("mod", node.args) for node in (a, b))
        if exact(left) is None or exact(right) is None:
            return self.elementwise(a.args, b.args)
        return self.elementwise((left, a.args[1]), (right, b.args[1]))

    def components(self, a: Node, b: Node) -> Judgement:
        r"""``(3, -1, 2)`` against ``3\mathbf{i} - \mathbf{j} + 2\mathbf{k}``."""
        assert isinstance(a, Apply)
        for prefix in ("", "hat:", "vec:"):
            units_ = tuple(Sym(f"{prefix}{letter}") for letter in "ijk"[: len(a.args)])
            if a.op == "tuple" and len(a.args) in (2, 3) and units_[-1].name in symbols_of(b):
                terms = tuple(Apply("mul", pair) for pair in zip(a.args, units_, strict=True))
                return compare_scalars(Apply("add", terms), b, self.budget)
        return different("structure", "a tuple against a value")

    def relations(self, a: Node, b: Node) -> Judgement:
        if isinstance(a, Apply) and isinstance(b, Apply) and a.op == b.op == "cong":
            if equations.same_label(a.args[0], b.args[0]) and kind(a.args[1]) == kind(b.args[1]) == "residue":
                return self.residues(a.args[1], b.args[1])
        return equations.compare(a, b, self.budget)

    def structures(self, a: Node, b: Node) -> Judgement:
        if isinstance(a, Apply) and isinstance(b, Apply) and a.op == b.op and a.op in ("union", "intersection"):
            return self.unordered(a.args, b.args)
        return equations.same_structure(a, b, self.budget)


def _values(named: list[tuple[Node | None, Node]]) -> Node:
    """What labels name: of one letter with indices in any order (``x_1 = 2, x_2 = 3``), of several in theirs."""
    labels = [label for label, _ in named if label is not None]
    one = all(_same_letter(labels[0], label) for label in labels)
    return Apply("list" if one else "tuple", tuple(value for _, value in named))


def _same_letter(a: Node, b: Node) -> bool:
    """Whether two labels name the same, but for an index."""
    return equations.same_label(a, b) or canonical(a).partition("_")[0] == canonical(b).partition("_")[0]


def _may_be_regions(a: str, b: str) -> bool:
    """Whether sides of these kinds are compared as sets of reals where both are some: one must be a set for sure."""
    return {a, b} <= _REGIONS and (a, b) not in _ITEMWISE


def _bare(node: Node, percent: bool) -> Node | None:
    """What stands before a degree sign, or a percent sign; None where there is none."""
    if isinstance(node, Apply) and operations_of(node) & _MARKS:
        if node.op == "degree" or (node.op == "percent" and percent):
            return None if "pi" in symbols_of(node) else node.args[0]
        if node.op in _LINEAR:
            inner = [_bare(arg, percent) for arg in node.args]
            if any(arg is not None for arg in inner):
                return Apply(node.op, tuple(new or old for new, old in zip(inner, node.args, strict=True)))
    return None


def _quantity(node: Node) -> tuple[Node, str]:
    if isinstance(node, Apply) and node.op == "quantity" and isinstance(node.args[1], Words):
        return node.args[0], node.args[1].text
    return node, ""


def _plain(node: Node, case: str) -> str:
    text = node.text if isinstance(node, Words) else canonical(node)
    text = " ".join(text.replace("-", " ").strip(" .,;:!?'\"").split())
    if case == "fold" or (case == "words" and len(text) > 1):
        text = text.casefold()
    for article in ("the ", "a ", "an "):
        text = text.removeprefix(article)
    return _SAID_OTHERWISE.get(text, text)


_SAID_OTHERWISE: Final = {
    "dne": "does not exist", "do not exist": "does not exist", "infinitely many solutions": "infinitely many",
    "infinite solutions": "infinitely many", "infinite number of solutions": "infinitely many",
}  # fmt: skip
_MARKS: Final = frozenset({"degree", "percent"})
_LINEAR: Final = frozenset({"neg", "add", "mul", "div"})
_REGIONS: Final = frozenset({"region", "relation", "group", "set", "list", "scalar"})
_ITEMWISE: Final = frozenset({("group", "group"), ("group", "set"), ("scalar", "scalar"), ("set", "set")})
_RULES: Final[dict[tuple[str, str], Callable[[Comparer, Node, Node], Judgement]]] = {
    ("scalar", "scalar"): Comparer.scalars,
    ("words", "words"): Comparer.words,
    ("scalar", "words"): Comparer.words_against,
    ("set", "words"): Comparer.words_against,
    ("quantity", "quantity"): Comparer.quantities,
    ("quantity", "scalar"): Comparer.quantities,
    ("group", "quantity"): Comparer.quantities,
    ("list", "quantity"): Comparer.single,
    ("list", "list"): Comparer.lists,
    ("list", "set"): Comparer.lists,
    ("group", "list"): Comparer.lists,
    ("list", "scalar"): Comparer.single,
    ("list", "words"): Comparer.single,
    ("list", "matrix"): Comparer.single,
    ("group", "set"): Comparer.point_of_set,
    ("group", "relation"): Comparer.interval_said,
    ("relation", "residue"): Comparer.residue,
    ("residue", "residue"): Comparer.residues,
    ("residue", "scalar"): Comparer.residues,
    ("group", "scalar"): Comparer.components,
    ("scalar", "set"): Comparer.single,
    ("set", "set"): Comparer.sets,
    ("group", "group"): Comparer.groups,
    ("matrix", "matrix"): Comparer.matrices,
    ("group", "matrix"): Comparer.vectors,
    ("ratio", "ratio"): Comparer.ratios,
    ("ratio", "scalar"): Comparer.ratio_value,
    ("relation", "relation"): Comparer.relations,
    ("cases", "cases"): Comparer.tables,
    ("cases", "list"): Comparer.system,
    ("region", "region"): Comparer.structures,
}  # fmt: skip
"""By the kinds of both sides in alphabetical order."""
