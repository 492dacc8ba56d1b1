"""Errors on the wire: ``application/problem+json`` (RFC 9457), one stable ``type`` for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from starlette.requests import Request
from starlette.routing import Match

from reward_server.batches import BatchConflict
from reward_server.errors import QueueDown, QueueFull, RewardServerError, TooLarge

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PREFIX = "urn:reward-server:problem:"
PROBLEMS: dict[str, tuple[int, str]] = {
    "malformed-json": (400, "The body is not JSON"),
    "invalid-request": (422, "The request does not have the right shape"),
    "unauthorized": (401, "An API key is wanted"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "This address does not take that method"),
    "body-timeout": (408, "The body did not arrive in time"),
    "idempotency-conflict": (409, "The idempotency key was used for another request"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-encoding": (415, "The body is compressed"),
    "headers-too-large": (431, "The headers are too large"),
    "too-many-items": (413, "Too many items"),
    "too-many-completions": (413, "Too many completions of one item"),
    "completion-too-long": (413, "A completion is too long"),
    "larger-than-queue": (413, "More than the empty queue holds"),
    "busy": (429, "The queue holds too much right now"),
    "invalid-program": (422, "The program cannot be run as asked"),
    "unavailable": (503, "We could not run it"),
    "queue-down": (503, "The queue does not answer"),
    "internal": (500, "Something broke on our side"),
}
"""Status and title by the last part of ``type``."""


MEDIA_TYPE = "application/problem+json"
READING = (
    "malformed-json", "invalid-request", "body-timeout", "body-too-large", "unsupported-encoding", "headers-too-large",
    "unauthorized",
)  # fmt: skip
"""What can be wrong before a body is understood."""
Responses = dict[int | str, dict[str, Any]]


def documented(*kinds: str) -> Responses:
    """The part of a route's OpenAPI document that tells of these problems."""
    schema = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDoc"}}}
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        status, title = PROBLEMS[kind]
        titles.setdefault(status, []).append(title)
    return {status: {"description": "; ".join(said), "content": schema} for status, said in titles.items()}


class Problem(Exception):
    """An error that the client is told of."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})

    @property
    def status(self) -> int:
        """HTTP status."""
        return PROBLEMS[self.kind][0]

    def body(self) -> dict[str, str | int]:
        """The problem document."""
        status, title = PROBLEMS[self.kind]
        return {"type": PREFIX + self.kind, "title": title, "status": status, "detail": self.detail}

    def response(self) -> JSONResponse:
        """The HTTP response."""
        return JSONResponse(self.body(), self.status, self.headers, media_type=MEDIA_TYPE)


def problem_of(error: RewardServerError) -> Problem:
    """The problem that one of our errors is on the wire."""
    match error:
        case QueueFull():
            return Problem("busy", str(error), {"Retry-After": str(max(1, round(error.retry_after_s)))})
        case TooLarge():
            return Problem("larger-than-queue", str(error))
        case QueueDown():
            return Problem("queue-down", str(error), {"Retry-After": "1"})
        case BatchConflict():
            return Problem("idempotency-conflict", str(error))
    return Problem("internal", "an error that has no name on the wire")


async def handle_problem(request: Request, error: Exception) -> JSONResponse:
    """Exception handler for ``Problem``."""
    assert isinstance(error, Problem)
    return error.response()


async def handle_own_error(request: Request, error: Exception) -> JSONResponse:
    """Exception handler for ``RewardServerError``."""
    assert isinstance(error, RewardServerError)
    return problem_of(error).response()


async def handle_http_error(request: Request, error: Exception) -> JSONResponse:
    """Exception handler for the framework's own 404 and 405."""
    status = getattr(error, "status_code", 500)
    kind = {404: "not-found", 405: "method-not-allowed"}.get(status, "internal")
    headers = getattr(error, "headers", None)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:  # the framework names the methods of the first route alone
        headers = {"Allow": ", ".join(sorted(_methods(request)))}
    return Problem(kind, HTTPStatus(status).phrase, headers).response()


def _methods(request: Request) -> set[str]:
    """Every method that some route takes at this address."""
    found: set[str] = set()
    for method in _METHODS:
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            found.add(method)
    return found
