"""Each verifier of this package has a page that names all that an item may say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reward_server.verifiers.registry import Entry
from tests.verifiers.test_conformance import ENTRIES

DOCS = Path(__file__).resolve().parents[2] / "docs" / "verifiers"
GUIDES = {"code", "execute", "math"}
"""Pages that are guides of their own shape, and are tested beside their verifiers."""
PAGES = sorted({path.stem for path in DOCS.glob("*.md")} - GUIDES)


def _fields(schema: Any) -> Iterator[str]:
    """Names of all fields in a JSON Schema, those of nested models too."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from _fields(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _fields(value)


def test_there_are_pages_and_each_is_of_a_verifier() -> None:
    assert len(PAGES) >= 13
    assert set(PAGES) <= set(ENTRIES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_every_field_of_the_reference_and_every_parameter(name: str) -> None:
    entry: Entry = ENTRIES[name]
    page = (DOCS / f"{name}.md").read_text()
    for field in {*_fields(entry.reference_schema), *_fields(entry.params_schema)}:
        assert f"`{field}`" in page, field


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_every_worked_example(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text()
    for example in ENTRIES[name].verifier.examples:
        assert f"| {example.title} |" in page, example.title
