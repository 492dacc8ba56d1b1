"""SMT-LIB terms as formulas: ``(=> (> x 2) (> (* 2 x) 4))``, with or without ``(assert …)``. No other command."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from reward_server.verifiers.logic.syntax import (
    FALSE,
    MAX_DEPTH,
    MAX_TOKENS,
    TRUE,
    Atom,
    Binary,
    Connective,
    Formula,
    Not,
    Quantified,
    SyntaxFault,
    Term,
)  # fmt: skip

_TOKEN = re.compile(r"\s+|;[^\n]*|([()])|([^\s();]{1,200})")
_JOINED: dict[str, Connective] = {"and": "&", "or": "|", "=>": "->"}
_COMPARED = {"=": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_COMPUTED = {"+": "+", "-": "-", "*": "*", "/": "/"}
Tree = str | list["Tree"]


def parse_smtlib(text: str, sorts: Mapping[str, str] | None = None) -> Formula:
    """The formula; a quantifier may declare a number only with the sort that its name has. Raises ``SyntaxFault``."""
    tokens = list(_tokens(text))
    position = 0

    def read(depth: int) -> Tree:
        nonlocal position
        if position >= len(tokens):
            raise SyntaxFault("a bracket is not closed")
        if depth > MAX_DEPTH:
            raise SyntaxFault(f"nested deeper than {MAX_DEPTH}")
        token = tokens[position]
        position += 1
        if token == ")":
            raise SyntaxFault("a bracket is not opened")
        if token != "(":
            return token
        inner: list[Tree] = []
        while position < len(tokens) and tokens[position] != ")":
            inner.append(read(depth + 1))
        if position >= len(tokens):
            raise SyntaxFault("a bracket is not closed")
        position += 1
        return inner

    tree = read(0)
    if position < len(tokens):
        raise SyntaxFault("text after the formula")
    if isinstance(tree, list) and len(tree) == 2 and tree[0] == "assert":
        tree = tree[1]
    return _formula(tree, sorts or {})


def _tokens(text: str) -> Iterator[str]:
    for count, match in enumerate(_TOKEN.finditer(text)):
        if count > MAX_TOKENS * 2:
            raise SyntaxFault("too many symbols")
        if match[1] or match[2]:
            yield match[1] or match[2]


def _formula(tree: Tree, sorts: Mapping[str, str]) -> Formula:
    if isinstance(tree, str):
        return {"true": TRUE, "false": FALSE}.get(tree) or Atom(_name(tree))
    if not tree or not isinstance(tree[0], str):
        raise SyntaxFault("an operator should stand first in brackets")
    head, parts = tree[0], tree[1:]
    if head == "not" and len(parts) == 1:
        return Not(_formula(parts[0], sorts))
    if head in _JOINED and parts:
        return _joined(_JOINED[head], [_formula(part, sorts) for part in parts])
    if head in ("forall", "exists") and len(parts) == 2 and isinstance(parts[0], list):
        kind: Literal["forall", "exists"] = "forall" if head == "forall" else "exists"
        body = _formula(parts[1], sorts)
        for declared in reversed(parts[0]):
            if not isinstance(declared, list) or len(declared) != 2 or not isinstance(declared[0], str):
                raise SyntaxFault("a quantifier declares (name Sort) pairs")
            if declared[1] in ("Int", "Real") and declared[1] != sorts.get(declared[0], "Real"):
                raise SyntaxFault(f"{declared[0][:40]} is not {declared[1]} by the variables of the reference")
            body = Quantified(kind, _name(declared[0]), body)
        return body
    if head == "=" and len(parts) == 2 and any(map(_boolean, parts)):
        return Binary("<->", _formula(parts[0], sorts), _formula(parts[1], sorts))
    if head == "distinct" and len(parts) == 2:
        return Not(Atom("=", (_term(parts[0]), _term(parts[1]))))
    if head in _COMPARED and len(parts) >= 2:
        terms = [_term(part) for part in parts]
        return _joined("&", [Atom(_COMPARED[head], pair) for pair in zip(terms, terms[1:], strict=False)])
    return Atom(_name(head), tuple(_term(part) for part in parts))


def _boolean(tree: Tree) -> bool:
    if isinstance(tree, str):
        return tree in ("true", "false")
    return bool(tree) and tree[0] in ("and", "or", "not", "=>", "forall", "exists", *_COMPARED)


def _joined(op: Connective, parts: list[Formula]) -> Formula:
    """Parts joined to the left; an implication to the right."""
    if len(parts) > MAX_DEPTH:
        raise SyntaxFault("too many parts")
    if op == "->":
        parts = parts[::-1]
    formula = parts[0]
    for part in parts[1:]:
        formula = Binary(op, part, formula) if op == "->" else Binary(op, formula, part)
    return formula


def _term(tree: Tree) -> Term:
    if isinstance(tree, str):
        if re.fullmatch(r"\d{1,200}(?:\.\d{1,200})?", tree):
            return Term(tree)
        return Term(_name(tree))
    if not tree or not isinstance(tree[0], str):
        raise SyntaxFault("an operator should stand first in brackets")
    args = [_term(part) for part in tree[1:]]
    if tree[0] in _COMPUTED and args:
        if len(args) > MAX_DEPTH:
            raise SyntaxFault("too many parts")
        term = Term("-", (args[0],)) if len(args) == 1 and tree[0] == "-" else args[0]
        for arg in args[1:]:
            term = Term(tree[0], (term, arg))
        return term
    return Term(_name(tree[0]), tuple(args))


def _name(token: str) -> str:
    if not re.fullmatch(r"[^\W\d][\w!.'-]{0,99}", token):
        raise SyntaxFault(f"{token[:30]!r} is no name")
    return token
