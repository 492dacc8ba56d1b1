"""The parser's rules for what a term starts with, by the kind of its first token."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from reward_server.verifiers.math import numerals, units
from reward_server.verifiers.math.environments import Environments
from reward_server.verifiers.math.limits import NotMath
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym, Words
from reward_server.verifiers.math.powers import CALLS, IMPLICIT, PREFIX, SUM
from reward_server.verifiers.math.symbols import MULTIPLIERS, PARTS, SMALL_NUMBERS
from reward_server.verifiers.math.tokens import Token

_CLOSES: Final = {"(": ")", "[": "]", "{": "}", "<": ">", "floor": "floor", "ceil": "ceil"}
_GROUP: Final = {"()": "tuple", "[]": "closed", "(]": "open_closed", "[)": "closed_open", "<>": "tuple"}


class Atoms(Environments):
    """Numbers, letters, words, signs and brackets."""

    def first(self) -> Node:
        token = self.next()
        reader = _FIRST.get(token.kind)
        if reader is None:
            raise NotMath(f"an answer does not go on with {token.value or 'nothing'!r}")
        if token.kind in _LEAVES:
            return reader(self, token)
        self.enter()
        node = reader(self, token)
        self.depth -= 1
        return node

    def first_num(self, token: Token) -> Node:
        literal = token.value
        if len(literal) < 16 and literal.isdigit():
            return Num(int(literal))
        return self.decimal(literal) if "." in literal else numerals.number(literal)

    def decimal(self, literal: str) -> Node:
        """A number with a point; dots or a bar over digits after it say how it goes on."""
        if self.accept("DOTS"):
            return numerals.truncated(literal)
        if self.accept("OVERLINE"):
            self.accept("LBRACE")
            period = self.expect("NUM").value
            self.accept("RBRACE")
            return numerals.repeating(literal, period)
        if self.peek == ("ACCENT", "dot", False):
            return numerals.repeating(literal, self.dotted())
        if self.peek == ("OPEN", "(", False):
            inner, close = self.tokens[self.at + 1 : self.at + 3]
            if inner.kind == "NUM" and not inner.spaced and close == ("CLOSE", ")", False):  # 0.1(6)
                self.ambiguous = self.ambiguous or literal[-1] != "."
                if self.tight or literal[-1] == ".":
                    self.at += 2
                    self.next()
                    return numerals.repeating(literal, inner.value)
        return numerals.number(literal)

    def dotted(self) -> str:
        r"""The period under dots: ``\dot{3}``, ``\dot{1}42\dot{7}``."""
        period = ""
        for dots in range(2):
            if dots and self.peek.kind == "NUM" and self.tokens[self.at + 1].kind == "ACCENT":
                period += self.next().value
            if not self.accept("ACCENT", "dot"):
                break
            braced = self.accept("LBRACE")
            period += self.expect("NUM").value
            if braced:
                self.expect("RBRACE")
        return period

    def first_sym(self, token: Token) -> Node:
        name = token.value
        while True:
            if self.peek.kind == "SUB":
                self.next()
                name += "_" + self.subscript()
            elif self.peek.kind == "PRIME":
                name += "'" * len(self.next().value)
            elif self.peek[:2] == ("OPEN", "(") and name.split("_")[0].rstrip("'") in CALLS:
                inner = self.first()
                arguments = inner.args if isinstance(inner, Apply) and inner.op == "tuple" else (inner,)
                return Apply("call", (Sym(name), *arguments))
            else:
                return Sym(name)

    def subscript(self) -> str:
        """The text of an index, as part of a name."""
        if not self.accept("LBRACE"):
            return self.next().value
        parts: list[str] = []
        depth = 0
        while self.peek.kind != "END":
            if self.peek.kind == "RBRACE" and depth == 0:
                self.next()
                return "".join(parts)
            depth += {"LBRACE": 1, "RBRACE": -1}.get(self.peek.kind, 0)
            parts.append(self.next().value)
        raise NotMath("an index is not closed")

    def first_word(self, token: Token) -> Node:
        word, _, part = token.value.lower().partition("-")
        value = SMALL_NUMBERS.get(token.value.lower(), SMALL_NUMBERS.get(word) if part in PARTS else None)
        if value is None:
            signed = word in ("minus", "negative") and self.peek.kind in ("NUM", "WORD")
            if signed and (self.peek.kind == "NUM" or self.peek.value.lower() in SMALL_NUMBERS):
                return negative(self.first())
            return Words(token.value)
        if part not in PARTS:
            value = self.spelled(value)
            part = self.next().value.lower() if self.peek.kind == "WORD" and self.peek.value.lower() in PARTS else ""
        return Num(numerals.tidy(Fraction(value, PARTS[part]))) if part in PARTS else Num(value)

    def spelled(self, value: int) -> int:
        """A number in words that starts with ``value``: ``twenty one``, ``two hundred and five``."""
        total = 0
        while self.peek.kind == "WORD":
            word = self.peek.value.lower()
            more, scale = SMALL_NUMBERS.get(word), MULTIPLIERS.get(word)
            if scale == 100:
                value *= scale
            elif scale is not None and word != "dozen":
                total, value = total + value * scale, 0
            elif more is not None and (value % 100 == 0 or (value % 10 == 0 and value % 100 > 10 and more < 10)):
                value += more
            elif not (word == "and" and value % 100 == 0 and self.tokens[self.at + 1].value.lower() in SMALL_NUMBERS):
                break
            self.next()
        return total + value

    def first_op(self, token: Token) -> Node:
        if token.value in ("+", "-"):
            inner = self.term(PREFIX)
            return negative(inner) if token.value == "-" else inner
        if token.value in ("pm", "mp"):
            return Apply(token.value, (Num(0), self.term(SUM)))
        if token.value == "*" and self.peek.kind == "END":
            return Words("*")
        raise NotMath(f"an answer does not start with {token.value!r}")

    def first_money(self, token: Token) -> Node:
        if self.peek.kind == "END":
            raise NotMath("a currency without an amount")
        return Apply("quantity", (self.term(SUM), Words(units.MONEY.get(token.value, "?"))))

    def first_mark(self, token: Token) -> Node:
        if token.value == "therefore":
            return self.first()
        return Apply("call", (Sym(token.value), self.term(IMPLICIT - 1)))

    def first_dots(self, token: Token) -> Node:
        return Words("…")

    def first_open(self, token: Token) -> Node:
        return self.bracket(token.value)

    def first_bar(self, token: Token) -> Node:
        """Absolute value; of a matrix, its determinant."""
        before = self.closing_bar, self.builder
        self.closing_bar, self.builder = True, False
        inner = self.relation()
        if self.peek == ("BAR", "||", self.peek.spaced) and token.value == "|":  # |x||y|
            self.tokens[self.at] = self.peek = Token("BAR", "|", False)
        else:
            self.expect("BAR", token.value)
        self.closing_bar, self.builder = before
        if isinstance(inner, Apply) and inner.op == "matrix":
            return Apply("det", (inner,))
        return Apply("abs", (inner,))

    def first_lbrace(self, token: Token) -> Node:
        """A group; with commas in it, a set written without backslashes."""
        before = self.closing_bar, self.builder, self.integral
        self.closing_bar = self.builder = self.integral = False
        if self.accept("RBRACE"):
            inner: Node = Apply("set", ())
        else:
            inner = self.answer()
            self.expect("RBRACE")
        self.closing_bar, self.builder, self.integral = before
        if isinstance(inner, Apply) and inner.op == "list":
            return Apply("set", inner.args)
        return inner

    def bracket(self, opened: str) -> Node:
        """What stands between brackets of any kind."""
        before = self.closing_bar, self.builder, self.integral
        self.closing_bar, self.builder, self.integral = False, opened == "{", False
        try:
            if opened == "{" and self.peek.kind == "BEGIN":
                inner = self.first()
                self.accept("CLOSE", "}")
                rows = inner.args if isinstance(inner, Apply) else ()
                return Apply("cases", rows)
            if self.accept("CLOSE", _CLOSES[opened]):
                return Apply("set", ()) if opened == "{" else Apply("tuple", ())
            inner = self.answer()
            if opened == "{" and (self.peek.kind == "BAR" or self.peek.value == ":"):
                self.next()
                self.builder = False
                inner = Apply("builder", (inner, self.answer()))
                self.expect("CLOSE", "}")
                return inner
            closed = self.expect("CLOSE").value
        finally:
            self.closing_bar, self.builder, self.integral = before
        items = inner.args if isinstance(inner, Apply) and inner.op == "list" else (inner,)
        if opened == closed == "floor" or opened == closed == "ceil":
            return Apply(opened, (inner,))
        if opened == "{" and closed == "}":
            return Apply("set", items)
        op = _GROUP.get(opened + closed)
        if op is None or (len(items) < 2 and opened + closed in ("(]", "[)")):
            raise NotMath(f"{opened!r} is closed by {closed!r}")
        if len(items) == 1:
            return inner
        return Apply(op, items)


def negative(node: Node) -> Node:
    """Minus a tree; the sign of an amount goes to its number."""
    if isinstance(node, Apply) and node.op == "quantity":
        return Apply("quantity", (Apply("neg", (node.args[0],)), node.args[1]))
    return Apply("neg", (node,))


_LEAVES: Final = frozenset({"NUM", "SYM"})
"""Kinds that nest nothing; the bracket after a letter that applies to it counts as itself."""
_FIRST: Final[dict[str, Callable[[Atoms, Token], Node]]] = {
    "NUM": Atoms.first_num, "SYM": Atoms.first_sym, "WORD": Atoms.first_word, "UNIT": Atoms.first_word,
    "OP": Atoms.first_op,
    "MONEY": Atoms.first_money, "MARK": Atoms.first_mark, "DOTS": Atoms.first_dots, "OPEN": Atoms.first_open,
    "BAR": Atoms.first_bar, "LBRACE": Atoms.first_lbrace, "FRAC": Atoms.first_frac, "SQRT": Atoms.first_sqrt,
    "FUNC": Atoms.first_func, "BIG": Atoms.first_big, "BEGIN": Atoms.first_begin, "OVERLINE": Atoms.first_overline,
    "ACCENT": Atoms.first_overline,
}  # fmt: skip
"""How a term starts, by the kind of its first token."""
