"""What the routes are made of, put into the application by ``wiring``."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from reward_server.admission import Admission
from reward_server.api.guard import Bodies
from reward_server.batches import Batches
from reward_server.queue.base import AskingQueue
from reward_server.service import RewardService
from reward_server.settings import Settings
from reward_server.telemetry import Metrics
from reward_server.tracing import Tracer
from reward_server.verifiers.registry import Registry


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a handler may need."""

    settings: Settings
    registry: Registry
    service: RewardService
    batches: Batches
    admission: Admission
    queue: AskingQueue
    metrics: Metrics
    tracer: Tracer
    bodies: Bodies


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves a request."""
    parts: Parts = request.app.state.parts
    return parts
