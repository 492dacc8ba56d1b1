"""Stand-ins for what is entered and left, and for what is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .proxies import Proxy
from .swallowing import is_deliberate, is_failure

if TYPE_CHECKING:
    from .link import Link


class Context_(Proxy):
    __slots__ = ()

    def __enter__(self) -> Any:
        return self._sandbox_link.request("enter", self._sandbox_number)

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool | None:
        link = self._sandbox_link
        told = None if error is None else link.errors.told(error)
        try:
            answer = link.request("exit", self._sandbox_number, told)
        except Exception:
            if link.strict and is_failure(error):  # which no other error may take the place of
                return False
            raise
        return _heeded(link, answer, error, trace)


def _heeded(link: Link, answer: Any, error: BaseException | None, trace: Any) -> bool | None:
    """Whether a context swallows an exception, as it says. What is left without one may say what it likes."""
    if error is None or answer is not True:
        return None if answer is None else answer is True
    return not link.strict or is_deliberate(error, trace)


class AsyncContext_(Proxy):
    __slots__ = ()

    async def __aenter__(self) -> Any:
        return await self._sandbox_link.request_in_time("aenter", self._sandbox_number)

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool | None:
        link = self._sandbox_link
        told = None if error is None else link.errors.told(error)
        try:
            answer = await link.request_in_time("aexit", self._sandbox_number, told)
        except Exception:
            if link.strict and is_failure(error):
                return False
            raise
        return _heeded(link, answer, error, trace)


class Awaitable_(Proxy):
    __slots__ = ()

    def __await__(self) -> Any:
        return self._sandbox_link.request_in_time("await", self._sandbox_number).__await__()


class AsyncIterable_(Proxy):
    __slots__ = ()

    def __aiter__(self) -> Any:
        return self._sandbox_link.request("aiter", self._sandbox_number)


class AsyncIterator_(AsyncIterable_):
    __slots__ = ()

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        found = await self._sandbox_link.request_in_time("anext", self._sandbox_number)
        if not found:
            raise StopAsyncIteration
        return found[0]
