"""Traces, where an endpoint for them is set: a span for each request, and one for each chunk below it.

OpenTelemetry is an extra. Without it, or without an endpoint, a span costs one comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from reward_server.errors import ConfigurationError

Attributes = Mapping[str, str | int | float]


class Tracer:
    """Makes spans; does nothing unless it was given an endpoint."""

    def __init__(self, endpoint: str | None = None, service: str = "reward-server") -> None:
        """Raises ``ConfigurationError`` where an endpoint is given and the ``otel`` extra is missing."""
        self._provider: Any = None if endpoint is None else _provider(endpoint, service)

    @contextmanager
    def span(self, name: str, parent: str = "", attributes: Attributes | None = None) -> Iterator[str]:
        """A span below ``parent``; yields what to hand to those below it (both W3C ``traceparent`` texts)."""
        if self._provider is None:
            yield ""
            return
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        propagator = TraceContextTextMapPropagator()
        above = propagator.extract({"traceparent": parent}) if parent else None
        # Never made the current one: a stream ends in another context than it began in.
        span = self._provider.get_tracer("reward_server").start_span(name, above, attributes=dict(attributes or {}))
        try:
            carrier: dict[str, str] = {}
            propagator.inject(carrier, context=trace.set_span_in_context(span))
            yield carrier.get("traceparent", "")
        finally:
            span.end()

    def close(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()


def _provider(endpoint: str, service: str) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigurationError(
            "REWARD_OTLP_ENDPOINT is set; install the extra: pip install 'reward-server[otel]'"
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider
