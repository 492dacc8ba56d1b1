"""Health, readiness and metrics."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from prometheus_client import generate_latest
from starlette.requests import Request

from reward_server import __version__
from reward_server.api.parts import Parts, parts_of
from reward_server.api.problems import documented
from reward_server.errors import QueueError
from reward_server.types import Lane

router = APIRouter()


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok", "version": __version__}


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz")
async def readyz(http: Request) -> JSONResponse:
    """200 when the queue answers and somebody works the ``cpu`` lane, 503 otherwise; says what is missing."""
    parts = parts_of(http)
    try:
        await parts.queue.ping()
        workers = {lane.value: len(await parts.queue.workers(lane)) for lane in Lane}
    except QueueError as error:
        return JSONResponse({"status": "not ready", "reason": str(error)}, 503)
    ready = workers[Lane.CPU] > 0
    body: dict[str, object] = {"status": "ready" if ready else "not ready", "workers": workers}
    return JSONResponse(body if ready else {**body, "reason": "no worker in the cpu lane"}, 200 if ready else 503)


@router.get("/metrics", response_class=PlainTextResponse, responses=documented("unauthorized"))
async def metrics(http: Request) -> Response:
    """Prometheus metrics."""
    parts = parts_of(http)
    await _measure(parts)
    return Response(generate_latest(parts.metrics.registry), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/", include_in_schema=False)
async def root() -> RedirectResponse:
    """The interactive documentation."""
    return RedirectResponse("/docs")


async def _measure(parts: Parts) -> None:
    for lane in Lane:
        try:
            load = await parts.queue.load(lane)
            workers = len(await parts.queue.workers(lane))
        except QueueError:
            return
        parts.metrics.queue_completions.labels(lane).set(load.completions)
        parts.metrics.workers.labels(lane).set(workers)
