"""Finding the program in a completion: fences as CommonMark has them, one pass, no backtracking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reward_server.sandbox.languages import LanguageEntry

_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*([^\r\n]*)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the first word of its info string, in lower case, and its text."""

    label: str
    text: str
    closed: bool


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a text, in order; the last one may be open.

    A closing fence is at least as long as the opening one, carries nothing else, and is at most three columns further
    in, so a fence inside an indented docstring closes nothing.
    """
    fence, indent, label, lines = "", 0, "", list[str]()
    for line in text.replace("\r\n", "\n").split("\n"):
        match = _FENCE.fullmatch(line)
        if not fence:
            if match and not (match[2][0] == "`" and "`" in match[3]):
                fence, indent, label, lines = match[2], len(match[1]), _label(match[3]), []
        elif match and match[2].startswith(fence) and not match[3].strip() and len(match[1]) <= indent + 3:
            yield Block(label, _dedented(lines, indent), closed=True)
            fence = ""
        else:
            lines.append(line)
    if fence:
        yield Block(label, _dedented(lines, indent), closed=False)


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


def _label(info: str) -> str:
    words = info.strip().lstrip("{.").split()
    return words[0].rstrip("},;:").lower() if words else ""


def _dedented(lines: list[str], indent: int) -> str:
    if indent:
        lines = [line[min(indent, len(line) - len(line.lstrip(" \t"))) :] for line in lines]
    return "\n".join(lines) + "\n"
