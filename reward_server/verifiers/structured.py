"""Structured data in a completion: find it, parse it, with limits on size and depth. Nothing is ever evaluated.

JSON is looked for in the last fenced block, then as the last balanced ``{…}`` or ``[…]`` of the text; the other
formats in the last fenced block, else as the whole text. A repeated key, NaN, a YAML alias or tag, and an XML DTD
are errors: each is either ambiguous or a known way to attack a parser.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from reward_server.types import Json
from reward_server.verifiers.base import library

MAX_TEXT = 400_000
"""Characters of a document that are parsed."""
MAX_DEPTH = 64
MAX_CANDIDATES = 16

Format = Literal["json", "yaml", "toml", "xml", "csv"]

_FENCE = re.compile(r"^[^\S\n]{0,8}(`{3,}|~{3,})[^\S\n]{0,8}([\w+-]{0,20})[^`\n]{0,200}$", re.MULTILINE)
_TOKEN = re.compile(r'[{}\[\]"\\\n]')


class NotParsed(ValueError):
    """The text is not a document of that format; the message says why."""


def fenced_blocks(text: str) -> list[tuple[str, str]]:
    """(language, content) of every closed fenced block, in order; the language is lower case and may be empty.

    A fence with a language inside an open block starts a new one: models forget to close, and nobody nests.
    """
    blocks: list[tuple[str, str]] = []
    opened: tuple[str, str, int] | None = None
    for match in _FENCE.finditer(text):
        marks, language = match[1], match[2].lower()
        if opened and not language and marks[0] == opened[0][0] and len(marks) >= len(opened[0]):
            blocks.append((opened[1], text[opened[2] : match.start()]))
            opened = None
        elif opened is None or language:
            opened = (marks, language, match.end() + 1)
    return blocks


def last_block(text: str, *languages: str) -> str | None:
    """Content of the last closed fenced block in one of ``languages``, else of the last at all; None without any."""
    blocks = fenced_blocks(text)
    named = [content for language, content in blocks if language in languages]
    return named[-1] if named else blocks[-1][1] if blocks else None


def parse(text: str, format: Format) -> Json:
    """The document ``text`` as plain values; raises ``NotParsed``."""
    if len(text) > MAX_TEXT:
        raise NotParsed(f"the document has more than {MAX_TEXT} characters")
    try:
        value = _PARSERS[format](text)
        _check_depth(value)
        return value
    except NotParsed:
        raise
    except (ValueError, TypeError, RecursionError, OverflowError, csv.Error, MemoryError) as error:
        raise NotParsed(f"not valid {format.upper()}: {str(error)[:200] or type(error).__name__}") from None


def find(text: str, format: Format, kinds: tuple[type, ...] = (dict, list)) -> tuple[Json, str]:
    """The last object or array (or that of ``kinds``) of that format in ``text``, and its source; raises ``NotParsed``.

    A document asked for by its kind is not hidden by what stands behind it, such as ``[1]`` for a source.
    """
    reason = f"there is no {format.upper()} in the completion"
    for candidate in _candidates(text, format):
        try:
            value = parse(candidate, format)
        except NotParsed as error:
            reason = str(error)
            continue
        if isinstance(value, kinds):
            return value, candidate
    raise NotParsed(reason)


def last_documents(text: str) -> list[Json]:
    """The last JSON document of ``text`` with those right before it, a line each or divided by ``;`` or ``,``."""
    found: list[Json] = []
    start = len(text)
    for span in _balanced(text, MAX_CANDIDATES**2):
        if found and text[span[1] : start].strip(" \n\t;,"):
            break
        try:
            found.insert(0, parse(text[slice(*span)], "json"))
        except NotParsed:
            if found:
                break
            continue
        start = span[0]
    return found


def shown(value: Json, most: int = 200) -> str:
    """``value`` as one line of at most ``most`` characters, for a detail."""
    line = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return line if len(line) <= most else line[: most - 1] + "…"


def _candidates(text: str, format: Format) -> Iterator[str]:
    blocks = fenced_blocks(text)
    named = [content for language, content in blocks if language in (format, "yml" if format == "yaml" else format)]
    plain = [content for language, content in blocks if not language]
    yield from reversed((named or plain)[-MAX_CANDIDATES:])
    if format == "json":
        yield from (text[start:end] for start, end in _balanced(text))
    elif not blocks:
        yield text.strip()


def _balanced(text: str, most: int = MAX_CANDIDATES) -> list[tuple[int, int]]:
    """The last balanced regions of ``text`` that lie in no other, from the last; one pass, strings respected."""
    stack: list[tuple[str, int]] = []
    spans: list[tuple[int, int]] = []
    in_string = escaped = False
    for token in _TOKEN.finditer(text):
        character, position = token[0], token.start()
        if in_string:
            if character == "\\":
                escaped = not escaped
                last = position
                continue
            if escaped and position == last + 1:
                escaped = False
                continue
            escaped = False
            in_string = character not in '"\n'
        elif character == '"':
            in_string = bool(stack)
        elif character in "{[":
            stack.append((character, position))
        elif character in "}]" and stack and stack[-1][0] == ("{" if character == "}" else "["):
            start = stack.pop()[1]
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, position + 1))
    return spans[: -most - 1 : -1]


def _check_depth(value: Json) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for one in level
            if isinstance(one, dict | list)
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return
    raise NotParsed(f"nested deeper than {MAX_DEPTH}")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise NotParsed("a key stands twice in one object")
    return result


def _no_constant(name: str) -> Json:
    raise NotParsed(f"{name} is no JSON number")


def _float(text: str) -> float:
    value = float(text)
    return value if abs(value) != float("inf") else float(_no_constant(text))


def _json(text: str) -> Json:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float)


def _yaml(text: str) -> Json:
    yaml = library("yaml", "reading YAML")
    if len(text) > 50_000:
        raise NotParsed("a YAML document may have 50000 characters")

    class Loader(yaml.SafeLoader):  # type: ignore[misc, name-defined]  # a module by its name is Any
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise NotParsed("YAML aliases are not read")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            value = super().construct_mapping(node, deep)
            if len(value) != len(node.value):
                raise NotParsed("a key stands twice in one mapping")
            return value

    try:
        return _plain(yaml.load(text, Loader))
    except yaml.YAMLError as error:
        raise NotParsed(f"not valid YAML: {str(error)[:200]}") from None


def _plain(value: Any) -> Json:
    """Dates as ISO text, keys as text, sets and tuples as lists; numbers finite."""
    match value:
        case dict():
            return {str(_plain(key)): _plain(one) for key, one in value.items()}
        case list() | tuple() | set():
            return [_plain(one) for one in value]
        case datetime.date() | datetime.time():
            return value.isoformat()
        case float() if value != value or abs(value) == float("inf"):
            raise NotParsed("a number is not finite")
        case None | bool() | int() | float() | str():
            return value
    raise NotParsed(f"a value of type {type(value).__name__}")


def _toml(text: str) -> Json:
    return _plain(tomllib.loads(text))


def _xml(text: str) -> Json:
    """Content of the root: children by tag (a list where a tag repeats), attributes as ``@name``, else text."""
    from xml.etree import ElementTree

    if re.search(r"<!(?!--|\[CDATA\[)", text):
        raise NotParsed("an XML document type declaration is not read")
    try:
        reader: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
        reader.feed(text.strip())
        reader.close()
    except ElementTree.ParseError as error:
        raise NotParsed(f"not valid XML: {error}") from None
    stack: list[tuple[dict[str, list[Json]], dict[str, Json]]] = []
    value: Json = None
    events: Iterator[Any] = reader.read_events()
    for event, element in events:
        if event == "start":
            stack.append(({}, {f"@{name}": content for name, content in element.attrib.items()}))
            if len(stack) > MAX_DEPTH:
                raise NotParsed(f"nested deeper than {MAX_DEPTH}")
            continue
        children, attributes = stack.pop()
        content = (element.text or "").strip()
        value = {**attributes, **{tag: some[0] if len(some) == 1 else some for tag, some in children.items()}}
        if not children:
            value = {**attributes, "#text": content} if attributes else content
        if stack:
            stack[-1][0].setdefault(element.tag, []).append(value)
    return value


def _csv(text: str) -> Json:
    """Rows as objects, by the header line."""
    rows = list(csv.reader(io.StringIO(text.strip(), newline=""), strict=True, skipinitialspace=True))
    if len(rows) < 2 or len(set(rows[0])) != len(rows[0]):
        raise NotParsed("a CSV document is a header of distinct names and at least one row")
    if any(len(row) != len(rows[0]) for row in rows if row):
        raise NotParsed("a CSV row has another number of fields than the header")
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if row]


_PARSERS: Mapping[Format, Callable[[str], Json]] = {
    "json": _json,
    "yaml": _yaml,
    "toml": _toml,
    "xml": _xml,
    "csv": _csv,
}
