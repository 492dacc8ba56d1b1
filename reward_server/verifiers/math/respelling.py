r"""Spellings that are put right before there are tokens: words that lead in, brackets turned outward, old commands.

``RESPELLINGS`` is a table: a sign that the text must hold (so that most texts cost one search of a string each), a
pattern, and what it means.

>>> respelled(r"]0, 1[, {}_5C_2")
'(0, 1), \\binom{5}{2}'
"""

from __future__ import annotations

import re
from typing import Final

from reward_server.verifiers.math.wrapping import unwrap

COMMAND: Final = re.compile(
    r"\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf|operatorname)\s*\{([^{}\\]*)\}|\\[,;:! ]|~"
)
"""A command of words with its argument, or a blank."""

_VALUE: Final = (
    "value|result|solution|sum|product|difference|quotient|remainder|probability|area|perimeter|volume|length|width|"
    "height|radius|distance|speed|slope|angle|ratio|number|total|cost|price|color|colour|limit|integral|derivative"
)
_LEAD: Final = re.compile(
    r"\s*(?:(?:so|thus|hence|therefore),?\s+)?(?:"
    r"(?:(?:the|our|my)\s+)?(?:final\s+|correct\s+)?answers?(?:\s+(?:is|are))?\s*[:=]?"
    rf"|the\s+(?:(?:total|maximum|minimum|average|exact|required|desired)\s+)?(?:{_VALUE})s?(?:\s+of\s+\S+)?"
    r"\s+(?:is|are|equals)|(?:it|they)\s+(?:is|are|equals?)|we\s+(?:get|have|find|obtain)"
    r")\s+(?=\S)",
    re.IGNORECASE,
)
"""Words before an answer that say no more than that it is one."""
_MAY_LEAD: Final = re.compile(
    r"(?:\\text\w*\s?\{)?\s*(?:the|our|my|it|they|we|so|thus|hence|therefore|final|correct|answer)\b", re.IGNORECASE
)
_RUNS: Final = re.compile(
    r"(?:,|\\q?quad|\\[,;: ]|\\text\s?\{[^{}]{0,40}\}|\s){0,8}\(?\s?([a-z])\s?(?:\\in|∈)\s?"
    r"(?:\\math(?:bb|bf|rm)\s?\{?Z\}?|ℤ|Z)\s?\)?$"
)
_BUILDER: Final = re.compile(r"^\{(\s*\w+\s*(?:\\in\b[^|:{}]*)?(?:\||:|\\mid).*)\}$", re.DOTALL)
_OUTWARD: Final = re.compile(r"([\[\]])([^\[\](),;]*)[,;]([^\[\](),;]*)([\[\]])")

_SMALL = r"\{?\s?(\w{1,4})\s?\}?"
_FROM = rf"(?:\{{\s?\}}\s?|(?<![\w)\]}}]))[_^]{_SMALL}\s?(?:\\mathrm\s?)?\{{?"
_ARRANGED = r"\\frac{\1!}{(\1-\2)!}"
_TEXT = r"\\(?:text|mathrm|operatorname)\s?"
RESPELLINGS: Final = tuple(
    (sign, re.compile(pattern, re.DOTALL), instead)
    for sign, pattern, instead in (
        # What a page or a language makes of mathematics.
        ("&lt;", "&lt;", "<"), ("&gt;", "&gt;", ">"), ("&amp;", "&amp;", "&"),
        ("([", r"^(?:\w{1,8}\.)?(?:Matrix|array)\((\[.*\])\)$", r"\1"),
        # An aligned row without its table; "1 & 2".
        ("&=", r"^(?!.*\\begin)(.*)&(?==)", r"\1"), (" & ", r"^(?!.*\\begin)([^&]*) & (?=[^&]*$)", r"\1 and "),
        # Old commands, and what a negation negates.
        ("\\cr", r"\\cr(?![A-Za-z])", r"\\\\ "),
        ("\\not", r"\\not\s?=", r"\\ne "), ("\\not", r"\\not\s?\\in\b", r"\\notin "),
        ("matrix{", r"\\([pbv]?matrix)\{(.*)\}", r"\\begin{\1}\2\\end{\1}"),
        ("\\prime", r"\^\s?\{\s?\\prime\s?\}", "'"),
        ("mod", rf"\(\s?\\?(?:{_TEXT}\{{\s?mod\s?\}}|b?mod)\s?\{{?(\w+)\}}?\s?\)", r"\\pmod{\1}"),
        # Choices of k from n: {}_nC_k, C_5^2, 5C2; and P for arrangements.
        ("C", rf"{_FROM}C\}}?_?{_SMALL}", r"\\binom{\1}{\2}"), ("P", rf"{_FROM}P\}}?_?{_SMALL}", _ARRANGED),
        ("C_", r"\bC_\{?([3-9]|\d\d+)\}?\s?\^\{?(\d+)\}?", r"\\binom{\1}{\2}"),
        ("C", r"^(\d+)\s?C\s?(\d+)$", r"\\binom{\1}{\2}"), ("P", r"^(\d+)\s?P\s?(\d+)$", _ARRANGED),
        # Words.
        ("h", r"^(\d+)\s?h\s?(\d+)\s?m(?:ins?)?$", r"\1 hours \2 minutes"),
        ("per cent", "per cent", "percent"), ("US", r"\bUS(?=\s?\\?\$)", ""), ("Rs", r"\bRs\.?\s?(?=\d)", r"\\rupee "),
        ("10", r"(?<=\d)\s?[xX]\s?(?=10\s?\^)", r"\\times "),
    )
)  # fmt: skip

_ANY: Final = re.compile("|".join(re.escape(sign) for sign, _, _ in RESPELLINGS))


def respelled(text: str) -> str:
    """Without words that lead in, and with brackets and qualifiers in their usual spelling."""
    if _MAY_LEAD.match(text):
        lead = _LEAD.match(COMMAND.sub(inner_text, text[:60]))
        if lead:
            text = unwrap(COMMAND.sub(inner_text, text)[lead.end() :]) or text
    if _ANY.search(text):
        for sign, pattern, instead in RESPELLINGS:
            if sign in text:
                text = pattern.sub(instead, text)
    if "\\in" in text or "∈" in text:
        runs = _RUNS.search(text)
        if runs and runs.start():
            text = f"{text[: runs.start()]}, {runs[1]} \\in \\mathbb{{Z}}"
    if text[0] == "{":
        text = _BUILDER.sub(r"\\{\1\\}", text)
    elif text[0] == "<" and text[-1] == ">":
        text = rf"\langle {text[1:-1]} \rangle"
    if text[0] == "]" or text[-1] == "[":
        text = _OUTWARD.sub(_inward, text)
    return text


def inner_text(match: re.Match[str]) -> str:
    """What a match of ``COMMAND`` says."""
    return f" {match[1]} " if match[1] else " "


def _inward(match: re.Match[str]) -> str:
    """``]0, 1[`` with the brackets that it means."""
    return f"{'(' if match[1] == ']' else '['}{match[2]},{match[3]}{')' if match[4] == '[' else ']'}"
