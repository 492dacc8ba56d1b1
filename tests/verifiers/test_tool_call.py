"""Function calls against expected ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_server.types import Completion, Outcome, Verdict
from reward_server.verifiers.registry import Registry
from reward_server.verifiers.tool_call import ToolCall

REGISTRY = Registry()
REGISTRY.register(ToolCall())
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "default": 1},
                "unit": {"enum": ["C", "F"]},
            },
            "required": ["city"],
        },
    },
}
GOLD = {"name": "weather", "arguments": {"city": "Rome", "days": 2}}
values = st.recursive(
    st.one_of(st.integers(-99, 99), st.text("ab c'\"", max_size=6), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("xyz"), inner, max_size=2)),
    max_leaves=5,
)
arguments = st.dictionaries(st.text("abc", min_size=1, max_size=3), values, max_size=3)


def judge(calls: list[Any], text: str, *, tools: Any = None, **params: Any) -> Verdict:
    return REGISTRY.verify_once("tool_call", {"calls": calls, "tools": tools or []}, params, Completion(text))


def call(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "arguments": given}


@given(arguments)
def test_a_call_equals_itself_in_every_notation(given: dict[str, Any]) -> None:
    gold = {"name": "f", "arguments": given}
    keywords = ", ".join(f"{key}={value!r}" for key, value in given.items())
    for text in (
        f"<tool_call>\n{json.dumps(gold)}\n</tool_call>",
        json.dumps(gold),
        json.dumps([gold]),
        json.dumps({"function": {"name": "f", "arguments": json.dumps(given)}}),
        json.dumps({"tool_calls": [{"type": "function", "function": gold}]}),
        json.dumps({"name": "f", "parameters": given}),
        f"[f({keywords})]",
        f"f({keywords})",
    ):
        assert judge([gold], text).outcome is Outcome.CORRECT, text


@given(arguments, arguments)
def test_other_arguments_are_wrong(one: dict[str, Any], other: dict[str, Any]) -> None:
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        assert judge([{"name": "f", "arguments": one}], json.dumps({"name": "f", "arguments": other})).reward == 0.0


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (json.dumps(GOLD), True),
        (json.dumps(call("weather", city="Rome", days=2.0)), True),
        (json.dumps(call("weather", city="Rome")), False),
        (json.dumps(call("weather", city="Rome", days="2")), False),
        (json.dumps(call("weather", city="Rome", days=2, unit="K")), False),
        (json.dumps(call("weather", city="Rome", days=2, extra=1)), False),
        (json.dumps(call("forecast", city="Rome")), False),
        (json.dumps([GOLD, GOLD]), False),
        ("weather(city='Rome', days=2)", True),
        ("weather('Rome', 2)", False),
        ("weather(city=__import__('os').name)", False),
        ("import os\nweather(city='Rome', days=2)", False),
        ('<function=weather>{"city": "Rome", "days": 2}</function>', True),
        ('<function=weather>{"city": "Rome"}</function>', False),
        ('{"type": "tool_use", "name": "weather", "input": {"city": "Rome", "days": 2}}', True),
    ],
)
def test_calls_are_held_to_the_signature_and_the_gold_arguments(text: str, right: bool) -> None:
    assert judge([GOLD], text, tools=[WEATHER]).outcome is Outcome.CORRECT if right else Outcome.INCORRECT
    assert (judge([GOLD], text, tools=[WEATHER]).reward == 1.0) is right


@pytest.mark.parametrize(
    "text",
    [
        "f(a=1)\ng(b=2)",
        "[f(a=1), g(b=2)]",
        "[f(a=1)]\n[g(b=2)]",
        '<function=f>{"a": 1}</function>\n<function=g>{"b": 2}</function>',
    ],
)
def test_calls_side_by_side_are_read_in_every_notation(text: str) -> None:
    assert judge([call("f", a=1), call("g", b=2)], text).outcome is Outcome.CORRECT
    assert judge([call("f", a=1)], text).outcome is Outcome.INCORRECT


def test_an_argument_left_out_counts_as_its_default() -> None:
    assert (
        judge([call("weather", city="Rome", days=1)], json.dumps(call("weather", city="Rome")), tools=[WEATHER]).reward
        == 1.0
    )
    assert (
        judge([call("weather", city="Rome")], json.dumps(call("weather", city="Rome", days=1)), tools=[WEATHER]).reward
        == 1.0
    )
    assert (
        judge([call("weather", city="Rome")], json.dumps(call("weather", city="Rome", days=3)), tools=[WEATHER]).reward
        == 0.0
    )


def test_alternatives_and_optional_arguments() -> None:
    gold = {**call("f", unit="C", n=1), "alternatives": {"unit": ["celsius"]}, "optional": ["n"]}
    assert judge([gold], json.dumps(call("f", unit="celsius"))).reward == 1.0
    assert judge([gold], json.dumps(call("f", unit="kelvin"))).reward == 0.0


def test_order_counts_only_where_asked_for_and_the_score_is_the_f1_over_calls() -> None:
    both, turned = [call("f", a=1), call("g")], json.dumps([call("g"), call("f", a=1)])
    assert judge(both, turned).reward == 1.0
    assert judge(both, turned, ordered=True).reward == 0.0
    assert judge(both, json.dumps([call("g")])).score == pytest.approx(2 / 3)


def test_true_is_not_1() -> None:
    assert judge([call("f", a=1)], json.dumps(call("f", a=True))).reward == 0.0
    assert judge([call("f", a=True)], json.dumps(call("f", a=1))).reward == 0.0


def test_calling_nothing_is_right_only_where_nothing_is_expected() -> None:
    assert judge([], "No tool is needed.").reward == 1.0
    assert judge([], json.dumps(GOLD)).reward == 0.0
    assert judge([], " ").outcome is Outcome.NO_ANSWER
    assert judge([GOLD], "No tool is needed.").outcome is Outcome.NO_ANSWER
    assert judge([GOLD], "<tool_call>{broken</tool_call>").outcome is Outcome.INCORRECT


@pytest.mark.parametrize(
    ("calls", "tools"),
    [
        ([call("nope")], [WEATHER]),
        ([call("weather", city=1)], [WEATHER]),
        ([GOLD], [{"no": "name"}]),
        ([GOLD], [{"name": "weather", "parameters": {"type": "nonsense"}}]),
        ([{"arguments": {}}], []),
    ],
)
def test_a_reference_that_breaks_its_own_signature_is_an_invalid_task(calls: list[Any], tools: list[Any]) -> None:
    assert judge(calls, json.dumps(GOLD), tools=tools).outcome is Outcome.INVALID_TASK


@given(st.text(max_size=200))
def test_any_text_gets_a_verdict(text: str) -> None:
    judge([GOLD], text, tools=[WEATHER])


F, G = call("f", a=1), call("g")


@pytest.mark.parametrize(
    "text",
    [
        f"{json.dumps(F)}\n{json.dumps(G)}",
        f"{json.dumps(F)}; {json.dumps(G)}",
        f"```json\n{json.dumps(F)}\n{json.dumps(G)}\n```\nSources: [1]",
        "<|python_tag|>f(a=1)\ng()<|eom_id|>",
        "I call both:\n```tool_code\nf(a=1)\ng()\n```",
    ],
)
def test_calls_that_stand_next_to_each_other_all_count(text: str) -> None:
    assert judge([F, G], text).reward == 1.0
    assert judge([G], text).reward == 0.0
    assert judge([F], text).reward == 0.0


def test_many_calls_line_by_line_all_count() -> None:
    text = "\n".join(json.dumps(call("f", a=number)) for number in range(40))
    assert judge([call("f", a=number) for number in range(40)], text).reward == 1.0
    assert judge([call("f", a=number) for number in range(1, 40)], text).reward == 0.0


def test_calls_are_paired_so_that_most_fit() -> None:
    wide = {"name": "f", "arguments": {"a": 1}, "alternatives": {"a": [2]}}
    for calls in ([call("f", a=1), call("f", a=2)], [call("f", a=2), call("f", a=1)]):
        assert judge([wide, call("f", a=1)], json.dumps(calls)).reward == 1.0
    assert judge([wide, call("f", a=1)], json.dumps([call("f", a=2)] * 2)).reward == 0.0


def test_an_object_with_a_name_is_a_call_only_if_it_could_be_one() -> None:
    assert judge([], '{"name": "Bob", "age": 3}').reward == 1.0
    assert judge([], '{"name": "f"}').reward == 0.0
    assert judge([G], '{"name": "g", "arguments": null}').reward == 1.0
    assert judge([F], f'{json.dumps(F)}\n{{"name": "f", "arguments": [1]}}').reward == 0.0
    assert judge([F], f'{json.dumps(F)}\n{{"note": "done"}}').reward == 1.0


def test_parameters_in_tags_are_read_as_the_type_that_is_expected() -> None:
    def said(**given: str) -> str:
        inner = "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in given.items())
        return f"<tool_call>\n<function=f>\n{inner}</function>\n</tool_call>"

    gold = call("f", zip="12345", days=2, on=True, tags=["a"])
    assert judge([gold], said(zip="12345", days="2", on="true", tags='["a"]')).reward == 1.0
    assert judge([gold], said(zip="12346", days="2", on="true", tags='["a"]')).reward == 0.0
    assert judge([gold], said(zip="12345", days="two", on="true", tags='["a"]')).reward == 0.0
    assert judge([G], "<tool_call><function=g></function></tool_call>").reward == 1.0


@pytest.mark.parametrize("tag", ["{bad", '{"note": 1}', "", "[]", "<function=f>{bad</function>"])
def test_a_tag_without_a_call_is_a_wrong_call(tag: str) -> None:
    assert judge([F], f"<tool_call>{json.dumps(F)}</tool_call><tool_call>{tag}</tool_call>").reward == 0.0
