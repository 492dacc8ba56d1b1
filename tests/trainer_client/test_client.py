"""Both clients against a real HTTP server that drops, refuses, delays and lies."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.trainer_client.faulty_server import LIES, FaultyServer
from trainer_client import AsyncRewardClient, Item, ItemResult, Outcome, RetryPolicy, RewardClient
from trainer_client.errors import IncompatibleServer, RequestRejected, ServerUnreachable, Unauthorized

QUICK = RetryPolicy(attempts=6, backoff_s=0.01, backoff_cap_s=0.05)

Score = Callable[..., list[ItemResult]]


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as server:
        yield server


@pytest.fixture(params=["sync", "async"])
def score(request: pytest.FixtureRequest) -> Score:
    """Score ``items`` at ``url`` with one of the two clients."""

    def sync(url: str, items: Sequence[Item], **options: Any) -> list[ItemResult]:
        with RewardClient(url, **{"retry": QUICK, "deadline_s": 10, **options}) as client:
            return client.score(items)

    async def asked(url: str, items: Sequence[Item], **options: Any) -> list[ItemResult]:
        async with AsyncRewardClient(url, **{"retry": QUICK, "deadline_s": 10, **options}) as client:
            return await client.score(items)

    return sync if request.param == "sync" else lambda *args, **options: asyncio.run(asked(*args, **options))


def group(reference: str = "1", completions: Sequence[Any] = ("1", "2"), **fields: Any) -> Item:
    return Item(reference=reference, completions=completions, verifier="toy", **fields)


def test_rewards_come_back_in_the_order_of_the_items(server: FaultyServer, score: Score) -> None:
    items = [group(str(n), [str(n), "no", {"content": str(n), "truncated": True}]) for n in range(40)]
    results = score(server.url, items, max_completions=7)
    assert [r.id for r in results] == [str(n) for n in range(40)]
    assert {r.rewards for r in results} == {(1.0, 0.0, 1.0)}
    assert len(server.requests) == -(-120 // 7)


def test_a_group_larger_than_a_request_is_spread_and_put_together_again(server: FaultyServer, score: Score) -> None:
    [result] = score(server.url, [group("3", [str(n) for n in range(10)], id="g")], max_completions=4)
    assert result.rewards == tuple(float(n == 3) for n in range(10))
    assert [len(body["items"][0]["completions"]) for _, body in server.requests].count(4) == 2


def test_requests_are_cut_by_bytes(server: FaultyServer, score: Score) -> None:
    score(server.url, [group("x", ["y" * 1000] * 20)], max_bytes=5000)
    sizes = [len(json.dumps(body)) for _, body in server.requests]
    assert len(sizes) == 5 and max(sizes) < 6000


def test_nothing_to_ask_asks_nothing(server: FaultyServer, score: Score) -> None:
    assert score(server.url, []) == []
    assert score(server.url, [group(completions=[])])[0].rewards == ()
    assert server.requests == []


@pytest.mark.parametrize("fault", ["drop", "408", "429", "500", "502", "503", "not_json", *LIES])
def test_a_fault_costs_a_retry_and_never_a_reward(server: FaultyServer, score: Score, fault: str) -> None:
    server.script.extend([fault, fault])
    results = score(server.url, [group("1", ["1", "2"]), group("2", ["1", "2"])])
    assert [r.rewards for r in results] == [(1.0, 0.0), (0.0, 1.0)]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("drop", "unreachable"), ("429", "overloaded"), ("500", "server_error"), *((lie, "bad_response") for lie in LIES)],
)
def test_a_fault_that_stays_becomes_null_with_its_cause(
    server: FaultyServer, score: Score, fault: str, reason: str
) -> None:
    server.always = fault
    results = score(server.url, [group(), group("2")], retry=RetryPolicy(attempts=2, backoff_s=0.01))
    assert [r.rewards for r in results] == [(None, None)] * 2
    assert {(v.outcome, v.reason, v.retryable) for r in results for v in r.verdicts} == {
        (Outcome.UNAVAILABLE, reason, True)
    }


def test_one_lost_request_does_not_take_the_others_with_it(server: FaultyServer, score: Score) -> None:
    server.script.append("500")
    results = score(
        server.url, [group(str(n), [str(n)]) for n in range(6)], max_completions=2, retry=RetryPolicy(attempts=1)
    )
    assert sorted(str(r.rewards[0]) for r in results) == ["1.0"] * 4 + ["None"] * 2


def test_a_retry_carries_the_same_idempotency_key(server: FaultyServer, score: Score) -> None:
    server.script.extend(["500", "drop"])
    score(server.url, [group()])
    score(server.url, [group()])
    keys = [headers["idempotency-key"] for headers, _ in server.requests]
    assert len(set(keys[:3])) == 1 and keys[3] != keys[0]
    assert len({headers["x-request-id"] for headers, _ in server.requests}) == 4


def test_only_the_verdicts_that_the_server_calls_retryable_are_asked_again(server: FaultyServer, score: Score) -> None:
    lost_once = iter([True])

    def judge(item: dict[str, Any], completion: Any) -> dict[str, Any]:
        if completion == "b" and next(lost_once, False):
            return {"reward": None, "outcome": "unavailable", "reason": "worker_lost", "retryable": True}
        right = completion == item["reference"]
        return {"reward": float(right), "outcome": "correct" if right else "incorrect"}

    server.judge = judge
    [result] = score(server.url, [group("b", ["a", "b", "c"])])
    assert result.rewards == (0.0, 1.0, 0.0)
    assert [body["items"][0]["completions"] for _, body in server.requests] == [["a", "b", "c"], ["b"]]


def test_nulls_that_stay_keep_the_reason_of_the_server(server: FaultyServer, score: Score) -> None:
    [result] = score(server.url, [group("1", ["1", "!lost", "!broken"])], retry=RetryPolicy(attempts=3, backoff_s=0.01))
    assert result.rewards == (1.0, None, None)
    assert [v.reason for v in result.verdicts] == [None, "worker_lost", "bad_reference"]
    assert len(server.requests) == 3


def test_retry_after_is_waited_for(server: FaultyServer, score: Score) -> None:
    server.retry_after = "0.4"
    server.script.append("429")
    score(server.url, [group()])
    assert server.at[1] - server.at[0] >= 0.4


def test_a_retry_after_beyond_the_deadline_ends_the_call_without_waiting(server: FaultyServer, score: Score) -> None:
    server.retry_after = "3600"
    server.always = "429"
    [result] = score(server.url, [group()], deadline_s=30)
    assert {v.reason for v in result.verdicts} == {"overloaded"}
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["slow", "drip"])
def test_the_deadline_holds_against_a_server_that_does_not_end(server: FaultyServer, score: Score, fault: str) -> None:
    server.slow_s, server.always = 3.0, fault
    began = time.monotonic()
    [result] = score(server.url, [group()], deadline_s=0.5)
    assert result.rewards == (None, None)
    assert time.monotonic() - began < 2.5


def test_the_server_is_told_what_is_left_of_the_deadline(server: FaultyServer, score: Score) -> None:
    server.script.append("500")
    score(server.url, [group()], deadline_s=10, run="exp-1", detail="none")
    first, second = (body for _, body in server.requests)
    assert 8 <= second["deadline_s"] <= first["deadline_s"] < 10
    assert (first["run"], first["detail"]) == ("exp-1", "none")


def test_a_server_that_is_down_gives_nulls_and_no_exception(score: Score) -> None:
    with FaultyServer() as server:
        url = server.url
    [result] = score(url, [group()], retry=RetryPolicy(attempts=2, backoff_s=0.01))
    assert {v.reason for v in result.verdicts} == {"unreachable"}


def test_a_server_that_restarts_costs_only_time(score: Score) -> None:
    first = FaultyServer()
    port = first.port
    first.close()
    late: list[FaultyServer] = []
    timer = threading.Timer(0.3, lambda: late.append(FaultyServer(port=port)))
    timer.start()
    try:
        [result] = score(f"http://127.0.0.1:{port}", [group()], retry=RetryPolicy(attempts=50, backoff_s=0.05))
        assert result.rewards == (1.0, 0.0)
    finally:
        timer.join()
        late[0].close()


def test_a_refusal_is_raised_at_once_with_the_words_of_the_server(server: FaultyServer, score: Score) -> None:
    server.always = "422"
    with pytest.raises(RequestRejected, match="no verifier is called 'toyy'") as caught:
        score(server.url, [group(str(n)) for n in range(9)], max_completions=2, concurrency=2)
    assert (caught.value.status, caught.value.type) == (422, "urn:unknown-verifier")
    assert len(server.requests) <= 3


def test_a_wrong_key_is_raised_and_a_right_one_is_a_bearer_token(server: FaultyServer, score: Score) -> None:
    server.api_key = "s3cret"
    with pytest.raises(Unauthorized, match="missing or wrong"):
        score(server.url, [group()], api_key="expired")
    assert score(server.url, [group()], api_key="s3cret")[0].rewards == (1.0, 0.0)


def test_a_completion_too_large_for_the_server_costs_only_itself(server: FaultyServer, score: Score) -> None:
    server.body_limit = 3000
    [result] = score(server.url, [group("1", ["1", "2", "x" * 5000, "1"])])
    assert result.rewards == (1.0, 0.0, None, 1.0)
    assert (result.verdicts[2].reason, result.verdicts[2].retryable) == ("too_large", False)


def test_what_is_not_json_costs_only_its_item(server: FaultyServer, score: Score) -> None:
    items = [group(), Item(reference=float("nan"), completions=["1", "2"]), group(meta={"when": object()}), group("2")]
    results = score(server.url, items)
    assert [r.rewards for r in results] == [(1.0, 0.0), (None, None), (None, None), (0.0, 1.0)]
    assert {v.outcome for r in results[1:3] for v in r.verdicts} == {Outcome.INVALID_TASK}


def test_lone_surrogates_and_other_scripts_arrive(server: FaultyServer, score: Score) -> None:
    [result] = score(server.url, [group("½", ["½", "\ud800", "二分の一"])])
    assert result.rewards == (1.0, 0.0, 0.0)
    assert server.requests[0][1]["items"][0]["completions"][2] == "二分の一"


def test_one_string_in_the_place_of_completions_is_a_type_error(server: FaultyServer, score: Score) -> None:
    with pytest.raises(TypeError, match="list of completions"):
        score(server.url, [group(completions="12")])


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", ""])
def test_what_is_no_url_is_refused_when_the_client_is_made(url: str) -> None:
    with pytest.raises(ValueError, match="not the URL"):
        RewardClient(url)


def test_counters_say_what_was_repeated_and_why(server: FaultyServer) -> None:
    server.script.extend(["500", "drop", "short"])
    with RewardClient(server.url, retry=QUICK) as client:
        client.score([group()])
        assert (client.stats.calls, client.stats.completions, client.stats.sends) == (1, 2, 4)
        assert client.stats.causes == {"server_error": 1, "unreachable": 1, "bad_response": 1}


async def test_a_cancelled_call_stops_asking(server: FaultyServer) -> None:
    server.always = "500"
    async with AsyncRewardClient(server.url, retry=RetryPolicy(attempts=1000, backoff_s=0.01)) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.score([group()])
        await asyncio.sleep(0.1)
        seen = len(server.requests)
        await asyncio.sleep(0.2)
    assert len(server.requests) == seen


def test_many_threads_may_share_one_client(server: FaultyServer) -> None:
    server.fault_share = 0.2
    rewards: list[tuple[float | None, ...]] = []
    with RewardClient(server.url, retry=QUICK) as client:
        threads = [
            threading.Thread(target=lambda: rewards.extend(r.rewards for r in client.score([group()] * 5)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert rewards == [(1.0, 0.0)] * 40


def test_get_says_what_is_wrong_in_one_line(server: FaultyServer) -> None:
    with RewardClient(server.url) as client:
        assert client.get("/healthz")["status"] == "ok"
    with FaultyServer() as gone:
        url = gone.url
    with RewardClient(url) as client, pytest.raises(ServerUnreachable, match="no reward server answers at"):
        client.get("/healthz")


def test_a_page_that_is_not_json_is_no_reward_server() -> None:
    import http.server

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as page:
        thread = threading.Thread(target=page.handle_request)
        thread.start()
        with RewardClient(f"http://127.0.0.1:{page.server_port}") as client, pytest.raises(IncompatibleServer):
            client.get("/healthz")
        thread.join()
