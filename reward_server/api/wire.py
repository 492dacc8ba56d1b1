"""Reading requests: raw bytes are parsed once, the envelope first, then each item alone.

What is wrong with the envelope is a ``Problem`` for the whole request. What is wrong with an item is that
item's fault (``invalid_task``), and its neighbours never hear of it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from reward_server.api.problems import Problem
from reward_server.service import Request
from reward_server.settings import Settings
from reward_server.types import Completion, Item, Json, Outcome, Verdict

_decode = msgspec.json.Decoder().decode
_SURROGATES = re.compile("[\ud800-\udfff]")
_ENVELOPE = frozenset({"items", "deadline_s", "run", "detail", "verifier"})
_ITEM = frozenset({"id", "verifier", "reference", "params", "completions", "prompt", "meta", "thinking"})
_DETAIL = ("none", "brief", "full")
_THINKING = ("auto", "prefilled", "none")
REPAIRED = ("text_repaired",)
MAX_DIGITS = 4000
"""Longer integers are kept as text: Python refuses to read them, and a reference is text anyway."""


def parse_json(body: bytes) -> tuple[Json, bool]:
    """The body, and whether it may hold what strict JSON does not (NaN, lone surrogates). Raises ``Problem``."""
    try:
        return _decode(body), False
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass  # the tolerant parser is three times slower, and says better what is wrong
    try:
        return json.loads(body, parse_int=_int), True
    except RecursionError:
        raise Problem("malformed-json", "the JSON is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise Problem("malformed-json", f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
    except ValueError as error:
        raise Problem("malformed-json", str(error)) from None


def parse_request(body: bytes, settings: Settings, *, default_deadline_s: float, max_deadline_s: float) -> Request:
    """The request in a body; raises ``Problem`` where the envelope is wrong or a limit is passed."""
    envelope, dirty = parse_json(body)
    if not isinstance(envelope, dict):
        raise Problem("invalid-request", "the body must be an object with the key 'items'")
    if unknown := sorted(map(str, envelope.keys() - _ENVELOPE)):
        raise Problem("invalid-request", f"unknown key {unknown[0]!r}; there are: {', '.join(sorted(_ENVELOPE))}")
    items = envelope.get("items")
    if not isinstance(items, list):
        raise Problem("invalid-request", "'items' must be a list")
    if len(items) > settings.max_items:
        raise Problem("too-many-items", f"{len(items)} items; the limit is {settings.max_items}")
    run, detail = envelope.get("run"), envelope.get("detail", "full")
    if detail not in _DETAIL:
        raise Problem("invalid-request", f"'detail' must be one of {', '.join(_DETAIL)}")
    if run is not None and not (isinstance(run, str) and len(run) <= 200):
        raise Problem("invalid-request", "'run' must be a string of at most 200 characters")
    verifier = envelope.get("verifier", "")
    if not isinstance(verifier, str):
        raise Problem("invalid-request", "'verifier' must be a string")
    deadline_s = parse_deadline(envelope.get("deadline_s"), default_deadline_s, max_deadline_s)
    reader = _ItemReader(settings, verifier, dirty)
    return Request([reader.item(item, index) for index, item in enumerate(items)], deadline_s, run or "", detail)


class _ItemReader:
    """Reads items of one request."""

    def __init__(self, settings: Settings, verifier: str, dirty: bool) -> None:
        self._settings = settings
        self._verifier = verifier
        self._dirty = dirty

    def item(self, raw: Json, index: int) -> Item:
        """An item; one that cannot be read has a fault, and a completion for each that was sent."""
        if not isinstance(raw, dict):
            return _faulty(str(index), "", 1, "an item must be an object")
        if self._dirty:
            raw = {key: value if key == "completions" else self._repaired(value) for key, value in raw.items()}
        item_id = str(index) if raw.get("id") is None else raw["id"]
        if isinstance(item_id, int) and not isinstance(item_id, bool):
            item_id = str(item_id)
        verifier = raw.get("verifier") or self._verifier
        completions = raw.get("completions")
        count = len(completions) if isinstance(completions, list) else 1
        if count > self._settings.max_completions_per_item:
            limit = self._settings.max_completions_per_item
            raise Problem("too-many-completions", f"item {index} has {count} completions; the limit is {limit}")
        fault = _fault(raw, item_id, verifier, completions)
        if fault is not None or not isinstance(completions, list):
            known = item_id if isinstance(item_id, str) else str(index)
            return _faulty(known, verifier if isinstance(verifier, str) else "", count, fault or "")
        return Item(
            str(item_id), verifier, raw["reference"], tuple([self._completion(each, index) for each in completions]),
            raw.get("params") or {}, raw.get("thinking") or "auto",
        )  # fmt: skip

    def _completion(self, raw: Json, index: int) -> Completion | Verdict:
        truncated = False
        if isinstance(raw, dict):
            truncated = raw.get("truncated") is True
            raw = raw.get("content")
        text = raw if isinstance(raw, str) else _transcript_text(raw)
        if not isinstance(text, str):
            return text
        if len(text) > self._settings.max_completion_chars:
            limit = self._settings.max_completion_chars
            raise Problem(
                "completion-too-long", f"item {index} has one of {len(text)} characters; the limit is {limit}"
            )
        if self._dirty and _SURROGATES.search(text):
            return Completion(_SURROGATES.sub("\ufffd", text), truncated, REPAIRED)
        return Completion(text, truncated)

    def _repaired(self, value: Json) -> Json:
        if isinstance(value, str):
            return _SURROGATES.sub("\ufffd", value)
        if isinstance(value, list):
            return [self._repaired(inner) for inner in value]
        if isinstance(value, dict):
            return {self._repaired(key): self._repaired(inner) for key, inner in value.items()}
        return value


def _transcript_text(raw: Json) -> str | Verdict:
    """Text of the last assistant message; a verdict where there is none, or where this is no transcript."""
    if not isinstance(raw, list) or not all(isinstance(message, dict) for message in raw):
        message = "a completion must be text, a list of messages, or an object with 'content'"
        return Verdict(Outcome.INVALID_TASK, detail={"message": message}, reason="bad_completion")
    if raw and all("role" not in message for message in raw):  # content parts of one message
        return _content(raw)
    if not raw or raw[-1].get("role") == "tool":
        return Verdict(Outcome.NO_ANSWER, 0.0, {"message": "the transcript ends without an answer"})
    for message in reversed(raw):
        if message.get("role") == "assistant":
            return _content(message.get("content"), message.get("tool_calls"))
    return Verdict(Outcome.NO_ANSWER, 0.0, {"message": "the transcript has no assistant message"})


def _content(content: Json, calls: Json = None) -> str | Verdict:
    """Text of a message, and its function calls (which chat templates take out of the text) as tags behind it."""
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    text = "".join(one for one in texts if isinstance(one, str))
    used = [part for part in parts if isinstance(part, dict) and part.get("type") == "tool_use"]
    called = "".join(map(_tagged, [*used, *(calls if isinstance(calls, list) else [])]))
    if not isinstance(content, str | list) and not called:
        return Verdict(Outcome.NO_ANSWER, 0.0, {"message": "the last assistant message has no text"})
    return text + called


def _tagged(call: Json) -> str:
    function = call.get("function", call) if isinstance(call, dict) else call
    return f"\n<tool_call>{json.dumps(function, ensure_ascii=False)}</tool_call>"


def _fault(raw: dict[str, Any], item_id: Json, verifier: Json, completions: Json) -> str | None:
    """The first thing that is wrong with an item."""
    unknown = sorted(map(str, raw.keys() - _ITEM))
    params, thinking = raw.get("params"), raw.get("thinking")
    checks = (
        (bool(unknown), f"unknown key {unknown[:1]}; there are: {', '.join(sorted(_ITEM))}"),
        (not isinstance(item_id, str), "'id' must be a string"),
        (not isinstance(verifier, str), "'verifier' must be a string"),
        (verifier == "", "the item names no verifier, and the request has no default"),
        ("reference" not in raw, "'reference' is missing"),
        (not isinstance(completions, list), "'completions' must be a list"),
        (params is not None and not isinstance(params, dict), "'params' must be an object"),
        (thinking is not None and thinking not in _THINKING, f"'thinking' must be one of {', '.join(_THINKING)}"),
    )
    return next((message for wrong, message in checks if wrong), None)


def _faulty(item_id: str, verifier: str, count: int, fault: str) -> Item:
    return Item(item_id, verifier, None, (Completion(""),) * count, fault=fault)


def parse_deadline(raw: Json, default_s: float, max_s: float) -> float:
    """Seconds from receipt: the default where none was asked for, the longest there is where more was."""
    if raw is None:
        return default_s
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw) or raw <= 0:
        raise Problem("invalid-request", "'deadline_s' must be a positive number of seconds")
    return min(float(raw), max_s)


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) < MAX_DIGITS else digits
