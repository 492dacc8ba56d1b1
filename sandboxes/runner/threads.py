"""A link that threads and event loops of the tests use at the same time.

A thread that waits in the program must not keep another from calling what it waits for, and coroutines of the program
have to take turns. So each thread of the tests has a conversation of its own, with a thread of its own in the candidate
(the main one with the main one); every message carries its number. The candidate's coroutines run in one event loop.
Numbers below zero are conversations that the candidate begins: a thread of the program that calls back. The tester
serves those only while it waits: for the candidate, as it does without threads, in its event loop, or where the tests
sleep or wait for a thread, an event or a queue.
"""

from __future__ import annotations

import sys
from _queue import SimpleQueue
from _thread import _local, allocate_lock, get_ident, start_new_thread
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .link import Link

WORDS = ("thread", "Thread", "concurrent", "async")
NOT_WITH = ("multiprocessing", "fork", "ProcessPool")
"""Words of tests that make processes: a process that they fork has none of the threads here."""
_MOST_WAITING = 1000
_ANSWERS = ("r", "x", "stop", "R")
"""``R`` is ``r`` from what was cancelled and came to an end nevertheless."""

Message = tuple[int, list[Any]]


class _Here(_local):
    """What belongs to one thread: how deep its requests are nested, beside the conversations that it is in."""

    nesting = 0


class Threads:
    """The conversations of one end."""

    def __init__(self, link: Link, read: Callable[[], Any]) -> None:
        self._link, self._read = link, read
        self._lock = allocate_lock()
        self.writing = allocate_lock()
        self._asyncio: Any = import_module("asyncio")
        self.here = _Here()
        self.here.stack = [0]
        self._boxes: dict[int, SimpleQueue[Message | None]] = {0: SimpleQueue()}
        self._idents: dict[int, int] = {}
        """Threads of the tests, and the numbers of their conversations."""
        self._waiting: list[int] = []
        self._backlog: list[Message] = []
        self._landings: dict[int, tuple[Any, Any]] = {}
        """Event loops and futures of what is awaited on the other side."""
        self._tasks: dict[int, Any] = {}
        """What the other side awaits here."""
        self._last = self._lulls = 0
        self._loop: Any = None
        start_new_thread(self._sort, ())

    @property
    def number(self) -> int:
        """That of the conversation that this thread is in."""
        stack = self.here.__dict__.setdefault("stack", [])
        if not stack:
            stack.append(self._of_this_thread())
            self._boxes.setdefault(stack[0], SimpleQueue())
        number: int = stack[-1]
        return number

    def wait(self) -> list[Any]:
        """The next message of this thread's conversation. Meanwhile it serves those that the other side begins."""
        number = self.number
        box = self._boxes.setdefault(number, SimpleQueue())
        with self._lock:
            self._waiting.append(number)
            for late in self._backlog:
                box.put(late)
            self._backlog.clear()
        try:
            while True:
                if self._link.gone:
                    self._link.leave("it has ended")
                item = box.get()
                if item is None:
                    continue
                if item[0] == number:
                    return item[1]
                self.serve(*item)
        finally:
            with self._lock:
                self._waiting.remove(number)
                self._hand_over_all(box)

    def lull(self, step: int) -> None:
        """The tests begin or cease to wait for something of their own."""
        with self._lock:
            self._lulls += step
            late = self._backlog[:] if step > 0 else []
            del self._backlog[: len(late)]
        for item in late:
            start_new_thread(self.serve, item)

    def serve(self, number: int, message: list[Any]) -> None:
        """Answer a request of a conversation that the other side has begun."""
        stack = self.here.__dict__.setdefault("stack", [])
        stack.append(number)
        self._boxes[number] = SimpleQueue()
        try:
            self._link.answer(message)
        finally:
            stack.pop()
            with self._lock:  # the other side may have had the answer, and asked for the next thing
                self._hand_over_all(self._boxes.pop(number, SimpleQueue()))

    async def awaited(self, verb: str, number: int, *rest: Any) -> Any:
        """What comes of something that the other side has to wait for; others may go on meanwhile."""
        loop = self._loop_here()
        future = loop.create_future()
        tag = self._next()
        self._landings[tag] = loop, future
        self._link.send([verb, number, *rest], tag)
        cancelled = False
        while True:
            try:
                message = await self._asyncio.shield(future)
                break
            except self._asyncio.CancelledError:
                if future.cancelled():
                    raise
                cancelled = True
                self._link.send(["cancel", 0], tag)
        if message is None:
            self._link.leave("it has ended")
        if cancelled and message[0] == "x" and str(message[1]["names"][0]).endswith(":CancelledError"):
            raise self._asyncio.CancelledError
        if cancelled and message[0] == "r":  # it had ended before it could be cancelled: what awaited it is, then
            self._asyncio.current_task().cancel()
        return ["r", *message[1:]] if message[0] == "R" else message

    def is_cancelled(self) -> bool:
        """Whether the task that runs has been cancelled, and went on."""
        return bool(self._asyncio.current_task().cancelling())

    def _loop_here(self) -> Any:
        loop = self._asyncio.get_running_loop()
        if self._link.strict:
            self._loop = loop
        return loop

    def _next(self) -> int:
        with self._lock:
            self._last += 1
            return self._last if self._link.strict else -self._last

    def _of_this_thread(self) -> int:
        ident = get_ident()
        if not self._link.strict:
            return self._next()
        with self._lock:
            alive = sys._current_frames()
            for other, number in list(self._idents.items()):
                if other not in alive or other == ident:
                    del self._idents[other]
                    self._idents[ident] = number
                    return number
        number = self._idents[ident] = self._next()
        return number

    # What follows is done by the thread that reads.

    def _sort(self) -> None:
        try:
            while True:
                tag, number, message = self._read()
                if tag != "@" or type(number) is not int or type(message) is not list or not message:
                    break
                with self._lock:
                    self._hand_over(number, message)
        except BaseException:  # noqa: BLE001 - whatever ends the reading ends the link
            pass
        self._link.gone = True
        with self._lock:
            for box in list(self._boxes.values()):
                box.put(None)
            for loop, future in list(self._landings.values()):
                _land(loop, future, None)

    def _hand_over_all(self, box: SimpleQueue[Message | None]) -> None:
        """Hand over anew what was left in a box."""
        left = []
        while not box.empty():
            left.append(box.get())
        for item in left:
            if item is not None:
                self._hand_over(*item)

    def _hand_over(self, number: int, message: list[Any]) -> None:
        is_answer = message[0] in _ANSWERS
        if is_answer and number in self._landings:
            _land(*self._landings.pop(number), message)
        elif message[0] == "cancel":
            loop = self._loop_for("await")
            if loop is not None:
                loop.call_soon_threadsafe(self._cancel, number)
        elif number in self._boxes:
            self._boxes[number].put((number, message))
        elif not is_answer and (number < 0) == self._link.strict:
            self._begin(number, message)

    def _begin(self, number: int, message: list[Any]) -> None:
        """A conversation that the other side begins."""
        loop = self._loop_for(message[0])
        if loop is not None:
            loop.call_soon_threadsafe(self._start, loop, number, message)
        elif not self._link.strict:
            self._boxes[number] = SimpleQueue()
            self._boxes[number].put((number, message))
            start_new_thread(self._converse, (number,))
        elif self._waiting:
            self._boxes[self._waiting[0]].put((number, message))
        elif self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(self.serve, number, message)
        elif self._lulls:
            start_new_thread(self.serve, (number, message))
        elif len(self._backlog) < _MOST_WAITING:
            self._backlog.append((number, message))

    def _loop_for(self, verb: str) -> Any:
        """The event loop to wait in for something of this side's."""
        if verb not in AWAITING:
            return None
        if self._link.strict:
            return self._loop if self._loop is not None and self._loop.is_running() else None
        if self._loop is None:
            self._loop = self._asyncio.new_event_loop()
            start_new_thread(self._run_loop, ())
        return self._loop

    def _run_loop(self) -> None:
        self._asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _converse(self, number: int) -> None:
        self.here.stack = [number]
        box = self._boxes[number]
        while (item := box.get()) is not None:
            self._link.answer(item[1])

    def _start(self, loop: Any, number: int, message: list[Any]) -> None:
        """In an event loop: begin to wait, and answer in the end."""
        task = loop.create_task(self._link.answer_in_time(message, number))
        self._tasks[number] = loop, task
        task.add_done_callback(lambda _: self._tasks.pop(number, None))

    def _cancel(self, number: int) -> None:
        if number in self._tasks:
            loop, task = self._tasks[number]
            loop.call_soon(task.cancel)  # not before it has begun, or there would be no answer


def heed_waits(link: Link) -> None:
    """Let the candidate call back while the tests wait for something of their own."""
    threading, time = import_module("threading"), import_module("time")
    for owner, name in ((threading.Condition, "wait"), (threading.Thread, "join"), (time, "sleep")):
        setattr(owner, name, _heeded(link, getattr(owner, name)))


def _heeded(link: Link, wait: Callable[..., Any]) -> Callable[..., Any]:
    def waiting(*args: Any, **kwargs: Any) -> Any:
        threads = link.threads
        if threads is None:
            return wait(*args, **kwargs)
        threads.lull(1)
        try:
            return wait(*args, **kwargs)
        finally:
            threads.lull(-1)

    return waiting


def _land(loop: Any, future: Any, message: Any) -> None:
    def arrive() -> None:
        if not future.done():
            future.set_result(message)

    try:
        loop.call_soon_threadsafe(arrive)
    except RuntimeError:  # the loop has ended
        return


async def _next_item(thing: Any) -> list[Any]:
    try:
        return [await thing.__anext__()]
    except StopAsyncIteration:
        return []


async def _wait_for(thing: Any) -> Any:
    return await thing


async def _leave(thing: Any, error: BaseException | None) -> bool | None:
    answer = await thing.__aexit__(None if error is None else type(error), error, None)
    return None if answer is None else bool(answer)


AWAITING: dict[str, Callable[..., Any]] = {
    "await": _wait_for,
    "anext": _next_item,
    "aenter": lambda thing: thing.__aenter__(),
    "aexit": _leave,
    "aclose": lambda thing: thing.aclose(),
}
"""Verbs that wait in an event loop, as coroutine functions."""
