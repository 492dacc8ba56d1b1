"""The lines of a written proof: number, depth of sub-proof, formula, rule and cited lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reward_server.verifiers.logic.rule_names import spelled
from reward_server.verifiers.structured import fenced_blocks

MAX_LINES = 5_000
MAX_LINE = 4_000
_BARS = "|│┃¦"
_PREFIX = re.compile(
    rf"(?P<lead>(?:[\s>]|[{_BARS}](?!-))*+)(?:[(\[]?(?P<number>\d{{1,6}})(?:[.):\]]{{1,2}}|(?=[\s{_BARS}])))?(?P<inner>(?:\s|[{_BARS}](?!-))*+)"
)
_SPAN = r"\d{1,6}(?:\s?[-–—]{1,2}\s?\d{1,6})?"
_SPANS = rf"(?:(?:lines?|steps?)\s)?({_SPAN}(?:\s?(?:,\s?and|,|;|&|and|\s)\s?{_SPAN}){{0,40}})"
_REFERENCES_LAST = re.compile(rf"(?<![\w-]){_SPANS}$|(?<=[A-Za-z=⊥]){_SPANS}$", re.IGNORECASE)
_REFERENCES_FIRST = re.compile(rf"{_SPANS}(?!\w)", re.IGNORECASE)
_REFERENCE = re.compile(r"(\d{1,6})(?:\s*[-–—]{1,2}\s*(\d{1,6}))?")
_START = re.compile(r"\s+|(?<=\S)(?=[:;]|[\[(][^()\[\]]{0,200}[)\]]\s*$)")
_BRACKETED = re.compile(rf"[(\[]({_SPAN})[)\]]")
_OPENING = re.compile(r"^[\s:;,\[({/—–#]*(?:--\s*)?(?:(?:by|from|using)\b)?\s*", re.IGNORECASE)
_LINKING = re.compile(r"(?:[\s\])}.,;:(\[]|\b(?:by|from|on|to|with|of|using|applied|lines?|steps?))$", re.IGNORECASE)
_REMARK = re.compile(r"\s*\([^()]*\)?$|\s+for\s.*$", re.IGNORECASE)
_MARKUP = re.compile(r"\\(?:text|textbf|textit|mathrm)\s?\{([^{}]*)\}|\\q?quad|\$|\\\\$")
_BOLD_NUMBER = re.compile(r"^(\W*?)\*\*([(\[]?\d{1,6}[.):\]]{0,2})\*\*")
_ROW = re.compile(r"^\s*\|\s*(\d{1,6})[.)]?\s*\|(.+)\|([^|]*)\|\s*$")
"""A row of a Markdown table: number, statement, rule."""


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
        if lines := _last_run(body):
            return lines
    return _last_run(text)


def _last_run(text: str) -> list[str]:
    run: list[str] = []
    best: list[str] = []
    for line in map(_plain, text.splitlines()):
        if _numbered(line):
            if _number(line) == 1 and run:
                run = []
            run.append(line)
            best = run
        elif line.strip(f" \t-_—─{_BARS}`"):
            run = []
    return best[: MAX_LINES + 1]


def _plain(line: str) -> str:
    """A line without what a row of a Markdown table or of a LaTeX array, or a bold number, has around it."""
    if len(line) >= MAX_LINE:
        return line
    if line.rstrip().endswith("\\\\"):
        line = line.replace("&", "  ")
    if row := _ROW.match(line):
        line = f"{row[1]}. {row[2].replace(chr(92) + '|', '|').strip()}  {row[3].strip()}"
    return _BOLD_NUMBER.sub(r"\1\2", line).rstrip()


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
    depths = _depths([match for match, _ in prefixes])
    lines = []
    for (match, text), depth in zip(prefixes, depths, strict=True):
        statement, rule, references = _split(text[match.end() :], rules)
        lines.append(Line(int(match["number"]), depth, statement, rule, references, text.strip()[:200]))
    return lines


def _depths(prefixes: Sequence[re.Match[str]]) -> list[int]:
    """Depth of each line: by bars where there are any, else by indentation before or after the numbers."""
    bars = [sum(character in _BARS for character in match["lead"] + match["inner"]) for match in prefixes]
    if any(bars):
        return [count - min(bars) for count in bars]
    widths = [len(match["lead"].expandtabs(4)) for match in prefixes]
    right_aligned = len({width + len(match["number"]) for width, match in zip(widths, prefixes, strict=True)}) == 1
    if right_aligned or len(set(widths)) == 1:
        inner = [len(match["inner"].expandtabs(4)) for match in prefixes]
        columns = [len(match[0].expandtabs(4)) for match in prefixes]
        widths = min(inner, columns, key=lambda found: len(set(found)))
    stack = [min(widths)]
    depths = []
    for width in widths:
        while stack[-1] > width:
            stack.pop()
        if stack[-1] < width:
            stack.append(width)
        depths.append(len(stack) - 1)
    return depths


def _split(text: str, rules: frozenset[str]) -> tuple[str, str, tuple[tuple[int, int], ...]]:
    """Statement, rule and references: the longest end of the line that reads as a rule with references."""
    starts = [match.start() for match in _START.finditer(text)][:400]
    for start in starts:
        found = _justification(text[start:], rules)
        if found and text[:start].strip(" :;,"):
            return text[:start].strip().rstrip(":;,").strip(), *found
    raise LineFault(f"no rule that is known at the end of {text.strip()[:80]!r}")


def _justification(text: str, rules: frozenset[str]) -> tuple[str, tuple[tuple[int, int], ...]] | None:
    if len(text) > 400:
        return None
    bare = " ".join(_BRACKETED.sub(r" \1 ", _MARKUP.sub(r" \1 ", text)).split())
    if len(bare) > 200:
        return None
    if bare[:1] in "[(" and bare[-1:] in "])":
        bare = bare[1:-1]
    bare = _OPENING.sub("", bare).rstrip(" ])}.,;")
    name, spans = bare, ""
    if match := _REFERENCES_LAST.search(bare):
        name, spans = bare[: match.start()], match[1] or match[2]
    elif match := _REFERENCES_FIRST.match(bare):
        name, spans = _OPENING.sub("", bare[match.end() :]), match[1]
    while (cut := _LINKING.sub("", name)) != name:
        name = cut
    rule = spelled(name)
    if rule not in rules:
        rule = spelled(_REMARK.sub("", name))
        if rule not in rules or len(rule) == 1:  # "R (premise)" is no reiteration with a remark
            return None
    return rule, tuple((int(m[1]), int(m[2] or m[1])) for m in _REFERENCE.finditer(spans))
