"""Structured data against a gold record, field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.extraction import Extraction
from reward_server.verifiers.registry import Registry
from reward_server.verifiers.structured import NotParsed, fenced_blocks, find, parse

REGISTRY = Registry()
REGISTRY.register(Extraction())
RECORD = {"name": "Ada", "age": 36, "tags": ["x", "y"], "address": {"city": "London", "zip": "W1"}, "active": True}
leaves = st.one_of(
    st.integers(-1000, 1000), st.text("abcXYZ 12", min_size=1, max_size=8).filter(str.strip), st.booleans()
)
records = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.one_of(
        leaves, st.lists(leaves, min_size=1, max_size=3), st.dictionaries(st.sampled_from("xyz"), leaves, min_size=1)
    ),
    min_size=1,
    max_size=4,
)


def judge(record: Any, text: str, *, fields: Any = None, schema: Any = None, **params: Any) -> Verdict:
    reference = {"record": record, "fields": fields or {}} | ({"schema": schema} if schema else {})
    return REGISTRY.verify_once("extraction", reference, params, Completion(text))


@given(records)
def test_a_record_is_right_about_itself_and_wrong_with_any_field_dropped_or_added(record: dict[str, Any]) -> None:
    assert judge(record, json.dumps(record)).reward == 1.0
    assert judge(record, f"Here:\n```json\n{json.dumps(record, indent=1)}\n```\nDone.").reward == 1.0
    for key in record:
        less = {name: value for name, value in record.items() if name != key}
        assert judge(record, json.dumps(less)).reward == 0.0
    assert judge(record, json.dumps({**record, "surplus": 1})).reward == 0.0
    assert judge(record, json.dumps({**record, "surplus": 1}), extra="ignore").reward == 1.0


@given(records, st.data())
def test_any_changed_value_is_wrong(record: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(record)))
    assert judge(record, json.dumps({**record, key: "something else entirely"})).reward == 0.0


def test_the_detail_is_a_table_and_the_score_its_f1() -> None:
    verdict = judge(RECORD, json.dumps({**RECORD, "age": 37, "address": {"city": "London"}}))
    rows = {row["path"]: row["status"] for row in verdict.detail["rows"]}
    assert rows["age"] == "mismatch" and rows["address.zip"] == "missing" and rows["name"] == "match"
    assert verdict.score == pytest.approx(2 * 5 / (7 + 6))


@pytest.mark.parametrize(
    ("kind", "gold", "same", "other"),
    [
        ("number", 1234.5, ["1,234.5", 1234.5, "1234.50"], ["1234.6", "1.234,5x", None, True, [1234.5]]),
        ("number", "50%", [0.5, "50 %"], [50, "5%"]),
        ("money", "-$5", ["$-5", "($5)", "-5 USD", -5], ["$5", 5, "--5", "-$-5", "+$5"]),
        ("money", "$1,234.50", ["USD 1234.50", "1.234,50 $", 1234.5, "US$1234.5"], ["€1,234.50", "$1,234.51", "free"]),
        (
            "date",
            "2024-03-05",
            ["March 5, 2024", "5 March 2024", "5th Mar. 2024", "03/05/2024", "20240305", "the 5th of March, 2024"],
            ["2024-05-03", "March 2024", "x"],
        ),
        (
            "name",
            "Ada Lovelace",
            ["Lovelace, Ada", "ada lovelace", "Dr. Ada Lovelace", "ÁDA LOVELACE"],
            ["Ada", "Ada Byron"],
        ),
        ("enum", "in_progress", ["In Progress", "in-progress"], ["done"]),
        ("boolean", True, ["yes", "true", 1], ["no", False, "maybe"]),
        ("text", "a  b", ["a b", " a\nb "], ["A b", "ab"]),
        ("exact", "1", ["1"], [1, "1 "]),
    ],
)
def test_typed_values_compare_by_what_they_mean(kind: str, gold: Any, same: list[Any], other: list[Any]) -> None:
    for value in same:
        assert judge({"v": gold}, json.dumps({"v": value}), fields={"v": {"type": kind}}).reward == 1.0, value
    for value in other:
        assert judge({"v": gold}, json.dumps({"v": value}), fields={"v": {"type": kind}}).reward == 0.0, value


def test_options_of_a_field() -> None:
    assert judge({"v": 10}, '{"v": 10.4}', fields={"v": {"tolerance": 0.5}}).reward == 1.0
    assert judge({"v": 10}, '{"v": 10.6}', fields={"v": {"tolerance": 0.5}}).reward == 0.0
    assert judge({"v": 100}, '{"v": 101}', fields={"v": {"relative_tolerance": 0.02}}).reward == 1.0
    assert judge({"v": "NYC"}, '{"v": "New York"}', fields={"v": {"aliases": ["New York"]}}).reward == 1.0
    assert judge({"v": 1}, '{"value": 1}', fields={"v": {"keys": ["value"]}}).reward == 1.0
    assert judge({"v": 1, "w": 2}, '{"v": 1}', fields={"w": {"required": False}}).reward == 1.0
    assert judge({"v": 1, "w": 2}, '{"v": 1, "w": 3}', fields={"w": {"required": False}}).reward == 0.0
    assert judge({"v": 1, "w": 2}, '{"v": 1, "w": 3}', fields={"w": {"ignore": True}}).reward == 1.0
    assert (
        judge({"d": "2024-04-03"}, '{"d": "03/04/2024"}', fields={"d": {"type": "date", "day_first": True}}).reward
        == 1.0
    )


def test_lists_are_sequences_unless_they_are_sets() -> None:
    items = {"items": [{"n": "a", "p": 1}, {"n": "b", "p": 2}]}
    turned = json.dumps({"items": items["items"][::-1]})
    assert judge(items, turned).reward == 0.0
    assert judge(items, turned, fields={"items": {"collection": "set"}}).reward == 1.0
    doubled = json.dumps({"items": [items["items"][0]] * 2})
    assert judge(items, doubled, fields={"items": {"collection": "set"}}).reward == 0.0
    priced = json.dumps({"items": [{"n": "a", "p": "1.00 EUR"}, {"n": "b", "p": "2 EUR"}]})
    assert judge(items, priced, fields={"items[].p": {"type": "money"}}).reward == 1.0


def test_what_stands_behind_the_document_does_not_hide_it() -> None:
    said = json.dumps(RECORD)
    assert judge(RECORD, f"{said}\nSources: [1], [2]").reward == 1.0
    assert judge([RECORD], f"[{said}]\nNote: {{}} means none, {{x}} a name.").reward == 1.0
    assert judge(RECORD, f'{said}\nOr rather: {{"name": "Eve"}}').reward == 0.0
    assert judge([1, 2], '{"items": [\n1,\n2]}').reward == 1.0


DOCUMENTS = {
    "json": '{"a": 1, "b": ["x", "y"]}',
    "yaml": "a: 1\nb:\n  - x\n  - y",
    "toml": 'a = 1\nb = ["x", "y"]',
    "xml": "<r><a>1</a><b>x</b><b>y</b></r>",
}


@pytest.mark.parametrize("format", DOCUMENTS)
def test_each_format_is_read_fenced_bare_and_by_name(format: str) -> None:
    record = {"a": 1, "b": ["x", "y"]}
    text = DOCUMENTS[format]
    assert judge(record, text).reward == 1.0
    assert judge(record, text, format=format).reward == 1.0
    assert judge(record, f"So:\n```{format}\n{text}\n```\n").reward == 1.0


def test_csv_rows_are_records() -> None:
    assert judge([{"a": "x", "n": 1}, {"a": "y", "n": 2}], "a,n\nx,1\ny,2").reward == 1.0
    assert judge([{"a": "x", "n": 1}], "```csv\na,n\nx,2\n```").reward == 0.0


def test_the_schema_must_hold_and_never_fetches() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert judge({"a": 1}, '{"a": 1}', schema=schema).reward == 1.0
    assert judge({"a": 1}, '{"a": "1"}', schema=schema).reward == 0.0
    assert judge({"a": "x"}, '{"a": "x"}', schema=schema).outcome is Outcome.INVALID_TASK
    assert judge({"a": 1}, '{"a": 1}', schema={"$ref": "http://127.0.0.1:9/x"}).outcome is Outcome.INVALID_TASK
    assert judge({"a": 1}, '{"a": 1}', schema={"type": "no such type"}).outcome is Outcome.INVALID_TASK


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ({}, {}),
        ([], {}),
        ("x", {}),
        ({"a": 1}, {"b": {}}),
        ({"a": "x"}, {"a": {"type": "date"}}),
        ({"a": 1}, {"a": {"ignore": True}}),
        ({"a": 1}, {"a": {"no_such_option": 1}}),
    ],
)
def test_a_gold_record_that_contradicts_itself_is_an_invalid_task(record: Any, fields: Any) -> None:
    assert judge(record, '{"a": 1}', fields=fields).outcome is Outcome.INVALID_TASK


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("json", '{"a": 1, "a": 2}'),
        ("json", '{"a": NaN}'),
        ("json", '{"a": 1e999}'),
        ("json", "[" * 100 + "]" * 100),
        ("yaml", "a: &x 1\nb: *x"),
        ("yaml", "!!python/object/apply:os.getpid []"),
        ("yaml", "a: 1\na: 2"),
        ("yaml", "a: .nan"),
        ("xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("xml", "<a>"),
        ("toml", "a = "),
        ("csv", "a,a\n1,2"),
        ("csv", "a"),
        ("csv", "a,b\n1"),
        ("json", '{"a": ' + "1" * 5_000 + "}"),
    ],
)
def test_ambiguous_and_hostile_documents_are_not_parsed(format: Any, text: str) -> None:
    with pytest.raises(NotParsed):
        parse(text, format)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('x {"a": 1} y {"b": 2} z', {"b": 2}),
        ('{"a": "}{"}', {"a": "}{"}),
        ('set {1,2 then {"a": 1}', {"a": 1}),
        ('{"a": "\\"}"} end', {"a": '"}'}),
        ('```json\n[1]\n```\n{"a": 2}', [1]),
        ('It\'s {"a": "it\'s"}', {"a": "it's"}),
        ('{"a": 1} and {not json}', {"a": 1}),
    ],
)
def test_the_last_document_is_found(text: str, value: Any) -> None:
    assert find(text, "json")[0] == value


def test_fenced_blocks_survive_a_forgotten_fence() -> None:
    assert fenced_blocks("```python\nx\n```json\n1\n```\n") == [("json", "1\n")]
    assert fenced_blocks("~~~\na\n```\nb\n~~~\n") == [("", "a\n```\nb\n")]


@given(st.text(max_size=200))
def test_any_text_gets_a_verdict(text: str) -> None:
    assert judge({"a": 1}, text).reward in (0.0, 1.0)
