"""Where an endpoint is set, a request can be followed from the trainer to the worker."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.conftest import lacking
from tests.processes import serving, wait_for


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A collector of traces: its address, and what it was sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1/traces", bodies
    server.shutdown()
    server.server_close()


def test_a_request_and_its_chunks_are_spans_of_the_callers_trace(collector: tuple[str, list[bytes]]) -> None:
    try:
        import opentelemetry.sdk  # noqa: F401 - only whether it is there
    except ImportError:
        lacking("the otel extra")
    endpoint, bodies = collector
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    with serving(environment={"REWARD_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"}) as server:
        body = {"items": [{"verifier": "echo", "reference": "a", "completions": ["a"]}]}
        headers = {"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"}
        for accept in ("application/json", "application/x-ndjson"):
            assert (
                server.client.post("/v1/rewards", json=body, headers={**headers, "accept": accept}).status_code == 200
            )
        wait_for(lambda: all(any(name in b for b in bodies) for name in (b"reward.request", b"reward.chunk")))
    spans = [sent for sent in bodies if b"reward.request" in sent or b"reward.chunk" in sent]
    assert all(bytes.fromhex(trace_id) in sent for sent in spans)
