"""``RemoteReward`` called as TRL calls it, without TRL."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.trainer_client.faulty_server import FaultyServer
from trainer_client.adapters.trl import RemoteReward
from trainer_client.errors import RequestRejected
from trainer_client.shaping import Shaping


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


def call(reward: RemoteReward, completions: list[Any], **arguments: Any) -> list[float | None]:
    async def once() -> list[float | None]:
        try:
            given = {"prompts": ["p"] * len(completions), "answer": ["1"] * len(completions), **arguments}
            return await reward(completions=completions, **given)
        finally:
            await reward.aclose()

    return asyncio.run(once())


def test_rewards_are_one_for_each_completion_and_none_for_a_null(server: FaultyServer) -> None:
    reward = RemoteReward(server.url, verifier="toy")
    assert call(reward, ["1", "2", "!broken", "1"]) == [1.0, 0.0, None, 1.0]


def test_rows_that_differ_in_their_completion_only_travel_as_one_item(server: FaultyServer) -> None:
    reward = RemoteReward(server.url, verifier="toy")
    rewards = call(reward, ["a", "b"] * 4, prompts=["p"] * 4 + ["q"] * 4, answer=["a"] * 4 + ["b"] * 4)
    assert rewards == [1.0, 0.0] * 2 + [0.0, 1.0] * 2
    [(_, body)] = server.requests
    assert [(item["prompt"], item["reference"], len(item["completions"])) for item in body["items"]] == [
        ("p", "a", 4),
        ("q", "b", 4),
    ]


def test_verifier_reference_and_parameters_come_from_columns(server: FaultyServer) -> None:
    reward = RemoteReward(
        server.url, verifier_column="kind", reference="gold", params={"strict": True}, params_column="how"
    )
    call(reward, ["1", "2"], kind=["math", "match"], gold=["1", "1"], how=[{"digits": 3, "unit": None}, None])
    [(_, body)] = server.requests
    assert [(item["verifier"], item["params"]) for item in body["items"]] == [
        ("math", {"strict": True, "digits": 3}),
        ("match", {"strict": True}),
    ]


def test_a_column_that_is_missing_is_named(server: FaultyServer) -> None:
    with pytest.raises(KeyError, match="no column 'gold'"):
        call(RemoteReward(server.url, verifier="toy", reference="gold"), ["1"])


@pytest.mark.parametrize("arguments", [{}, {"verifier": "math", "verifier_column": "kind"}])
def test_exactly_one_way_to_name_the_verifier(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give one of"):
        RemoteReward("http://127.0.0.1:1", **arguments)


def test_chat_completions_are_judged_by_their_last_assistant_message(server: FaultyServer) -> None:
    chat = [[{"role": "assistant", "content": "1"}], [{"role": "assistant", "content": "2"}]]
    prompts = [[{"role": "user", "content": "?"}]] * 2
    assert call(RemoteReward(server.url, verifier="toy"), chat, prompts=prompts) == [1.0, 0.0]


def test_a_completion_that_ran_into_the_limit_is_marked_as_truncated(server: FaultyServer) -> None:
    reward = RemoteReward(server.url, verifier="toy", max_completion_length=3, eos_token_ids=[9])
    call(reward, ["a", "b", "c"], completion_ids=[[1, 2, 3], [1, 2, 9], [1, 2]])
    [(_, body)] = server.requests
    assert body["items"][0]["completions"] == [{"content": "a", "truncated": True}, "b", "c"]


def test_columns_and_metrics_reach_the_log_of_the_trainer(server: FaultyServer) -> None:
    extra: dict[str, list[Any]] = {}
    metrics: dict[str, float] = {}
    state = SimpleNamespace(global_step=7)
    call(
        RemoteReward(server.url, verifier="toy"),
        ["1", "2", "!broken", "1"],
        log_extra=lambda column, values: extra.setdefault(column, []).extend(values),
        log_metric=metrics.__setitem__,
        trainer_state=state,
    )
    assert extra["outcome"] == ["correct", "incorrect", "invalid_task", "correct"]
    assert extra["extracted"] == ["1", "2", "", "1"]
    assert extra["why"][2] == "bad_reference"
    assert (metrics["outcome/correct"], metrics["outcome/invalid_task"]) == (0.5, 0.25)
    assert server.requests[0][1]["items"][0]["meta"] == {"step": 7, "rank": 0}


def test_prompts_that_are_no_text_stay_at_home(server: FaultyServer) -> None:
    image = [{"role": "user", "content": [{"type": "image", "image": object()}]}]
    assert call(RemoteReward(server.url, verifier="toy"), ["1"], prompts=[image]) == [1.0]


def test_it_survives_pickling_and_a_second_event_loop(server: FaultyServer) -> None:
    reward = RemoteReward(server.url, verifier="toy", shaping=Shaping(signed=True))
    assert call(reward, ["1"]) == [1.0]
    again = pickle.loads(pickle.dumps(reward))
    assert again.__name__ == "verified"
    assert call(again, ["2"]) == call(reward, ["2"]) == [-1.0]


def test_a_short_outage_is_waited_for(server: FaultyServer) -> None:
    server.script.extend(["503"] * 6)
    reward = RemoteReward(server.url, verifier="toy", deadline_s=0.4, outage_s=10)
    assert call(reward, ["1", "2"]) == [1.0, 0.0]


def test_a_few_lost_verdicts_are_no_outage(server: FaultyServer) -> None:
    reward = RemoteReward(server.url, verifier="toy", outage_s=600)
    assert call(reward, ["1", "!lost", "1", "2"]) == [1.0, None, 1.0, 0.0]


def test_a_long_outage_ends_in_nulls_with_their_cause(server: FaultyServer) -> None:
    server.always = "503"
    extra: dict[str, list[Any]] = {}
    reward = RemoteReward(server.url, verifier="toy", deadline_s=0.3, outage_s=0.5)
    assert call(reward, ["1", "2"], log_extra=extra.__setitem__) == [None, None]
    assert all(why.startswith("overloaded") for why in extra["why"])


def test_a_refusal_is_raised(server: FaultyServer) -> None:
    server.always = "422"
    with pytest.raises(RequestRejected):
        call(RemoteReward(server.url, verifier="toy"), ["1"])


def test_importing_the_adapter_imports_no_framework() -> None:
    code = (
        "import sys, trainer_client.adapters.trl as a; "
        "print([m for m in ('torch', 'trl', 'transformers', 'datasets', 'pyarrow', 'numpy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
