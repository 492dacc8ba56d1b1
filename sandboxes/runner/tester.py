"""Runs test code against stand-ins for the candidate's functions, and reports on a descriptor of its own."""

from __future__ import annotations

import mmap
import os
import re
import struct
import sys
from typing import Any

from . import empties, evaluating, jsons, swallowing, unpickling
from .caller import describe, read_input, write_record
from .classes import Remote
from .crossing import FUNCTION
from .link import Gone, Link
from .modules import Importing
from .pickles import offer, write_json
from .powers import proxy_class
from .prelude import begin, parted
from .program import take_place
from .surroundings import CHANGING, Watched
from .threads import NOT_WITH, WORDS, heed_waits

_LINK, _REPORT, _STATE = 3, 4, 5
_FILES = ("open(", "write", "tmp", "tempfile", "Path")
"""Words of tests that have to do with files."""
_OTHERS = ("numpy", "with", "json", "assertSet")
_GUARDED = {*evaluating.WORDS, *unpickling.WORDS}
_SPECIAL = re.compile("|".join(map(re.escape, {*WORDS, *CHANGING, *_GUARDED, *_FILES, *_OTHERS})))
"""Words of which at least one is in tests that ``_heed`` has to see to."""
_LONG = 2000
"""Characters of tests that are searched for all of these at once: in a fork, each word looked at costs a page."""
STATE = struct.Struct("<II")
"""Calls made so far, and whether the candidate is waited for: what pid 1 reads when a limit strikes."""


_ready: list[Link] = []


def prepare() -> None:
    """In a zygote: make a tester's end of the link ahead, and the class of what stands for a function."""
    link = Link(_LINK, strict=True)
    link.codec.mark_empty = empties.marked
    proxy_class(link, *FUNCTION)
    _ready.append(link)


class Tester:
    """Test code about to run.

    Records: ``{"setup": error}`` or ``{"load": error}`` where it ended there, else one per test,
    ``{"error": … or null, "calls": n}``, and last ``{"end": flags}``.
    """

    def __init__(self, source: bytes, head: dict[str, Any], place: str) -> None:
        self._job = jsons.read(read_input())
        self._link = _ready[0]
        self._link.errors.settle()
        self._state = mmap.mmap(_STATE, STATE.size)
        os.close(_STATE)
        self._calls = self._waiting = 0
        self._link.on_request, self._link.on_answer = self._began, self._ended
        self._classes: list[str] = head["classes"]
        self._place = place
        take_place(place)

    def run(self) -> None:
        """Setup, entries, tests, end."""
        link, job = self._link, self._job
        common, setup = parted(job["setup"])
        module, self._given = begin("tester", "<setup>", common)  # to let go of these would look at each of them
        names = module.__dict__
        text = "".join([setup, *job["tests"]])
        threaded = (len(text) > _LONG or _SPECIAL.search(text) is not None) and self._heed(text)
        try:
            if setup:
                exec(compile(setup, "<setup>", "exec", dont_inherit=True), names)
            found = {name: names.get(name) for name in self._classes}
            link.codec.classes.update({name: kind for name, kind in found.items() if isinstance(kind, type)})
        except BaseException as error:  # noqa: BLE001 - whatever the setup raised is reported as the tests' fault
            self._stop({"setup": describe(error, "<setup>")})
        STATE.pack_into(self._state, 0, 0, 1)
        try:
            greeting = link.receive()
            if greeting[0] != "ready":
                self._stop({"load": greeting[1]})
            proxies = [link.codec.decode(handle) for handle in greeting[1]]
        except (Gone, Exception) as error:  # noqa: BLE001 - whatever comes of a greeting that is none
            self._stop({"load": {"type": "Gone", "message": str(error), "traceback": "", "line": None}})
        STATE.pack_into(self._state, 0, 0, 0)
        for name, proxy in zip(job["entries"], proxies, strict=True):
            self._bind(names, name, proxy)
            if name[:1].isupper() and isinstance(proxy, Remote):
                link.constructors.add(proxy._sandbox_class)
        sys.meta_path.insert(0, Importing(link))
        if threaded:
            link.use_threads()
        first = proxies[0] if proxies else None
        names.setdefault("candidate", first)
        for number, test in enumerate(job["tests"]):
            if not self._test(number, test, names, first) and job["stop"]:
                break
        flags = ["opaque_result"] * link.opaque + ["early_exit"] * link.gone
        flags += ["plain_entry"] * any(not link.owns(proxy) for proxy in proxies)
        self._stop({"end": flags})

    def _heed(self, text: str) -> bool:
        """Be ready for what these tests may do beside calling; whether that is to use threads."""
        link = self._link
        threaded = any(word in text for word in WORDS) and not any(word in text for word in NOT_WITH)
        if threaded:
            heed_waits(link)
        watched = Watched(link, text)
        link.look = watched.look if watched.needed else None
        empties.mend(text)
        if "assertSetEqual" in text:
            empties.mend_sets(link.owns)
        swallowing.prepare(text)
        evaluating.guard(text, link)
        if any(word in text for word in unpickling.WORDS):
            unpickling.guard()
        link.lends_files = any(word in text for word in _FILES)
        if "pickle" in text:
            offer(link)
        if "json" in text:
            write_json(link)
        return threaded

    def _test(self, number: int, source: str, names: dict[str, Any], first: Any) -> bool:
        path, calls, error = f"<test {number}>", self._calls, None
        try:
            swallowing.sources[path] = source
            before = names.get("check")  # an entry may be called so
            exec(compile(source, path, "exec", dont_inherit=True), names)
            check = names.get("check")
            if check is not before and callable(check):
                del names["check"]
                check(first)
        except BaseException as raised:  # noqa: BLE001 - any exception fails a test
            error = describe(raised, path)
        if self._link.gone and error is None:
            error = {"type": "Gone", "message": "the candidate has ended", "traceback": "", "line": None}
        write_record(_REPORT, {"error": error, "calls": self._calls - calls})
        return error is None

    def _bind(self, names: dict[str, Any], entry: str, proxy: Any) -> None:
        first, _, method = entry.partition(".")
        if method:
            holder = names.setdefault(f"_{first}_entries", {})
            holder[method] = staticmethod(proxy)
            names[first] = type(first, (), dict(holder))
            names[method] = proxy
        else:
            names[first] = proxy

    def _began(self, counts: bool) -> None:
        self._calls += counts
        self._waiting += 1
        STATE.pack_into(self._state, 0, self._calls, 1)

    def _ended(self) -> None:
        self._waiting -= 1
        STATE.pack_into(self._state, 0, self._calls, self._waiting > 0)

    def _stop(self, record: dict[str, Any]) -> None:
        write_record(_REPORT, record)
        try:
            sys.stdout.flush()
        finally:
            os._exit(0)
