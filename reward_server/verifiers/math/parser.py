r"""From tokens to a tree: a Pratt parser for terms, a level for relations and one for lists around it.

The levels are classes on one ``Cursor``: ``Environments`` (things with arguments) under ``Atoms`` (what a term starts
with) under ``Terms`` (signs; their binding is a table in ``powers``) under ``Parser`` (relations and lists). The
parser never looks at what a value is, only at how it is written.

>>> from reward_server.verifiers.math.tokens import tokenize
>>> parse(tokenize("x^2"))
Apply(op='pow', args=(Sym(name='x'), Num(value=2, ulp=None)))
"""

from __future__ import annotations

from reward_server.verifiers.math import units
from reward_server.verifiers.math.exact import exact
from reward_server.verifiers.math.limits import MAX_LINKS, MAX_TREE_DEPTH, NotMath, TooBig
from reward_server.verifiers.math.nodes import Apply, Node, Num, Words, depth_of
from reward_server.verifiers.math.symbols import MULTIPLIERS, SMALL_NUMBERS
from reward_server.verifiers.math.terms import Terms
from reward_server.verifiers.math.tokens import Token


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
    if len(parser.tokens) > MAX_TREE_DEPTH // 2 and depth_of(node) > MAX_TREE_DEPTH:
        raise TooBig("depth", f"the answer is nested more than {MAX_TREE_DEPTH} deep")
    return node


class Parser(Terms):
    """Lists, relations and quantities."""

    def answer(self) -> Node:
        """Elements joined by commas, ``and``, ``or``: one element stays itself."""
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
        if op == "and" and len(items) == 2 and all(_is_part(item) for item in items):
            return Apply("compound", tuple(items))
        return items[0] if len(items) == 1 else Apply(op, tuple(items))

    def relation(self) -> Node:
        """Operands joined by signs such as ``=`` or ``<``; several signs make a chain."""
        said = self.peek.kind == "REL" and self.peek.value in ("eq", "approx", "sim", "implies", "iff")
        if said:
            self.next()  # "= 5": what stands on the left was said before
        left = self.operand()
        links: list[Node] = [Apply("eq", (Words("…"), left))] if said and self.peek == ("REL", "eq", True) else []
        while self.peek.kind == "REL":
            op = self.next().value
            if self.peek.kind == "AMP":
                self.next()
            if op == "eq" and self.peek.kind in ("END", "CLOSE", "RBRACE", "SEP"):
                break
            right = self.operand()
            if op == "cong" and isinstance(right, Apply) and right.op == "mod":
                right = Apply("residue", right.args)
            links.append(Apply(op, (left, right)))
            if len(links) > MAX_LINKS:
                raise TooBig("size", f"a chain has more than {MAX_LINKS} relations")
            left = right
        if not links:
            condition = self.peek.kind == "BAR" and self.at == self.last_bar
            if not condition or self.closing_bar or self.builder:
                return left
            self.next()
            return Apply("given", (left, self.relation()))
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
            currency = Words(units.MONEY.get(self.next().value, "?"))
            return node if isinstance(node, Apply) and node.op == "quantity" else Apply("quantity", (node, currency))
        if self.peek.kind == "OPEN" and self.tokens[self.at + 1].kind in ("WORD", "UNIT"):  # 30 (cm)
            return self.bracketed_unit(node)
        if self.peek.kind not in ("WORD", "UNIT") or self.peek.value.lower() in ("and", "or"):
            return node
        if isinstance(node, Words):
            return Words(f"{node.text} {self.phrase()}")
        phrase = self.phrase()
        if isinstance(node, Apply) and node.op == "quantity" and isinstance(node.args[1], Words):
            money, phrase = node.args[1].text, units.canonical(phrase)
            return node if phrase in (money, "usd") else Apply("quantity", (node.args[0], Words(f"{money} {phrase}")))
        if self.peek.kind == "NUM" and units.canonical(phrase) in units.PARTS:  # 2 hours 30 minutes
            self.enter()
            rest = self.operand()
            self.depth -= 1
            if isinstance(rest, Apply) and rest.op == "quantity":
                return Apply("compound", (Apply("quantity", (node, Words(units.canonical(phrase)))), rest))
            raise NotMath("a number after a unit")
        return Apply("quantity", (node, Words(units.canonical(phrase) if units.is_unit(phrase) else phrase + " ?")))

    def bracketed_unit(self, node: Node) -> Node:
        opened = self.next().value
        phrase = self.phrase()
        self.expect("CLOSE", {"(": ")", "[": "]"}.get(opened))
        if node == Num(SMALL_NUMBERS.get(phrase.lower(), -1)):  # 5 (five)
            return node
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
            elif kind == "OP" and value == "/" and following.kind in ("WORD", "UNIT", "SYM"):
                parts.append("/")
            elif kind == "OP" and value == "*" and parts and following.kind in ("WORD", "UNIT"):
                pass
            elif kind == "NUM" and value in ("2", "3") and not spaced and parts:  # cm3
                parts.append("^" + value)
            elif kind == "OP" and value == "^":
                self.next()
                power = self.argument()
                parts.append(f"^{_small(power)}")
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


def _small(power: Node) -> str:
    """A power that a unit may have, as text; a question mark for any other."""
    value = exact(power)
    return str(value) if value and abs(value.numerator) < 100 and value.denominator < 100 else "?"


def _is_part(node: Node) -> bool:
    """Whether a quantity may be part of a larger one: the hours of hours and minutes."""
    if not isinstance(node, Apply) or node.op != "quantity":
        return False
    unit = node.args[1]
    return isinstance(unit, Words) and unit.text in units.PARTS
