r"""From the text of an answer to tokens: LaTeX, plain text and Unicode mathematics in one pass.

A token is (kind, value, spaced): ``spaced`` says that blank stood before it. Words of ``\text{…}`` come out as
``WORD`` tokens and are never split into letters; words of plain text are, unless ``symbols.WORDS`` knows them.

>>> [f"{t.kind}:{t.value}" for t in tokenize(r"2\pi \text{ cm}")]
['NUM:2', 'SYM:pi', 'WORD:cm']
"""

from __future__ import annotations

import re
import string
from typing import NamedTuple

from reward_server.verifiers.math import symbols
from reward_server.verifiers.math.limits import MAX_TOKENS, NotMath, TooBig
from reward_server.verifiers.math.units import UNITS


class Token(NamedTuple):
    """One token; see ``symbols`` for the kinds."""

    kind: str
    value: str
    spaced: bool


_GROUP_MARK = r"(?:\{,\}|,?\\[,!;: ]|,\\!)"
_NUMBER = re.compile(
    rf"(?P<marked>\d{{1,3}}(?:{_GROUP_MARK}\s?\d{{3}})+(?!\d)(?:\.\d+)?)"
    r"|(?P<commas>[1-9]\d{0,2}(?:,\d{3})+(?![\d])(?:\.\d+)?)"
    r"|(?P<blanks>[1-9]\d{0,2}(?:[ ~]\d{3}){1,8}+(?! ?[\d/])(?:\.\d+)?)"
    r"|(?P<plain>\d+\.(?![.\d])|\d+(?:\.\d+)?(?:[eE][+-]?\d+(?![\d.]))?|\.\d+(?:[eE][+-]?\d+)?)"
)
_FREQUENT = re.compile(
    r"(\s*)(?:\\(?:left|right)(?![A-Za-z.])\s*)?"
    r"(?:([0-9]+)(?![\d.]|,\d|,?\\[,!;: ]|\{,|[\s~]\d|[eE][+-]?\d)"
    r"|([B-Zb-z](?![^\W\d_]|-[^\W\d_]{2})|[\^{}()\[\],]|[-+*/=<>|](?=[^-+*/=<>|.!:~])|\\(?:[A-Za-z]+|[{}%])))"
)
"""Most tokens: a number that ends for certain, a letter that is no word, a sign that is not a longer one, a command."""
_SPACE = re.compile(r"(?:\s|~)+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]{2,})*")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
_OPERATOR = re.compile(
    r"\+/-|\.\.\.|[<>=!:~]=|=<|=>|<>|->|\*\*|\+-|-\+|//|\|\||''|\.\.|[-+*/^_!%|()\[\]{},;:&'$.?\"`#@<>=]"
)
_SCRIPT = re.compile(f"[{''.join(symbols.SUPERSCRIPTS)}]+|[{''.join(symbols.SUBSCRIPTS)}]+")
_ENVIRONMENT = re.compile(r"\s*\{\s*([A-Za-z]+)\*?\s*\}")
_BRACKETED = re.compile(r"\s*\[[^\[\]]{0,40}\]")
_DIGITS = re.compile(r"\d+")
_DECIMAL_COMMA = re.compile(r"(?:\{,\}|,)(\d+)(?![\d,])")
_NOTHING_AFTER = re.compile(r"\s*(?:$|[.,;)\]$/]|\}\s*(?:$|[^(\[{\\\w^])|\\[)\]])")
_MORE_WORDS = re.compile(r"\s+([A-Za-z]{2,})")
_VOWELS = frozenset("aeiouAEIOU")


def tokenize(text: str, *, commas_group: bool = True, decimal_comma: bool = False) -> list[Token]:
    r"""The tokens of an answer.

    ``commas_group``: at the top level ``1,234`` is one number, in brackets two; False turns both round (the caller
    may try the other reading). Raises ``NotMath`` for signs that no answer has, ``TooBig`` past ``MAX_TOKENS``.
    """
    return _Tokenizer(text, commas_group, decimal_comma).run()


class _Tokenizer:
    """One pass over one text."""

    def __init__(self, text: str, commas_group: bool, decimal_comma: bool) -> None:
        if not text.isascii():
            text = _SCRIPT.sub(_script, text).translate(symbols.UNICODE)
        self.text = text
        self.position = 0
        self.tokens: list[Token] = []
        self.spaced = False
        self.depth = 0
        self.commas_group = commas_group
        self.decimal_comma = decimal_comma
        self.words_until: list[int] = []
        """Ends of the open text commands: inside them letters are words."""
        self.silent: set[int] = set()
        """Closing braces of text commands: they end words and are no tokens."""
        self.braces: dict[int, int] | None = None

    def run(self) -> list[Token]:
        text, end, tokens = self.text, len(self.text), self.tokens
        while self.position < end:
            if len(tokens) > MAX_TOKENS:
                raise TooBig("size", f"the answer has more than {MAX_TOKENS} tokens")
            frequent = None if self.silent else _FREQUENT.match(text, self.position)
            if frequent is not None:
                blank, digits, known = frequent.groups()
                spaced = self.spaced or blank != ""
                token = Token("NUM", digits, spaced) if digits else _KNOWN[spaced].get(known)
                if token is not None:
                    self.position = frequent.end()
                    self.depth += _NESTING.get(token.kind, 0)
                    self.spaced = False
                    tokens.append(token)
                    continue
            while self.words_until and self.position >= self.words_until[-1]:
                self.words_until.pop()
            sign = text[self.position]
            if sign.isdigit() or (sign == "." and text[self.position + 1 : self.position + 2].isdigit()):
                self.number()
            elif sign == "\\":
                self.backslash()
            elif sign.isalpha():
                self.word()
            else:
                self.sign()
        return tokens

    def emit(self, kind: str, value: str) -> None:
        if kind == "SPACE":
            self.spaced = True
            return
        self.depth += _NESTING.get(kind, 0)
        self.tokens.append(Token(kind, value, self.spaced))
        self.spaced = False

    def number(self) -> None:
        match = _NUMBER.match(self.text, self.position)
        if match is None:  # a digit of another script
            raise NotMath(f"{self.text[self.position]!r} is no digit here")
        kind = match.lastgroup
        if kind == "commas" and (self.depth > 0) == self.commas_group:
            match = _DIGITS.match(self.text, self.position)
            assert match is not None
        digits = match.group()
        self.position = match.end()
        if kind in ("marked", "blanks", "commas"):
            digits = re.sub(r"[^\d.]", "", digits)
        elif self.decimal_comma and digits.isdigit():
            fraction = _DECIMAL_COMMA.match(self.text, self.position)
            if fraction:
                digits, self.position = f"{digits}.{fraction[1]}", fraction.end()
        self.emit("NUM", digits)

    def backslash(self) -> None:
        match = _COMMAND.match(self.text, self.position)
        if match:
            self.position = match.end()
            self.command(match[1])
            return
        sign = self.text[self.position + 1 : self.position + 2]
        self.position += 2
        known = symbols.ESCAPES.get(sign)
        if known is None:
            known = ("OP", "difference") if sign.isdigit() or not sign.strip() else ("SPACE", "")
            self.position -= 1 if sign else 0
        self.emit(*known)
        if known[0] == "ROW":
            spacing = _BRACKETED.match(self.text, self.position)
            if spacing and "pt" in spacing.group() or spacing and "em" in spacing.group():
                self.position = spacing.end()

    def command(self, name: str) -> None:
        """One LaTeX command; those with words or names for arguments are read here, the rest is left to the parser."""
        if name in symbols.COMMANDS:
            if name in _WITH_NAMES:
                inner = self.argument().strip()
                self.emit("SYM", symbols.BLACKBOARD.get(inner[:1], inner) + inner[1:])
            elif name == "mod" or name == "bmod":
                self.emit("OP", "mod")
            else:
                self.emit(*symbols.COMMANDS[name])
        elif name in symbols.IGNORED:
            if name in ("left", "right") and self.text[self.position : self.position + 1] == ".":
                self.position += 1
        elif name in symbols.SPACES:
            self.spaced = True
        elif name in symbols.TEXT:
            self.words_of(name)
        elif name in symbols.ONE_ARGUMENT_DROPPED:
            self.argument()
        elif name in symbols.STYLES:
            pass
        elif name in symbols.OVERLINES:
            self.emit("OVERLINE", name)
        elif name in symbols.ACCENTS:
            self.emit("ACCENT", name)
        elif name in ("begin", "end"):
            environment = _ENVIRONMENT.match(self.text, self.position)
            if environment is None:
                raise NotMath(f"\\{name} without a name")
            self.position = environment.end()
            if name == "begin" and environment[1] in ("array", "tabular"):
                self.argument()
            self.emit("BEGIN" if name == "begin" else "FINISH", environment[1])
        elif name.startswith(("quad", "cdot", "pi", "times")) and len(name) <= 12:  # \quadx: a lost blank
            known = next(k for k in ("quad", "cdot", "times", "pi") if name.startswith(k))
            self.position -= len(name) - len(known)
            self.command(known)
        else:
            raise NotMath(f"unknown command \\{name}")

    def argument(self) -> str:
        """The text of a braced argument, or of the one sign that follows."""
        start = self.position
        while start < len(self.text) and self.text[start].isspace():
            start += 1
        if self.text[start : start + 1] != "{":
            self.position = start + 1
            return self.text[start : start + 1]
        end = self.closing(start)
        self.position = end + 1
        return self.text[start + 1 : end]

    def closing(self, start: int) -> int:
        """Index of the brace that closes the one at ``start``; raises ``NotMath`` where there is none."""
        if self.braces is None:
            self.braces = _brace_pairs(self.text)
        end = self.braces.get(start)
        if end is None:
            raise NotMath("a brace is not closed")
        return end

    def words_of(self, name: str) -> None:
        """The argument of a text command: its letters are words, and its braces are not tokens."""
        start = self.position
        while start < len(self.text) and self.text[start].isspace():
            start += 1
        if self.text[start : start + 1] != "{":
            return
        end = self.closing(start)
        self.spaced = True
        self.silent.add(end)
        inner = self.text[start + 1 : end].strip("~ \t\n")
        upright = name == "mathrm" and inner in _UPRIGHT_UNITS
        if (upright or (inner in _UNIT_LETTERS and name != "mathbf")) and self.after_number():
            self.emit("UNIT", inner)
            self.position = end
            return
        if name == "operatorname" and inner in symbols.FUNCTIONS and inner in symbols.WORDS:
            self.emit(*symbols.WORDS[inner])
            self.position = end
            return
        if not (name in _UPRIGHT and len(inner) <= 1):
            self.words_until.append(end)
        self.position = start + 1

    def word(self) -> None:
        match = _WORD.match(self.text, self.position)
        assert match is not None
        word = match.group()
        in_text = bool(self.words_until)
        self.position = match.end()
        known = symbols.WORDS.get(word)
        if known and self.fits(word, known):
            self.emit(*known)
            base = _BASE_IN_NAME.match(self.text, self.position) if word == "log" else None
            if base:  # log2(8)
                self.emit("SUB", "_")
                self.emit("NUM", base[1])
                self.position = base.end()
        elif len(word) == 1 and word.isascii():
            self.emit(self.letter_kind(word) if in_text or not self.tokens else "SYM", word)
        elif in_text or not word.isascii() or not (_splits(word) or self.attached(word)):
            self.emit("WORD", word)
        else:
            self.letters(word)

    def letter_kind(self, letter: str) -> str:
        """What one letter of a text is: an article, the unit of a number, or a letter."""
        if letter in _UNIT_LETTERS and self.after_number():
            return "UNIT"
        more = _MORE_WORDS.match(self.text, self.position) if letter in "aA" else None
        return "WORD" if more and more[1] not in symbols.WORDS and more[1] not in ("and", "or") else "SYM"

    def after_number(self) -> bool:
        """Whether a number, or a unit of one, stands right before: then a letter of a text is a unit."""
        before = self.tokens[-1:]
        if before and before[0].value in ("*", "/"):
            return len(self.tokens) > 1 and self.tokens[-2].kind in ("UNIT", "WORD")
        return bool(before) and (before[0].kind in _ENDS_NUMBER or before[0].value == "pi" or _is_unit_name(before[0]))

    def fits(self, word: str, known: tuple[str, str]) -> bool:
        """Whether a word that may be mathematics is: ``re``, ``th`` and the like only before a bracket."""
        if known[0] in ("FUNC", "OP", "REL", "OVER") and _NOTHING_AFTER.match(self.text, self.position):
            return False  # "40 min", "5 in", "3 times"
        if word == "in" and self.tokens and self.tokens[-1].kind == "WORD" and self.words_until:
            return False  # "students in each class"
        if known[0] in ("OP", "REL") and self.text.startswith(("^", "}^"), self.position):
            return False  # "5 in^2", "5\text{ in}^2"
        if word in symbols.PLAIN_ONLY:
            return self.text[self.position : self.position + 1] == "("
        if known == ("OP", "union") or known == ("OP", "intersection"):
            return self.text[self.position :].lstrip()[:1] in ("(", "[", "{", "\\")
        return True

    def attached(self, word: str) -> bool:
        """Whether a word of two letters is a product after all: ``v_0 + at``, ``\frac{1}{2}at^2``."""
        if word not in _SMALL_WORDS or not self.tokens:
            return False
        if self.text.startswith(("^", "_"), self.position):
            return True
        before = self.tokens[-1]
        return before.value in ("+", "-", "*") or (not self.spaced and before.kind in _ENDS_FACTOR)

    def letters(self, word: str) -> None:
        """A word of plain text as single letters, known names in it kept whole: ``xsin``, ``2pir``."""
        rest = word
        while rest:
            for size in (6, 5, 4, 3, 2):
                if len(rest) >= size and rest[:size] in _INNER:
                    self.emit(*symbols.WORDS[rest[:size]])
                    rest = rest[size:]
                    break
            else:
                self.emit("SYM", rest[0])
                rest = rest[1:]

    def sign(self) -> None:
        if self.text[self.position] == "~" or self.text[self.position].isspace():
            self.position = _SPACE.match(self.text, self.position).end()  # type: ignore[union-attr]  # one at least
            self.spaced = True
            return
        if self.position in self.silent:
            self.position += 1
            self.spaced = True
            return
        match = _OPERATOR.match(self.text, self.position)
        if match is None:
            raise NotMath(f"{self.text[self.position]!r} is no sign of an answer")
        self.position = match.end()
        self.emit(*symbols.OPERATORS[match.group()])


def _brace_pairs(text: str) -> dict[int, int]:
    """Each opening brace with the one that closes it, in one pass; escaped braces are none."""
    pairs: dict[int, int] = {}
    open_at: list[int] = []
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match.group() == "{":
            open_at.append(match.start())
        elif match.group() == "}" and open_at:
            pairs[open_at.pop()] = match.start()
    return pairs


_NESTING = {"OPEN": 1, "LBRACE": 1, "CLOSE": -1, "RBRACE": -1}
_WITH_NAMES = frozenset({"mathbb", "Bbb"})
_KNOWN = tuple(
    {
        **{letter: Token("SYM", letter, spaced) for letter in string.ascii_letters},
        **{sign: Token(*token, spaced) for sign, token in symbols.OPERATORS.items()},
        **{f"\\{name}": Token(*token, spaced) for name, token in symbols.COMMANDS.items() if name not in _WITH_NAMES},
        **{f"\\{sign}": Token(*symbols.ESCAPES[sign], spaced) for sign in "{}%"},
    }
    for spaced in (False, True)
)
"""Tokens that look the same wherever they stand, without and with blank before them."""
_UNIT_LETTERS = frozenset("m s g h l L N J W V K".split())
_ENDS_NUMBER = frozenset({"NUM", "RBRACE", "CLOSE"})
_SMALL_WORDS = frozenset("no am pm or is if to of by at so an as be we it".split())
_ENDS_FACTOR = frozenset({"SYM", "RBRACE", "CLOSE"})
_UPRIGHT = frozenset({"mathbf", "mathrm", "rm"})
_UPRIGHT_UNITS = frozenset("A C F H T".split())
"""Letters that are a unit only where they stand upright after a number."""
_BASE_IN_NAME = re.compile(r"(2|10)(?=\()")
_INNER = frozenset("sqrt sin cos tan log ln pi theta alpha beta exp".split())


def _is_unit_name(token: Token) -> bool:
    return token.kind == "UNIT" or (token.kind == "WORD" and token.value in UNITS)


def _splits(word: str) -> bool:
    """Whether a plain word is a product of letters (``xy``, ``abc``) and not a word (``cm``, ``even``)."""
    if word in UNITS and len(word) > 1:
        return False
    if len(word) <= 2:
        return word.lower() not in _SMALL_WORDS and word != "II"
    if any(name in word for name in ("sqrt", "sin", "cos", "tan", "log", "pi", "ln")) and len(word) <= 6:
        return True
    return len(word) <= 4 and (not _VOWELS & set(word) or set(word) <= set("abcd"))


def _script(match: re.Match[str]) -> str:
    """Superscript digits as a power, subscript ones as an index."""
    run = match.group()
    if run[0] in symbols.SUPERSCRIPTS:
        return "^{" + "".join(symbols.SUPERSCRIPTS[sign] for sign in run) + "}"
    return "_{" + "".join(symbols.SUBSCRIPTS[sign] for sign in run) + "}"
