"""``/v1/rewards`` and ``/v1/verifiers``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from starlette.requests import Request as HttpRequest

from reward_server.api.answers import ItemOut, Summary, encode, item_line, item_out
from reward_server.api.guard import cancelled_when_gone, unless_gone
from reward_server.api.parts import Parts, parts_of
from reward_server.api.problems import READING, Problem, documented, problem_of
from reward_server.api.schemas import ExampleDoc, RewardResponse, VerifierDoc
from reward_server.api.wire import parse_request
from reward_server.errors import InvalidTask, RewardServerError
from reward_server.service import ItemResult, Request
from reward_server.tracing import Attributes
from reward_server.verifiers.registry import Entry

NDJSON = "application/x-ndjson"
router = APIRouter(prefix="/v1")
PROBLEM_RESPONSES = documented(
    *READING, "too-many-items", "too-many-completions", "completion-too-long", "larger-than-queue", "busy", "queue-down"
)
REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RewardRequest"}}},
    }
}
"""The body is read by hand; ``app`` adds the schema that this names."""


@router.post(
    "/rewards",
    response_model=RewardResponse,
    responses={**PROBLEM_RESPONSES, 200: {"content": {NDJSON: {}}}},
    openapi_extra=REQUEST_BODY,
)
async def rewards(http: HttpRequest) -> Response:
    """Score items: verdicts in order, or as they finish with ``Accept: application/x-ndjson``."""
    parts = parts_of(http)
    limits = parts.settings
    async with AsyncExitStack() as held:
        body = await held.enter_async_context(parts.bodies.read(http))
        request = parse_request(
            body, limits, default_deadline_s=limits.default_deadline_s, max_deadline_s=limits.max_deadline_s
        )
        del body
        about: Attributes = {"reward.items": len(request.items), "reward.run": request.run}
        trace = held.enter_context(parts.tracer.span("reward.request", http.headers.get("traceparent", ""), about))
        request = replace(request, trace=trace)
        if NDJSON in http.headers.get("accept", "").lower():
            return await _streamed(http, parts, request, held)
        return await unless_gone(http, _collected(parts, request))


@router.get("/verifiers", responses=documented("unauthorized"))
async def verifiers(http: HttpRequest) -> list[VerifierDoc]:
    """Every verifier, with JSON Schemas and worked examples."""
    return [_doc(entry) for entry in parts_of(http).registry]


@router.get("/verifiers/{name}", responses=documented("not-found", "unauthorized", "invalid-request"))
async def verifier(name: str, http: HttpRequest) -> VerifierDoc:
    """One verifier."""
    try:
        return _doc(parts_of(http).registry.visible(name))
    except InvalidTask as error:
        raise Problem("not-found", str(error)) from None


async def _collected(parts: Parts, request: Request) -> Response:
    items: list[ItemOut | None] = [None] * len(request.items)
    summary = Summary()
    async with aclosing(parts.service.score(request)) as results:
        async for result in results:
            items[result.index] = item_out(result)
            _count(parts, request, summary, result)
    return Response(encode({"items": items, "summary": summary.out()}), media_type="application/json")


async def _streamed(http: HttpRequest, parts: Parts, request: Request, held: AsyncExitStack) -> Response:
    """The first item decides between a response and a problem: a refusal must not hide behind a 200.

    What is ``held`` for the request is let go when the stream ends.
    """
    results = parts.service.score(request)
    try:
        first = await unless_gone(http, _next(results))
    except BaseException:
        await results.aclose()
        raise

    async def lines() -> AsyncIterator[bytes]:
        summary, result = Summary(), first
        try:
            async with cancelled_when_gone(http):
                while result is not None:
                    _count(parts, request, summary, result)
                    yield item_line(result)
                    result = await _next(results)
            yield encode({"summary": summary.out()}) + b"\n"
        except RewardServerError as error:
            yield encode({"error": problem_of(error).body()}) + b"\n"
        finally:
            await results.aclose()
            await lasting.aclose()

    lasting = held.pop_all()
    return StreamingResponse(lines(), media_type=NDJSON)


async def _next(results: AsyncIterator[ItemResult]) -> ItemResult | None:
    return await anext(results, None)


def _count(parts: Parts, request: Request, summary: Summary, result: ItemResult) -> None:
    summary.add(result.answers)
    parts.metrics.record(request.run, result.verifier, result.answers)


def _doc(entry: Entry) -> VerifierDoc:
    verifier = entry.verifier
    return VerifierDoc(
        name=verifier.name,
        version=verifier.version,
        description=(type(verifier).__doc__ or "").strip(),
        lane=verifier.lane,
        reference_schema=entry.reference_schema,
        params_schema=entry.params_schema,
        detail_schema=entry.detail_schema,
        examples=[
            ExampleDoc(
                title=example.title,
                reference=example.reference,
                params=dict(example.params),
                completion=example.completion,
                outcome=example.outcome,
            )
            for example in verifier.examples
        ],
    )
