"""Runs a SQL program on an in-memory SQLite database: standard input first (schema and rows), then the program.

Rows are printed as the ``sqlite3`` shell prints them: one a line, columns joined by ``|``, NULL as nothing. An error
ends with exit status 1 and its message on standard error.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator


def statements(text: str) -> Iterator[str]:
    """The statements of a script, in order; what follows the last semicolon is one too."""
    start = 0
    for end, character in enumerate(text, 1):
        if character == ";" and sqlite3.complete_statement(text[start:end]):
            yield text[start:end]
            start = end
    if text[start:].strip():
        yield text[start:]


def shown(value: object) -> str:
    """A value as the shell prints it."""
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def main(path: str) -> int:
    """Run standard input, then the file; returns the exit status."""
    if path == "--version":
        print("SQLite", sqlite3.sqlite_version)  # noqa: T201 - the program's output
        return 0
    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        database.executescript(sys.stdin.read())
        with open(path, encoding="utf-8") as file:
            for statement in statements(file.read()):
                for row in database.execute(statement):
                    sys.stdout.write("|".join(map(shown, row)) + "\n")
    except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
        sys.stdout.flush()
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
