"""Metrics, structured logs and tracing: what an operator sees of the service."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
MAX_RUNS = 100
"""Label values cost memory: the runs beyond the first hundred are counted as ``other``."""


class Judged(Protocol):
    """What is counted of an answer."""

    @property
    def outcome(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def cached(self) -> bool: ...
    @property
    def run_s(self) -> float: ...
    @property
    def queue_s(self) -> float: ...


class Metrics:
    """The Prometheus metrics of one API process, in a registry of their own so that tests do not share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._runs: set[str] = set()
        self.completions = Counter(
            "reward_completions", "Verdicts given", ["verifier", "outcome", "cached", "run"], registry=self.registry
        )
        self.nulls = Counter("reward_nulls", "Null rewards by reason", ["verifier", "reason"], registry=self.registry)
        self.run_seconds = Histogram(
            "reward_run_seconds", "Seconds in the verifier", ["verifier"], buckets=_SECONDS, registry=self.registry
        )
        self.queue_seconds = Histogram(
            "reward_queue_seconds", "Seconds from receipt to claim", buckets=_SECONDS, registry=self.registry
        )
        self.requests = Counter("reward_requests", "HTTP requests", ["route", "status"], registry=self.registry)
        self.request_seconds = Histogram(
            "reward_request_seconds", "Seconds of a request", ["route"], buckets=_SECONDS, registry=self.registry
        )
        self.bytes_in_flight = Gauge("reward_bytes_in_flight", "Bodies being worked on", registry=self.registry)
        self.queue_completions = Gauge(
            "reward_queue_completions", "Completions queued or running", ["lane"], registry=self.registry
        )
        self.workers = Gauge("reward_workers", "Workers alive", ["lane"], registry=self.registry)

    def record(self, run: str, verifier: str, answers: Iterable[Judged]) -> None:
        """Count the answers of one item. The name of a verifier that does not exist must not become a label."""
        run = self._run_label(run)
        for answer in answers:
            name = "unknown" if answer.reason == "unknown_verifier" or not verifier else verifier
            self.completions.labels(name, answer.outcome, "true" if answer.cached else "false", run).inc()
            if answer.reason is not None:
                self.nulls.labels(name, answer.reason).inc()
            elif not answer.cached:
                self.run_seconds.labels(name).observe(answer.run_s)
                self.queue_seconds.observe(answer.queue_s)

    def _run_label(self, run: str) -> str:
        if run not in self._runs:
            if len(self._runs) >= MAX_RUNS:
                return "other"
            self._runs.add(run)
        return run


def configure_logging(log_format: str, level: str) -> None:
    """Send structured logs to standard error, for people (``console``) or machines (``json``)."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
