"""Reading requests: raw bytes are parsed once, the envelope first, then each item alone.

What is wrong with the envelope is a ``Problem`` for the whole request. What is wrong with an item is that
item's fault (``invalid_task``), and its neighbours never hear of it.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from reward_server.api.problems import Problem
from reward_server.repair import repair, repair_text
from reward_server.service import Request
from reward_server.settings import Settings
from reward_server.types import Completion, Item, Json, Lane, Outcome, Verdict

_decode = msgspec.json.Decoder().decode
_ENVELOPE = frozenset({"items", "deadline_s", "run", "detail", "verifier"})
_ITEM = frozenset({"id", "verifier", "reference", "params", "completions", "prompt", "meta", "thinking"})
_KEPT_AS_IT_IS = frozenset({"completions", "prompt", "meta"})
"""Completions are repaired one by one, which is said of each; the others are read by nobody."""
_DETAIL = ("none", "brief", "full")
_TEXT_PARTS = ("text", "output_text")
"""Types of content parts that hold the answer; reasoning, images and the like do not."""
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
    _refuse_more_than_queues_hold(items, settings)
    # A key that is null is a key left out: clients write all their fields.
    given = {key: value for key, value in envelope.items() if key != "items" and value is not None}
    if dirty:
        given = {key: repair_text(value) if isinstance(value, str) else value for key, value in given.items()}
    run, detail, verifier = given.get("run", ""), given.get("detail", "full"), given.get("verifier", "")
    if detail not in _DETAIL:
        raise Problem("invalid-request", f"'detail' must be one of {', '.join(_DETAIL)}")
    if not (isinstance(run, str) and len(run) <= 200):
        raise Problem("invalid-request", "'run' must be a string of at most 200 characters")
    if not isinstance(verifier, str):
        raise Problem("invalid-request", "'verifier' must be a string")
    deadline_s = parse_deadline(given.get("deadline_s"), default_deadline_s, max_deadline_s)
    reader = _ItemReader(settings, verifier, dirty)
    return Request([reader.item(item, index) for index, item in enumerate(items)], deadline_s, run, detail)


def _refuse_more_than_queues_hold(items: list[Json], settings: Settings) -> None:
    """Before anything is made of them: millions of tiny completions fit into a body, and not into memory."""
    lists = (item.get("completions") for item in items if isinstance(item, dict))
    total = sum(len(completions) for completions in lists if isinstance(completions, list))
    most = len(Lane) * settings.queue_max_completions
    if total > most:
        raise Problem("larger-than-queue", f"{total} completions; all empty queues together hold {most}")


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
        completions = raw.get("completions")
        count = len(completions) if isinstance(completions, list) else 1
        if count > self._settings.max_completions_per_item:
            limit = self._settings.max_completions_per_item
            raise Problem("too-many-completions", f"item {index} has {count} completions; the limit is {limit}")
        if self._dirty:
            try:
                raw = {
                    repair_text(key): value if key in _KEPT_AS_IT_IS else repair(value) for key, value in raw.items()
                }
            except RecursionError:
                return _faulty(str(index), "", count, "the item is nested too deeply")
        item_id = str(index) if raw.get("id") is None else raw["id"]
        if isinstance(item_id, int) and not isinstance(item_id, bool):
            item_id = str(item_id)
        verifier = self._verifier if raw.get("verifier") in (None, "") else raw["verifier"]
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
            raw = [raw] if "role" in raw else raw.get("content")
        text = raw if isinstance(raw, str) else _transcript_text(raw)
        if not isinstance(text, str):
            return text
        if len(text) > self._settings.max_completion_chars:
            limit = self._settings.max_completion_chars
            raise Problem(
                "completion-too-long", f"item {index} has one of {len(text)} characters; the limit is {limit}"
            )
        if self._dirty and (repaired := repair_text(text)) is not text:
            return Completion(repaired, truncated, REPAIRED)
        return Completion(text, truncated)


_NOT_THE_MODELS = Verdict(Outcome.NO_ANSWER, 0.0, {"message": "the transcript has no assistant message"})


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
            return _message_text(message)
    return _NOT_THE_MODELS


def _message_text(message: dict[str, Any]) -> str | Verdict:
    """What the model wrote: the content, and structured tool calls as the text that chat templates make of them."""
    content, calls = message.get("content"), message.get("tool_calls")
    parts = content if isinstance(content, list) else []
    used = [part for part in parts if isinstance(part, dict) and part.get("type") == "tool_use"]
    calls = [*used, *(calls if isinstance(calls, list) else [])]
    text = _content(content)
    if not calls:
        return text
    try:
        blocks = [f"<tool_call>\n{json.dumps(_function(call), ensure_ascii=False)}\n</tool_call>" for call in calls]
    except RecursionError:
        deep = {"message": "a tool call is nested too deeply"}
        return Verdict(Outcome.INVALID_TASK, detail=deep, reason="bad_completion")
    return "\n".join([text, *blocks] if isinstance(text, str) and text else blocks)


def _function(call: Json) -> Json:
    return call.get("function", call) if isinstance(call, dict) else call


def _content(content: Json) -> str | Verdict:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type", "text") in _TEXT_PARTS]
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    return Verdict(Outcome.NO_ANSWER, 0.0, {"message": "the last assistant message has no text"})


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
    number = isinstance(raw, (int, float)) and not isinstance(raw, bool)
    if not (number and 0 < raw < math.inf):
        raise Problem("invalid-request", "'deadline_s' must be a positive number of seconds")
    return float(min(raw, max_s))


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) < MAX_DIGITS else digits
