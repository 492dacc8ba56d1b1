"""Every example of the verifier's page is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reward_server.types import Completion
from reward_server.verifiers.math.params import MathParams
from reward_server.verifiers.registry import Registry

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "verifiers" / "math.md").read_text()
_ROW = re.compile(r"^\|(?: `(\w+)` \|[^|]*\|)? `([^`]+)` \| `([^`]+)` \| (correct|incorrect) \|", re.MULTILINE)


@pytest.mark.parametrize(("tier", "reference", "answer", "verdict"), _ROW.findall(PAGE))
def test_an_example_of_the_page_is_true(
    registry: Registry, tier: str, reference: str, answer: str, verdict: str
) -> None:
    found = registry.verify_once("math", reference, {}, Completion(rf"\boxed{{{answer}}}"))
    assert found.outcome.value == verdict, found.detail
    assert not tier or found.detail["tier"] == tier


def test_the_page_has_examples_and_names_every_parameter() -> None:
    assert len(_ROW.findall(PAGE)) > 30
    assert [name for name in MathParams.model_fields if f"| `{name}` |" not in PAGE] == []
