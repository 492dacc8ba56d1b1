"""SQLite databases: built in memory from a reference, or a file by its hash, and open to one reading statement alone.

What holds, and by what: nothing is written, attached or loaded (an authorizer that allows reading, functions and
recursion only, under ``PRAGMA query_only``); a query ends (a progress handler counts virtual-machine steps); no value,
statement, result or heap grows without bound (``sqlite3_limit``, ``hard_heap_limit``, rows counted as they come). The
functions that give another answer each time are refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.verifiers.base import StrictModel

Cell = int | float | str | bytes | None
Rows = list[tuple[Cell, ...]]

MAX_QUERY = 20_000
MAX_ROWS = 10_000
MAX_RESULT = 16_000_000
"""Characters and bytes of all values of a result together."""
_HEAP_BYTES = 256 * 2**20
_STEP = 10_000
_LIMITS = (
    (sqlite3.SQLITE_LIMIT_LENGTH, 4_000_000),
    (sqlite3.SQLITE_LIMIT_SQL_LENGTH, 2_000_000),
    (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    (sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200),
    (sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 200),
    (sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 100),
    (sqlite3.SQLITE_LIMIT_COLUMN, 500),
    (sqlite3.SQLITE_LIMIT_WORKER_THREADS, 0),
)
_READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_REFUSED_WHILE_BUILDING = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_PRAGMA})
_REFUSED_FUNCTIONS = frozenset(
    "load_extension random randomblob readfile writefile edit fts3_tokenizer zeroblob sqlite_compileoption_get "
    "changes total_changes last_insert_rowid".split()
)


class Instance(StrictModel):
    """One database: the statements that fill it, rows by table, or a whole file."""

    sql: str = Field("", description="Statements run after the schema, for example INSERTs")
    rows: dict[str, list[list[int | float | str | None]]] = Field(
        default_factory=dict, description="Rows by table, values in the order of its columns"
    )
    file: str = Field("", description="A SQLite file in base64, in place of schema, sql and rows")
    sha256: str = Field(
        "",
        pattern="^([0-9a-fA-F]{64})?$",
        description="Hash that the file must have, in hex; without `file`, of a file that the server keeps",
    )


@dataclass(frozen=True, slots=True)
class QueryError(Exception):
    """The query is not one reading statement, or fails."""

    message: str


def build(schema: str, instance: Instance, files: Path | None = None) -> sqlite3.Connection:
    """A database that holds what ``instance`` says; raises ``InvalidTask``, and ``Unavailable`` for a missing file."""
    kept = instance.sha256 and not instance.file
    try:
        connection = _opened(_kept(files, instance.sha256)) if kept else _connection(":memory:")
    except sqlite3.Error as error:
        raise InvalidTask(f"the database cannot be opened: {str(error)[:200]}") from None
    try:
        if instance.file:
            _load(connection, instance)
        elif not kept:
            connection.set_authorizer(_building)
            connection.executescript(schema)
            for table, rows in instance.rows.items():
                _insert(connection, table, rows)
            connection.executescript(instance.sql)
            connection.set_authorizer(None)
            connection.commit()
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, TimeoutError) as error:
        connection.close()
        raise InvalidTask(f"the database cannot be built: {str(error)[:200]}") from None
    except InvalidTask:
        connection.close()
        raise
    connection.set_authorizer(_reading)
    return connection


def check_kept(instance: Instance, files: Path | None) -> None:
    """Hash the file that an instance names by its hash, if any; raises ``InvalidTask`` and ``Unavailable``."""
    if instance.sha256 and not instance.file:
        with _kept(files, instance.sha256).open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != instance.sha256.lower():
                raise Unavailable(
                    f"the file kept as {instance.sha256} has another hash", reason="bad_file", retryable=False
                )


def run(connection: sqlite3.Connection, query: str, *, steps: int) -> Rows:
    """All rows of one reading statement; raises ``QueryError``, or ``LimitExceeded`` past ``steps`` or ``MAX_ROWS``."""
    if len(query) > MAX_QUERY:
        raise LimitExceeded(f"the query has more than {MAX_QUERY} characters", limit="size")
    if "\x00" in query:
        raise QueryError("the query holds a NUL character")
    budget = _Budget(steps)
    connection.set_progress_handler(budget, _STEP)
    try:
        cursor = connection.execute(query)
        if cursor.description is None:
            raise QueryError("the statement returns no rows")
        rows = _fetched(cursor)
        cursor.close()
    except sqlite3.OperationalError as error:
        if budget.spent:
            raise LimitExceeded(f"the query took more than {steps} steps", limit="time") from None
        raise QueryError(str(error)[:300]) from None
    except MemoryError:
        raise LimitExceeded("the query used too much memory", limit="memory") from None
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, RecursionError) as error:
        raise QueryError(str(error)[:300]) from None
    finally:
        connection.set_progress_handler(None, 0)
    return rows


def _fetched(cursor: sqlite3.Cursor) -> Rows:
    rows: Rows = []
    size = 0
    for row in cursor:
        size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
        if len(rows) == MAX_ROWS or size > MAX_RESULT:
            limit = f"{MAX_ROWS} rows" if len(rows) == MAX_ROWS else f"{MAX_RESULT} bytes"
            raise LimitExceeded(f"the query returned more than {limit}", limit="output")
        rows.append(row)
    return rows


class _Budget:
    """A progress handler: asked every ``_STEP`` instructions, true (stop) when all are spent."""

    def __init__(self, steps: int) -> None:
        self.left = steps // _STEP
        self.spent = False

    def __call__(self) -> bool:
        self.left -= 1
        self.spent = self.left < 0
        return self.spent


def _kept(files: Path | None, sha256: str) -> Path:
    """Where the server keeps the file of that hash."""
    if files is None or not (path := files / sha256.lower()).is_file():
        raise Unavailable(f"no file {sha256} is kept here (REWARD_FILES_DIR)", reason="missing_file", retryable=False)
    return path


def _opened(path: Path) -> sqlite3.Connection:
    return _connection(f"{path.resolve().as_uri()}?mode=ro&immutable=1")


def _connection(database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        database, isolation_level=None, check_same_thread=False, cached_statements=0, uri=database != ":memory:"
    )
    for limit, value in _LIMITS:
        connection.setlimit(limit, value)
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA max_page_count = 65536")
    connection.execute(f"PRAGMA hard_heap_limit = {_HEAP_BYTES}")
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.set_progress_handler(_Budget(50_000_000), _STEP)
    return connection


def _load(connection: sqlite3.Connection, instance: Instance) -> None:
    try:
        content = base64.b64decode(instance.file, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidTask("the database file is no base64") from None
    if instance.sha256 and hashlib.sha256(content).hexdigest() != instance.sha256.lower():
        raise InvalidTask("the database file does not have the stated hash")
    connection.deserialize(content)
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[Sequence[Cell]]) -> None:
    """Rows by bound parameters; the table's name is checked against the schema and quoted."""
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if table not in known:
        raise InvalidTask(f"rows are given for {table!r}, which the schema does not create")
    quoted = table.replace('"', '""')
    for row in rows:
        connection.execute(f'INSERT INTO "{quoted}" VALUES ({",".join("?" * len(row))})', row)


def _building(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    refused = action in _REFUSED_WHILE_BUILDING or (second or "").lower() == "load_extension"
    return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK


def _reading(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY
