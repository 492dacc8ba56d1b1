"""The lines of a written proof: number, depth of sub-proof, formula, rule and cited lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reward_server.verifiers.structured import fenced_blocks

MAX_LINES = 5_000
MAX_LINE = 4_000
_BARS = "|│┃¦"
_PREFIX = re.compile(
    rf"(?P<lead>(?:[\s>]|[{_BARS}](?!-))*+)(?:[(\[]?(?P<number>\d{{1,6}})(?:[.):\]]{{1,2}}|(?=[\s{_BARS}])))?(?P<inner>(?:\s|[{_BARS}](?!-))*+)"
)
_REFERENCES = re.compile(
    r"(?:lines?\s+|from\s+)?(\d{1,6}(?:\s?[-–—]{1,2}\s?\d{1,6})?"
    r"(?:\s?(?:,|;|&|and|\s)\s?\d{1,6}(?:\s?[-–—]{1,2}\s?\d{1,6})?)*)$"
)
_REFERENCE = re.compile(r"(\d{1,6})(?:\s*[-–—]{1,2}\s*(\d{1,6}))?")
_OUTER = re.compile(r"^[\s:;,\[({/—–#]*(?:--\s*)?(?:by\b|from\b)?\s*|[\s\])}.,;]*$", re.IGNORECASE)


class LineFault(ValueError):
    """A line cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a proof; ``references`` are (n, n) for a line and (first, last) for a sub-proof."""

    number: int
    depth: int
    statement: str
    rule: str
    references: tuple[tuple[int, int], ...]
    source: str


def proof_block(text: str) -> list[str]:
    """The lines of the last fenced block that has numbered lines, else the last run of numbered lines in the text."""
    for _, body in reversed(fenced_blocks(text)[-8:]):
        lines = [line.rstrip() for line in body.splitlines() if line.strip()]
        if any(_numbered(line) for line in lines):
            return lines[: MAX_LINES + 1]
    run: list[str] = []
    best: list[str] = []
    for line in text.splitlines():
        if _numbered(line):
            if _number(line) == 1 and run:
                run = []
            run.append(line.rstrip())
            best = run
        elif line.strip(f" \t-_—─{_BARS}`"):
            run = []
    return best[: MAX_LINES + 1]


def _numbered(line: str) -> bool:
    return len(line) < MAX_LINE and _number(line) is not None


def _number(line: str) -> int | None:
    match = _PREFIX.match(line)
    return int(match["number"]) if match and match["number"] else None


def read_lines(source: Sequence[str], rules: frozenset[str]) -> list[Line]:
    """Every line of a block; raises ``LineFault`` naming the first that cannot be read."""
    if len(source) > MAX_LINES:
        raise LineFault(f"more than {MAX_LINES} lines")
    prefixes = []
    for text in source:
        if len(text) > MAX_LINE:
            raise LineFault(f"a line of more than {MAX_LINE} characters")
        match = _PREFIX.match(text)
        if match and not match["number"] and not text.strip(f" \t-_—─{_BARS}"):
            continue
        if match is None or not match["number"]:
            raise LineFault(f"a line without a number: {text.strip()[:80]!r}")
        prefixes.append((match, text))
    depths = _depths([(match["lead"], match["inner"]) for match, _ in prefixes])
    lines = []
    for (match, text), depth in zip(prefixes, depths, strict=True):
        statement, rule, references = _split(text[match.end() :], rules)
        lines.append(Line(int(match["number"]), depth, statement, rule, references, text.strip()[:200]))
    return lines


def _depths(prefixes: Sequence[tuple[str, str]]) -> list[int]:
    """Depth of each line: by bars where there are any, else by indentation before or after the numbers."""
    bars = [sum(character in _BARS for character in lead + inner) for lead, inner in prefixes]
    if any(bars):
        return [count - min(bars) for count in bars]
    leads = [len(lead.expandtabs(4)) for lead, _ in prefixes]
    widths = leads if len(set(leads)) > 1 else [len(inner.expandtabs(4)) for _, inner in prefixes]
    stack: list[int] = []
    depths = []
    for width in widths:
        while stack and stack[-1] > width:
            stack.pop()
        if not stack or stack[-1] < width:
            stack.append(width)
        depths.append(len(stack) - 1)
    return depths


def _split(text: str, rules: frozenset[str]) -> tuple[str, str, tuple[tuple[int, int], ...]]:
    """Statement, rule and references: the longest end of the line that reads as a rule with references."""
    starts = [match.start() for match in re.finditer(r"\s+|(?<=\S)(?=[\[(:;])", text)][:400]
    for start in starts:
        found = _justification(text[start:], rules)
        if found and text[:start].strip(" :;,"):
            return text[:start].strip().rstrip(":;,").strip(), *found
    raise LineFault(f"no rule that is known at the end of {text.strip()[:80]!r}")


def _justification(text: str, rules: frozenset[str]) -> tuple[str, tuple[tuple[int, int], ...]] | None:
    bare = " ".join(text.split())
    if len(bare) > 200:
        return None
    if bare[:1] in "[(" and bare[-1:] in "])":
        bare = bare[1:-1]
    bare = _OUTER.sub("", bare)
    name = bare.casefold()
    match = _REFERENCES.search(bare)
    references: tuple[tuple[int, int], ...] = ()
    if match:
        references = tuple((int(m[1]), int(m[2] or m[1])) for m in _REFERENCE.finditer(match[1]))
        name = bare[: match.start()].strip(" ,:;([").casefold()
    elif before := re.match(r"[\d\s,\-–—]+", bare):
        references = tuple((int(m[1]), int(m[2] or m[1])) for m in _REFERENCE.finditer(before[0]))
        name = bare[before.end() :].strip().casefold()
    name = re.sub(r"\s*\([^)]*\)$|\s+for\s.*$", "", " ".join(name.split()))
    return (name, references) if name in rules else None
