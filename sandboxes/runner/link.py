"""Two processes that use each other's functions and objects by messages: the tester and its candidate.

A message is a record of JSON. A request is ``[verb, handle, …]``; the answer is ``["r", value]``, ``["x", exception]``
or ``["stop", value]``, with what was printed meanwhile after it. While one side waits for an answer it serves the
other's requests, so callbacks nest. Plain values cross by value; what else a side gives away stays where it is, and
crosses as a handle ``{"h": [number, powers, type name, names of an exception's class, handle of its class]}``; a
handle that comes home is ``{"y": number}``. ``k`` is a thing of the standard library by name, ``E`` an exception as a
value, ``S`` a slice, ``V`` a view of a dict, ``P``, ``A`` and ``Y`` what is made from parts, ``L`` what is lent.

The tester's side is *strict*: it lets the candidate call what it was given, iterate it and read public attributes
of plain instances, and nothing that leads to frames, code or modules.
"""

from __future__ import annotations

import operator
import os
from _thread import RLock
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from . import jsons
from .claims import KINDS, ORDERED, agrees, is_claim
from .crossing import Crossing
from .files import is_path, lend
from .logs import replay
from .proxies import Proxy
from .sizes import LOOKING, Sizes
from .surroundings import show
from .tables import NotPlain
from .threads import AWAITING, Threads
from .verbs import VERBS, call

MAX_MESSAGE = 64 << 20
MAX_NESTING = 60
_ITERATING = ("next", "send", "throw")
"""Verbs that may answer with the end of an iteration."""
_UNCOUNTED = ("describe", "abilities", "around", "module", "lent")
"""Verbs that no test asks for."""


class Gone(BaseException):
    """The other side has ended, or sent what is no message. Not an ``Exception``: no test may catch it by chance."""


class Link(Crossing):
    """One end. Threads take turns."""

    def __init__(self, descriptor: int, *, strict: bool) -> None:
        super().__init__(self, strict=strict)
        self._descriptor = descriptor
        self.constructors: set[int] = set()
        """Handles of the classes that the tests ask for by name."""
        self.made_from: dict[int, tuple[Any, ...]] = {}
        """Objects of the program that the tests made, by their identity, with what they made them from."""
        self._plain: dict[int, Any] = {}
        self._equals_by: set[int | None] = set()
        """Handles of methods that are called ``equals``."""
        self._claimed: dict[Any, Any] = {}
        self._claimed_now: dict[Any, Any] = {}
        """The same of objects that the tests made, since they last did something."""
        self.sizes = Sizes(self.constructors)
        self.nesting = 0
        self._turn: Any = RLock()
        self.threads: Threads | None = None
        """Where threads or event loops of the tests use the link at the same time."""
        self.gone = False
        self.opaque = False
        """Whether a comparison met a handle."""
        self.on_request: Callable[[bool], None] = lambda counts: None
        """Called before a request, with whether it is one of the tests' own."""
        self.on_answer: Callable[[], None] = lambda: None
        self.caught: Callable[[], list[Any]] = list
        """What this side has printed since it was last asked: text, text of errors, warnings, what it has logged; empty
        for nothing."""
        self.serves: dict[str, Callable[..., Any]] = {}
        """What the other side may ask for that is about no thing."""
        self.lends_files = self._shares_files = False
        """Whether what paths in a call name is opened to the other side."""
        self.look: Callable[[], None] | None = None
        """Tells the other side what has changed around it, before it is asked for anything."""

    def request(self, verb: str, number: int, *rest: Any) -> Any:
        """Ask the other side and wait; raises what it raised. What a call gave is returned as it came."""
        with self._turn:
            here: Any = self if self.threads is None else self.threads.here
            if here.nesting >= MAX_NESTING:
                raise RecursionError("calls between tester and candidate are nested too deeply")
            self._tell_of_changes(verb)
            here.nesting += 1
            self.on_request(verb not in _UNCOUNTED)
            self.sizes.before(verb)
            if verb not in LOOKING:
                self._claimed_now.clear()
            try:
                self.send([verb, number, *rest])
                while True:
                    message = self.receive()
                    if message[0] in ("r", "x", "stop"):
                        if self.strict and len(message) > 2:
                            self._notice(message[2:])
                        found = self._outcome(verb, message)
                        if verb == "get" and rest[0] == "equals":
                            self._equals_by.add(self.number_of(found))
                        return found
                    self.answer(message)
            except (NotPlain, IndexError, TypeError, ValueError) as error:
                if isinstance(error, NotPlain):
                    self.leave(f"malformed: {error}")
                raise
            finally:
                here.nesting -= 1
                self.on_answer()

    async def request_in_time(self, verb: str, number: int, *rest: Any) -> Any:
        """Ask the other side for something that it waits for in its event loop, and wait in this side's."""
        if self.threads is None:
            return self.request(verb, number, *rest)
        self._tell_of_changes(verb)
        self.on_request(verb not in _UNCOUNTED)
        self.sizes.before(verb)
        try:
            message = await self.threads.awaited(verb, number, *rest)
            if self.strict and len(message) > 2:
                self._notice(message[2:])
            return self._outcome(verb, message)
        except NotPlain as error:
            return self.leave(f"malformed: {error}")
        finally:
            self.on_answer()

    def use_threads(self) -> None:
        """Let threads of this side use the link at the same time; the other side is told."""
        self.send(["around", 0, "threads"])
        self.be_threaded()
        self.receive()

    def be_threaded(self) -> None:
        """From now on every message carries the number of a conversation."""
        self._turn = nullcontext()
        self.codec.be_threaded()
        self.threads = Threads(self, self._read)

    def _tell_of_changes(self, verb: str) -> None:
        if self.look is not None:
            self.look()
        if self.strict and verb != "lent":
            for row in self.lent.changed():
                self.request("lent", 0, [row])

    def _notice(self, rest: Any) -> None:
        caught, changed = rest
        show(*caught[:3])
        if caught[3:]:
            replay(self, caught[3])
        self.lent.told(changed)

    def _outcome(self, verb: str, message: Any) -> Any:
        if message[0] == "x":
            try:
                error = self.errors.rebuilt(message[1])
            except (NotPlain, LookupError, TypeError, ValueError, AttributeError) as why:
                self.leave(f"malformed: {why}")
            raise error
        if message[0] == "stop":
            if self.strict and verb not in _ITERATING:  # else `zip(map(f, xs), wants)` would end with nothing compared
                raise self.errors.kind(["builtins:StopIteration"])("outside of an iteration")
            raise StopIteration(self.codec.decode(message[1]))
        if verb == "call":
            return message[1]
        return self.codec.decode(message[1])

    def call(self, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call what a handle stands for; mutable arguments are updated to what the other side made of them."""
        values = [*args, *kwargs.values()]
        if number in self._equals_by and any(type(value).__module__.startswith("pandas") for value in values):
            return False  # what is one of these has crossed by value, and is compared here
        with self._turn:
            for value in values if self.lends_files else ():
                if is_path(value):
                    lend(value, self._copy_file, self._share_files)
            written, rows, objects = self.codec.encode_together(values)
            answer = self.request("call", number, written, list(kwargs), rows)
            try:
                written, rows, *lent = answer
                (result,), _ = self.codec.decode_together([written], rows, objects)
                for place, at in lent[0] if lent else ():
                    self.lent.keep(place, values[at])
            except (NotPlain, LookupError, TypeError, ValueError) as why:
                self.leave(f"malformed: {why}")
            if number in self.constructors and isinstance(result, Proxy):
                self._made.add(result._sandbox_number)
            return result

    def _copy_file(self, path: str, content: bytes) -> None:
        self.request("around", 0, "file", path, self.codec.encode(content))

    def _share_files(self) -> None:
        if not self._shares_files:
            self._shares_files = True
            self.request("around", 0, "share")

    def operate(self, proxy: Proxy, name: str, *others: Any) -> Any:
        """Have the original do an operator; ``NotImplemented`` where it has none or the rule forbids it.

        Values of the tester's take part in the arithmetic and membership of an object that the test itself has just
        constructed, or made of such by operators, and that no other way has led to. With one whose class is derived
        from a plain type they meet in the tester, as plain values; and so they do where an object is asked whether it
        is equal to one.
        """
        if self.strict and name not in _ALONE and not all(map(self.owns, others)):
            if name == "__eq__":
                return self._equals(proxy, others[0])
            if name in _COMPARING:
                return self._ordered(proxy, name, others[0])
            if proxy._sandbox_number not in self._made:
                if "v" not in proxy._sandbox_powers or name[:3] == "__i":
                    return NotImplemented
                return _of_plain(self.plain(proxy), name, others)
        derived = proxy._sandbox_number in self._made and all(self._is_made(other) for other in others)
        result = self.request("op", proxy._sandbox_number, name, [self.codec.encode(other) for other in others])
        if derived and isinstance(result, Proxy):
            self._made.update({proxy._sandbox_number, result._sandbox_number})
        return result

    def _is_made(self, other: Any) -> bool:
        number = self.number_of(other)
        return number is None or number in self._made

    def _equals(self, proxy: Proxy, value: Any) -> Any:
        kind = type(value)
        if KINDS.get(kind.__name__) is not kind:
            return NotImplemented
        return agrees(value, self.request("claims", proxy._sandbox_number, kind.__name__)) or NotImplemented

    def _ordered(self, proxy: Proxy, name: str, value: Any) -> Any:
        """By the value that the object is equal to, which stays the same as long as nothing is done to the object; for
        good, where it is no object that the tests have made."""
        if "v" in proxy._sandbox_powers:
            return getattr(self.plain(proxy), name)(value)
        kind, number = type(value), proxy._sandbox_number
        if ORDERED.get(kind.__name__) is not kind:
            return NotImplemented
        claims = self.request("claims", number, kind.__name__, name)
        if not is_claim(claims):
            return NotImplemented
        held = self._claimed_now if number in self._made else self._claimed
        claimed = held.setdefault((number, "number" if kind in (int, float) else kind), claims[0])
        return getattr(operator, name)(claimed, value)

    def plain(self, proxy: Any) -> Any:
        """The plain value of an original whose class is derived from a plain type; where that cannot change, what it
        first was."""
        number = proxy._sandbox_number
        if number in self._plain:
            return self._plain[number]
        value = self.request("plain", number)
        if _is_fixed(value):
            self._plain[number] = value
        return value

    def is_instance(self, thing: Any, of: int) -> bool:
        """``isinstance``, asked of the side that has the class."""
        number = self.number_of(thing)
        return number is not None and self.request("isinstance", number, of) is True

    def is_subclass(self, thing: Any, of: int) -> bool:
        """``issubclass``, asked of the side that has the class."""
        number = self.number_of(thing)
        return number is not None and self.request("issubclass", number, of) is True

    def answer(self, message: Any) -> None:
        """Do what a request of the other side asks, and answer it."""
        try:
            answer: list[Any]
            verb, number, *rest = message
            if verb == "call":
                answer = ["r", call(self, self._given[number], *rest)]
            elif number == 0:
                answer = ["r", self.serves[verb](*rest)]
            else:
                write = self.lent.written if verb in _LENDING and not self.strict else self.codec.encode
                answer = ["r", write(VERBS[verb](self, self._given[number], *rest))]
        except Gone:
            raise
        except StopIteration as stop:
            answer = ["stop", self._encoded_or_none(stop.value)]
        except BaseException as error:  # noqa: BLE001 - whatever it raised is an answer, exits included
            answer = ["x", self.errors.told(error)]
        self._send_answer(answer)

    async def answer_in_time(self, message: Any, conversation: int) -> None:
        """The same for what this side waits for in an event loop."""
        try:
            verb, number, *rest = message
            if verb == "aexit":
                rest = [None if rest[0] is None else self.errors.rebuilt(rest[0])]
            value = await AWAITING[verb](self._given[number], *rest)
            write = self.lent.written if verb in _LENDING and not self.strict else self.codec.encode
            cancelled = self.threads is not None and self.threads.is_cancelled()
            answer: list[Any] = ["R" if cancelled else "r", write(value)]
        except Gone:
            return
        except BaseException as error:  # noqa: BLE001 - as above
            answer = ["x", self.errors.told(error)]
        self._send_answer(answer, conversation)

    def _send_answer(self, answer: list[Any], conversation: int | None = None) -> None:
        caught, changed = self.caught(), [] if self.strict else self.lent.changed()
        self.send([*answer, caught, changed] if caught or changed else answer, conversation)

    def send(self, message: Any, conversation: int | None = None) -> None:
        """One message out; raises ``Gone``."""
        threads = self.threads
        if threads is None:
            self._write(message)
            return
        with threads.writing:
            self._write(["@", threads.number if conversation is None else conversation, message])

    def _write(self, message: Any) -> None:
        text = jsons.written(message)
        view = memoryview(len(text).to_bytes(4, "little") + text)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            self.leave("it has ended")

    def receive(self) -> Any:
        """One message in; raises ``Gone``."""
        return self._read() if self.threads is None else self.threads.wait()

    def _read(self) -> Any:
        size = int.from_bytes(self._exactly(4), "little")
        if size > MAX_MESSAGE:
            self.leave("too large")
        try:
            message = jsons.read(self._exactly(size))
        except (ValueError, RecursionError):
            self.leave("no JSON")
        if type(message) is not list or not message or type(message[0]) is not str:
            self.leave("no message")
        return message

    def _exactly(self, size: int) -> bytes:
        chunks = []
        while size:
            try:
                data = os.read(self._descriptor, min(size, 1 << 20))
            except OSError:
                data = b""
            if not data:
                self.leave("it has ended")
            chunks.append(data)
            size -= len(data)
        return b"".join(chunks)

    def leave(self, why: str) -> Any:
        """The other side is of no use any more; raises ``Gone``."""
        self.gone = True
        raise Gone(why)

    def _encoded_or_none(self, value: Any) -> Any:
        try:
            return self.codec.encode(value)
        except NotPlain:
            return None


def _is_fixed(value: Any) -> bool:
    """Whether it is a value that cannot change."""
    if isinstance(value, tuple):
        return all(map(_is_fixed, value))
    return type(value).__hash__ is not None and not isinstance(value, Proxy)


def _of_plain(plain: Any, name: str, others: tuple[Any, ...]) -> Any:
    if hasattr(plain, name):
        return getattr(plain, name)(*others)
    forward = getattr(operator, f"__{name[3:]}", None) if name[:3] == "__r" else None
    return NotImplemented if forward is None else forward(*others, plain)  # a list has no ``__radd__``


_LENDING = ("get", "item", "next", "enter", "aenter")
"""Verbs that read a value off an object."""
_ALONE = ("__hash__", "__round__")
"""Operators whose operand, if any, is no value of a test."""
_COMPARING = ("__eq__", "__lt__", "__le__", "__gt__", "__ge__")
