"""What the service answers when verifiers misbehave and processes die."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import Server, alive, descendants, forks, serving, wait_for

FAST_CLAIMS = {"REWARD_CLAIM_S": "1.5", "REWARD_DRAIN_S": "1"}


def slow_items(count: int, sleep_s: float, group: int = 8) -> list[dict[str, Any]]:
    """Items whose right and wrong completions alternate."""
    return [
        {
            "id": f"i{index}",
            "verifier": "paced",
            "reference": "yes",
            "params": {"sleep_s": sleep_s},
            "completions": ["yes" if (index + k) % 2 else f"no {index} {k}" for k in range(group)],
        }
        for index in range(count // group)
    ]


def check(items: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    """Every completion has exactly one verdict and none is wrong."""
    assert [item["id"] for item in answer["items"]] == [item["id"] for item in items]
    for item, result in zip(items, answer["items"], strict=True):
        assert result["rewards"] == [float(text == "yes") for text in item["completions"]]


@pytest.fixture(scope="module")
def hardy() -> Iterator[Server]:
    """A server with one worker, whose parts tests may kill: it makes itself whole again."""
    with serving(environment=FAST_CLAIMS) as running:
        yield running


def survives(server: Server, items: list[dict[str, Any]], disturb: Callable[[], None]) -> None:
    """Every completion has its verdict although something happens to the server in the meantime."""
    server.wait_ready()
    thread, results = in_background(lambda: server.score(items))
    wait_for(lambda: _queued(server) > 0)
    time.sleep(0.4)
    assert _queued(server) > 0  # there is something to disturb
    disturb()
    thread.join()
    check(items, results[0])


def in_background(action: Any) -> tuple[threading.Thread, list[Any]]:
    """Run something in a thread; what it returns or raises comes back in the list."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(action())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_a_time_limit_costs_the_completion_that_passed_it_and_nobody_else(server: Server) -> None:
    outcomes = server.outcomes("misbehaving", "a", ["a", "spin", "b", "bignum", "a"])
    assert outcomes == ["correct", "limit_exceeded", "incorrect", "limit_exceeded", "correct"]


def test_memory_that_a_completion_eats_is_its_own_limit(server: Server) -> None:
    assert server.outcomes("misbehaving", "a", ["eat", "a"]) == ["limit_exceeded", "correct"]


def test_a_completion_that_kills_its_process_every_time_costs_only_itself(server: Server) -> None:
    outcomes = server.outcomes("misbehaving", "a", ["a", "die", "b", "a", "die", "a"])
    assert outcomes == ["correct", "unavailable", "incorrect", "correct", "unavailable", "correct"]


def test_a_bug_in_a_verifier_is_a_null_and_never_a_zero(server: Server) -> None:
    item = {"verifier": "misbehaving", "reference": "a", "completions": ["raise", "a"]}
    crashed, fine = server.score([item])["items"][0]["verdicts"]
    assert (crashed["reward"], crashed["reason"]) == (None, "verifier_crashed")
    assert fine["outcome"] == "correct"


def test_recursion_without_end_is_the_completions_limit(server: Server) -> None:
    assert server.outcomes("misbehaving", "a", ["recurse", "a"]) == ["limit_exceeded", "correct"]


def test_a_reference_that_passes_the_limit_against_itself_is_the_tasks_fault(server: Server) -> None:
    items = [
        {"verifier": "misbehaving", "reference": "spin", "completions": ["a", "b"]},
        {"verifier": "misbehaving", "reference": "a", "completions": ["a"]},
    ]
    bad, good = server.score(items)["items"]
    assert [(v["outcome"], v["reason"]) for v in bad["verdicts"]] == [("invalid_task", "reference_limit")] * 2
    assert good["rewards"] == [1.0]


def test_waiting_is_nobodys_time_limit_but_a_stall_is_a_failure_of_ours(server: Server) -> None:
    slept = {"verifier": "paced", "reference": "a", "params": {"sleep_s": 2.0}, "completions": ["a"]}
    assert server.score([slept])["items"][0]["rewards"] == [1.0]
    stalled = {"verifier": "misbehaving", "reference": "a", "completions": ["stall"]}
    (verdict,) = server.score([stalled])["items"][0]["verdicts"]
    assert (verdict["outcome"], verdict["reason"]) == ("unavailable", "verifier_crashed")


def test_a_detail_that_is_no_json_still_arrives(server: Server) -> None:
    item = {"verifier": "misbehaving", "reference": "a", "completions": ["nan"]}
    (verdict,) = server.score([item])["items"][0]["verdicts"]
    assert verdict["detail"] == {"value": None, "text": "\ufffd"}


def test_a_killed_worker_leaves_its_chunks_to_another() -> None:
    with serving("--workers", "2", environment=FAST_CLAIMS) as server:
        wait_for(lambda: len(server.pids("reward_server.zygote")) >= 4)  # two zygotes, each with a child
        survives(server, slow_items(2000, 0.005), lambda: os.kill(server.pids("worker --lane")[0], signal.SIGKILL))


def test_the_only_worker_killed_is_started_again_and_finishes(hardy: Server) -> None:
    survives(hardy, slow_items(400, 0.01), lambda: os.kill(hardy.pids("worker --lane")[0], signal.SIGKILL))


def test_a_killed_zygote_is_replaced(hardy: Server) -> None:
    survives(hardy, slow_items(600, 0.005), lambda: os.kill(hardy.pids("reward_server.zygote")[0], signal.SIGKILL))


def test_killed_pool_children_cost_nothing(hardy: Server) -> None:
    def kill_some() -> None:
        for _ in range(4):
            for zygote in hardy.pids("reward_server.zygote"):
                for child in forks(zygote)[:1]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
            time.sleep(0.2)

    survives(hardy, slow_items(1000, 0.004), kill_some)


def test_a_worker_that_was_paused_longer_than_its_claim_makes_no_double_answer() -> None:
    items = slow_items(800, 0.01)
    with serving("--workers", "2", environment=FAST_CLAIMS) as server:
        created = server.client.post("/v1/batches", json={"items": items}).json()
        time.sleep(0.5)
        paused = server.pids("worker --lane")[0]
        os.kill(paused, signal.SIGSTOP)
        time.sleep(4)
        os.kill(paused, signal.SIGCONT)
        batch = wait_for_batch(server, created["id"])
        check(items, batch)
        events = server.client.get(f"/v1/batches/{created['id']}/events").text
        assert events.count('"completion":') == 800


def test_a_batch_survives_the_death_of_the_api(hardy: Server) -> None:
    hardy.wait_ready()
    items = slow_items(800, 0.006)
    created = hardy.client.post("/v1/batches", json={"items": items}).json()
    killed = hardy.pids("api --fd")[0]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: hardy.pids("api --fd") not in ([], [killed]))
    hardy.wait_ready()
    check(items, wait_for_batch(hardy, created["id"]))


def test_a_killed_valkey_with_a_data_directory_loses_nothing(tmp_path: Path) -> None:
    items = slow_items(1000, 0.005)
    with serving("--data-dir", str(tmp_path), environment=FAST_CLAIMS) as server:
        batch = server.client.post("/v1/batches", json={"items": items}).json()
        thread, results = in_background(lambda: server.score(slow_items(400, 0.005)))
        time.sleep(1.0)
        os.kill(server.pids("valkey-server")[0], signal.SIGKILL)
        thread.join()
        check(slow_items(400, 0.005), results[0])
        check(items, wait_for_batch(server, batch["id"]))


def test_a_killed_valkey_without_one_makes_retryable_nulls_and_never_zeros() -> None:
    items = slow_items(1000, 0.005)
    with serving(environment=FAST_CLAIMS) as server:
        thread, results = in_background(lambda: server.client.post("/v1/rewards", json={"items": items}))
        time.sleep(1.0)
        os.kill(server.pids("valkey-server")[0], signal.SIGKILL)
        thread.join()
        answer = results[0].json()
        if results[0].status_code == 503:
            return
        for item, result in zip(items, answer["items"], strict=True):
            for text, verdict in zip(item["completions"], result["verdicts"], strict=True):
                if verdict["reward"] is None:
                    assert (verdict["reason"], verdict["retryable"]) == ("queue_lost", True)
                else:
                    assert verdict["reward"] == float(text == "yes")
        server.wait_ready()
        wait_for(lambda: _scores(server), 30)


def _scores(server: Server) -> bool:
    try:
        return server.outcomes("echo", "a", ["a"]) == ["correct"]
    except (httpx.HTTPError, AssertionError):
        return False


def test_a_client_that_leaves_cancels_its_work(server: Server) -> None:
    items = slow_items(4000, 0.02)
    with pytest.raises(httpx.ReadTimeout):
        server.client.post("/v1/rewards", json={"items": items}, timeout=1.0)
    wait_for(lambda: _queued(server) == 0, 15)
    assert server.outcomes("echo", "a", ["a"]) == ["correct"]


def _queued(server: Server) -> float:
    for line in server.client.get("/metrics").text.splitlines():
        if line.startswith('reward_queue_completions{lane="cpu"}'):
            return float(line.rsplit(" ", 1)[1])
    return -1.0


def test_at_the_deadline_what_is_known_is_answered_and_the_rest_is_null(server: Server) -> None:
    items = slow_items(800, 0.02)
    answer = server.score(items, deadline_s=2.0)
    verdicts = [verdict for item in answer["items"] for verdict in item["verdicts"]]
    counts = Counter((verdict["outcome"], verdict["reason"]) for verdict in verdicts)
    assert counts["unavailable", "deadline"] > 0
    assert counts["correct", None] > 0
    assert all(verdict["retryable"] for verdict in verdicts if verdict["reason"] == "deadline")


def test_more_than_the_queue_holds_now_is_429_at_once_and_more_than_it_ever_holds_is_413() -> None:
    limits = {"REWARD_QUEUE_MAX_COMPLETIONS": "500", **FAST_CLAIMS}
    with serving(environment=limits) as server:
        refused = server.client.post("/v1/rewards", json={"items": slow_items(800, 0)})
        assert (refused.status_code, refused.json()["type"]) == (413, "urn:reward-server:problem:larger-than-queue")
        thread, results = in_background(lambda: server.score(slow_items(400, 0.02)))
        wait_for(lambda: _queued(server) >= 200)
        busy = server.client.post("/v1/rewards", json={"items": slow_items(400, 0)})
        assert thread.is_alive()  # it was said at once, and not after waiting for room
        assert (busy.status_code, busy.json()["type"]) == (429, "urn:reward-server:problem:busy")
        assert int(busy.headers["Retry-After"]) >= 1
        thread.join()
        check(slow_items(400, 0.02), results[0])


def test_a_lane_without_a_worker_answers_no_worker_and_not_zero() -> None:
    environment = {"REWARD_NO_WORKER_GRACE_S": "0.5", "REWARD_WORKERS": "0"}
    with serving(environment=environment, ready=False) as server:
        wait_for(lambda: _answers(server))
        item = {"verifier": "echo", "reference": "a", "completions": ["a"]}
        (verdict,) = server.score([item])["items"][0]["verdicts"]
        assert (verdict["reward"], verdict["reason"], verdict["retryable"]) == (None, "no_worker", True)
        assert server.client.get("/readyz").status_code == 503


def test_a_lane_that_is_never_worked_here_is_not_waited_for() -> None:
    with serving(environment={"REWARD_NO_WORKER_GRACE_S": "1000"}) as server:
        reference = {"language": "python", "tests": {"kind": "stdio", "cases": [{"input": "1", "output": "1"}]}}
        item = {"verifier": "code", "reference": reference, "completions": ["print(1)"]}
        (verdict,) = server.score([item], deadline_s=100)["items"][0]["verdicts"]
        assert (verdict["reward"], verdict["reason"]) == (None, "no_worker")  # and not the deadline


def _answers(server: Server) -> bool:
    try:
        return server.client.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def wait_for_batch(server: Server, batch_id: str, timeout_s: float = 60.0) -> dict[str, Any]:
    """The finished batch."""
    found: dict[str, Any] = {}

    def finished() -> bool:
        try:
            response = server.client.get(f"/v1/batches/{batch_id}")
        except httpx.TransportError:
            return False
        if response.status_code != 200:
            return False
        found.update(response.json())
        return bool(found["status"] != "running")

    wait_for(finished, timeout_s)
    return found


def test_ctrl_c_drains_and_leaves_no_process_socket_or_file_behind(tmp_path: Path) -> None:
    items = slow_items(160, 0.01)
    with serving(environment={"TMPDIR": str(tmp_path), "REWARD_SANDBOX_DRIVER": "auto"}) as server:
        thread, results = in_background(lambda: server.score(items))
        time.sleep(0.4)
        family = descendants(server.process.pid)
        assert len(family) >= 4
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 0
        thread.join()
        if not isinstance(results[0], Exception):
            rewards = [r for item in results[0]["items"] for r in item["rewards"]]
            assert len(rewards) == 160
    wait_for(lambda: not any(alive(pid) for pid in family))
    assert list(tmp_path.iterdir()) == []
