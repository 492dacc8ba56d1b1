"""The parser's rules for terms: a Pratt loop over infix signs, what follows a term, and products without a sign."""

from __future__ import annotations

from typing import Final

from reward_server.verifiers.math import numerals
from reward_server.verifiers.math.atoms import Atoms
from reward_server.verifiers.math.cursor import END
from reward_server.verifiers.math.nodes import GROUPS, Apply, Node, Num, Sym, Words, symbols_of
from reward_server.verifiers.math.powers import CALLS, IMPLICIT, INFIX, OVER, POWER, PRODUCT, STARTS, SUM, UNION
from reward_server.verifiers.math.symbols import CONSTANTS
from reward_server.verifiers.math.tokens import Token

_MINUS_ONE: Final = Apply("neg", (Num(1),))
_ORDINALS: Final = frozenset({"st", "nd", "rd", "th"})
_TRANSPOSED: Final = (Sym("T"), Sym("top"))
_STOPS: Final = frozenset({"END", "CLOSE", "RBRACE", "REL", "SEP"})


class Terms(Atoms):
    """Signs between and after what a term is made of."""

    def term(self, power: int) -> Node:
        """A term whose infix signs bind tighter than ``power``."""
        return self.rest(self.first(), power)

    def rest(self, left: Node, power: int) -> Node:
        """What goes on from ``left``."""
        while True:
            kind, value, _ = self.peek
            if kind in _STOPS:
                return left
            if kind == "OP":
                binding, op = INFIX[value]
                if binding <= power or (op == "ratio" and self.builder):
                    return left
                left = self.infix(left, binding, op)
            elif kind == "POST":
                self.next()
                left = self.postfix(left, value)
            elif kind == "SUB":
                left = self.index(left)
            elif kind == "PMOD":
                self.next()
                left = Apply("residue", (left, self.argument()))
            elif kind == "OVER":
                if power >= OVER:
                    return left
                self.next()
                left = Apply(value, (left, self.term(OVER)))
            elif value == "U" and kind == "SYM" and _is_group(left) and self.tokens[self.at + 1].kind == "OPEN":
                if power >= UNION:
                    return left
                left = self.infix(left, UNION, "union")
            elif power < IMPLICIT and self.multiplies(left):
                left = self.times(left)
            else:
                return left

    def infix(self, left: Node, binding: int, op: str) -> Node:
        """One infix sign after ``left``; sums, products, unions and ratios of any length become one node."""
        if op == "pow":
            self.next()
            return self.raised(left)
        if op in ("add", "sub"):
            terms = [left]
            while self.peek.kind == "OP" and self.peek.value in ("+", "-"):
                negative = self.next().value == "-"
                term = self.term(SUM)
                terms.append(Apply("neg", (term,)) if negative else term)
            return Apply("add", tuple(terms))
        self.next()
        right = self.divisor(left) if op == "div" else self.term(binding)
        if op == "ratio" and isinstance(left, Words):  # "area: 5"
            return Apply("eq", (left, right))
        if op in ("mul", "union", "intersection", "ratio") and isinstance(left, Apply) and left.op == op:
            return Apply(op, (*left.args, right)) if len(left.args) < 64 else Apply(op, (left, right))
        return Apply(op, (left, right))

    def divisor(self, left: Node) -> Node:
        r"""What follows a stroke. In ``1/2x`` and ``2/3 \pi`` that may be the number alone, or the whole product."""
        number, after = self.peek, self.tokens[self.at + 1]
        if number.kind == "NUM" and after[:2] == ("POST", "percent"):
            return self.first()  # 1/2% is a half of a hundredth
        if number.kind != "NUM" or after.kind not in STARTS or after.kind == "NUM":
            return self.term(PRODUCT)
        if symbols_of(left) <= CONSTANTS:
            self.ambiguous = True
            return self.term(PRODUCT if self.tight else IMPLICIT)
        return self.term(IMPLICIT if after.spaced else PRODUCT)

    def raised(self, base: Node) -> Node:
        """``base`` to what follows; a circle is a degree sign, a prime a prime."""
        if self.peek.kind == "PRIME" and isinstance(base, Sym):
            return Sym(base.name + self.next().value)
        if self.peek.kind == "LBRACE" and isinstance(base, Sym):  # \mathbb{Z}^{+}
            sign, close = self.tokens[self.at + 1 : self.at + 3]
            if sign.kind == "OP" and sign.value in "+-*" and close.kind == "RBRACE":
                self.at += 2
                self.next()
                return Sym(f"{base.name}^{sign.value}")
        if isinstance(base, Sym) and self.peek.value in ("+", "-") and self.tokens[self.at + 1].kind in _STOPS:
            return Sym(base.name + "^" + self.next().value)
        side = self.side()
        if side:
            return Apply("side", (base, Num(side)))
        self.enter()  # 2^2^2… nests without brackets
        exponent = self.script()
        self.depth -= 1
        if exponent == Sym("circ") or exponent == Words("circ"):
            return self.postfix(base, "degree")
        if isinstance(exponent, Words) and exponent.text in _ORDINALS and isinstance(base, Num):
            return Apply("quantity", (base, exponent))
        if exponent == _MINUS_ONE and isinstance(base, Sym) and f"{base.name}^-1" in CALLS and self.peek.value == "(":
            return self.first_sym(Token("SYM", f"{base.name}^-1", False))
        if exponent in _TRANSPOSED and isinstance(base, Apply | Sym) and "".join(sorted(symbols_of(base))).isupper():
            if isinstance(base, Sym) or base.op == "mul":
                return Apply("call", (Sym("transpose"), base))
        return Apply("pow", (base, exponent))

    def side(self) -> int:
        r"""1 or -1 where a limit is taken from one side: ``x \to 0^+``; else 0."""
        braced = self.peek.kind == "LBRACE"
        if not braced and self.peek.kind != "OP":
            return 0
        sign, after = self.tokens[self.at + braced : self.at + braced + 2]
        if sign.kind != "OP" or sign.value not in "+-" or after.kind != "RBRACE":
            return 0
        for _ in range(1 + 2 * braced):
            self.next()
        return 1 if sign.value == "+" else -1

    def script(self) -> Node:
        """An exponent: a braced group, or a signed factor."""
        if self.peek.kind == "LBRACE":
            return self.argument()
        if self.peek.kind == "OP" and self.peek.value in "+-":
            return self.first()
        if self.peek.kind == "OP" and self.peek.value in ("pm", "*"):
            return Sym(self.next().value)
        return self.term(POWER - 1)

    def postfix(self, node: Node, op: str) -> Node:
        if op == "!" and isinstance(node, Words):  # an exclamation
            return node
        if op == "!":
            if self.accept("POST", "!"):
                return Apply("double_factorial", (node,))
            return Apply("factorial", (node,))
        if op == "degree" and self.peek.kind == "SYM" and self.peek.value in ("C", "F"):
            return Apply("quantity", (node, Words("degree " + self.next().value)))
        if op == "degree" and self.peek.kind == "WORD" and self.peek.value.lower() in ("celsius", "fahrenheit"):
            return Apply("quantity", (node, Words("degree " + self.next().value[0].upper())))
        if op == "degree" and self.peek.kind == "NUM" and self.tokens[self.at + 1].kind in ("PRIME", "OP"):
            node = self.minutes(node)
        return Apply(op, (node,))

    def minutes(self, node: Node) -> Node:
        """The minutes and seconds after degrees: ``22° 30' 15''``."""
        for per_degree in (60, 3600):
            prime = self.at + 1
            if self.tokens[prime].value == "^":  # 30^\prime
                prime += 1
            if self.peek.kind != "NUM" or self.tokens[prime].kind != "PRIME":
                break
            part = numerals.number(self.next().value)
            while self.at <= prime:
                self.next()
            node = Apply("add", (node, Apply("div", (part, Num(per_degree)))))
        return node

    def multiplies(self, left: Node) -> bool:
        """Whether the next token, without a sign, multiplies ``left``."""
        kind, value, _ = self.peek
        if kind == "BAR":
            closes = self.closing_bar or self.builder or self.at == self.last_bar
            return not closes and value != "mid" and not isinstance(left, Words)
        if kind == "OPEN" and self.tokens[self.at + 1].kind in ("WORD", "UNIT") and value in "([":
            return False  # 30 (cm)
        if kind not in STARTS:
            return kind == "MARK" and value != "therefore"
        if self.differential():
            return False
        return not (kind == "NUM" and isinstance(left, Num) and not self.mixed(left))

    def mixed(self, left: Node) -> bool:
        """Whether an integer is followed by a proper fraction of integers, written ``a/b``."""
        one, stroke, other = self.tokens[self.at : self.at + 3] if self.at + 3 <= len(self.tokens) else (END, END, END)
        return (
            isinstance(left, Num) and left.ulp is None and isinstance(left.value, int)
            and one.kind == "NUM" and one.value.isdigit() and one.spaced
            and stroke.value == "/" and other.kind == "NUM" and other.value.isdigit()
        )  # fmt: skip

    def times(self, left: Node) -> Node:
        """Multiplication without a sign; an integer before a fraction of integers is a mixed number."""
        if isinstance(left, Num) and self.peek.kind == "NUM":
            numerator = numerals.number(self.next().value)
            self.next()
            return Apply("add", (left, Apply("div", (numerator, numerals.number(self.next().value)))))
        if self.peek.kind == "FRAC" and isinstance(left, Num) and left.ulp is None:
            right = self.first()
            if _is_fraction(right):
                return Apply("add", (left, right))
            right = self.rest(right, IMPLICIT)
        else:
            right = self.term(IMPLICIT)
        if isinstance(left, Sym) and left.name in _FROM and _is_choice(right):
            self.ambiguous = True  # C(5, 2): a point, or a number of choices
            if self.tight:
                return _FROM[left.name](*right.args)  # type: ignore[union-attr]  # a tuple is an Apply
        if isinstance(left, Apply) and left.op == "mul" and len(left.args) < 64:
            return Apply("mul", (*left.args, right))
        return Apply("mul", (left, right))

    def index(self, left: Node) -> Node:
        """A subscript: the base of a number, or part of a name."""
        self.next()
        if isinstance(left, Num) and isinstance(left.value, int):
            base = self.argument()
            if isinstance(base, Num) and isinstance(base.value, int):
                return Apply("based", (Num(numerals.in_base(numerals.text(left.value), base.value)), base))
            return Apply("call", (Sym("index"), left, base))
        return Apply("call", (Sym("index"), left, self.argument()))


def _choices(n: Node, k: Node) -> Node:
    return Apply("binom", (n, k))


def _arrangements(n: Node, k: Node) -> Node:
    return Apply("div", (Apply("factorial", (n,)), Apply("factorial", (Apply("add", (n, Apply("neg", (k,)))),))))


_FROM: Final = {"C": _choices, "P": _arrangements}
"""What ``C(n, k)`` and ``P(n, k)`` count."""


def _is_choice(node: Node) -> bool:
    return (
        isinstance(node, Apply)
        and node.op == "tuple"
        and len(node.args) == 2
        and not any(isinstance(arg, Apply) and arg.op == "neg" for arg in node.args)
    )


def _is_group(node: Node) -> bool:
    return isinstance(node, Apply) and (node.op in GROUPS or node.op in ("set", "union"))


def _is_fraction(node: Node) -> bool:
    return (
        isinstance(node, Apply) and node.op == "div"
        and all(isinstance(arg, Num) and isinstance(arg.value, int) for arg in node.args)
    )  # fmt: skip
