r"""The answer of a completion, from its tail, in linear time.

Rules, in the order of ``auto``; the first that finds something decides, and the verdict names it:

``boxed``        the last ``\boxed{}`` or ``\fbox{}`` that closes; boxes joined by connectors are one list
``answer_line``  what follows the last ``Answer:``, ``A:``, ``####``, ``<answer>`` or "final answer is"
``math``         the last display or inline mathematics; joined by connectors, one list
``bold``         the last ``**…**``
``whole``        a short completion of one line
``last_number``  the last number, only where it is asked for
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from reward_server.verifiers.math.limits import MAX_ANSWER, MAX_TEXT

_BOX: Final = re.compile(r"\\(?:boxed|fbox|framebox)\s*(?=\{)|\\boxed\s+(?=[^\s{])")
_PREFIX: Final = len("\\frame")
"""Characters that may stand before ``box`` in the names of boxes."""
_BARE: Final = re.compile(r"\\?\w+|\S")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)
_DELIMITER: Final = re.compile(
    r"\\\\|\\\$|\$\$|\$|\\[\[\]()]|\n|\\(?:begin|end)\{(?:align|equation|gather|displaymath)\*?\}"
)
_CONNECTOR: Final = re.compile(
    r"(?>\([a-h]\)|[\s$,;&=~./()\-•]|\\[,;:!()\[\]\\ ]|\\q?quad|\\text\s*\{\s*(?:,|and|or)?\s*\}|\*\*|\b\d{1,2}[.)]\s"
    r"|\||\b(?i:option|case|part|solution|possibility)\s+\w\b:?"
    r"|\b(?:and|or|also|maybe|perhaps|possibly|either|else|alternatively)\b"
    r"|\\?[A-Za-z]+(?:_\{?\w{1,3}\}?)?(?:\([a-z]\))?\s*(?:=|\\in\b))*+"
)
"""Between two parts of one answer: blanks, commas, ``and``, ``or``, ``x_2 =``."""
_SAID = r"(?:(?:final|correct|right|best)\s+)?answer"
_CHOSEN = rf"(?:{_SAID}|(?:correct|right|best)\s+(?:option|choice))"
_ANSWER_LINE: Final = re.compile(
    rf"(?:^|\n)[ \t>*_#-]*(?:(?:the\s+)?{_SAID}(?:\s+is)?|(?-i:A)|Ans\.?)"
    r"(?:\*\*|\*|__)?[ \t]*[:：](?:\*\*|__)?[ \t]*(?=\S)"
    r"|####[ \t]*(?=\S)"
    rf"|\n?#{{1,6}}[ \t]*(?:{_SAID})[ \t]*\n\s*(?=\S)"
    r"|(?:^|\n)[ \t]*(?:\*\*|__)?(?:the\s+)?final\s+answer(?:\*\*|__)?[ \t]*\n\s*(?=\S)"
    r"|<answer>\s*(?=\S)|答案(?:是|为)?[ \t]*[:：]?[ \t]*(?=\S)"
    r"|(?:réponse|respuesta|risposta|resposta|antwort|ответ|答え|정답)(?:\s+final[ea]?)?"
    r"(?:\s*[:：]|\s+(?:est|es|è|é|ist|lautet)\b[ \t]*:?|は|은|는)[ \t]*(?=\S)"
    rf"|\b{_SAID}(?:\s+is)?[ \t]*[:：]\s*(?=\S)"
    rf"|\b(?:final|correct|the|my|our|hence,|thus,|so,?)\s+(?:(?:required|desired)\s+)?{_CHOSEN}"
    r"(?:\s+to\s+(?:the|this)\s+(?:question|problem))?\s+(?:(?:is|(?:would|should|must)\s+be|equals)\b|=)[ \t]*"
    r"(?:(?:therefore|thus|simply)\b,?[ \t]*)?(?=[^\s:：])",
    re.IGNORECASE,
)
_SUPPOSED: Final = re.compile(
    r"(?:\b(?:if|suppose|assume|assuming|unless|whether|imagine|say)|(?:\bnot|\bnever|n['’]t)\s+(?:think|believe|say|claim)"
    r"|(?:\b(?:not|false|wrong|incorrect|untrue|impossible|unlikely|doubt|deny)|n['’]t)\b[^.,;:!?\n]*\b(?:that|why|how))"
    r"(?:\s+that)?\s+\Z",
    re.IGNORECASE,
)
"""Before "the answer is": what says that it is only supposed to be, or that it is not."""
_ANSWER_END: Final = re.compile("</answer>", re.IGNORECASE)
_BACK = r"(?:(?:No|Wait|Oops|Sorry)[,.:!]|(?:Actually|Hmm+|Correction)\b)"
_TAKEN_BACK: Final = re.compile(rf"[.!?,]\s+{_BACK}", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(
    rf"\.\s+(?!{_BACK})(?=[A-Z])|,?\s+\(?(?:since|because)\b"
    r"|,?\s+\(?(?:not|rather than|instead of)\s+(?=[$\\\d(A-Z-])(?!.{0,200}\b(?:or|but|actually|wait|no|hmm)\b)"
)
"""Where what is said of the answer ends: at the next sentence that does not take it back, at a reason, or at what it is
not (``5, not 6``)."""
_DENIED: Final = re.compile(
    r"(?:\b(?:not|never|neither|nor|cannot|rather\s+than|instead\s+of|except|wrong\s+to\s+say)|n['’]t)"
    r"(?:\s+(?:be|have|get|take|equal(?:s|\s+to)?|just|simply|really|actually|exactly))?\s*[$\\\[({*]*\s*\Z",
    re.IGNORECASE,
)
"""Right before an answer: what says that it is not this."""
_DENYING: Final = ("not", "n't", "n’t", "never", "nor", "neither", " than", "instead", "except", "wrong")
"""One of these is in whatever ``_DENIED`` matches, and quicker to look for."""
_REFUTED: Final = re.compile(
    r"[\s$.)\]\\}*]*\b(?:is|was|would\s+be)\s+(?:also\s+)?"
    r"(?:wrong|incorrect|false|not\s+(?:the|our|a|an|correct|right|valid))\b",
    re.IGNORECASE,
)
"""Right after an answer: what says that it is not this."""
_SIGN: Final = re.compile(
    r"(?<=[$=(\[{])\s*(\d+\s*[-+*/]|[-−])\s*\Z|(?<![\w-])([-−])\Z|(\\sqrt|\\[dt]?frac\{[^{}]*\})\s*\{\Z"
    r"|((?:[a-zA-Z]\s*)?\\(?:neq?|geq?|leq?|geqslant|leqslant|gt|lt|pm|cdot|times|sqrt)\s*)\Z|([≠≤≥])\s*\Z"
    r"|(?<=[$])([a-z]\s*[<>])\s*\Z"
)
"""A sign or relation before a box, which belongs to the answer."""
_SIGNS: Final = frozenset("-−+*/<>≠≤≥")
_FACTOR: Final = re.compile(
    r"[ \t]*(\^\{?\d+\}?(?!\d)|\\pi\b|\\sqrt\{?\w+\}?|!(?=\s*\$)|[a-zA-Z](?=\s*[$^])|[-+*/]\s*\d+(?=\s*\$))"
)
"""What follows a box and changes what it says."""
_MARKS_AT_END: Final = re.compile(r"(?:\s*(?:</s>|<\|\w{1,20}\|>))+\Z")
"""Marks with which a model's text may end: ``</s>``, ``<|im_end|>``."""
_FENCED: Final = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)
_TABLE: Final = re.compile(r"\\begin\{(\w+\*?)\}.*\\end\{\1\}", re.DOTALL)
_PROSE: Final = re.compile(r"(?<![\\{A-Za-z])[A-Za-z]{2}")
"""Words between two dollar signs that no mathematics has: those are signs of money."""
_BOLD: Final = re.compile(r"\*\*([^*\n]+)\*\*")
_NUMBER: Final = re.compile(r"-?\$?\d[\d,]*(?:\.\d+)?%?")
_CLOSERS: Final = {
    "$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]",
    **{rf"\begin{{{name}}}": rf"\end{{{name}}}" for kind in ("align", "equation", "gather", "displaymath")
       for name in (kind, f"{kind}*")},
}  # fmt: skip
_SHORT: Final = 200
_MAX_GAP: Final = 60
_MAX_PARTS: Final = 64
_WINDOW: Final = 65_536
"""Characters at the end that are searched for boxes first."""
_TAIL: Final = 32_768
"""Characters that every other rule sees of a longer completion."""


class Extracted(NamedTuple):
    """The parts of an answer (several for boxes side by side) and the rule that found them."""

    parts: tuple[str, ...]
    rule: str


class Span(NamedTuple):
    """A part of a text with its delimiters, and its inside."""

    start: int
    end: int
    inner_start: int
    inner_end: int


def extract(text: str, how: str = "auto") -> Extracted | None:
    r"""The answer of a completion, or None. ``how`` is a rule's name or ``auto``.

    >>> extract(r"First $x = 1$, so it is \boxed{2} or \boxed{3}.")
    Extracted(parts=('2', '3'), rule='boxed')
    >>> extract("The sum is 7.\nAnswer: 7")
    Extracted(parts=('7',), rule='answer_line')
    """
    text = text[-MAX_TEXT:]
    if "</think>" in text:
        text = text.rpartition("</think>")[2]
    ended = _MARKS_AT_END.search(text, len(text) - _MAX_GAP) if text[-1:] == ">" else None
    if ended:
        text = text[: ended.start()]
    for rule in ("boxed", "answer_line", "math", "bold", "whole") if how == "auto" else (how,):
        found = _RULES[rule](text if rule in ("boxed", "whole") else text[-_TAIL:])
        if found is not None:
            return found
    return None


def _boxed(text: str) -> Extracted | None:
    """The last boxes, looked for in the tail first: the whole takes its time where it is made of nothing else."""
    for part in (text[-_WINDOW:], text) if len(text) > _WINDOW else (text,):
        boxes = _claimed(part, _boxes(part))
        if boxes:
            parts = _last_parts(part, boxes)
            return Extracted(_completed(part, boxes[-1], parts[0]) if len(parts) == 1 else parts, "boxed")
    return None


def _claimed(text: str, spans: list[Span]) -> list[Span]:
    """The spans up to the last that is not denied where it stands: ``not \\boxed{5}``, ``\\boxed{5} is wrong``."""
    for last in reversed(spans[-_MAX_PARTS:]):
        before = text[max(0, last.start - _MAX_GAP) : last.start].lower()
        denied = any(word in before for word in _DENYING) and _DENIED.search(before)
        if not denied and not _REFUTED.match(text, last.end, last.end + _MAX_GAP):
            return spans
        spans.pop()
    return []


def _completed(text: str, span: Span, inside: str) -> tuple[str]:
    r"""The inside of a box with what touches it: ``-\boxed{5}`` is -5, ``x \ne \boxed{5}`` is not 5."""
    before = text[max(0, span.start - 20) : span.start]
    sign = _SIGN.search(before) if "\\" in before or before.rstrip()[-1:] in _SIGNS else None
    factor = _FACTOR.match(text, span.end, span.end + 20)
    if factor:
        inside = f"({inside}){factor[1]}"
    return (f"{sign[sign.lastindex or 0]} {{{inside}}}" if sign else inside,)


def _last_parts(text: str, spans: Sequence[Span]) -> tuple[str, ...]:
    """The insides of the last span and of those before it that only connectors part from it."""
    first = len(spans) - 1
    while first and len(spans) - first < _MAX_PARTS and _connects(text, spans[first - 1].end, spans[first].start):
        first -= 1
    return tuple(text[span.inner_start : span.inner_end] for span in spans[first:])


def _connects(text: str, end: int, start: int) -> bool:
    return start - end <= _MAX_GAP and _CONNECTOR.fullmatch(text, end, start) is not None


def _boxes(text: str) -> list[Span]:
    """All closed boxes that are not inside another, in order; one pass over the braces."""
    first = text.find("box")  # quicker than to match
    starts = list(_BOX.finditer(text, max(0, first - _PREFIX))) if first >= 0 else []
    if not starts:
        return []
    closes = _closing(text, {match.end() for match in starts}, starts[0].end())
    found: list[Span] = []
    for match in starts:
        inner = match.end()
        if text[inner] == "{":
            end = closes.get(inner)
            if end is None:
                continue
            span = Span(match.start(), end + 1, inner + 1, end)
        else:
            bare = _BARE.match(text, inner)
            end = bare.end() if bare else inner
            span = Span(match.start(), end, inner, end)
        if not found or span.start >= found[-1].end:
            found.append(span)
    return found


def _closing(text: str, wanted: set[int], start: int) -> dict[int, int]:
    """For each wanted opening brace the index of its closing one."""
    closes: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACE.finditer(text, start):
        sign = match.group()
        if sign == "{":
            opened.append(match.start())
        elif sign == "}" and opened:
            here = opened.pop()
            if here in wanted:
                closes[here] = match.start()
    return closes


def _answer_line(text: str) -> Extracted | None:
    last = None
    for match in _ANSWER_LINE.finditer(text):
        if not _SUPPOSED.search(text, max(0, match.start() - _MAX_GAP), match.start()):
            last = match
    if last is None:
        return None
    rest = _ANSWER_END.split(text[last.end() : last.end() + MAX_ANSWER], maxsplit=1)[0]
    if rest.startswith(("$", "\\[", "\\(")):
        display = maths(rest)
        inner = rest[display[0].inner_start : display[0].inner_end] if display and display[0].start == 0 else ""
        if inner and (rest.startswith(("$$", "\\[")) or "\n" in inner):
            return Extracted((inner,), "answer_line")
    table = _TABLE.match(rest)
    if table:
        return Extracted((table.group(),), "answer_line")
    fenced = _FENCED.match(rest)
    line = _BOLD.sub(r"\1", (fenced[1] if fenced else rest).split("\n", 1)[0]).strip()
    line = line.strip("*").removeprefix("__").removesuffix("__").strip()
    line = _SENTENCE_END.split(line, maxsplit=1)[0].strip()
    if line.startswith("}"):  # \text{The answer is } 5
        line = line[1:].strip().strip("$")
    spans = _claimed(line, maths(line))
    if spans and not _TAKEN_BACK.search(line, spans[-1].end):
        return Extracted(_last_parts(line, spans), "answer_line")
    return Extracted((line,), "answer_line") if line else None


def maths(text: str) -> list[Span]:
    r"""Spans between ``$``, ``$$``, ``\(`` and ``\[`` and their partners, in one pass.

    A pair of ``$`` stands on one line, or around a table, with a blank inside both or neither where there are words
    inside; a lone one is money. Environments such as ``align`` are delimiters too.
    """
    spans: list[Span] = []
    opened: re.Match[str] | None = None
    table = False
    for match in _DELIMITER.finditer(text):
        sign = match.group()
        if sign == "\n":
            if opened is not None and opened.group() == "$" and not table:
                table = "\\begin{" in text[opened.end() : match.start()]
                opened = opened if table else None
            continue
        if opened is not None and sign == _CLOSERS[opened.group()]:
            table = False
            inner = text[opened.end() : match.start()]
            if sign != "$" or _is_math(inner, text[match.end() : match.end() + 1]):
                if inner.strip():
                    start = opened.end() + (_last_row(inner) if sign.startswith("\\end") else 0)
                    spans.append(Span(opened.start(), match.end(), start, match.start()))
                opened = None
                continue
        if sign in _CLOSERS and (opened is None or opened.group() == "$"):
            opened, table = match, False
    return spans


def _last_row(inner: str) -> int:
    """Where the last row of an aligned derivation starts."""
    return inner.rstrip().removesuffix("\\\\").rfind("\\\\") + 2 if "\\\\" in inner else 0


def _is_math(inner: str, after: str) -> bool:
    """Whether what stands between two dollar signs is mathematics, not the words between two amounts of money."""
    if not inner.strip():
        return False
    even = inner[0].isspace() == inner[-1].isspace()
    return even or (after in " \t\n.,;:" and _PROSE.search(inner) is None)


def _math(text: str) -> Extracted | None:
    spans = _claimed(text, maths(text))
    return Extracted(_last_parts(text, spans), "math") if spans else None


def _bold(text: str) -> Extracted | None:
    spans = [Span(match.start(), match.end(), match.start(1), match.end(1)) for match in _BOLD.finditer(text)]
    spans = _claimed(text, spans)
    return Extracted(_last_parts(text, spans), "bold") if spans else None


def _whole(text: str) -> Extracted | None:
    fenced = _FENCED.fullmatch(text.strip()) if len(text) <= MAX_ANSWER else None
    line = (fenced[1] if fenced else text).strip()
    if line and len(line) <= _SHORT and "\n" not in line and line[-1] != ":":
        return Extracted((line,), "whole")
    return Extracted((line,), "whole") if len(line) <= MAX_ANSWER and _TABLE.fullmatch(line) else None


def _last_number(text: str) -> Extracted | None:
    found = _NUMBER.findall(text)
    return Extracted((found[-1].rstrip(","),), "last_number") if found else None


_RULES: Final = {
    "boxed": _boxed,
    "answer_line": _answer_line,
    "math": _math,
    "bold": _bold,
    "whole": _whole,
    "last_number": _last_number,
}
