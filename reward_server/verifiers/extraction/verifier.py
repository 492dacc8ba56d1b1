"""Data extraction: a document in the completion against a schema and a gold record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask
from reward_server.types import Completion, Json, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.extraction.compare import FieldSpec, Row, compare
from reward_server.verifiers.schemas import SchemaCheck, schema_check
from reward_server.verifiers.structured import Format, NotParsed, fenced_blocks, find, shown

MAX_ROWS = 100
_AUTO: tuple[Format, ...] = ("json", "xml", "toml", "yaml", "csv")


class ExtractionReference(StrictModel):
    """The gold record, how its fields compare, and the schema that the document must satisfy."""

    record: JsonValue = Field(description="The gold record: an object, or a list of them")
    fields: dict[str, FieldSpec] = Field(
        default_factory=dict,
        description="By path: name, address.city, items[].price; those not named compare by default",
    )
    json_schema: dict[str, JsonValue] | None = Field(None, alias="schema", description="JSON Schema of the document")


class ExtractionParams(StrictModel):
    """Where the document is and how strict the comparison."""

    format: Format | Literal["auto"] = Field("auto", description="auto: JSON, else XML, TOML, YAML, CSV")
    extra: Literal["forbid", "ignore"] = Field("forbid", description="Fields that the gold record does not have")


class ExtractionDetail(TypedDict, total=False):
    """The field-by-field table."""

    format: str
    extracted: str
    schema_errors: list[str]
    problem: str
    f1: float
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Task:
    """The gold record, ready to compare."""

    gold: Json
    specs: Mapping[str, FieldSpec]
    check: SchemaCheck | None
    formats: tuple[Format, ...]
    forbid_extra: bool


class Extraction:
    """Right if the document in the completion satisfies the schema and every field equals the gold record's.

    Fields are compared by type (``text``, ``name``, ``enum``, ``number``, ``money``, ``date``, ``boolean``, ``exact``),
    lists as sequences or sets, nested. ``score`` is the F1 over fields; the detail is the field-by-field table. JSON is
    found in a fenced block or bare; YAML, TOML, XML and CSV in a fenced block or as the whole completion.
    """

    name = "extraction"
    version = "1"
    lane = Lane.CPU
    limits = Limits(time_s=10.0)
    cost_s = 2e-4
    Reference = ExtractionReference
    Params = ExtractionParams
    Detail = ExtractionDetail
    examples = (
        Example(
            "typed fields",
            {"record": {"name": "Ada Lovelace", "born": "1815-12-10"},
             "fields": {"name": {"type": "name"}, "born": {"type": "date"}}},
            '```json\n{"name": "Lovelace, Ada", "born": "December 10, 1815"}\n```',
            Outcome.CORRECT,
        ),
        Example("a wrong field", {"record": {"a": 1, "b": 2}}, '{"a": 1, "b": 3}', Outcome.INCORRECT),
        Example("an extra field", {"record": {"a": 1}}, '{"a": 1, "b": 3}', Outcome.INCORRECT),
        Example("as a set", {"record": {"tags": ["x", "y"]}, "fields": {"tags": {"collection": "set"}}},
                '{"tags": ["y", "x"]}', Outcome.CORRECT),
        Example("against the schema", {"record": {"a": 1}, "schema": {"properties": {"a": {"type": "integer"}}}},
                '{"a": "1"}', Outcome.INCORRECT),
        Example("from XML", {"record": {"a": 1, "b": ["x", "y"]}}, "<r><a>1</a><b>x</b><b>y</b></r>", Outcome.CORRECT),
        Example("no document", {"record": {"a": 1}}, "I found nothing.", Outcome.NO_ANSWER),
    )  # fmt: skip

    def prepare(self, reference: ExtractionReference, params: ExtractionParams, context: Context) -> Task:
        """Check the gold record against its own schema and itself; raises ``InvalidTask``."""
        if not isinstance(reference.record, dict | list) or not reference.record:
            raise InvalidTask("the record is an object or a list with something in it")
        check = schema_check(reference.json_schema) if reference.json_schema is not None else None
        if check and (faults := check(reference.record)):
            raise InvalidTask(f"the gold record does not satisfy its own schema: {faults[0]}")
        table = compare(reference.record, reference.record, reference.fields)
        wrong = next((row for row in table.rows if row["status"] == "mismatch"), None)
        if wrong:
            raise InvalidTask(f"the gold value of {wrong['path']} is not of its type: {wrong['expected']}")
        if not table.matched:
            raise InvalidTask("the reference compares no field")
        paths = _paths(reference.record)
        unknown = [path for path in reference.fields if path not in paths and not reference.fields[path].ignore]
        if unknown:
            raise InvalidTask(f"fields names {unknown[0]!r}, which the record does not have")
        formats: tuple[Format, ...] = _AUTO if params.format == "auto" else (params.format,)
        return Task(reference.record, reference.fields, check, formats, params.extra == "forbid")

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Find the document, check it, and compare it field by field."""
        problem = ""
        for format, kinds in _attempts(task, completion.text):
            try:
                document, source = find(completion.text, format, kinds)
            except NotParsed as error:
                problem = problem or str(error)
                continue
            if document:
                return _judge(task, _shaped(document, task.gold), source, format)
        return no_answer({"problem": problem or "no document was found"})


def _attempts(task: Task, text: str) -> Iterator[tuple[Format, tuple[type, ...]]]:
    """Formats to try, that of the last fenced block first; first for what has the record's shape, then for any shape.

    Nearly all text of several lines is CSV: only where nothing else is there, or a fence says so.
    """
    named = [language for language, _ in fenced_blocks(text)]
    last = "yaml" if named and named[-1] == "yml" else named[-1] if named else ""
    formats = sorted(task.formats, key=lambda format: format != last)
    yield from ((format, (type(task.gold),)) for format in formats if format != "csv" or last == "csv")
    yield from ((format, (dict, list)) for format in formats)


def _judge(task: Task, document: Json, source: str, format: Format) -> Verdict:
    faults = task.check(document) if task.check else []
    table = compare(task.gold, document, task.specs)
    extra = any(row["status"] == "extra" for row in table.rows)
    rows = sorted(table.rows, key=lambda row: row["status"] in ("match", "optional"))[:MAX_ROWS]
    detail: ExtractionDetail = {
        "format": format, "extracted": shown(source, 500), "schema_errors": faults, "f1": table.f1, "rows": rows,
    }  # fmt: skip
    if faults or table.wrong or (extra and task.forbid_extra):
        return incorrect({**detail}, score=table.f1 if not faults else min(table.f1, 0.99))
    return correct({**detail})


def _shaped(document: Json, gold: Json) -> Json:
    """A single row stands for its record, and the other way round."""
    if isinstance(gold, dict) and isinstance(document, list) and len(document) == 1:
        return document[0]
    if isinstance(gold, list) and isinstance(document, dict):
        only = list(document.values())
        return only[0] if len(only) == 1 and isinstance(only[0], list) else [document]
    return document


def _paths(gold: Json, path: str = "") -> set[str]:
    """Every path of the record, its inner ones too."""
    found = {path}
    if isinstance(gold, dict):
        for key, child in gold.items():
            found |= _paths(child, f"{path}.{key}" if path else key)
    elif isinstance(gold, list):
        for child in gold:
            found |= _paths(child, f"{path}[]")
    return found
