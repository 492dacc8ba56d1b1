"""Finding the program in a completion: fences as CommonMark has them, one pass, no backtracking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reward_server.sandbox.languages import LanguageEntry

_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*([^\r\n]*)")
_QUOTED = re.compile(r" {0,3}> ?")
_WORD = re.compile(r"[{.]*([^\s{},;:=]+)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the first word of its info string, in lower case, and its text."""

    label: str
    text: str
    closed: bool


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a text, in order; the last one may be open.

    A closing fence is at least as long as the opening one, carries nothing else, and is at most three columns further
    in, so a fence inside an indented docstring closes nothing. A block may stand in a quotation (``> ``).
    """
    fence, indent, label, lines, quoted = "", 0, "", list[str](), False
    for line in text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"):
        quote = _QUOTED.match(line)
        if quote and (quoted or not fence):
            line = line[quote.end() :]
        match = _FENCE.fullmatch(line)
        if not fence:
            quoted = quote is not None
            if match and not (match[2][0] == "`" and "`" in match[3]):
                fence, indent, label, lines = match[2], len(match[1]), _label(match[3]), []
        elif match and match[2].startswith(fence) and not match[3].strip() and len(match[1]) <= indent + 3:
            yield Block(label, _dedented(lines, indent), closed=True)
            fence = ""
        else:
            lines.append(line)
    if fence:
        yield _left_open(fence, label, _dedented(lines, indent))


def program_of(text: str, entry: LanguageEntry) -> str | None:
    """The last block of the language, else the last block without a label; None where there is neither.

    A block that was never closed counts only where no closed one does: generation stopped in the middle of it.
    """
    names = {entry.language.name, *entry.aliases}
    found = [block for block in blocks(text) if block.text.strip()]
    for wanted in (names, {""}):
        for closed in (True, False):
            for block in reversed(found):
                if block.label in wanted and block.closed is closed:
                    return block.text
    return None


def _left_open(fence: str, label: str, text: str) -> Block:
    """A block without a closing line: one that was cut off, or whose fence stands at the end of a line of code."""
    inside, found, _ = text.partition(f"{fence}\n")
    return Block(label, f"{inside}\n" if found else text, closed=bool(found))


def _label(info: str) -> str:
    """The language of an info string: of ``python``, ``{.python}``, ``python:main.py`` and ``python,linenos``."""
    match = _WORD.match(info.strip())
    return match[1].lower() if match else ""


def _dedented(lines: list[str], indent: int) -> str:
    if indent:
        lines = [line[min(indent, len(line) - len(line.lstrip(" \t"))) :] for line in lines]
    return "\n".join(lines) + "\n"
