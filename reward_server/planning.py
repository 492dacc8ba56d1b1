"""From items to work: what can be answered at once, and what has to be verified.

Every completion gets a position, its number in the request. An item that is at fault is answered here, and
so is a completion in which nothing is left after its thinking; the rest becomes ``Work`` of one lane.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from reward_server.chunks import LONG_REFERENCE, Work
from reward_server.costs import Costs
from reward_server.errors import InvalidTask
from reward_server.queue.base import Answer, null_answer, to_answer
from reward_server.repair import repair
from reward_server.thinking import split_thinking
from reward_server.types import Completion, Item, Json, Lane, Outcome, Verdict
from reward_server.verifiers.registry import Entry, Registry

_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
log = structlog.get_logger()
UNCLOSED = Verdict(Outcome.NO_ANSWER, 0.0, {"message": "thinking was opened and never closed"})


@dataclass(slots=True)
class Plan:
    """A request, taken apart."""

    counts: list[int] = field(default_factory=list)
    """Completions of each item."""
    verifiers: list[str] = field(default_factory=list)
    answers: list[Answer | None] = field(default_factory=list)
    """By position; None where work is to be done."""
    works: dict[Lane, list[Work]] = field(default_factory=dict)
    blobs: dict[Lane, dict[str, bytes]] = field(default_factory=dict)
    flags: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Flags of completions, by position, for the answers to come."""
    keys: dict[int, str] = field(default_factory=dict)
    """Cache keys by position."""


class Planner:
    """Plans requests against a registry."""

    def __init__(
        self,
        registry: Registry,
        key_of: Callable[[str, str, str, str], Callable[[str, str, bool], str] | None],
        costs: Costs,
        *,
        think_open: str = "<think>",
        think_close: str = "</think>",
        max_depth: int = 64,
    ) -> None:
        self._registry = registry
        self._key_of = key_of
        self._costs = costs
        self._tags = (think_open, think_close)
        self._max_depth = max_depth

    def plan(self, items: Sequence[Item], detail: str, *, internal: bool = False) -> Plan:
        """Take the items apart; never raises for what is in them. ``internal`` ones may ask hidden verifiers."""
        find = self._registry.__getitem__ if internal else self._registry.visible
        plan = Plan()
        for item in items:
            start = len(plan.answers)
            plan.answers += [None] * len(item.completions)
            plan.counts.append(len(item.completions))
            plan.verifiers.append(item.verifier)
            try:
                if item.fault is not None:
                    raise InvalidTask(item.fault, reason="bad_item")
                self._plan_item(find(item.verifier), item, start, plan, detail)
            except InvalidTask as error:
                self._refuse(plan, start, Outcome.INVALID_TASK, error.reason, str(error) if detail != "none" else "")
            except Exception:  # types of somebody else's verifier raised what no validator may: neighbours live on
                log.exception("an item could not be planned", verifier=item.verifier)
                self._refuse(plan, start, Outcome.UNAVAILABLE, "verifier_crashed", "")
        return plan

    def _refuse(self, plan: Plan, start: int, outcome: Outcome, reason: str, message: str) -> None:
        """Answer all completions from ``start`` on, those of the last item, with the same null."""
        null = null_answer(0, outcome, reason, retryable=False, message=message)
        for position in range(start, len(plan.answers)):
            plan.answers[position] = msgspec.structs.replace(null, position=position)
            plan.keys.pop(position, None)

    def _plan_item(self, entry: Entry, item: Item, start: int, plan: Plan, detail: str) -> None:
        reference, params = self._validated(entry, item)
        blob = ""
        if len(reference) > LONG_REFERENCE:
            encoded = reference.encode()
            blob = hashlib.sha256(encoded).hexdigest()
            plan.blobs.setdefault(entry.verifier.lane, {})[blob] = encoded
        work = Work(item.verifier, reference, blob, params, self._costs.of(item.verifier, entry.verifier.cost_s))
        key = self._key_of(item.verifier, blob or reference, params, detail)
        for position, completion in enumerate(item.completions, start):
            read = self._without_thinking(completion, item.thinking, entry.wants_thinking)
            if isinstance(read, Verdict):
                plan.answers[position] = to_answer(position, read, detail, entry.verifier.version)
                continue
            work.positions.append(position)
            work.texts.append(read.text)
            work.truncated.append(read.truncated)
            if entry.wants_thinking:
                work.thinking.append(read.thinking)
            if read.flags:
                plan.flags[position] = read.flags
            if key is not None:
                plan.keys[position] = key(read.text, read.thinking, read.truncated)
        if work.positions:
            plan.works.setdefault(entry.verifier.lane, []).append(work)

    def _without_thinking(self, completion: Completion | Verdict, mode: str, wanted: bool) -> Completion | Verdict:
        if isinstance(completion, Verdict):
            return completion
        thinking, text = split_thinking(completion.text, mode, *self._tags)
        if text is completion.text:
            return completion
        if text is None and not wanted:
            return UNCLOSED
        return Completion(text or "", completion.truncated, completion.flags, thinking if wanted else "")

    def _validated(self, entry: Entry, item: Item) -> tuple[str, str]:
        """Reference and params as canonical JSON; raises ``InvalidTask``."""
        for value, what in ((item.reference, "reference"), (item.params, "params")):
            check_json(value, what, self._max_depth)
        reference = self._fitting(entry, item)
        try:
            return canonical(reference), canonical(item.params)
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidTask(f"the reference cannot be written as JSON: {error}") from None

    def _fitting(self, entry: Entry, item: Item) -> Json:
        """The reference in the first form that the verifier takes: as it is, then as columns of data sets hold it."""
        failure: InvalidTask | None = None
        for candidate in _candidates(item.reference):
            try:
                entry.parse(candidate, item.params)
            except InvalidTask as error:
                failure = failure or error
            else:
                return candidate
        assert failure is not None
        raise failure


def canonical(value: Json) -> str:
    """One JSON text for equal values."""
    return _canonical(value)


def check_json(value: Json, what: str, max_depth: int) -> None:
    """Raises ``InvalidTask`` for a number that is not finite and for nesting beyond ``max_depth``."""
    if isinstance(value, str) or not value:
        return
    todo: list[tuple[Any, int]] = [(value, 0)]
    while todo:
        inner, depth = todo.pop()
        if depth > max_depth:
            raise InvalidTask(f"{what} is nested more than {max_depth} deep", reason="bad_item")
        if isinstance(inner, float) and not math.isfinite(inner):
            raise InvalidTask(f"{what} holds a number that is not finite", reason="bad_item")
        if isinstance(inner, dict):
            todo += [(part, depth + 1) for part in inner.values()]
        elif isinstance(inner, list):
            todo += [(part, depth + 1) for part in inner]


def _candidates(reference: Json) -> list[Json]:
    candidates = [reference]
    if isinstance(reference, (int, float)) and not isinstance(reference, bool):
        try:
            candidates.append(str(reference))
        except ValueError:  # more digits than Python writes
            return candidates
    if isinstance(reference, str) and reference.lstrip()[:1] in ("{", "["):
        try:
            decoded = json.loads(reference)
            check_json(decoded, "reference", 64)
            decoded = repair(decoded)
            candidates += [decoded, _without_nulls(decoded)]
        except (ValueError, RecursionError, InvalidTask):
            return candidates
    elif isinstance(reference, (dict, list)):
        candidates.append(_without_nulls(reference))
    return candidates


def _without_nulls(value: Json) -> Json:
    """Parquet gives every row the keys of all rows, filled with null."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
