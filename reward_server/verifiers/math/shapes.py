"""What kind of answer a tree is, and its parts in a common shape: labels off, signs expanded, lists flat."""

from __future__ import annotations

from typing import Final

from reward_server.verifiers.math.limits import MAX_ALTERNATIVES
from reward_server.verifiers.math.nodes import (
    GROUPS,
    RELATIONS,
    Apply,
    Node,
    Num,
    Sym,
    Words,
    operations_of,
    symbols_of,
)
from reward_server.verifiers.math.symbols import CONSTANTS

_LISTS: Final = frozenset({"list", "or", "and"})
_KINDS: Final = {
    "quantity": "quantity", "compound": "quantity", "matrix": "matrix", "cases": "cases", "ratio": "ratio",
    "residue": "residue",
    "set": "set", "builder": "region", "union": "region", "intersection": "region", "difference": "region",
    **dict.fromkeys(GROUPS, "group"), **dict.fromkeys(_LISTS, "list"), **dict.fromkeys(RELATIONS, "relation"),
    "chain": "relation", "implies": "relation", "to": "relation", "iff": "relation", "subset": "relation",
    "notin": "relation", "sim": "relation", "parallel": "relation", "perp": "relation", "propto": "relation",
}  # fmt: skip
EMPTY: Final = frozenset(
    {"no solution", "no solutions", "none", "no real solution", "no real solutions", "empty set", "the empty set"}
)


def kind(node: Node) -> str:
    """``scalar``, ``words``, or the shape of the outermost operation."""
    if isinstance(node, Apply):
        return _KINDS.get(node.op, "scalar")
    if isinstance(node, Words):
        return "words"
    return "set" if isinstance(node, Sym) and node.name == "emptyset" else "scalar"


def normal(node: Node) -> Node:
    """Spellings of one shape: a system is a list, ``(±1, 2)`` two points, ``P(1, 2)`` a point; a letter that runs
    through the integers is called k, and that it does so need not be said."""
    if not isinstance(node, Apply):
        return node
    if node.op == "cases" and all(isinstance(row, Apply) and len(row.args) == 1 for row in node.args):
        return Apply("list", tuple(row.args[0] for row in node.args if isinstance(row, Apply)))
    if node.op == "mul" and len(node.args) == 2:
        left, right = node.args
        if isinstance(left, Sym) and left.name.isupper() and isinstance(right, Apply) and right.op == "tuple":
            return right
        if _runs(right):
            return normal(Apply("list", node.args))
    if node.op == "in" and isinstance(node.args[1], Apply) and node.args[1].op == "set":
        return Apply("eq", node.args)  # x ∈ {1, 2} says x = 1, 2
    if node.op in GROUPS and _has_signs(node):
        return Apply("list", signs(node))
    if node.op in _LISTS:
        running = [arg.args[0] for arg in node.args if isinstance(arg, Apply) and _runs(arg)]
        kept = tuple(arg for arg in node.args if not _runs(arg))
        if running and kept:
            for name in running:
                if any(kind(arg) == "relation" for arg in kept):
                    continue  # n ≥ 3 says what n is
                kept = tuple(renamed(arg, {name: Sym("k")}) for arg in kept)
            return kept[0] if len(kept) == 1 else Apply(node.op, kept)
    return node


def _runs(node: Node) -> bool:
    """``k ∈ ℤ``."""
    return isinstance(node, Apply) and node.op == "in" and isinstance(node.args[0], Sym) and node.args[1] == Sym("ZZ")


def renamed(node: Node, names: dict[Node, Node]) -> Node:
    """The tree with letters called otherwise, all at once."""
    if isinstance(node, Apply):
        return Apply(node.op, tuple(renamed(arg, names) for arg in node.args))
    return names.get(node, node)


def between(node: Node) -> Node | None:
    """``a < x ≤ b`` as ``(a, b]``, whatever a and b are."""
    if not isinstance(node, Apply) or node.op != "chain" or len(node.args) != 2:
        return None
    first, second = node.args
    if not isinstance(first, Apply) or not isinstance(second, Apply) or not isinstance(first.args[1], Sym):
        return None
    ops = first.op, second.op
    low, high = first.args[0], second.args[1]
    if ops[0] in ("gt", "ge"):
        ops, low, high = (_TURNED.get(ops[1], ""), _TURNED.get(ops[0], "")), high, low
    op = _BETWEEN.get(ops)
    return None if op is None else Apply(op, (low, high))


_TURNED: Final = {"gt": "lt", "ge": "le"}
_BETWEEN: Final = {
    ("lt", "lt"): "tuple",
    ("le", "le"): "closed",
    ("lt", "le"): "open_closed",
    ("le", "lt"): "closed_open",
}


def items(node: Node) -> tuple[Node, ...]:
    """The values of a list, nested lists and plus-or-minus expanded; any other tree is its only value."""
    if isinstance(node, Apply) and node.op in _LISTS:
        return tuple(item for arg in node.args for item in items(arg))
    if isinstance(node, Apply) and node.op == "set":
        return tuple(item for arg in node.args for item in ((arg,) if kind(arg) == "set" else items(arg)))
    if node == Sym("emptyset"):
        return ()
    return signs(node)


def signs(node: Node) -> tuple[Node, ...]:
    """Both values of a plus-or-minus; all signs of one answer go together where a minus-or-plus is among them."""
    if not _has_signs(node):
        return (node,)
    if "mp" in operations_of(node):
        return (_signed(node, "add", "sub"), _signed(node, "sub", "add"))
    return tuple(dict.fromkeys(_each_sign(node)))[:MAX_ALTERNATIVES]


def _has_signs(node: Node) -> bool:
    return bool(operations_of(node) & _SIGNS)


_SIGNS: Final = frozenset({"pm", "mp"})


def _signed(node: Node, pm: str, mp: str) -> Node:
    if not isinstance(node, Apply):
        return node
    args = tuple(_signed(arg, pm, mp) for arg in node.args)
    sign = {"pm": pm, "mp": mp}.get(node.op)
    return Apply(node.op, args) if sign is None else _plus(args, sign)


def _plus(args: tuple[Node, ...], sign: str) -> Node:
    right = Apply("neg", (args[1],)) if sign == "sub" else args[1]
    return right if args[0] == Num(0) else Apply("add", (args[0], right))


def _each_sign(node: Node) -> list[Node]:
    if not isinstance(node, Apply):
        return [node]
    combined: list[tuple[Node, ...]] = [()]
    for arg in node.args:
        choices = _each_sign(arg)
        combined = [(*before, choice) for before in combined for choice in choices][:MAX_ALTERNATIVES]
    if node.op in ("pm", "mp"):
        return [_plus(args, sign) for args in combined for sign in ("add", "sub")][:MAX_ALTERNATIVES]
    return [Apply(node.op, args) for args in combined]


def is_label(node: Node) -> bool:
    """Whether the left of an equation only names what the right says: ``x``, ``AB``, ``f(x)``, ``a+b``, ``(x, y)``."""
    if isinstance(node, Sym):
        return node.name not in ("pi", "e", "i", "oo")
    if isinstance(node, Words):
        return True
    if not isinstance(node, Apply):
        return False
    if node.op == "quantity":
        return isinstance(node.args[1], Words) and is_label(node.args[0])
    if node.op in _OPERATORS or node.op == "call":
        return True
    if node.op == "mul" and isinstance(node.args[0], Sym) and kind(node.args[-1]) == "relation":
        return True  # P(X = 2)
    return node.op in _LABELS and all(is_label(arg) for arg in node.args)


_OPERATORS: Final = frozenset({"limit", "integral", "derivative", "sum", "product"})
_LABELS: Final = frozenset(
    "mul add div ratio abs tuple list matrix row sin cos tan cot sec csc log ln det max min gcd lcm floor ceil union "
    "intersection given".split()
)


def labelled(node: Node) -> tuple[Node | None, Node]:
    """A label and what it names: of ``x = 5``, ``5 = x``, ``x = y = 5``; else None and the tree itself.

    A chain that goes on after its label (``x = 2+3 = 5``) comes back as the ``and`` of its members, which a
    comparison must all meet.
    """
    if not isinstance(node, Apply):
        return None, node
    if node.op in ("eq", "approx"):
        members: tuple[Node, ...] = node.args
    elif node.op == "chain" and all(isinstance(link, Apply) and link.op in ("eq", "approx") for link in node.args):
        links = [link for link in node.args if isinstance(link, Apply)]
        members = (links[0].args[0], *(link.args[1] for link in links))
    else:
        return None, node
    if len(members) > 2 and is_label(members[0]) and not _letters(members[-1]):  # A = s^2 = 16: a formula on the way
        members = (members[0], *(member for member in members[1:] if not _letters(member)))
    named = [member for member in members if is_label(member)]
    values = [member for member in members if not is_label(member)]
    if len(values) == len(members) - 1 and len(values) >= 1:
        return named[0], values[0] if len(values) == 1 else Apply("same", tuple(values))
    if not named:
        return None, Apply("same", members)
    if len(members) == 2:
        return members[0], members[1]  # y = x: letters on both sides
    return None, node


def _letters(node: Node) -> frozenset[str]:
    return symbols_of(node) - CONSTANTS


def distributed(values: tuple[Node, ...]) -> tuple[Node | None, tuple[Node, ...]]:
    """One label for a list of values: ``x = 1, 2`` and ``x = 1, x = 2`` say x of both."""
    pairs = [labelled(value) for value in values]
    labels = {label for label, _ in pairs if label is not None}
    if len(labels) == 1 and (pairs[0][0] is not None):
        if all(label is not None for label, _ in pairs) or all(
            label is None and kind(value) != "relation" for (label, _), value in zip(pairs[1:], values[1:], strict=True)
        ):
            return pairs[0][0], tuple(item for _, value in pairs for item in signs(value))
    return None, values
