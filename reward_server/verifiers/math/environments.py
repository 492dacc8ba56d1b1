r"""The parser's rules for things with arguments: fractions, roots, functions, sums, matrices and cases."""

from __future__ import annotations

from typing import Final

from reward_server.verifiers.math import numerals
from reward_server.verifiers.math.cursor import Cursor
from reward_server.verifiers.math.limits import MAX_CELLS, NotMath, TooBig
from reward_server.verifiers.math.nodes import RELATIONS, Apply, Node, Num, Sym, Words, symbols_of
from reward_server.verifiers.math.powers import STARTS
from reward_server.verifiers.math.tokens import Token

_IMPLICIT: Final = 40
_PRODUCT: Final = 25
_INVERSE: Final = {name: "a" + name for name in "sin cos tan cot sec csc sinh cosh tanh".split()}
_ACCENTS: Final = {"overrightarrow": "vec", "widehat": "hat", "widetilde": "tilde"}
_DOTLESS: Final = {"imath": "i", "jmath": "j"}
_SEVERAL: Final = frozenset({"gcd", "lcm", "max", "min", "inf", "sup"})
_PAIRS: Final = frozenset({"log", "binom"})
_MATRICES: Final = frozenset(
    "matrix pmatrix bmatrix Bmatrix smallmatrix psmallmatrix bsmallmatrix array tabular".split()
)
_ALIGNED: Final = frozenset("aligned align alignedat gathered split gather equation eqnarray".split())
_CASES: Final = frozenset({"cases", "dcases", "rcases"}) | _ALIGNED


class Environments(Cursor):
    """Rules for things that have arguments."""

    def argument(self, *, digit: bool = False) -> Node:
        r"""A braced group or one token; ``digit``: of a number one digit, as in ``\frac12``."""
        if self.peek.kind == "NUM" and digit and len(self.peek.value) > 1 and self.peek.value.isdigit():
            value = self.peek.value
            self.tokens[self.at] = self.peek = Token("NUM", value[1:], False)
            return numerals.number(value[0])
        return self.first()

    def first_frac(self, token: Token) -> Node:
        numerator = self.argument(digit=True)
        denominator = self.argument(digit=True)
        if numerator == Sym("d") and self.peek.kind in STARTS:  # d/dx of what follows
            if isinstance(denominator, Apply) and denominator.op == "mul" and denominator.args[0] == numerator:
                return Apply("derivative", (denominator.args[-1], self.term(_PRODUCT)))
        return Apply(token.value, (numerator, denominator))

    def first_sqrt(self, token: Token) -> Node:
        degree: Node = Num(2)
        if self.peek.kind == "OPEN" and self.peek.value == "[":
            self.next()
            degree = self.answer()
            self.expect("CLOSE", "]")
        several = token.value == "\\" and self.peek.kind == "NUM" and len(self.peek.value) > 1  # \sqrt23
        self.ambiguous = self.ambiguous or several
        return Apply("root", (self.argument(digit=several and self.tight), degree))

    def first_func(self, token: Token) -> Node:
        r"""A function, its power and base, and what it applies to: a bracket, or a product without signs."""
        op = token.value
        power: Node | None = None
        base: Node | None = None
        while self.peek.kind == "SUB" or (self.peek.kind == "OP" and self.peek.value == "^"):
            if self.next().kind == "SUB":
                base = self.argument(digit=self.tokens[self.at + 1].kind not in STARTS)  # \log_23 is that of 3
            else:
                power = self.argument() if self.peek.kind != "OP" else self.term(_IMPLICIT)
        if power == Apply("neg", (Num(1),)) and op in _INVERSE:
            op, power = _INVERSE[op], None
        if self.peek.kind in ("END", "CLOSE", "RBRACE", "SEP", "REL"):
            return Sym(token.value)  # the function itself: "sin"
        if self.peek.kind == "OPEN" and self.peek.value in "([" or self.peek.kind == "LBRACE":
            arguments = self.first()
        else:
            arguments = self.bare_argument()
        args = _unpacked(op, arguments)
        if base is not None:
            if op != "log" or len(args) != 1:
                raise NotMath(f"{op} with an index")
            args = (*args, base)
        if op == "sqrt":
            node: Node = Apply("root", (args[0], Num(2)))
        elif op == "cbrt":
            node = Apply("root", (args[0], Num(3)))
        else:
            node = Apply(op, args)
        return node if power is None else Apply("pow", (node, power))

    def bare_argument(self) -> Node:
        r"""``\sin 2x\cos y`` takes ``2x``: factors until a sign or the next function."""
        negative = False
        while self.peek.kind == "OP" and self.peek.value in "+-":
            negative ^= self.next().value == "-"
        factors = [self.term(_IMPLICIT)]
        while self.peek.kind in ("SYM", "FRAC", "SQRT", "LBRACE") and len(factors) < 32 and not self.differential():
            factors.append(self.term(_IMPLICIT))
        product = factors[0] if len(factors) == 1 else Apply("mul", tuple(factors))
        return Apply("neg", (product,)) if negative else product

    def differential(self) -> bool:
        """Whether ``dx`` comes, which ends an integral."""
        return self.integral and self.peek[:2] == ("SYM", "d") and self.tokens[self.at + 1].kind == "SYM"

    def first_overline(self, token: Token) -> Node:
        r"""``\vec{v}`` and ``\overline{AB}`` are names."""
        inner = self.argument()
        if isinstance(inner, Num) and token.kind == "OVERLINE":
            raise NotMath("a bar over a number")
        if token.kind == "OVERLINE" and (isinstance(inner, Words) or isinstance(inner, Apply) and inner.op == "mul"):
            return inner
        if token.kind == "OVERLINE" and isinstance(inner, Apply) and inner.op == "add" and "i" in symbols_of(inner):
            return Apply("conj", (inner,))
        name = "bar" if token.kind == "OVERLINE" else _ACCENTS.get(token.value, token.value)
        if isinstance(inner, Sym):
            return Sym(f"{name}:{_DOTLESS.get(inner.name, inner.name)}")
        if isinstance(inner, Apply) and inner.op == "mul" and all(isinstance(arg, Sym) for arg in inner.args):
            ends = "".join(arg.name for arg in inner.args if isinstance(arg, Sym))
            if ends.isupper():  # from A to B, and not from B to A
                return Sym(f"{name}:{ends}")
        return Apply("call", (Sym(name), inner))

    def first_big(self, token: Token) -> Node:
        r"""``\sum_{k=1}^{n} body``, ``\int_a^b body\,dx``, ``\lim_{x\to a} body``."""
        lower: Node | None = None
        upper: Node | None = None
        while self.peek.kind == "SUB" or (self.peek.kind == "OP" and self.peek.value == "^"):
            if self.next().kind == "SUB":
                lower = self.argument()
            else:
                upper = self.argument()
        if token.value == "integral":
            return self.integral_of(lower, upper)
        body = self.term(_PRODUCT)
        if not isinstance(lower, Apply) or not lower.args:
            raise NotMath(f"a {token.value} without its variable")
        variable, start = lower.args[0], lower.args[1] if len(lower.args) > 1 else None
        if token.value == "limit" and lower.op == "to" and start is not None:
            if isinstance(start, Apply) and start.op == "side":
                return Apply("limit", (variable, start.args[0], body, start.args[1]))
            return Apply("limit", (variable, start, body))
        if lower.op == "eq" and upper is not None and start is not None and isinstance(variable, Sym):
            return Apply(token.value, (variable, start, upper, body))
        raise NotMath(f"a {token.value} without bounds")

    def integral_of(self, lower: Node | None, upper: Node | None) -> Node:
        before, self.integral = self.integral, True
        body = self.term(_PRODUCT - 10)
        self.integral = before
        if self.peek[:2] != ("SYM", "d"):
            raise NotMath("an integral without its variable")
        self.next()
        variable = self.first()
        if lower is None or upper is None:
            return Apply("integral", (variable, body))
        return Apply("integral", (variable, lower, upper, body))

    def first_begin(self, token: Token) -> Node:
        r"""``\begin{pmatrix} … \end{pmatrix}`` and its like, cells counted as they come."""
        name = token.value
        rows: list[tuple[Node, ...]] = []
        row: list[Node] = []
        cells = 0
        if name in _ALIGNED:
            self.tokens[self.at :] = [token for token in self.tokens[self.at :] if token.kind != "AMP"]
            self.peek = self.tokens[self.at]
        while True:
            while self.peek.kind in ("AMP", "SEP"):
                self.next()
            if self.peek.kind == "END":
                raise NotMath(f"{name} is not closed")
            if self.peek.kind not in ("ROW", "FINISH"):
                row.append(self.cell(name))
                cells += 1
                if cells > MAX_CELLS:
                    raise TooBig("cells", f"a matrix has more than {MAX_CELLS} cells")
            if self.peek.kind == "ROW" or self.ends():
                if row:
                    rows.append(tuple(row))
                row = []
                if self.ends():
                    break
                self.next()
            elif self.peek.kind not in ("AMP", "SEP"):
                raise NotMath(f"a cell cannot go on with {self.peek.value!r}")
        self.next()
        return self.environment(name, rows)

    def ends(self) -> bool:
        return self.peek.kind == "FINISH"

    def cell(self, name: str) -> Node:
        """One cell; the condition of a case may start with ``if``."""
        words: list[str] = []
        while self.peek.kind == "WORD" and name not in _MATRICES:
            words.append(self.next().value.lower())
        if words and self.peek.kind in ("AMP", "ROW", "FINISH", "SEP"):
            return Words(" ".join(words))
        return self.relation()

    def environment(self, name: str, rows: list[tuple[Node, ...]]) -> Node:
        table = tuple(Apply("row", row) for row in rows)
        if not table:
            raise NotMath(f"{name} is empty")
        if name in ("vmatrix", "Vmatrix"):
            return Apply("det", (Apply("matrix", table),))
        if name == "array" and all(len(row) == 1 and _is_relation(row[0]) for row in rows):
            return Apply("cases", table)  # a system
        if name in _MATRICES:
            return Apply("matrix", table)
        if name in _CASES:
            return Apply("cases", table)
        raise NotMath(f"unknown environment {name}")


def _is_relation(node: Node) -> bool:
    return isinstance(node, Apply) and (node.op in RELATIONS or node.op == "chain")


def _unpacked(op: str, arguments: Node) -> tuple[Node, ...]:
    """The arguments of a function that takes several, out of their brackets."""
    if isinstance(arguments, Apply) and arguments.op in ("tuple", "set", "closed"):
        if op in _SEVERAL or (op in _PAIRS and len(arguments.args) == 2):
            if not arguments.args:
                raise NotMath(f"{op} of nothing")
            return arguments.args
    if op == "binom":
        raise NotMath("a binomial of other than two")
    return (arguments,)
