"""A reward server on 127.0.0.1 that misbehaves on purpose: the wire format, a toy verifier, and faults by script.

Its verifier is ``completion == reference``; the completions ``!lost`` and ``!broken`` get the two kinds of null.
"""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import httpx

Json = dict[str, Any]


def text_of(completion: Any) -> str:
    """The text of a completion in any of its shapes."""
    if isinstance(completion, list):
        completion = completion[-1]
    return str(completion["content"]) if isinstance(completion, dict) else str(completion)


def verify(item: Json, completion: Any) -> Json:
    """A verdict as the wire has it."""
    text = text_of(completion)
    if text == "!lost":
        return {"reward": None, "outcome": "unavailable", "reason": "worker_lost", "retryable": True}
    if text == "!broken":
        return {"reward": None, "outcome": "invalid_task", "reason": "bad_reference", "retryable": False}
    right = text == item["reference"]
    return {
        "reward": float(right),
        "outcome": "correct" if right else "incorrect",
        "score": float(right),
        "detail": {"extracted": text[:40].encode("utf-8", "replace").decode()},
        "flags": [],
        "verifier": item.get("verifier") or "toy",
        "version": "1",
        "queue_s": 0.001,
        "run_s": 0.002,
        "cached": False,
    }


def answer(request: Json, judge: Callable[[Json, Any], Json] = verify) -> Json:
    """The body of a 200."""
    items = []
    for item in request["items"]:
        verdicts = [judge(item, completion) for completion in item["completions"]]
        items.append({"id": item["id"], "verdicts": verdicts, "rewards": [each["reward"] for each in verdicts]})
    return {"items": items, "summary": {}}


def _wrong_ids(body: Json) -> None:
    body["items"][0]["id"] += "-of-someone-else"


def _short(body: Json) -> None:
    body["items"][-1]["verdicts"].pop()
    body["items"][-1].pop("rewards")


def _missing_item(body: Json) -> None:
    body["items"].pop()


def _swapped(body: Json) -> None:
    body["items"].reverse()


def _set(**fields: Any) -> Callable[[Json], None]:
    def change(body: Json) -> None:
        body["items"][0]["verdicts"][0].update(fields)
        body["items"][0].pop("rewards")

    return change


def _flat_rewards_differ(body: Json) -> None:
    body["items"][0]["rewards"] = [None for _ in body["items"][0]["verdicts"]]


LIES: dict[str, Callable[[Json], None]] = {
    "wrong_ids": _wrong_ids,
    "short": _short,
    "missing_item": _missing_item,
    "swapped": _swapped,
    "nan": _set(reward=float("nan")),
    "infinite": _set(reward=float("inf")),
    "out_of_range": _set(reward=2.0),
    "zero_for_a_null": _set(outcome="unavailable", reward=0.0),
    "score_out_of_range": _set(score=7.0),
    "true_for_one": _set(outcome="correct", reward=True),
    "text_for_a_number": _set(reward="1.0"),
    "unknown_outcome": _set(outcome="splendid"),
    "flat_rewards_differ": _flat_rewards_differ,
}
STATUSES = {"408": 408, "429": 429, "500": 500, "502": 502, "503": 503}
COMMON_FAULTS = ("drop", "500", "429", "slow", "wrong_ids", "short")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *args: Any) -> None:
        self.open: set[Any] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, to end it with the server."""
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget it."""
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: connections end badly here on purpose."""


class FaultyServer:
    """Serves in a thread. ``script`` holds one word for each coming request; an empty one means honest work.

    With ``upstream`` the honest answers are those of a real server there.
    """

    def __init__(self, *, port: int = 0, fault_share: float = 0.0, seed: int = 0, upstream: str | None = None) -> None:
        self.upstream = None if upstream is None else httpx.Client(base_url=upstream, trust_env=False, timeout=120)
        self.script: deque[str] = deque()
        self.always: str | None = None
        self.fault_share = fault_share
        self.judge: Callable[[Json, Any], Json] = verify
        self.slow_s = 0.2
        self.body_limit: int | None = None
        self.retry_after = "0"
        self.api_key: str | None = None
        self.version = version("reward-server")
        self.requests: list[tuple[dict[str, str], Json]] = []
        self.faults: Counter[str] = Counter()
        self.judged = 0
        self.at: list[float] = []
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening, and end what is open."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self.upstream is not None:
            self.upstream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def honest(self, body: Json) -> Json:
        """What a server that works answers."""
        if self.upstream is None:
            return answer(body, self.judge)
        reply: Json = self.upstream.post("/v1/rewards", json=body).json()
        return reply

    def next_fault(self) -> str:
        """The word for the request that has just come."""
        with self._lock:
            if self.script:
                word = self.script.popleft()
            elif self._random.random() < self.fault_share:
                word = self._random.choice(COMMON_FAULTS)
            else:
                word = self.always or "ok"
            self.faults[word] += 1
            return word

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                if server.upstream is not None:
                    return self._send(200, server.upstream.get(self.path).content, {})
                if self.path == "/healthz":
                    return self._reply(200, {"status": "ok", "version": server.version})
                if server.api_key and self.headers.get("authorization") != f"Bearer {server.api_key}":
                    return self._problem(401, "unauthorized", "the API key is missing or wrong")
                return self._reply(200, [{"name": name} for name in ("toy", "math", "match")])

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                body = json.loads(raw)
                with server._lock:
                    server.requests.append((dict(self.headers), body))
                    server.at.append(time.monotonic())
                if server.api_key and self.headers.get("authorization") != f"Bearer {server.api_key}":
                    return self._problem(401, "unauthorized", "the API key is missing or wrong")
                if server.body_limit is not None and len(raw) > server.body_limit:
                    return self._problem(413, "body-too-large", f"at most {server.body_limit} bytes")
                return self._act(server.next_fault(), body)

            def _act(self, word: str, body: Json) -> None:
                if word == "drop":
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                    self.connection.close()
                    return
                if word in STATUSES:
                    return self._problem(STATUSES[word], "fault", "on purpose")
                if word == "422":
                    return self._problem(422, "unknown-verifier", "no verifier is called 'toyy'")
                if word == "not_json":
                    return self._send(200, b"<html>welcome to the proxy</html>", {})
                if word == "drip":
                    return self._drip()
                if word == "slow":
                    time.sleep(server.slow_s)
                reply = server.honest(body)
                with server._lock:
                    server.judged += sum(len(item["completions"]) for item in body["items"])
                if word in LIES:
                    LIES[word](reply)
                self._reply(200, reply)

            def _drip(self) -> None:
                self.send_response(200)
                self.send_header("content-length", "1000000")
                self.end_headers()
                try:
                    for _ in range(200):
                        self.wfile.write(b" ")
                        time.sleep(0.02)
                except OSError:
                    self.close_connection = True

            def _problem(self, status: int, kind: str, detail: str) -> None:
                problem = {"type": f"urn:{kind}", "title": kind, "status": status, "detail": detail}
                headers = {"retry-after": server.retry_after} if status in (429, 503) else {}
                self._send(status, json.dumps(problem).encode(), headers)

            def _reply(self, status: int, body: Any) -> None:
                self._send(status, json.dumps(body).encode(), {})

            def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                try:
                    self.send_response(status)
                    for name, value in {**headers, "content-length": str(len(body))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:  # the client has gone, as some tests mean it to
                    self.close_connection = True

        return Handler
