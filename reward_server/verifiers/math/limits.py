"""Caps that are counted before any arithmetic is done, and the one error for passing them."""

from __future__ import annotations

from typing import Final

MAX_TEXT: Final = 1_000_000
"""Characters of a completion that are searched: its tail."""
MAX_ANSWER: Final = 12_000
"""Characters of an answer."""
MAX_TOKENS: Final = 1_500
"""Tokens of an answer."""
MAX_DEPTH: Final = 50
"""Brackets, braces, roots and signs inside one another; each takes up to a dozen frames of the parser."""
MAX_TREE_DEPTH: Final = 180
"""Operations inside one another; signs such as ``!`` nest without brackets."""
MAX_LINKS: Final = 40
"""Relations in one chain."""
MAX_DIGITS: Final = 10_000
"""Digits of one number."""
MAX_BITS: Final = 16_384
"""Bits of an exact result; larger ones stay unevaluated."""
MAX_FACTORIAL: Final = 2_000
"""Largest argument of a factorial or binomial that is multiplied out."""
MAX_CELLS: Final = 400
"""Cells of a matrix."""
MAX_TERMS: Final = 300
"""Terms of a sum or product with bounds that are evaluated."""
MAX_STEPS: Final = 10_000
"""Operations, weighed by their precision, that comparing two answers may take in the tiers before SymPy."""
MAX_SYMBOLIC_S: Final = 0.2
"""Processor time that SymPy may take over two answers, all questions together."""
MAX_PRECISION: Final = 8_192
"""Bits of ball arithmetic."""
MAX_ALTERNATIVES: Final = 16
"""Values that signs of plus-or-minus may expand to."""


class TooBig(Exception):
    """A cap was passed; ``what`` is the limit's name on the wire (``size``, ``depth`` …)."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


class NotMath(Exception):
    """The text is not an answer in any grammar of ours; the message says where it stops being one."""
