r"""Formulas of propositional and first-order logic, with arithmetic comparisons: an immutable tree and its parser.

Connectives in ASCII (``~ & | -> <->``), Unicode (``¬ ∧ ∨ → ↔ ∀ ∃ ⊥``), LaTeX (``\lnot \land \to`` …) and words
(``not and or implies iff forall exists``). ``&`` binds tighter than ``|``, that tighter than ``->`` (to the right),
that tighter than ``<->``; a quantifier reaches as far as its brackets, or over one atom, negation or quantifier. In
the compact notation ``Rxy`` is ``R(x, y)``.

Theory of operation: one regular expression cuts tokens, names of connectives are looked up in a table, and a
precedence climber builds the tree. Size and depth are capped before anything is built on them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

MAX_TOKENS = 4_000
MAX_DEPTH = 80

Connective = Literal["&", "|", "->", "<->"]


class SyntaxFault(ValueError):
    """The text is no formula; the message says where it stops being one."""


@dataclass(frozen=True, slots=True)
class Term:
    """A variable, a constant, a number or a function of terms; operators ``+ - * / ^`` are functions too."""

    name: str
    args: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Atom:
    """A predicate of terms, or a propositional letter; a comparison is an atom named by its sign."""

    name: str
    args: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Constant:
    """True or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class Not:
    """A negation."""

    body: Formula


@dataclass(frozen=True, slots=True)
class Binary:
    """Two formulas joined."""

    op: Connective
    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Quantified:
    """``forall`` or ``exists`` over one variable."""

    kind: Literal["forall", "exists"]
    variable: str
    body: Formula


Formula = Atom | Constant | Not | Binary | Quantified
FALSE, TRUE = Constant(False), Constant(True)

SIGNS: Mapping[str, str] = {
    sign: name
    for name, signs in {
        "~": "~ ¬ ! − \\lnot \\neg \\sim not",
        "&": "& && ∧ /\\ ^^ · \\land \\wedge and",
        "|": "| || ∨ \\/ \\lor \\vee or",
        "->": "-> => → ⇒ ⊃ ==> --> \\to \\rightarrow \\Rightarrow \\implies \\supset implies",
        "<->": "<-> <=> ↔ ⇔ ≡ <==> <--> \\leftrightarrow \\Leftrightarrow \\iff \\equiv iff",
        "forall": "∀ \\forall forall all",
        "exists": "∃ \\exists exists some",
        "false": "⊥ # _|_ \\bot \\perp false FALSE False ↯ ⨳",
        "true": "⊤ \\top true TRUE True",
        "=": "= ==",
        "!=": "!= ≠ <> \\neq \\ne",
        "<=": "<= ≤ \\le \\leq",
        ">=": ">= ≥ \\ge \\geq",
        "<": "< \\lt",
        ">": "> \\gt",
        "+": "+", "-": "-", "*": "* × \\cdot \\times", "/": "/ ÷", "^": "^ **",
    }.items()
    for sign in signs.split()
}  # fmt: skip
_TOKEN = re.compile(
    r"\s+|\\[,;! ]|\$"
    r"|(?P<sign>"
    + "|".join(re.escape(one) for one in sorted(SIGNS, key=len, reverse=True) if not re.match(r"\\?[A-Za-z]", one))
    + r")|(?P<command>\\[A-Za-z]+)|(?P<number>\d{1,200}(?:\.\d{1,200})?)"
    + r"|(?P<name>[^\W\d_][\w']*)|(?P<mark>[()\[\]{},.:])"
)
_PRECEDENCE: Mapping[str, int] = {"<->": 1, "->": 2, "|": 3, "&": 4}
_ARITHMETIC: Mapping[str, int] = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}
_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">="))
_QUANTIFIERS = frozenset(("forall", "exists"))
_OPEN = {"(": ")", "[": "]", "{": "}"}


def parse(text: str, *, compact: bool = False) -> Formula:
    """The formula that ``text`` is, in the compact notation if told so; raises ``SyntaxFault``."""
    tokens = _typed(list(_tokens(text)))
    parser = _Parser(list(_spread(tokens)) if compact else tokens)
    formula = parser.formula(0, 0)
    parser.end()
    return formula


def parse_term(text: str) -> Term:
    """The term that ``text`` is: arithmetic with brackets; raises ``SyntaxFault``."""
    parser = _Parser(list(_tokens(text)))
    term = parser.term(0, 0)
    parser.end()
    return term


def is_compact(texts: Sequence[str]) -> bool:
    """Whether a quantified variable stands right behind the capital of a predicate in any of ``texts``."""
    for text in texts:
        quantified = re.finditer(r"\b(?:forall|exists)\s?([a-z])(?![\w'])|[∀∃]\s?([a-z])", text)
        bound = {match[1] or match[2] for match in quantified}
        atoms = re.findall(r"(?:(?<=[∀∃][a-z])|(?<![A-Za-z\\]))[A-Z][a-z]{1,6}(?![\w(\[])", text)
        if any(bound & set(atom[1:]) for atom in atoms):
            return True
    return False


def _typed(tokens: list[str]) -> list[str]:
    """Signs for letters: ``^`` is "and" where nothing is a number or compared, ``v`` is "or" between two parts."""
    numbers = any(token in _COMPARISONS or token[0].isdigit() for token in tokens)
    typed: list[str] = []
    for token, following in zip(tokens, [*tokens[1:], ""], strict=False):
        begins = following in ("~", "(", "[") or following[:1].isalpha()
        disjunction = token == "v" and begins and _ends_a_part(typed)
        typed.append("&" if token == "^" and not numbers else "|" if disjunction else token)
    return typed


def _ends_a_part(tokens: list[str]) -> bool:
    """Whether a connective may follow: behind a bracket, or a name that no quantifier binds there."""
    before, last = ["", "", *tokens[-2:]][-2:]
    return last in (")", "]") or (last[:1].isalpha() and last not in _QUANTIFIERS and before not in _QUANTIFIERS)


def _spread(tokens: Iterable[str]) -> Iterator[str]:
    """``Rxy`` as ``R ( x , y )``, and ``xRxy`` after a quantifier as ``x R ( x , y )``."""
    for token in tokens:
        match = re.fullmatch(r"([a-z])?(?:([A-Z])([a-z]{1,6}))?", token)
        if match is None or not match[2]:
            yield token
            continue
        if match[1]:
            yield match[1]
        yield from (match[2], "(", *",".join(match[3]), ")")


def _tokens(text: str) -> Iterator[str]:
    position = count = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise SyntaxFault(f"unexpected {text[position : position + 20]!r}")
        position = match.end()
        if match.lastgroup is None:
            continue
        count += 1
        if count > MAX_TOKENS:
            raise SyntaxFault(f"more than {MAX_TOKENS} symbols")
        token = match[0]
        if match.lastgroup == "command":
            if token in ("\\left", "\\right", "\\quad", "\\big", "\\Big"):
                continue
            if token not in SIGNS:
                raise SyntaxFault(f"unknown command {token[:20]!r}")
        yield SIGNS.get(token, token)


class _Parser:
    """Precedence climbing over a list of tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise SyntaxFault(f"expected {token!r}")

    def end(self) -> None:
        if self.position < len(self.tokens):
            raise SyntaxFault(f"unexpected {self.peek()[:20]!r}")

    def formula(self, least: int, depth: int) -> Formula:
        """A formula whose connectives bind at least as tightly as ``least``."""
        if depth > MAX_DEPTH:
            raise SyntaxFault(f"nested deeper than {MAX_DEPTH}")
        left = self.unary(depth)
        links = 0
        while (op := self.peek()) in _PRECEDENCE and _PRECEDENCE[op] >= least:
            self.take()
            links += 1
            if depth + links > MAX_DEPTH:
                raise SyntaxFault(f"a chain of more than {MAX_DEPTH} connectives")
            tighter = _PRECEDENCE[op] + (0 if op == "->" else 1)
            right = self.formula(tighter, depth + links)
            left = Binary(op, left, right)  # type: ignore[arg-type]  # the keys of _PRECEDENCE
        return left

    def unary(self, depth: int) -> Formula:
        if depth > MAX_DEPTH:
            raise SyntaxFault(f"nested deeper than {MAX_DEPTH}")
        token = self.peek()
        if token == "~":
            self.take()
            return Not(self.unary(depth + 1))
        if token in ("forall", "exists"):
            return self.quantified(depth)
        if token in ("false", "true"):
            self.take()
            return TRUE if token == "true" else FALSE
        if token in _OPEN:
            return self.bracketed(depth)
        return self.atom(depth)

    def quantified(self, depth: int) -> Formula:
        kind: Literal["forall", "exists"] = "forall" if self.take() == "forall" else "exists"
        names = [self.name()]
        while self.peek() == ",":
            self.take()
            names.append(self.name())
        if len(names) + depth > MAX_DEPTH:
            raise SyntaxFault("too many variables")
        if self.peek() in (".", ":", ","):
            self.take()
            body = self.formula(0, depth + len(names))
        else:
            body = self.unary(depth + len(names))
        for name in reversed(names):
            body = Quantified(kind, name, body)
        return body

    def bracketed(self, depth: int) -> Formula:
        """``(formula)``, the older quantifier ``(x)``-free; or an atom that begins with a bracketed term."""
        start = self.position
        closing = _OPEN[self.take()]
        if self.peek() in ("forall", "exists") and self.tokens[self.position + 2 : self.position + 3] == [closing]:
            kind: Literal["forall", "exists"] = "forall" if self.take() == "forall" else "exists"
            variable = self.name()
            self.expect(closing)
            return Quantified(kind, variable, self.unary(depth + 1))
        if self._term_bracket(start):
            self.position = start
            return self.atom(depth)
        inner = self.formula(0, depth + 1)
        self.expect(closing)
        return inner

    def _term_bracket(self, start: int) -> bool:
        """Whether the bracket at ``start`` closes before an arithmetic or comparison sign: it is part of a term."""
        level = 0
        for position in range(start, len(self.tokens)):
            token = self.tokens[position]
            level += (token in _OPEN) - (token in ")]}")
            if level == 0:
                after = self.tokens[position + 1 : position + 2]
                return bool(after) and (after[0] in _COMPARISONS or after[0] in _ARITHMETIC or after[0] == "(")
        return False

    def atom(self, depth: int) -> Formula:
        left = self.term(0, depth)
        sign = self.peek()
        if sign not in _COMPARISONS:
            if left.name in _ARITHMETIC or left.name[:1].isdigit():
                raise SyntaxFault("a term stands where a formula should")
            return Atom(left.name, left.args)
        parts: list[Formula] = []
        while self.peek() in _COMPARISONS:
            sign = self.take()
            right = self.term(0, depth)
            parts.append(Not(Atom("=", (left, right))) if sign == "!=" else Atom(sign, (left, right)))
            left = right
        if len(parts) > MAX_DEPTH:
            raise SyntaxFault("a chain of too many comparisons")
        formula = parts[0]
        for part in parts[1:]:
            formula = Binary("&", formula, part)
        return formula

    def term(self, least: int, depth: int) -> Term:
        if depth > MAX_DEPTH:
            raise SyntaxFault(f"nested deeper than {MAX_DEPTH}")
        left = self.factor(depth)
        links = 0
        while (op := self.peek()) in _ARITHMETIC and _ARITHMETIC[op] >= least:
            self.take()
            links += 1
            if depth + links > MAX_DEPTH:
                raise SyntaxFault(f"a chain of more than {MAX_DEPTH} operators")
            left = Term(op, (left, self.term(_ARITHMETIC[op] + (op != "^"), depth + links)))
        return left

    def factor(self, depth: int) -> Term:
        """A number, a name with its arguments, a bracket, a sign; ``2x`` and ``2(x)`` multiply."""
        token = self.peek()
        if token == "-":
            self.take()
            return Term("-", (self.factor(depth + 1) if depth < MAX_DEPTH else Term("0"),))
        if token in ("(", "["):
            self.take()
            inner = self.term(0, depth + 1)
            self.expect(_OPEN[token])
            return Term("*", (inner, self.factor(depth + 1))) if self.peek() == "(" else inner
        if token[:1].isdigit():
            self.take()
            number = Term(token)
            following = self.peek()
            if following == "(" or (following[:1].isalpha() and following not in _WORDS):
                return Term("*", (number, self.term(3, depth + 1)))
            return number
        name = self.name()
        if self.peek() in ("(", "["):
            closing = _OPEN[self.take()]
            args = [self.term(0, depth + 1)]
            while self.peek() == ",":
                self.take()
                args.append(self.term(0, depth + 1))
            self.expect(closing)
            return Term(name, tuple(args))
        return Term(name)

    def name(self) -> str:
        token = self.take()
        if not token[:1].isalpha() or token in _WORDS:
            raise SyntaxFault(f"expected a name, found {token[:20]!r}" if token else "the formula ends too early")
        return token


_WORDS = frozenset(("forall", "exists", "true", "false"))


def show(formula: Formula) -> str:
    """The formula in ASCII, with brackets around every joined part."""
    match formula:
        case Constant():
            return "true" if formula.value else "false"
        case Not():
            return "~" + show(formula.body)
        case Binary():
            return f"({show(formula.left)} {formula.op} {show(formula.right)})"
        case Quantified():
            return f"{formula.kind} {formula.variable} {show(formula.body)}"
        case Atom() if formula.name in _COMPARISONS:
            return f"({show_term(formula.args[0])} {formula.name} {show_term(formula.args[1])})"
        case Atom():
            return show_term(Term(formula.name, formula.args))


def show_term(term: Term) -> str:
    """The term in ASCII."""
    if term.name in _ARITHMETIC:
        return "(" + (f" {term.name} ".join(map(show_term, term.args)) if len(term.args) > 1 else
                      term.name + show_term(term.args[0])) + ")"  # fmt: skip
    return term.name + (f"({', '.join(map(show_term, term.args))})" if term.args else "")
