"""Honest but unusual programs, each with tests of its own, out of the text files of the folder ``honest``.

A case begins with ``=== KIND ENTRIES : NAME``; what follows are its tests, up to a line ``--- program`` (before which
``--- setup`` may stand), then the program. Cases of ``function`` and ``stdio`` are lines ``given -> expected`` in
Python's notation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reward_server.types import Json

_FOLDER = Path(__file__).parent / "honest"


@dataclass(frozen=True)
class Case:
    """A program that is right, and tests that say so."""

    name: str
    tests: Json
    program: str


def cases() -> Iterator[Case]:
    """All of them."""
    for file in sorted(_FOLDER.glob("*.txt")):
        for text in file.read_text("utf-8").split("=== ")[1:]:
            yield _case(file.stem, text)


def _case(file: str, text: str) -> Case:
    head, _, body = text.partition("\n")
    what, _, name = (part.strip() for part in head.partition(" : "))
    kind, _, entries = what.partition(" ")
    given, _, program = body.partition("--- program\n")
    given, _, setup = given.partition("--- setup\n")
    tests: dict[str, Json] = {"kind": kind}
    if kind == "asserts":
        tests |= {"entry": entries.split(","), "code": given, "setup": setup}
    elif kind == "pytest":
        tests["files"] = _files(given)
    else:
        pairs = [(_value(left), _value(right)) for left, _, right in (_split(line) for line in given.splitlines())]
        keys = ("input", "output") if kind == "stdio" else ("args", "expected")
        tests["cases"] = [dict(zip(keys, pair, strict=True)) for pair in pairs]
        if kind == "function":
            tests["entry"] = entries
    return Case(f"{file}-{name}", tests, program.rstrip("\n") + "\n")


def _files(given: str) -> dict[str, Json]:
    """Files of a pytest case: what comes first, and what stands below a line ``--- file NAME``."""
    first, *others = given.split("--- file ")
    return {"test_it.py": first} | {name: text for name, _, text in (other.partition("\n") for other in others)}


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(" -> ")


def _value(text: str) -> Any:
    return eval(text, {"true": True, "depth": _nested})


def _nested(levels: int) -> Json:
    value: Json = []
    for _ in range(levels):
        value = [value]
    return value
