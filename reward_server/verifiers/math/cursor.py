"""The parser's cursor: one token in sight, and the promise of the rules that the levels of the grammar call."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from reward_server.verifiers.math.limits import MAX_DEPTH, NotMath, TooBig
from reward_server.verifiers.math.nodes import Node
from reward_server.verifiers.math.tokens import Token

END: Final = Token("END", "", False)


class Cursor(ABC):
    """Tokens, and where the parser stands in them."""

    def __init__(self, tokens: list[Token], *, tight: bool = False) -> None:
        self.tight = tight
        r"""Whether ``1/2x`` is one over two x, ``C(5,2)`` a number, and ``\sqrt23`` three times a root."""
        self.ambiguous = False
        """Whether ``tight`` made a difference."""
        kinds = [token[0] for token in tokens]
        self.tokens = [token for token in tokens if token[0] != "QUOTE"] if "QUOTE" in kinds else tokens[:]
        while self.tokens and self.tokens[-1].kind == "STOP":
            self.tokens.pop()
        while self.tokens and (self.tokens[-1].kind == "SEP" or self.tokens[-1].kind == "ROW"):
            self.tokens.pop()
        self.tokens += [END, END, END]
        self.last_bar = -1
        """Where the last bar stands: without a partner it is a condition."""
        if "BAR" in kinds:
            self.last_bar = max(index for index, token in enumerate(self.tokens) if token[0] == "BAR")
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

    @abstractmethod
    def answer(self) -> Node:
        """A list, a relation or a term."""

    @abstractmethod
    def relation(self) -> Node:
        """A relation or a term."""

    @abstractmethod
    def term(self, power: int) -> Node:
        """A term whose infix signs bind tighter than ``power``."""

    @abstractmethod
    def first(self) -> Node:
        """What a term starts with."""
