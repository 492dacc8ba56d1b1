"""``/v1/rewards``: what goes in, what comes out, and what bad input costs."""

from __future__ import annotations

import gzip
import json
from typing import Any

import httpx
import pytest

from tests.processes import Server, serving

RIGHT = {"verifier": "echo", "reference": "a", "completions": ["a"]}
PROBLEM = "urn:reward-server:problem:"


def post(server: Server, body: bytes | str, **headers: str) -> httpx.Response:
    """A raw body."""
    return server.client.post("/v1/rewards", content=body, headers=headers)


def refused(server: Server, body: bytes | str, status: int, kind: str) -> str:
    """The detail of a problem of that kind."""
    response = post(server, body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == PROBLEM + kind
    assert problem["status"] == status
    return str(problem["detail"])


def verdicts(server: Server, item: dict[str, Any]) -> list[dict[str, Any]]:
    """Verdicts of one item that stands between two good neighbours, which must not notice."""
    before, asked, after = server.score([RIGHT, item, RIGHT])["items"]
    assert before["rewards"] == after["rewards"] == [1.0]
    found: list[dict[str, Any]] = asked["verdicts"]
    return found


def fault(server: Server, item: dict[str, Any]) -> str:
    """Message of the ``invalid_task`` that all completions of the item are."""
    found = verdicts(server, item)
    assert found
    assert {(v["reward"], v["outcome"], v["retryable"]) for v in found} == {(None, "invalid_task", False)}
    return str(found[0]["detail"]["message"])


def test_order_is_kept_and_ids_are_echoed(server: Server) -> None:
    items = [{"id": f"x{i}", "verifier": "echo", "reference": str(i), "completions": [str(i), "no"]} for i in range(50)]
    answer = server.score(items)
    assert [item["id"] for item in answer["items"]] == [f"x{i}" for i in range(50)]
    assert all(item["rewards"] == [1.0, 0.0] for item in answer["items"])
    assert answer["summary"]["correct"] == answer["summary"]["incorrect"] == 50


def test_an_item_without_an_id_gets_its_index_and_a_number_becomes_text(server: Server) -> None:
    answer = server.score([RIGHT, {**RIGHT, "id": 7}])
    assert [item["id"] for item in answer["items"]] == ["0", "7"]


def test_a_request_may_name_the_verifier_for_all_items(server: Server) -> None:
    answer = server.score([{"reference": "a", "completions": ["a"]}], verifier="echo")
    assert answer["items"][0]["rewards"] == [1.0]


def test_every_verdict_says_what_the_contract_promises(server: Server) -> None:
    (verdict,) = verdicts(server, {"verifier": "math", "reference": "\\frac12", "completions": ["\\boxed{0.5}"]})
    assert (verdict["reward"], verdict["outcome"], verdict["score"]) == (1.0, "correct", 1.0)
    assert verdict["verifier"] == "math" and verdict["version"]
    assert verdict["run_s"] >= 0 and verdict["queue_s"] >= 0
    assert set(verdict) == {
        "reward", "outcome", "score", "detail", "flags", "reason", "retryable", "verifier", "version", "image",
        "queue_s", "run_s", "cached",
    }  # fmt: skip


def test_detail_can_be_left_out(server: Server) -> None:
    item = {"verifier": "math", "reference": "1", "completions": ["\\boxed{2}"]}
    assert server.score([item], detail="none")["items"][0]["verdicts"][0]["detail"] == {}
    assert server.score([item], detail="full")["items"][0]["verdicts"][0]["detail"] != {}


def test_a_stream_gives_every_item_once_and_ends_with_the_summary(server: Server) -> None:
    items = [{"verifier": "echo", "reference": str(i), "completions": [str(i)]} for i in range(40)]
    slow = {"verifier": "paced", "reference": "a", "params": {"sleep_s": 1.0}, "completions": ["a"]}
    body = json.dumps({"items": [slow, *items]})
    lines = post(server, body, accept="application/x-ndjson").text.splitlines()
    parsed = [json.loads(line) for line in lines]
    assert sorted(line["index"] for line in parsed[:-1]) == list(range(41))
    assert parsed[-2]["index"] == 0  # the slow one comes last, not first
    assert parsed[-1]["summary"]["completions"] == 41


def test_a_refused_stream_is_a_problem_and_not_a_200(server: Server) -> None:
    response = post(server, "{}", accept="application/x-ndjson")
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("completion", "outcome"),
    [
        ([{"role": "user", "content": "?"}, {"role": "assistant", "content": "a"}], "correct"),
        ([{"role": "assistant", "content": "b"}, {"role": "assistant", "content": "a"}], "correct"),
        ([{"role": "assistant", "content": [{"type": "text", "text": "a"}]}], "correct"),
        ([{"role": "assistant", "content": "a"}, {"role": "tool", "content": "x"}], "no_answer"),
        ([{"role": "user", "content": "a"}], "no_answer"),
        ([{"role": "assistant", "content": None}], "no_answer"),
        ([], "no_answer"),
        (
            [{"role": "assistant", "content": [{"type": "reasoning", "text": "b"}, {"type": "text", "text": "a"}]}],
            "correct",
        ),
        ({"role": "assistant", "content": "a"}, "correct"),
        ({"role": "user", "content": "a"}, "no_answer"),
        ({"content": "a", "truncated": True}, "correct"),
        ({"content": [{"role": "assistant", "content": "a"}]}, "correct"),
        (None, "invalid_task"),
        (7, "invalid_task"),
        ({"text": "a"}, "invalid_task"),
    ],
)
def test_a_completion_is_text_a_transcript_or_an_object(server: Server, completion: Any, outcome: str) -> None:
    found = verdicts(server, {**RIGHT, "completions": [completion, "a"]})
    assert [verdict["outcome"] for verdict in found] == [outcome, "correct"]


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
        {"content": "Let me see.", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]},
        {"content": [{"type": "text", "text": "Now."}, {"type": "tool_use", "name": "f", "input": {"a": 1}}]},
    ],
)
def test_function_calls_that_a_chat_template_took_out_of_the_text_are_verified(server: Server, message: Any) -> None:
    item = {
        "verifier": "tool_call",
        "reference": {"calls": [{"name": "f", "arguments": {"a": 1}}]},
        "completions": [[{"role": "assistant", **message}]],
    }
    answer = server.client.post("/v1/rewards", json={"items": [item]}).json()
    assert answer["items"][0]["rewards"] == [1.0]


@pytest.mark.parametrize(
    ("text", "thinking", "outcome"),
    [
        ("<think>b</think>a", "auto", "correct"),
        ("<think>x</think>y<think>z</think>a", "auto", "correct"),
        ("<think>a", "auto", "no_answer"),
        ("b</think>a", "auto", "correct"),
        ("b</think>a", "prefilled", "correct"),
        ("a", "prefilled", "no_answer"),
        ("<think>a", "none", "incorrect"),
    ],
)
def test_thinking_is_removed_before_any_verifier(server: Server, text: str, thinking: str, outcome: str) -> None:
    (verdict,) = verdicts(server, {**RIGHT, "thinking": thinking, "completions": [text]})
    assert verdict["outcome"] == outcome


def test_a_verifier_of_format_sees_the_thinking_and_its_neighbours_do_not(server: Server) -> None:
    text = "<think>2+2</think><answer>4</answer>"
    assert server.outcomes("format", "think_answer", [text, "<answer>4</answer>", "<think>2+2"]) == [
        "correct", "incorrect", "incorrect",
    ]  # fmt: skip
    parts = [
        {"verifier": "format", "reference": "think_answer"},
        {"verifier": "echo", "reference": "<answer>4</answer>"},
    ]
    assert server.outcomes("composite", {"parts": parts}, [text, "<answer>4</answer>"]) == ["correct", "incorrect"]


def test_what_data_sets_make_of_references_is_understood(server: Server) -> None:
    assert server.outcomes("match", 42, ["Answer: 42"]) == ["correct"]
    assert server.outcomes("math", 123456789012345678901234567890, ["\\boxed{123456789012345678901234567890}"]) == [
        "correct"
    ]
    composite = {"parts": [{"verifier": "echo", "reference": "a", "params": None}], "rule": None}
    for reference in (composite, json.dumps(composite)):
        found = verdicts(server, {"verifier": "composite", "reference": reference, "completions": ["a"]})
        assert found[0]["outcome"] == "correct", found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verifier": "nope"}, "there is no verifier 'nope'"),
        ({"verifier": None}, "names no verifier"),
        ({"verifier": 7}, "'verifier' must be a string"),
        ({"reference": {"a": 1}}, "reference: Input should be a valid string"),
        ({"params": {"speed": 1}}, "params.speed"),
        ({"params": []}, "'params' must be an object"),
        ({"id": [1]}, "'id' must be a string"),
        ({"thinking": "loud"}, "'thinking' must be one of"),
        ({"refrence": "a"}, "unknown key"),
        ({"completions": "a"}, "'completions' must be a list"),
    ],
)
def test_what_is_wrong_with_an_item_is_that_items_fault(server: Server, change: dict[str, Any], message: str) -> None:
    assert message in fault(server, {**RIGHT, **change})


def test_an_item_that_is_no_object_and_one_without_a_reference_are_faults_too(server: Server) -> None:
    bare: Any = "just text"
    assert "must be an object" in fault(server, bare)
    assert "'reference' is missing" in fault(server, {"verifier": "echo", "completions": ["a"]})


def test_a_bug_in_a_verifiers_types_costs_no_neighbour(server: Server) -> None:
    (crashed,) = verdicts(server, {"verifier": "typed", "reference": {"text": "crash"}, "completions": ["a"]})
    assert (crashed["reward"], crashed["reason"]) == (None, "verifier_crashed")


def test_empty_completions_are_an_item_without_verdicts(server: Server) -> None:
    assert verdicts(server, {**RIGHT, "completions": []}) == []
    assert server.score([])["summary"]["completions"] == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_the_items_fault(server: Server, number: str) -> None:
    bad_item = '{"verifier":"echo","reference":' + number + ',"completions":["a"]}'
    body = f'{{"items":[{json.dumps(RIGHT)},{bad_item}]}}'
    good, bad = post(server, body).json()["items"]
    assert good["rewards"] == [1.0]
    assert bad["verdicts"][0]["outcome"] == "invalid_task"
    assert "not finite" in bad["verdicts"][0]["detail"]["message"]


def test_lone_surrogates_are_repaired_and_said_so(server: Server) -> None:
    broken = '{"id":"\\ud800","verifier":"echo","reference":"x\\ufffd","completions":["x\\udfff","a"]}'
    body = f'{{"items":[{broken},{json.dumps(RIGHT)}]}}'
    repaired, neighbour = post(server, body).json()["items"]
    assert repaired["rewards"] == [1.0, 0.0]
    assert [verdict["flags"] for verdict in repaired["verdicts"]] == [["text_repaired"], []]
    assert neighbour["rewards"] == [1.0]


def test_lone_surrogates_outside_completions_break_nothing(server: Server) -> None:
    inside = json.dumps({"parts": [{"verifier": "echo", "reference": "SURROGATE"}]}).replace("SURROGATE", "\\ud800")
    items = [
        RIGHT,
        {"verifier": "composite", "reference": inside, "completions": ["\ufffd"]},
        {"verifier": "BAD", "reference": "a", "completions": ["a"]},
    ]
    body = json.dumps({"items": items, "run": "BAD"}).replace("BAD", "\\ud800")
    answered = post(server, body)
    assert answered.status_code == 200, answered.text
    assert [item["rewards"] for item in answered.json()["items"]] == [[1.0], [1.0], [None]]
    assert server.client.get("/metrics").status_code == 200
    assert server.client.post("/v1/batches", content=body).status_code == 202
    nameless = '{"items":[{"reference":"a","completions":["a"]}],"verifier":"\\ud800"}'
    assert post(server, nameless).json()["items"][0]["verdicts"][0]["reason"] == "unknown_verifier"


def test_what_nobody_reads_may_be_nested_as_deep_as_json_goes(server: Server) -> None:
    deep = "[" * 900 + "]" * 900
    for meta in (deep, f"[NaN,{deep}]"):
        body = f'{{"items":[{{"verifier":"echo","reference":"a","completions":["a"],"meta":{meta}}}]}}'
        assert post(server, body).json()["items"][0]["rewards"] == [1.0]
    bad = f'{{"verifier":"echo","reference":[NaN,{deep}],"completions":["a"]}}'
    good, faulty = post(server, f'{{"items":[{json.dumps(RIGHT)},{bad}]}}').json()["items"]
    assert good["rewards"] == [1.0]
    assert faulty["verdicts"][0]["outcome"] == "invalid_task"


def test_a_reference_of_many_digits_is_read_exactly(server: Server) -> None:
    digits = "7" * 6000
    completions = json.dumps([digits, digits[:-1] + "8"])
    body = f'{{"items":[{{"verifier":"echo","reference":{digits},"completions":{completions}}}]}}'
    assert post(server, body).json()["items"][0]["rewards"] == [1.0, 0.0]


def test_what_is_not_json_is_a_clear_400(server: Server) -> None:
    refused(server, "", 400, "malformed-json")
    refused(server, "{", 400, "malformed-json")
    refused(server, b"\xff\xfe", 400, "malformed-json")
    refused(server, b"\x00" * 100, 400, "malformed-json")
    assert "deeply" in refused(server, "[" * 200_000, 400, "malformed-json")
    assert "deeply" in refused(server, '{"items":' * 100_000, 400, "malformed-json")


def test_an_envelope_of_the_wrong_shape_is_a_clear_422(server: Server) -> None:
    refused(server, "[]", 422, "invalid-request")
    refused(server, "{}", 422, "invalid-request")
    refused(server, '{"items":{}}', 422, "invalid-request")
    assert "itmes" in refused(server, '{"items":[],"itmes":[]}', 422, "invalid-request")
    for wrong in ('"x"', "-1", "0", "NaN", "true", "1e999", "9" * 400 + ".0"):
        assert "deadline_s" in refused(server, f'{{"items":[],"deadline_s":{wrong}}}', 422, "invalid-request")
    refused(server, '{"items":[],"detail":"all"}', 422, "invalid-request")
    refused(server, '{"items":[],"run":5}', 422, "invalid-request")


def test_a_key_that_is_null_is_a_key_left_out(server: Server) -> None:
    nothing = dict.fromkeys(("id", "params", "thinking", "prompt", "meta"))
    answer = server.score([{**RIGHT, **nothing}], deadline_s=None, run=None, detail=None, verifier=None)
    assert answer["items"][0]["rewards"] == [1.0]


@pytest.mark.parametrize("deadline", ["1e300", "1" + "0" * 400])
def test_a_deadline_beyond_the_longest_is_the_longest(server: Server, deadline: str) -> None:
    body = f'{{"items":[{json.dumps(RIGHT)}],"deadline_s":{deadline}}}'
    assert post(server, body).json()["items"][0]["rewards"] == [1.0]


def test_a_compressed_body_is_refused_as_such(server: Server) -> None:
    response = post(server, gzip.compress(b'{"items":[]}'), **{"content-encoding": "gzip"})
    assert (response.status_code, response.json()["type"]) == (415, PROBLEM + "unsupported-encoding")


def test_a_deep_reference_is_the_items_fault(server: Server) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    assert "nested" in fault(server, {**RIGHT, "reference": deep})


def test_each_limit_has_a_4xx_of_its_own() -> None:
    limits = {
        "REWARD_MAX_BODY_BYTES": "200000",
        "REWARD_MAX_ITEMS": "10",
        "REWARD_MAX_COMPLETIONS_PER_ITEM": "5",
        "REWARD_MAX_COMPLETION_CHARS": "1000",
        "REWARD_QUEUE_MAX_COMPLETIONS": "20",
    }
    with serving(environment=limits) as server:
        refused(server, json.dumps({"items": [RIGHT] * 11}), 413, "too-many-items")
        refused(server, json.dumps({"items": [{**RIGHT, "completions": ["a"] * 6}]}), 413, "too-many-completions")
        refused(server, json.dumps({"items": [{**RIGHT, "completions": ["a" * 1001]}]}), 413, "completion-too-long")
        refused(server, json.dumps({"items": [{**RIGHT, "completions": ["a"] * 5}] * 9}), 413, "larger-than-queue")
        refused(server, b" " * 200_001, 413, "body-too-large")

        def chunked() -> Any:
            for _ in range(30):
                yield b" " * 10_000

        for size in (5_000_000, 40_000_000):  # far more than any socket buffers: the refusal must still be read
            refused(server, b" " * size, 413, "body-too-large")
        response = server.client.post("/v1/rewards", content=chunked())
        assert response.status_code == 413
        assert server.score([RIGHT])["items"][0]["rewards"] == [1.0]


def test_a_hundred_thousand_items_are_refused_and_the_server_goes_on(server: Server) -> None:
    refused(server, json.dumps({"items": [RIGHT] * 100_000}), 413, "too-many-items")
    assert server.score([RIGHT])["items"][0]["rewards"] == [1.0]


def test_a_body_of_fifty_megabytes_is_scored(server: Server) -> None:
    text = "x" * 999_000
    items = [{"verifier": "echo", "reference": "a", "completions": [text, "a"]} for _ in range(50)]
    answer = server.score(items)
    assert all(item["rewards"] == [0.0, 1.0] for item in answer["items"])


def test_a_reference_that_is_long_travels_once_and_is_understood(server: Server) -> None:
    long = "r" * 200_000
    items = [{"verifier": "echo", "reference": long, "completions": [long, "no"]} for _ in range(3)]
    assert all(item["rewards"] == [1.0, 0.0] for item in server.score(items)["items"])


def test_the_same_question_is_answered_from_the_cache(server: Server) -> None:
    item = {"verifier": "paced", "reference": "cached", "completions": ["cached", "other"]}
    first, second = server.score([item]), server.score([item])
    assert first["summary"]["cached"] == 0
    assert second["summary"]["cached"] == 2
    assert first["items"][0]["rewards"] == second["items"][0]["rewards"] == [1.0, 0.0]


def test_equal_completions_in_one_request_are_verified_once(server: Server) -> None:
    item = {"verifier": "paced", "reference": "once", "params": {"sleep_s": 0.2}, "completions": ["once"] * 50}
    answer = server.score([item])
    assert answer["items"][0]["rewards"] == [1.0] * 50
    assert answer["summary"]["cached"] == 49


def test_a_limit_is_never_shared_with_a_follower_nor_cached(server: Server) -> None:
    item = {"verifier": "misbehaving", "reference": "shared", "completions": ["spin", "spin"]}
    found = server.score([item])["items"][0]["verdicts"]
    assert [(verdict["outcome"], verdict["cached"]) for verdict in found] == [("limit_exceeded", False)] * 2, found


def test_an_answer_is_the_same_over_a_thousand_repeats_in_any_order(server: Server) -> None:
    texts = ["\\boxed{0.5}", "\\boxed{2}", "nothing", "Answer: 1/2", "\\boxed{\\frac{2}{4}}"]
    item = {"verifier": "math", "reference": "\\frac{1}{2}"}
    expected = dict(zip(texts, server.outcomes("math", "\\frac{1}{2}", texts), strict=True))
    for turn in range(len(texts)):
        order = texts[turn:] + texts[:turn]
        answer = server.score([{**item, "completions": order}] * 200)
        for result in answer["items"]:
            assert [v["outcome"] for v in result["verdicts"]] == [expected[text] for text in order]


def test_verifiers_are_described_with_schemas_and_examples(server: Server) -> None:
    listed = server.client.get("/v1/verifiers").json()
    assert {"math", "choice", "match"} <= {verifier["name"] for verifier in listed}
    for verifier in listed:
        assert verifier["description"] and verifier["examples"]
        assert isinstance(verifier["params_schema"], dict)
    one = server.client.get("/v1/verifiers/math").json()
    assert one["name"] == "math"
    assert server.client.get("/v1/verifiers/nope").status_code == 404


def test_unknown_addresses_and_methods_are_problems_too(server: Server) -> None:
    assert server.client.get("/v2/rewards").json()["type"] == PROBLEM + "not-found"
    assert server.client.get("/v1/rewards").json()["type"] == PROBLEM + "method-not-allowed"


def test_a_method_that_an_address_does_not_take_is_answered_with_those_that_it_does(server: Server) -> None:
    paths = server.client.get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        address = path.replace("{batch_id}", "x").replace("{name}", "match")
        response = server.client.request("PATCH", address)
        assert response.status_code == 405, address
        allowed = set(response.headers["allow"].split(", "))
        assert {method.upper() for method in operations} == allowed - {"HEAD"}, address


def test_openapi_has_every_route_and_a_worked_example(server: Server) -> None:
    document = server.client.get("/openapi.json").json()
    assert {"/v1/rewards", "/v1/batches", "/v1/batches/{batch_id}/events", "/v1/verifiers"} <= set(document["paths"])
    schema = document["components"]["schemas"]["RewardRequest"]
    assert server.client.post("/v1/rewards", json=schema["examples"][0]).json()["items"][0]["rewards"] == [1.0, 0.0]
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}:
        assert reference in document["components"]["schemas"]


def test_metrics_count_what_was_answered(server: Server) -> None:
    server.score([RIGHT], run="metrics-test")
    text = server.client.get("/metrics").text
    assert 'reward_completions_total{cached="false",outcome="correct",run="metrics-test",verifier="echo"} 1.0' in text
    assert 'reward_workers{lane="cpu"} 1.0' in text
