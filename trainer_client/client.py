"""``RewardClient`` and ``AsyncRewardClient``: ask a reward server whether completions are right.

::

    with RewardClient("http://127.0.0.1:8000") as client:
        [result] = client.score([Item(verifier="math", reference="1/2", completions=[r"\\boxed{0.5}", r"\\boxed{2}"])])
    result.rewards  # (1.0, 0.0); None where no one can tell, and then result.verdicts says whose fault it is

Both drive the same I/O-free core (``exchange``); here is only what differs: sockets, sleeping, and how several
requests are kept in flight. Proxy settings of the environment are not used for a server on this machine.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from trainer_client.errors import IncompatibleServer, ServerUnreachable
from trainer_client.exchange import Exchange, RetryPolicy, Send, Sleep, plan, rejection
from trainer_client.wire import Item, ItemResult, Verdict, result

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_CONNECT_S = 5.0
_GET_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Options:
    """What both clients are told once."""

    api_key: str | None = field(default_factory=lambda: os.environ.get("REWARD_API_KEY"), repr=False)
    """Sent as a bearer token. Defaults to the environment's ``REWARD_API_KEY``."""
    run: str | None = None
    """Label of the experiment, for the server's metrics, fairness and dashboard."""
    deadline_s: float = 120.0
    """Budget of one call, retries included. Keep it far below the trainer's own collective time-out."""
    detail: Literal["none", "brief", "full"] | None = None
    """How much of *why* comes back; None: what the server does by default."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_completions: int = 1024
    """Completions in one request."""
    max_bytes: int = 8 * 2**20
    """Bytes of items in one request; a single larger completion travels alone."""
    concurrency: int = 4
    """Requests in flight, and connections kept alive."""


@dataclass(slots=True)
class Stats:
    """Counters since the client was made."""

    calls: int = 0
    completions: int = 0
    sends: int = 0
    causes: dict[str, int] = field(default_factory=dict)
    """Why sends were repeated: ``unreachable``, ``overloaded``, ``server_error``, ``bad_response`` …"""


class _Core:
    """What the two clients share: the plan of a call, and the merging of its answers."""

    def __init__(self, url: str, options: Options) -> None:
        self.url = httpx.URL(url.rstrip("/") + "/")
        if self.url.scheme not in ("http", "https") or not self.url.host:
            raise ValueError(f"not the URL of a server: {url!r}")
        self.options = options
        self.stats = Stats()

    def transport(self) -> dict[str, Any]:
        """Keyword arguments of ``httpx.Client`` and ``httpx.AsyncClient``."""
        key = self.options.api_key
        size = self.options.concurrency
        return {
            "base_url": self.url,
            "headers": {"authorization": f"Bearer {key}"} if key else {},
            "limits": httpx.Limits(max_connections=size, max_keepalive_connections=size),
            "trust_env": self.url.host not in _LOOPBACK,
        }

    def begin(self, items: Sequence[Item], deadline_s: float | None) -> _Call:
        body = {"run": self.options.run, "detail": self.options.detail}
        deadline = time.monotonic() + (self.options.deadline_s if deadline_s is None else deadline_s)
        runs, refused = plan(items, max_completions=self.options.max_completions, max_bytes=self.options.max_bytes)
        exchanges = [
            Exchange(
                run,
                self.options.retry,
                deadline=deadline,
                options={name: value for name, value in body.items() if value is not None},
            )
            for run in runs
        ]
        return _Call(items, exchanges, refused)

    def end(self, call: _Call) -> list[ItemResult]:
        self.stats.calls += 1
        verdicts = dict(call.refused)
        for exchange in call.exchanges:
            verdicts.update(exchange.verdicts)
            self.stats.sends += exchange.sends
            for cause in exchange.causes:
                self.stats.causes[cause] = self.stats.causes.get(cause, 0) + 1
        self.stats.completions += len(verdicts)
        return [
            result(
                str(number) if item.id is None else item.id,
                (verdicts[number, place] for place in range(len(item.completions))),
            )
            for number, item in enumerate(call.items)
        ]


@dataclass(frozen=True, slots=True)
class _Call:
    items: Sequence[Item]
    exchanges: list[Exchange]
    refused: Mapping[tuple[int, int], Verdict]


class RewardClient:
    """Synchronous client. Thread-safe; keeps its connections until ``close``."""

    def __init__(self, url: str, **options: Any) -> None:
        """``options`` are the fields of ``Options``."""
        self._core = _Core(url, Options(**options))
        self._http = httpx.Client(**self._core.transport())

    @property
    def stats(self) -> Stats:
        """Counters since the client was made."""
        return self._core.stats

    def score(self, items: Sequence[Item], *, deadline_s: float | None = None) -> list[ItemResult]:
        """The verdicts for ``items``, one result for each and in their order, within ``deadline_s`` seconds.

        What could not be had in time is ``unavailable``. Raises ``RequestRejected`` when the server refuses for good.
        """
        call = self._core.begin(items, deadline_s)
        if len(call.exchanges) == 1:
            self._drive(call.exchanges[0])
        elif call.exchanges:
            self._drive_all(call.exchanges)
        return self._core.end(call)

    def get(self, path: str) -> Any:
        """The JSON at ``path``. Raises ``ServerUnreachable``, ``RequestRejected`` or ``IncompatibleServer``."""
        try:
            response = self._http.get(path.lstrip("/"), timeout=_GET_S)
        except httpx.RequestError as error:
            raise _unreachable(self._core.url, error) from error
        return _read_json(response)

    def _drive_all(self, exchanges: Sequence[Exchange]) -> None:
        def drive(exchange: Exchange) -> None:
            try:
                self._drive(exchange)
            except BaseException:
                abandon()
                raise

        def abandon() -> None:
            for exchange in exchanges:
                exchange.abandon()

        pool = ThreadPoolExecutor(self._core.options.concurrency, thread_name_prefix="rewards")
        futures = [pool.submit(drive, exchange) for exchange in exchanges]
        try:
            for future in futures:
                future.result()
        finally:  # after a refusal, or Ctrl-C, what is in flight ends by itself
            abandon()
            pool.shutdown(wait=False, cancel_futures=True)

    def _drive(self, exchange: Exchange) -> None:
        while (step := exchange.step(time.monotonic())) is not None:
            if isinstance(step, Sleep):
                time.sleep(step.seconds)
                continue
            try:
                status, headers, body = self._post(step)
            except httpx.RequestError as error:
                exchange.failed(error, time.monotonic())
            else:
                exchange.received(status, headers, body, time.monotonic())

    def _post(self, send: Send) -> tuple[int, httpx.Headers, bytes]:
        give_up = time.monotonic() + send.timeout_s
        parts = []
        with self._http.stream(
            "POST", "v1/rewards", content=send.body, headers=dict(send.headers), timeout=_timeout(send)
        ) as response:
            for part in response.iter_bytes():
                parts.append(part)
                if time.monotonic() > give_up:  # httpx limits each read, not their sum: a dripping answer never ends
                    raise httpx.ReadTimeout("the answer came too slowly")
        return response.status_code, response.headers, b"".join(parts)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncRewardClient:
    """Asynchronous client, for one event loop; otherwise like ``RewardClient``.

    Cancelling a call drops its requests.
    """

    def __init__(self, url: str, **options: Any) -> None:
        """``options`` are the fields of ``Options``."""
        self._core = _Core(url, Options(**options))
        self._http = httpx.AsyncClient(**self._core.transport())
        self._slots = asyncio.Semaphore(self._core.options.concurrency)

    @property
    def stats(self) -> Stats:
        """Counters since the client was made."""
        return self._core.stats

    async def score(self, items: Sequence[Item], *, deadline_s: float | None = None) -> list[ItemResult]:
        """Like ``RewardClient.score``."""
        call = self._core.begin(items, deadline_s)
        tasks = [asyncio.ensure_future(self._drive(exchange)) for exchange in call.exchanges]
        try:
            await asyncio.gather(*tasks)
        finally:  # the first refusal, or a cancelled call, takes the other requests with it
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._core.end(call)

    async def get(self, path: str) -> Any:
        """Like ``RewardClient.get``."""
        try:
            response = await self._http.get(path.lstrip("/"), timeout=_GET_S)
        except httpx.RequestError as error:
            raise _unreachable(self._core.url, error) from error
        return _read_json(response)

    async def _drive(self, exchange: Exchange) -> None:
        async with self._slots:  # also while it waits to ask again: an overloaded server is not helped by the next
            while (step := exchange.step(time.monotonic())) is not None:
                if isinstance(step, Sleep):
                    await asyncio.sleep(step.seconds)
                    continue
                try:
                    status, headers, body = await self._post(step)
                except (httpx.RequestError, TimeoutError) as error:
                    exchange.failed(error, time.monotonic())
                else:
                    exchange.received(status, headers, body, time.monotonic())

    async def _post(self, send: Send) -> tuple[int, httpx.Headers, bytes]:
        async with asyncio.timeout(send.timeout_s):
            response = await self._http.post(
                "v1/rewards", content=send.body, headers=dict(send.headers), timeout=_timeout(send)
            )
        return response.status_code, response.headers, response.content

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()


def _timeout(send: Send) -> httpx.Timeout:
    return httpx.Timeout(send.timeout_s, connect=min(_CONNECT_S, send.timeout_s))


def _unreachable(url: httpx.URL, error: Exception) -> ServerUnreachable:
    return ServerUnreachable(f"no reward server answers at {url}: {error or type(error).__name__}")


def _read_json(response: httpx.Response) -> Any:
    if response.status_code >= 500:
        raise ServerUnreachable(f"the server at {response.url} answers HTTP {response.status_code}")
    if response.status_code != 200:
        raise rejection(response.status_code, response.content)
    try:
        return response.json()
    except ValueError as error:
        raise IncompatibleServer(f"{response.url} does not answer in JSON: is this a reward server?") from error
