"""Each verifier of this package has a page that names all that an item may say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reward_server.types import Completion, Lane
from reward_server.verifiers.registry import Entry
from tests.verifiers.test_conformance import ENTRIES, REGISTRY

DOCS = Path(__file__).resolve().parents[2] / "docs" / "verifiers"
GUIDES = {"code", "math"}
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


def _code(page: str) -> list[Any]:
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", page, re.M | re.S)]


def test_every_verifier_has_a_page_and_every_page_a_verifier() -> None:
    pages = {path.stem for path in DOCS.glob("*.md")}
    assert pages == {name.removesuffix("_sandbox") for name in ENTRIES}


@pytest.mark.parametrize("name", sorted(path.stem for path in DOCS.glob("*.md")))
def test_a_page_says_how_fast_the_verifier_is_and_by_which_command(name: str) -> None:
    assert re.search(r"`python -m benchmarks\.\w+", (DOCS / f"{name}.md").read_text())


@pytest.mark.parametrize("name", [name for name in PAGES if ENTRIES[name].verifier.lane is Lane.CPU])
def test_the_item_at_the_top_of_a_page_gets_the_verdict_that_it_shows(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text()
    item, detail, *_ = _code(page)
    verdict = REGISTRY.verify_once(
        item["verifier"], item["reference"], item.get("params", {}), Completion(item["completions"][0])
    )
    assert f"gives `{verdict.outcome.value}`" in page
    assert json.loads(json.dumps(dict(verdict.detail))) == detail


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
