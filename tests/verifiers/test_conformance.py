"""Every registered verifier keeps the contract; a verifier of another package is held to it just the same."""

from __future__ import annotations

import json
import random

import pytest
from pydantic import TypeAdapter

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.types import Completion, Json, Lane, Verdict
from reward_server.verifiers.base import Example
from reward_server.verifiers.defaults import default_registry
from reward_server.verifiers.registry import Entry
from tests.verifiers.hostile import HOSTILE

REGISTRY = default_registry()
ENTRIES = {entry.verifier.name: entry for entry in REGISTRY}
CPU = [name for name, entry in ENTRIES.items() if entry.verifier.lane is Lane.CPU]
CASES = [
    pytest.param(name, example, id=f"{name}-{example.title.replace(' ', '_')}")
    for name in CPU
    for example in ENTRIES[name].verifier.examples
]
JUNK: list[Json] = [
    None, True, 0, -1, 1e300, "", " ", "\x00", "{", "[[", "a" * 100_000, "(" * 20_000, "\\boxed{", [], [[]], [None], {},
    {"kind": "no such kind"}, {"": ""}, {"a": {"b": [1, None]}}, ["\ud800"],
]  # fmt: skip


def verdict_of(name: str, example: Example, text: str | None = None) -> Verdict:
    """The verdict on the example's completion, or on ``text`` in its place."""
    completion = Completion(example.completion if text is None else text)
    return REGISTRY.verify_once(name, example.reference, example.params, completion)


def first_examples(entry: Entry) -> list[Example]:
    """One example for each shape of reference, so that every kind of a verifier is attacked."""
    shapes: dict[str, Example] = {}
    for example in entry.verifier.examples:
        kind = example.reference.get("kind") if isinstance(example.reference, dict) else type(example.reference)
        shapes.setdefault(f"{kind} {sorted(example.params)}", example)
    return list(shapes.values())


def attempt(name: str, example: Example, text: str) -> Verdict | type[Exception]:
    """A verdict, or which of the allowed errors was raised."""
    try:
        return verdict_of(name, example, text)
    except (LimitExceeded, InvalidTask, Unavailable) as error:
        return type(error)


@pytest.mark.parametrize(("name", "example"), CASES)
def test_an_example_scores_as_it_states_and_its_detail_has_the_stated_type(name: str, example: Example) -> None:
    verdict = verdict_of(name, example)
    assert verdict.outcome is example.outcome, dict(verdict.detail)
    assert verdict.score is None or 0 <= verdict.score <= 1
    if "message" not in verdict.detail:
        TypeAdapter(ENTRIES[name].verifier.Detail).validate_python(dict(verdict.detail), strict=True)
    json.dumps(dict(verdict.detail), allow_nan=False)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_verifier_has_schemas_a_docstring_and_examples_that_json_can_carry(name: str) -> None:
    entry = ENTRIES[name]
    assert entry.reference_schema
    assert entry.params_schema["properties"] is not None if entry.params_schema.get("properties") else True
    assert entry.params_schema.get("additionalProperties") is False
    assert entry.detail_schema["type"] == "object"
    assert (type(entry.verifier).__doc__ or "").strip()
    for example in entry.verifier.examples:
        assert json.loads(json.dumps(example.reference)) == example.reference
        assert json.loads(json.dumps(dict(example.params))) == dict(example.params)


@pytest.mark.parametrize("name", CPU)
def test_a_junk_reference_is_an_invalid_task_and_nothing_else(name: str) -> None:
    entry = ENTRIES[name]
    for junk in JUNK:
        for example in first_examples(entry):
            try:
                reference, params = entry.parse(junk, example.params)
                entry.verifier.prepare(reference, params, REGISTRY.context)
            except (InvalidTask, Unavailable):
                continue


@pytest.mark.parametrize("name", CPU)
def test_an_unknown_parameter_is_an_invalid_task(name: str) -> None:
    example = ENTRIES[name].verifier.examples[0]
    with pytest.raises(InvalidTask, match="params"):
        ENTRIES[name].parse(example.reference, {**example.params, "no_such_parameter": 1})


@pytest.mark.parametrize("name", CPU)
def test_hostile_completions_finish_and_raise_only_what_the_contract_allows(name: str) -> None:
    for example in first_examples(ENTRIES[name]):
        for what, text in HOSTILE.items():
            result = attempt(name, example, text)
            if isinstance(result, Verdict):
                json.dumps(dict(result.detail), allow_nan=False)
                assert len(json.dumps(dict(result.detail))) < 100_000, f"{what}: a detail of this size"


@pytest.mark.parametrize("name", CPU)
def test_verdicts_repeat_in_any_order(name: str) -> None:
    examples = list(ENTRIES[name].verifier.examples)
    first = {example.title: verdict_of(name, example) for example in examples}
    shuffled = examples * 5
    random.Random(3).shuffle(shuffled)
    for example in shuffled:
        assert verdict_of(name, example) == first[example.title]


@pytest.mark.parametrize("name", CPU)
def test_a_prepared_task_serves_many_completions_without_changing(name: str) -> None:
    entry = ENTRIES[name]
    for example in entry.verifier.examples:
        try:
            task = entry.verifier.prepare(*entry.parse(example.reference, example.params), REGISTRY.context)
        except InvalidTask:
            continue
        verdicts: list[Verdict | None] = []
        for text in (example.completion, "", "unrelated: 7", example.completion):
            try:
                verdicts.append(entry.verifier.verify(task, Completion(text), REGISTRY.context))
            except (LimitExceeded, InvalidTask):
                verdicts.append(None)
        assert verdicts[0] == verdicts[-1]
