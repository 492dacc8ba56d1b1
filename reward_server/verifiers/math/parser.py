r"""From tokens to a tree: a Pratt parser for terms, a level for relations and one for lists around it.

Binding powers are tables; a new infix sign is one entry. What stands first in a term is read by a method per token
kind (``_first_…``). The parser never looks at what a value is, only at how it is written.

>>> from reward_server.verifiers.math.tokens import tokenize
>>> parse(tokenize("x^2"))
Apply(op='pow', args=(Sym(name='x'), Num(value=2, ulp=None)))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from reward_server.verifiers.math import numerals, units
from reward_server.verifiers.math.environments import Environments
from reward_server.verifiers.math.limits import MAX_DEPTH, MAX_LINKS, MAX_TREE_DEPTH, NotMath, TooBig
from reward_server.verifiers.math.nodes import GROUPS, Apply, Node, Num, Sym, Words, depth_of, symbols_of
from reward_server.verifiers.math.symbols import CONSTANTS, MULTIPLIERS, SMALL_NUMBERS
from reward_server.verifiers.math.tokens import Token

RATIO, UNION, OVER, SUM, PRODUCT, PREFIX, IMPLICIT, POWER, POSTFIX = 6, 8, 12, 20, 30, 35, 40, 50, 60
INFIX: Final[dict[str, tuple[int, str]]] = {
    ":": (RATIO, "ratio"), "union": (UNION, "union"), "difference": (UNION, "difference"),
    "intersection": (UNION + 1, "intersection"),
    "+": (SUM, "add"), "-": (SUM, "sub"), "pm": (SUM, "pm"), "mp": (SUM, "mp"), "*": (PRODUCT, "mul"),
    "/": (PRODUCT, "div"),
    "mod": (PRODUCT - 5, "mod"), "^": (POWER, "pow"), "oplus": (SUM, "oplus"),
}  # fmt: skip
STARTS: Final = frozenset("SYM FUNC FRAC SQRT OPEN LBRACE OVERLINE ACCENT BIG BEGIN NUM DOTS".split())
"""Kinds of token that multiply what stands before them."""
CALLS: Final = frozenset("f g h F G f' g' h' f'' f^{-1} Gamma".split())
"""Letters that apply to the bracket after them."""
_CLOSES: Final = {"(": ")", "[": "]", "{": "}", "<": ">", "floor": "floor", "ceil": "ceil"}
_GROUP: Final = {"()": "tuple", "[]": "closed", "(]": "open_closed", "[)": "closed_open", "<>": "tuple"}
_STOPS: Final = frozenset({"END", "CLOSE", "RBRACE", "REL", "SEP"})
_END: Final = Token("END", "", False)


def parse(tokens: list[Token]) -> Node:
    """The likeliest tree of an answer; see ``parses``."""
    return parses(tokens)[0]


def parses(tokens: list[Token]) -> tuple[Node, ...]:
    """The trees an answer may be. Raises ``NotMath`` where it does not hold together, ``TooBig`` past a cap."""
    parser = Parser(tokens)
    first = _whole(parser)
    return (first, _whole(Parser(tokens, tight=True))) if parser.ambiguous else (first,)


def _whole(parser: Parser) -> Node:
    node = parser.answer()
    if parser.peek.kind != "END":
        raise NotMath(f"cannot go on at {parser.peek.value!r}")
    if depth_of(node) > MAX_TREE_DEPTH:
        raise TooBig("depth", f"the answer is nested more than {MAX_TREE_DEPTH} deep")
    return node


class Parser(Environments):
    """A cursor over tokens, and the rules."""

    def __init__(self, tokens: list[Token], *, tight: bool = False) -> None:
        self.tight = tight
        """Whether ``1/2x`` is one over two x."""
        self.ambiguous = False
        """Whether ``tight`` made a difference."""
        self.tokens = [token for token in tokens if token.kind != "QUOTE"]
        while self.tokens and self.tokens[-1].kind == "STOP":
            self.tokens.pop()
        while self.tokens and (self.tokens[-1].kind == "SEP" or self.tokens[-1].kind == "ROW"):
            self.tokens.pop()
        self.tokens += [_END, _END, _END]
        self.at = 0
        self.peek = self.tokens[0]
        self.depth = 0
        self.closing_bar = False
        """Inside ``| … |`` a bar closes; inside ``{ … }`` it divides."""
        self.builder = False
        self.integral = False

    def next(self) -> Token:
        token = self.peek
        if token.kind != "END":
            self.at += 1
            self.peek = self.tokens[self.at]
        return token

    def accept(self, kind: str, value: str | None = None) -> bool:
        """Step over the token if it is of that kind (and value)."""
        if self.peek.kind == kind and (value is None or self.peek.value == value):
            self.next()
            return True
        return False

    def expect(self, kind: str, value: str | None = None) -> Token:
        if self.peek.kind != kind or (value is not None and self.peek.value != value):
            raise NotMath(f"expected {value or kind}, found {self.peek.value or 'the end'}")
        return self.next()

    def enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooBig("depth", f"the answer is nested more than {MAX_DEPTH} deep")

    # Lists and relations.

    def answer(self) -> Node:
        """Elements joined by commas, ``and``, ``or``: one element stays itself."""
        self.enter()
        items = [self.relation()]
        op = "list"
        while True:
            joined = False
            while self.peek.kind in ("SEP", "ROW") or (
                self.peek.kind == "WORD" and self.peek.value.lower() in ("and", "or")
            ):
                token = self.next()
                joined = True
                if token.kind == "WORD":
                    op = token.value.lower()
            if not joined or self.peek.kind in ("END", "CLOSE", "RBRACE"):
                break
            items.append(self.relation())
        self.depth -= 1
        if op == "and" and len(items) == 2 and all(_is_part(item) for item in items):
            return Apply("compound", tuple(items))
        return items[0] if len(items) == 1 else Apply(op, tuple(items))

    def relation(self) -> Node:
        """Operands joined by signs such as ``=`` or ``<``; several signs make a chain."""
        if self.peek.kind == "REL" and self.peek.value in ("eq", "approx", "implies", "iff"):
            self.next()  # "= 5": what stands on the left was said before
        left = self.operand()
        links: list[Node] = []
        while self.peek.kind == "REL":
            op = self.next().value
            if self.peek.kind == "AMP":
                self.next()
            if op == "eq" and self.peek.kind in ("END", "CLOSE", "RBRACE", "SEP"):
                break
            right = self.operand()
            links.append(Apply(op, (left, right)))
            if len(links) > MAX_LINKS:
                raise TooBig("size", f"a chain has more than {MAX_LINKS} relations")
            left = right
        if not links:
            return left
        if self.peek.kind == "PMOD":
            self.next()
            links[-1] = Apply("cong", (*links[-1].args, self.argument()))  # type: ignore[union-attr]  # links are Apply
        return links[0] if len(links) == 1 else Apply("chain", tuple(links))

    def operand(self) -> Node:
        """A term and what may stand after it: multipliers in words, a unit, a currency."""
        node = self.term(0)
        while self.peek.kind == "WORD" and self.peek.value.lower() in MULTIPLIERS:
            factor = Num(MULTIPLIERS[self.next().value.lower()])
            if isinstance(node, Apply) and node.op == "quantity":  # $1.5 million
                node = Apply("quantity", (Apply("mul", (node.args[0], factor)), node.args[1]))
            else:
                node = Apply("mul", (node, factor))
        if self.peek.kind == "MONEY":
            return Apply("quantity", (node, Words(units.MONEY.get(self.next().value, "?"))))
        if self.peek.kind not in ("WORD", "UNIT") or self.peek.value.lower() in ("and", "or"):
            return node
        if isinstance(node, Words):
            return Words(f"{node.text} {self.phrase()}")
        phrase = self.phrase()
        if isinstance(node, Apply) and node.op == "quantity" and isinstance(node.args[1], Words):
            money, phrase = node.args[1].text, units.canonical(phrase)
            return node if phrase in (money, "usd") else Apply("quantity", (node.args[0], Words(f"{money} {phrase}")))
        if self.peek.kind == "NUM" and units.canonical(phrase) in units.PARTS:  # 2 hours 30 minutes
            rest = self.operand()
            if isinstance(rest, Apply) and rest.op == "quantity":
                return Apply("compound", (Apply("quantity", (node, Words(units.canonical(phrase)))), rest))
            raise NotMath("a number after a unit")
        return Apply("quantity", (node, Words(units.canonical(phrase) if units.is_unit(phrase) else phrase + " ?")))

    def phrase(self) -> str:
        """Words in a row, with the powers and strokes that units have."""
        parts: list[str] = []
        while True:
            kind, value, spaced = self.peek
            following = self.tokens[self.at + 1]
            if kind in ("WORD", "UNIT") and value.lower() not in ("and", "or"):
                parts.append(value)
            elif kind == "STOP" and value == "." and following.kind in ("WORD", "UNIT", "OP"):
                pass
            elif kind == "OP" and value == "-" and following.kind == "WORD":
                pass
            elif kind == "OP" and value == "/" and following.kind in ("WORD", "SYM"):
                parts.append("/")
            elif kind == "OP" and value == "^":
                self.next()
                power = self.argument()
                parts.append("^" + (str(power.value) if isinstance(power, Num) else "?"))
                continue
            elif kind == "SYM" and parts and parts[-1] == "/":
                parts.append(value)
            elif kind == "SYM" and parts and len(value) == 1 and spaced and following.kind in ("WORD", "END"):
                parts.append(value)
            elif kind == "POST" and value == "degree" and parts:
                parts.append("degree")
            else:
                return " ".join(parts)
            self.next()

    # Terms.

    def term(self, power: int) -> Node:
        """A term whose infix signs bind tighter than ``power``."""
        self.enter()
        left = self.first()
        while True:
            kind, value, _ = self.peek
            if kind == "OP":
                binding, op = INFIX[value]
                if binding <= power or (op == "ratio" and self.builder):
                    break
                left = self.infix(left, binding, op)
            elif kind == "POST":
                self.next()
                left = self.postfix(left, value)
            elif kind == "SUB":
                left = self.index(left)
            elif kind == "PMOD":
                self.next()
                left = Apply("mod", (left, self.argument()))
            elif kind == "OVER":
                if power >= OVER:
                    break
                self.next()
                left = Apply(value, (left, self.term(OVER)))
            elif (kind, value) == ("SYM", "U") and _is_group(left) and self.tokens[self.at + 1].kind == "OPEN":
                if power >= UNION:
                    break
                left = self.infix(left, UNION, "union")
            elif power < IMPLICIT and self.multiplies(left):
                left = self.times(left)
            else:
                break
        self.depth -= 1
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
        if op in ("mul", "union", "intersection", "ratio") and isinstance(left, Apply) and left.op == op:
            return Apply(op, (*left.args, right)) if len(left.args) < 64 else Apply(op, (left, right))
        return Apply(op, (left, right))

    def divisor(self, left: Node) -> Node:
        r"""What follows a stroke. In ``1/2x`` and ``2/3 \pi`` that may be the number alone, or the whole product."""
        number, after = self.peek, self.tokens[self.at + 1]
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
        if isinstance(base, Sym) and self.peek.value in ("+", "-") and self.tokens[self.at + 1].kind in _STOPS:
            return Sym(base.name + "^" + self.next().value)
        exponent = self.script()
        if exponent == Sym("circ") or exponent == Words("circ"):
            return self.postfix(base, "degree")
        return Apply("pow", (base, exponent))

    def script(self) -> Node:
        """An exponent: a braced group, or a signed factor."""
        if self.peek.kind == "LBRACE":
            return self.argument()
        if self.peek.kind == "OP" and self.peek.value in "+-":
            sign = self.next().value
            inner = self.script()
            return Apply("neg", (inner,)) if sign == "-" else inner
        if self.peek.kind == "OP" and self.peek.value in ("pm", "*"):
            return Sym(self.next().value)
        return self.term(POWER - 1)

    def postfix(self, node: Node, op: str) -> Node:
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
            return not self.closing_bar and not self.builder and value != "mid" and not isinstance(left, Words)
        if kind not in STARTS:
            return kind == "MARK" and value != "therefore"
        if self.integral and kind == "SYM" and value == "d" and self.tokens[self.at + 1].kind == "SYM":
            return False
        return not (kind == "NUM" and isinstance(left, Num) and not self.mixed(left))

    def mixed(self, left: Node) -> bool:
        """Whether an integer is followed by a proper fraction of integers, written ``a/b``."""
        one, stroke, other = (
            self.tokens[self.at : self.at + 3] if self.at + 3 <= len(self.tokens) else (_END, _END, _END)
        )
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
        if isinstance(left, Sym) and left.name in CALLS and self.peek.kind == "OPEN" and self.peek.value == "(":
            inner = self.first()
            arguments = inner.args if isinstance(inner, Apply) and inner.op == "tuple" else (inner,)
            return Apply("call", (left, *arguments))
        is_fraction = self.peek.kind == "FRAC"
        right = self.term(IMPLICIT)
        if is_fraction and isinstance(left, Num) and left.ulp is None and _is_fraction(right):
            return Apply("add", (left, right))
        if isinstance(left, Apply) and left.op == "mul" and len(left.args) < 64:
            return Apply("mul", (*left.args, right))
        return Apply("mul", (left, right))

    def index(self, left: Node) -> Node:
        """A subscript: the base of a number, or part of a name."""
        self.next()
        if isinstance(left, Num) and isinstance(left.value, int):
            base = self.argument()
            if isinstance(base, Num) and isinstance(base.value, int):
                digits = self.tokens[self.at - 1]
                return self.based(left, base.value, digits)
            return Apply("call", (Sym("index"), left, base))
        return Apply("call", (Sym("index"), left, self.argument()))

    def based(self, number: Num, base: int, _: Token) -> Node:
        return Apply("based", (Num(numerals.in_base(str(number.value), base)), Num(base)))

    # What a term starts with.

    def first(self) -> Node:
        token = self.next()
        reader = _FIRST.get(token.kind)
        if reader is None:
            raise NotMath(f"an answer does not go on with {token.value or 'nothing'!r}")
        return reader(self, token)

    def first_num(self, token: Token) -> Node:
        if self.peek.kind == "DOTS" and "." in token.value:
            self.next()
            return numerals.truncated(token.value)
        if self.peek.kind == "OVERLINE" and "." in token.value:
            self.next()
            self.accept("LBRACE")
            period = self.expect("NUM").value
            self.accept("RBRACE")
            return numerals.repeating(token.value, period)
        if token.value.endswith(".") and self.peek.kind == "OVERLINE":
            raise NotMath("a period without a number")
        if "." in token.value and token.value[-1] == "." and self.peek == ("OPEN", "(", False):
            raise NotMath("a point before a bracket")
        return numerals.number(token.value)

    def first_sym(self, token: Token) -> Node:
        name = token.value
        while True:
            if self.peek.kind == "SUB":
                self.next()
                name += "_" + self.subscript()
            elif self.peek.kind == "PRIME":
                name += "'" * len(self.next().value)
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
        value = SMALL_NUMBERS.get(token.value.lower())
        if value is not None:
            return Num(value)
        return Words(token.value)

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
        return self.first()

    def first_dots(self, token: Token) -> Node:
        return Words("…")

    def first_open(self, token: Token) -> Node:
        return self.bracket(token.value)

    def first_bar(self, token: Token) -> Node:
        """Absolute value; of a matrix, its determinant."""
        before = self.closing_bar, self.builder
        self.closing_bar, self.builder = True, False
        inner = self.relation()
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


def _is_group(node: Node) -> bool:
    return isinstance(node, Apply) and (node.op in GROUPS or node.op in ("set", "union"))


def _is_part(node: Node) -> bool:
    """Whether a quantity may be part of a larger one: the hours of hours and minutes."""
    if not isinstance(node, Apply) or node.op != "quantity":
        return False
    unit = node.args[1]
    return isinstance(unit, Words) and unit.text in units.PARTS


def negative(node: Node) -> Node:
    """Minus a tree; the sign of an amount goes to its number."""
    if isinstance(node, Apply) and node.op == "quantity":
        return Apply("quantity", (Apply("neg", (node.args[0],)), node.args[1]))
    return Apply("neg", (node,))


def _is_fraction(node: Node) -> bool:
    return (
        isinstance(node, Apply) and node.op == "div"
        and all(isinstance(arg, Num) and isinstance(arg.value, int) for arg in node.args)
    )  # fmt: skip


_FIRST: Final[dict[str, Callable[[Parser, Token], Node]]] = {
    "NUM": Parser.first_num, "SYM": Parser.first_sym, "WORD": Parser.first_word, "UNIT": Parser.first_word,
    "OP": Parser.first_op,
    "MONEY": Parser.first_money, "MARK": Parser.first_mark, "DOTS": Parser.first_dots, "OPEN": Parser.first_open,
    "BAR": Parser.first_bar, "LBRACE": Parser.first_lbrace, "FRAC": Parser.first_frac, "SQRT": Parser.first_sqrt,
    "FUNC": Parser.first_func, "BIG": Parser.first_big, "BEGIN": Parser.first_begin, "OVERLINE": Parser.first_overline,
    "ACCENT": Parser.first_overline,
}  # fmt: skip
"""How a term starts, by the kind of its first token."""
