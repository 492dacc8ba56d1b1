"""The HTTP application: routes and guards around parts that somebody else has assembled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import Request

from reward_server import __version__
from reward_server.api import batches, execute, ops, v1
from reward_server.api.guard import ApiKey, ClientGone, Failsafe
from reward_server.api.measured import Measured
from reward_server.api.parts import Parts
from reward_server.api.problems import Problem, handle_http_error, handle_own_error, handle_problem
from reward_server.api.schemas import ExecuteRequest, ProblemDoc, RewardRequest
from reward_server.errors import RewardServerError
from reward_server.settings import Settings

CLIENT_CLOSED_REQUEST = 499


def create_app(settings: Settings, assemble: Callable[[], AbstractAsyncContextManager[Parts]]) -> FastAPI:
    """An application that assembles its parts when it starts and takes them down when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with assemble() as parts:
            app.state.parts = parts
            yield

    app = _Api(
        title="Reward server",
        version=__version__,
        summary="Is this completion right? 1, 0, or null when we could not tell.",
        lifespan=lifespan,
        redoc_url=None,
    )
    app.wants_key = settings.api_key is not None
    for router in (v1.router, batches.router, execute.router, ops.router):
        app.include_router(router)
    app.add_exception_handler(Problem, handle_problem)
    app.add_exception_handler(RewardServerError, handle_own_error)
    app.add_exception_handler(HTTPException, handle_http_error)
    app.add_exception_handler(RequestValidationError, _handle_invalid)
    app.add_exception_handler(ClientGone, _handle_gone)
    app.add_middleware(Failsafe)
    app.add_middleware(Measured)  # around it, so that a 500 is counted as one
    if settings.api_key is not None:
        app.add_middleware(ApiKey, key=settings.api_key.get_secret_value())
    return app


async def _handle_gone(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _handle_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return Problem("invalid-request", f"{'.'.join(map(str, first['loc']))}: {first['msg']}").response()


class _Api(FastAPI):
    """FastAPI, with the schemas of what is read and written by hand."""

    wants_key = False
    """Whether a bearer token must be sent."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if not self.openapi_schema:
            document = super().openapi()
            _, extra = models_json_schema(
                [(RewardRequest, "validation"), (ExecuteRequest, "validation"), (ProblemDoc, "serialization")],
                ref_template="#/components/schemas/{model}",
            )
            document["components"]["schemas"].update(extra["$defs"])
            if self.wants_key:
                document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
                document["security"] = [{"key": []}]
        assert self.openapi_schema is not None
        return self.openapi_schema
