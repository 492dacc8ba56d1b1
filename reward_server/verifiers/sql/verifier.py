"""The ``sql`` verifier."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field
from typing_extensions import TypedDict

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.types import Completion, Lane, Limits, Outcome, Verdict, correct, incorrect, no_answer
from reward_server.verifiers.base import Context, Example, StrictModel
from reward_server.verifiers.final_answer import clean, final_answer
from reward_server.verifiers.sql.database import MAX_ROWS, Instance, QueryError, Rows, build, check_kept, run
from reward_server.verifiers.sql.results import same_rows
from reward_server.verifiers.structured import last_block, shown

_STATEMENT = re.compile(r"\s*(?:select|with|values)\b", re.IGNORECASE)
_SHOWN_ROWS = 5


class SqlReference(StrictModel):
    """What right is, and on which databases."""

    query: str = Field(min_length=1, description="A right query")
    schema_sql: str = Field("", alias="schema", description="CREATE statements (and rows that every instance has)")
    instances: list[Instance] = Field(
        default_factory=list, max_length=20, description="Databases to compare on; none means the schema alone"
    )


class SqlParams(StrictModel):
    """How results compare."""

    ordered: bool = Field(False, description="The order of the rows counts")
    steps: int = Field(20_000_000, ge=10_000, le=200_000_000, description="SQLite instructions that a query may take")


class SqlDetail(TypedDict, total=False):
    """The query, and the first database on which it differs."""

    query: str
    problem: str
    instance: int
    expected: list[str]
    actual: list[str]
    passed: int
    instances: int


@dataclass(frozen=True, slots=True)
class Task:
    """Databases as given (one is built for each use, in microseconds) and the rows expected of each."""

    schema: str
    instances: tuple[Instance, ...]
    expected: tuple[Rows, ...]
    ordered: bool
    steps: int


class Sql:
    """Right if the query returns what the reference's query returns, on every instance of the database.

    The query is the last fenced block, else the stated answer, else the whole completion. It is one reading statement,
    run in SQLite with an authorizer, read-only, under a limit on steps, rows and sizes. Columns compare by position,
    rows as a multiset unless ``params.ordered``; numbers by value. Give several instances whose results differ, so that
    a query that is right by luck on one is not rewarded.
    """

    name = "sql"
    version = "2"
    lane = Lane.CPU
    limits = Limits(time_s=20.0)
    cost_s = 5e-4
    Reference = SqlReference
    Params = SqlParams
    Detail = SqlDetail

    _reference = {
        "schema": "CREATE TABLE city (name TEXT, people INTEGER);",
        "query": "SELECT name FROM city WHERE people > 1000",
        "instances": [
            {"rows": {"city": [["Ulm", 126], ["Rome", 2800], ["Paris", 2100]]}},
            {"rows": {"city": [["Oslo", 700], ["Lima", 10000]]}},
        ],
    }
    examples = (
        Example("another way to say it", _reference, "```sql\nSELECT name FROM city WHERE NOT people <= 1000\n```",
                Outcome.CORRECT),
        Example("right by luck on one", _reference, "SELECT name FROM city WHERE name <> 'Ulm'", Outcome.INCORRECT),
        Example("asked for order", _reference, "SELECT name FROM city WHERE people > 1000 ORDER BY name",
                Outcome.INCORRECT, {"ordered": True}),
        Example("writing is refused", _reference, "```sql\nDELETE FROM city\n```", Outcome.INCORRECT),
        Example("no query", _reference, "I do not know.", Outcome.NO_ANSWER),
    )  # fmt: skip

    def __init__(self, files: Path | None = None) -> None:
        self.files = files
        """Where the server keeps databases, each called by its hash."""

    def prepare(self, reference: SqlReference, params: SqlParams, context: Context) -> Task:
        """Build every instance once and run the right query on it; raises ``InvalidTask``."""
        instances = tuple(reference.instances) or (Instance.model_validate({}),)
        expected: list[Rows] = []
        for index, instance in enumerate(instances):
            check_kept(instance, self.files)
            connection = build(reference.schema_sql, instance, self.files)
            try:
                expected.append(run(connection, reference.query, steps=params.steps))
            except (QueryError, LimitExceeded) as error:
                raise InvalidTask(f"the reference's query fails on instance {index}: {error}") from None
            finally:
                connection.close()
        if not any(expected):
            raise InvalidTask("the reference's query returns no row on any instance: every empty query would pass")
        return Task(reference.schema_sql, instances, tuple(expected), params.ordered, params.steps)

    def verify(self, task: Task, completion: Completion, context: Context) -> Verdict:
        """Run the completion's query on every instance."""
        query = _query(completion.text)
        if query is None:
            return no_answer()
        detail: SqlDetail = {"query": shown(query, 500), "passed": 0, "instances": len(task.instances)}
        fault: SqlDetail = {}
        for index, (instance, expected) in enumerate(zip(task.instances, task.expected, strict=True)):
            connection = build(task.schema, instance, self.files)
            try:
                actual = run(connection, query, steps=task.steps)
            except QueryError as error:
                return incorrect({**detail, "problem": error.message, "instance": index})
            finally:
                connection.close()
            if same_rows(expected, actual, ordered=task.ordered):
                detail["passed"] += 1
            elif not fault:
                fault = {
                    "problem": "other rows",
                    "instance": index,
                    "expected": _shown(expected),
                    "actual": _shown(actual),
                }
        if detail["passed"] == len(task.instances):
            return correct({**detail})
        return incorrect({**detail, **fault}, score=detail["passed"] / len(task.instances))


def _query(text: str) -> str | None:
    """The statement that the completion offers."""
    if (block := last_block(text, "sql", "sqlite")) is not None:
        return block.strip() or None
    stated = final_answer(text)
    for candidate in (stated.text if stated else "", text):
        candidate = clean(candidate)
        if _STATEMENT.match(candidate):
            return candidate
    return None


def _shown(rows: Rows) -> list[str]:
    lines = [shown(repr(row), 200) for row in rows[:_SHOWN_ROWS]]
    return lines if len(rows) <= _SHOWN_ROWS else [*lines, f"… {min(len(rows), MAX_ROWS)} rows"]
