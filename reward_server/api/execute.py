"""``POST /v1/execute``: run a program in a sandbox, get its result; for tool use."""

from __future__ import annotations

from contextlib import aclosing

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.requests import Request as HttpRequest

from reward_server.api.answers import encode
from reward_server.api.guard import unless_gone
from reward_server.api.parts import Parts, parts_of
from reward_server.api.problems import READING, Problem, documented
from reward_server.api.schemas import ExecuteRequest, ExecuteResponse
from reward_server.api.wire import parse_deadline, parse_json
from reward_server.queue.base import Answer
from reward_server.service import Request
from reward_server.types import Completion, Item, Outcome

router = APIRouter(prefix="/v1")
PROBLEM_RESPONSES = documented(
    *READING, "completion-too-long", "invalid-program", "busy", "larger-than-queue", "unavailable", "queue-down"
)
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ExecuteRequest"}}},
    }
}


@router.post("/execute", response_model=ExecuteResponse, responses=PROBLEM_RESPONSES, openapi_extra=BODY)
async def execute(http: HttpRequest) -> Response:
    """Run a program: what it printed, how it ended, what it used. Nothing is judged."""
    parts = parts_of(http)
    async with parts.bodies.read(http) as body:
        return await unless_gone(http, _executed(parts, _request(body, parts)))


def _request(body: bytes, parts: Parts) -> Request:
    decoded, _ = parse_json(body)
    try:
        asked = ExecuteRequest.model_validate(decoded)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise Problem("invalid-request", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    limits = parts.settings
    if len(asked.source) > limits.max_completion_chars:
        raise Problem("completion-too-long", f"the limit is {limits.max_completion_chars} characters")
    deadline_s = parse_deadline(asked.deadline_s, limits.default_deadline_s, limits.max_deadline_s)
    reference = asked.model_dump(exclude={"source", "deadline_s"})
    item = Item("0", "execute", reference, (Completion(asked.source),), thinking="none")
    return Request([item], deadline_s, internal=True)


async def _executed(parts: Parts, request: Request) -> Response:
    async with aclosing(parts.service.score(request)) as results:
        async for result in results:
            parts.metrics.record(request.run, result.verifier, result.answers)
            return Response(_response(result.answers[0]), media_type="application/json")
    raise Problem("internal", "the service gave no result")


def _response(answer: Answer) -> bytes:
    detail: dict[str, object] = msgspec.json.decode(answer.detail)
    if answer.outcome == Outcome.INVALID_TASK.value:
        raise Problem("invalid-program", str(detail.get("message", answer.reason)))
    if answer.outcome == Outcome.UNAVAILABLE.value:
        message = f"{answer.reason}: {detail.get('message', 'try again')}"
        raise Problem("unavailable", message, {"Retry-After": "1"} if answer.retryable else None)
    if "run" not in detail:  # the sandbox was killed twice over this program
        raise Problem("invalid-program", str(detail.get("message", "the program killed its sandbox")))
    return encode({**detail, "image": answer.image})
