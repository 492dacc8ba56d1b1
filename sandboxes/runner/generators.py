"""Coroutines and generators in place of the other process's: real ones, that ask it for each step."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

from .swallowing import is_failure

if TYPE_CHECKING:
    from .link import Link


async def coroutine(link: Link, number: int) -> Any:
    """One that waits for the original."""
    return await link.request_in_time("await", number)


async def async_generator(link: Link, number: int) -> AsyncGenerator[Any, Any]:
    """One that yields what the original yields."""
    try:
        while found := await link.request_in_time("anext", number):
            yield found[0]
    except GeneratorExit:
        await link.request_in_time("aclose", number)
        raise


def generator(link: Link, number: int) -> Generator[Any, Any, Any]:
    """One that yields what the original yields, and passes on what is sent and thrown into it."""
    verb: tuple[Any, ...] = ("next",)
    thrown: BaseException | None = None
    while True:
        try:
            value = link.request(verb[0], number, *verb[1:])
        except Exception as end:
            if link.strict and is_failure(thrown):  # as in a context: it is neither swallowed nor replaced
                raise thrown from None  # type: ignore[misc]
            if isinstance(end, StopIteration):
                return end.value
            raise
        thrown = None
        try:
            sent = yield value
        except GeneratorExit:
            link.request("close", number)
            raise
        except BaseException as error:  # noqa: BLE001 - for the original to catch or not
            verb, thrown = ("throw", link.errors.told(error)), error
        else:
            verb = ("next",) if sent is None else ("send", link.codec.encode(sent))
