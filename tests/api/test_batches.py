"""Durable batches over HTTP."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.processes import Server
from tests.service.test_faults import check, slow_items, wait_for_batch

ITEM = {"id": "p", "verifier": "echo", "reference": "a", "completions": ["a", "b", {"content": "a"}]}


def create(server: Server, items: list[dict[str, Any]], **headers: str) -> dict[str, Any]:
    """The batch that was taken."""
    response = server.client.post("/v1/batches", json={"items": items}, headers=headers)
    assert response.status_code == 202, response.text
    batch: dict[str, Any] = response.json()
    assert response.headers["Location"] == f"/v1/batches/{batch['id']}"
    return batch


def events(server: Server, batch_id: str, after: str = "0") -> list[tuple[str, str, dict[str, Any]]]:
    """All events: id, name, data."""
    text = server.client.get(f"/v1/batches/{batch_id}/events", headers={"Last-Event-ID": after}).text
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return found


def test_a_batch_is_answered_like_a_request(server: Server) -> None:
    bad = {"id": "q", "verifier": "nope", "reference": "a", "completions": ["a"]}
    batch = wait_for_batch(server, create(server, [ITEM, bad])["id"])
    assert (batch["status"], batch["completions"], batch["done"]) == ("finished", 4, 4)
    assert batch["items"][0]["rewards"] == [1.0, 0.0, 1.0]
    assert batch["items"][1]["verdicts"][0]["reason"] == "unknown_verifier"
    assert batch["summary"]["correct"] == 2


def test_events_tell_every_verdict_once_and_then_that_it_is_done(server: Server) -> None:
    batch = create(server, slow_items(64, 0.01))
    told = events(server, batch["id"])
    assert told[-1][1] == "done"
    places = [(v["index"], v["completion"]) for _, name, data in told[:-1] for v in data["verdicts"]]
    assert sorted(places) == [(index, k) for index in range(8) for k in range(8)]


def test_a_client_goes_on_where_it_left_off(server: Server) -> None:
    batch = create(server, slow_items(64, 0.01))
    told = events(server, batch["id"])
    again = events(server, batch["id"], after=told[0][0])
    assert again[:-1] == told[1:-1]


def test_the_same_idempotency_key_returns_the_batch_that_exists(server: Server) -> None:
    first = create(server, [ITEM], **{"Idempotency-Key": "once"})
    assert create(server, [ITEM], **{"Idempotency-Key": "once"})["id"] == first["id"]
    other = server.client.post("/v1/batches", json={"items": [ITEM, ITEM]}, headers={"Idempotency-Key": "once"})
    assert (other.status_code, other.json()["type"]) == (409, "urn:reward-server:problem:idempotency-conflict")


def test_of_two_requests_that_race_for_a_key_one_is_refused_and_no_answer_is_mixed(server: Server) -> None:
    bodies = [{"items": slow_items(64, 0.01)}, {"items": [ITEM]}]

    def post(turn: int) -> httpx.Response:
        return httpx.post(
            f"{server.url}/v1/batches", json=bodies[turn % 2], headers={"Idempotency-Key": "race"}, timeout=60
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(16)))
    taken = [number for number, answer in enumerate(answers) if answer.status_code == 202]
    assert {answer.status_code for answer in answers} == {202, 409}
    assert len({answers[number].json()["id"] for number in taken}) == len({number % 2 for number in taken}) == 1
    batch = wait_for_batch(server, answers[taken[0]].json()["id"])
    if taken[0] % 2:
        assert batch["items"][0]["rewards"] == [1.0, 0.0, 1.0]
    else:
        check(bodies[0]["items"], batch)


def test_a_cancelled_batch_keeps_what_is_known_and_skips_the_rest(server: Server) -> None:
    batch = create(server, slow_items(2000, 0.02))
    cancelled = server.client.delete(f"/v1/batches/{batch['id']}").json()
    assert cancelled["status"] == "cancelled"
    assert cancelled["summary"]["unavailable"] > 1000
    reasons = {v["reason"] for item in cancelled["items"] for v in item["verdicts"] if v["reward"] is None}
    assert reasons == {"cancelled"}
    assert server.outcomes("echo", "a", ["a"], id="after") == ["correct"]


def test_a_batch_that_is_not_there_is_404(server: Server) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/events")):
        assert server.client.request(method, f"/v1/batches/none{path}").status_code == 404


def test_a_refused_batch_is_refused_like_a_request(server: Server) -> None:
    assert server.client.post("/v1/batches", content=b"{").status_code == 400
    assert server.client.post("/v1/batches", json={"items": 5}).status_code == 422


def test_a_nonsense_event_id_is_refused(server: Server) -> None:
    batch = create(server, [ITEM])
    for nonsense in ("x", "", "5-", "1-2-3", "-1", "9" * 20, "\u00b2"):
        headers = [(b"Last-Event-ID", nonsense.encode("latin-1"))]
        response = server.client.get(f"/v1/batches/{batch['id']}/events", headers=headers)
        assert (response.status_code, response.json()["type"]) == (422, "urn:reward-server:problem:invalid-request")


def test_a_repaired_completion_is_flagged_in_a_batch_too(server: Server) -> None:
    body = '{"items":[{"verifier":"echo","reference":"x\\ufffd","completions":["x\\udfff"]}]}'
    created = server.client.post("/v1/batches", content=body).json()
    (verdict,) = wait_for_batch(server, created["id"])["items"][0]["verdicts"]
    assert (verdict["outcome"], verdict["flags"]) == ("correct", ["text_repaired"])
