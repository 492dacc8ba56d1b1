"""Counting requests and their time by route."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reward_server.api.parts import Parts


class Measured:
    """ASGI middleware that feeds the metrics; unknown paths share one label."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Part of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 499

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            parts: Parts = scope["app"].state.parts
            route = getattr(scope.get("route"), "path", "unknown")
            parts.metrics.requests.labels(route, status).inc()
            parts.metrics.request_seconds.labels(route).observe(time.perf_counter() - started)
