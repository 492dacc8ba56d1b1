"""How tightly the signs of a term bind; a new infix sign is one entry here."""

from __future__ import annotations

from typing import Final

RATIO, UNION, OVER, SUM, PRODUCT, PREFIX, IMPLICIT, POWER = 6, 8, 12, 20, 30, 35, 40, 50
INFIX: Final[dict[str, tuple[int, str]]] = {
    ":": (RATIO, "ratio"), "union": (UNION, "union"), "difference": (UNION, "difference"),
    "intersection": (UNION + 1, "intersection"),
    "+": (SUM, "add"), "-": (SUM, "sub"), "pm": (SUM, "pm"), "mp": (SUM, "mp"), "*": (PRODUCT, "mul"),
    "/": (PRODUCT, "div"),
    "mod": (PRODUCT - 5, "mod"), "^": (POWER, "pow"), "oplus": (SUM, "oplus"),
}  # fmt: skip
STARTS: Final = frozenset("SYM FUNC FRAC SQRT OPEN LBRACE OVERLINE ACCENT BIG BEGIN NUM DOTS".split())
"""Kinds of token that multiply what stands before them."""
CALLS: Final = frozenset("f g h F G Gamma f^-1 g^-1 h^-1".split())
"""Letters that apply to the bracket after them."""
