"""``/v1/batches``: durable batches with events and cancel."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator
from itertools import accumulate

from fastapi import APIRouter, Header
from fastapi.responses import Response, StreamingResponse
from starlette.requests import Request as HttpRequest

from reward_server.api.answers import Summary, encode, item_out, verdict_out
from reward_server.api.guard import ClientGone, unless_gone
from reward_server.api.parts import Parts, parts_of
from reward_server.api.problems import Problem, Responses, documented
from reward_server.api.schemas import BatchDoc
from reward_server.api.v1 import PROBLEM_RESPONSES, REQUEST_BODY
from reward_server.api.wire import parse_request
from reward_server.batches import FIRST, BatchView
from reward_server.queue.base import Answer, BatchMeta, Event, flagged

router = APIRouter(prefix="/v1/batches")
EVENT_ID = "^[0-9]{1,19}(-[0-9]{1,19})?$"
"""Two numbers of at most 64 bits, as Redis names the entries of a stream."""
MISSING = documented("not-found", "invalid-request", "unauthorized", "queue-down")
EVENTS: Responses = {**MISSING, 200: {"content": {"text/event-stream": {}}}}


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.post(
    "",
    status_code=202,
    response_model=BatchDoc,
    responses={**PROBLEM_RESPONSES, **documented("idempotency-conflict")},
    openapi_extra=REQUEST_BODY,
)
async def create(
    http: HttpRequest, idempotency_key: str | None = Header(None, min_length=1, max_length=200)
) -> Response:
    """Take a batch: 202 once everything is queued. The same Idempotency-Key returns the batch that exists."""
    parts = parts_of(http)
    limit_s = parts.settings.batch_deadline_s
    async with parts.bodies.read(http) as body:
        request = parse_request(body, parts.settings, default_deadline_s=limit_s, max_deadline_s=limit_s)
        known = await parts.batches.create(request, body, idempotency_key)
    headers = {"Location": f"/v1/batches/{known.meta.id}"}
    return Response(encode(_document(known)), 202, headers, "application/json")


@router.get("/{batch_id}", response_model=BatchDoc, responses=MISSING)
async def get(batch_id: str, http: HttpRequest) -> Response:
    """How far a batch is; its verdicts once it is not running any more."""
    parts = parts_of(http)
    return await _response(parts, _found(await parts.batches.get(batch_id), batch_id))


@router.delete("/{batch_id}", response_model=BatchDoc, responses=MISSING)
async def cancel(batch_id: str, http: HttpRequest) -> Response:
    """Skip what is not verified yet; what is stays."""
    parts = parts_of(http)
    return await _response(parts, _found(await parts.batches.cancel(batch_id), batch_id))


@router.get("/{batch_id}/events", response_class=Response, responses=EVENTS)
async def events(
    batch_id: str, http: HttpRequest, last_event_id: str = Header(FIRST, pattern=EVENT_ID)
) -> StreamingResponse:
    """Verdicts as they are given (server-sent events); ``Last-Event-ID`` goes on where a client left off."""
    parts = parts_of(http)
    known = _found(await parts.batches.get(batch_id), batch_id)
    return EventStream(_event_stream(http, parts, known, last_event_id))


async def _event_stream(http: HttpRequest, parts: Parts, known: BatchView, after: str) -> AsyncIterator[bytes]:
    stream = parts.batches.events(known.meta.id, after)

    async def following() -> tuple[bool, Event | None]:
        try:
            return True, await anext(stream)
        except StopAsyncIteration:
            return False, None

    try:
        while True:
            more, event = await unless_gone(http, following())
            if not more:
                break
            yield b": still running\n\n" if event is None else _event(event, known.meta)
    except ClientGone:
        return
    finished = await parts.batches.get(known.meta.id)
    if finished is not None:
        yield b"event: done\ndata: " + encode(_document(finished)) + b"\n\n"


def _event(event: Event, meta: BatchMeta) -> bytes:
    name, answers = event
    starts = [0, *accumulate(count for _, _, count in meta.items)]
    verdicts = [_placed(flagged(answer, meta.flags), meta, starts) for answer in answers]
    return f"id: {name}\nevent: verdicts\ndata: ".encode() + encode({"verdicts": verdicts}) + b"\n\n"


def _placed(answer: Answer, meta: BatchMeta, starts: list[int]) -> dict[str, object]:
    index = bisect_right(starts, answer.position) - 1
    item_id, verifier, _ = meta.items[index]
    place = {"index": index, "id": item_id, "completion": answer.position - starts[index]}
    return {**place, "verdict": verdict_out(answer, verifier)}


async def _response(parts: Parts, known: BatchView) -> Response:
    document = _document(known)
    if known.status != "running":
        results = await parts.batches.results(known)
        summary = Summary()
        for result in results:
            summary.add(result.answers)
        document |= {"items": [item_out(result) for result in results], "summary": summary.out()}
    return Response(encode(document), media_type="application/json")


def _document(known: BatchView) -> dict[str, object]:
    meta = known.meta
    return {
        "id": meta.id, "status": known.status, "run": meta.run, "created": meta.created, "deadline": meta.deadline,
        "completions": meta.total, "done": known.done,
    }  # fmt: skip


def _found(known: BatchView | None, batch_id: str) -> BatchView:
    if known is None:
        raise Problem("not-found", f"there is no batch {batch_id!r} (any more)")
    return known
