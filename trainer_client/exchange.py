"""The conversation with ``POST /v1/rewards``, without any I/O: what to send, when, and what the answer means.

``plan`` cuts a call into exchanges of bounded size. Each ``Exchange`` is then driven by someone who owns a socket and
a clock: ``step`` says *send this*, *sleep so long* or *done*; ``received`` and ``failed`` report what came of it. The
sync and the async client are two such drivers, so that both behave the same, and tests need neither.

Asked again, with exponential back-off and jitter, while budget and attempts last: transport errors, 408, 429, 5xx,
answers that break the contract, and verdicts that the server itself calls retryable (only those are sent again). A
repeated send carries the same ``Idempotency-Key``. A 413 is answered by halving, so that one huge completion costs
only itself. What is left at the end becomes ``unavailable``, with the cause as its reason.
"""

from __future__ import annotations

import email.utils
import json
import random
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from trainer_client.errors import RequestRejected, Unauthorized
from trainer_client.wire import Answer, Item, Outcome, Problem, Verdict, null

RETRIED_STATUSES = frozenset({408, 425, 429})
REASONS = {408: "server_timeout", 429: "overloaded", 503: "overloaded"}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to keep asking. Seconds."""

    attempts: int = 8
    """Sends of the same completions in one call, the first included."""
    null_attempts: int = 3
    """Of these, how many may end in a null that the server calls retryable."""
    backoff_s: float = 0.25
    """Wait before the second attempt; doubles with each further one. Half of it is drawn at random."""
    backoff_cap_s: float = 15.0
    attempt_s: float | None = None
    """The longest that one attempt may take; None: all that is left of the call's budget."""

    def wait_s(self, attempt: int, retry_after_s: float, draw: float) -> float:
        """Seconds to wait after ``attempt`` failed sends; ``draw`` is uniform in [0, 1).

        Never less than what the server asked for, and never all clients at the same moment.
        """
        backoff = min(self.backoff_cap_s, self.backoff_s * 2.0 ** min(attempt - 1, 30))
        return max(backoff * (0.5 + 0.5 * draw), retry_after_s * (1.0 + 0.1 * draw))


@dataclass(frozen=True, slots=True)
class Send:
    """POST ``body`` with ``headers``; no answer within ``timeout_s`` is a failure."""

    body: bytes
    headers: Mapping[str, str]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Sleep:
    """Do nothing for ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Piece:
    """One completion on its way: where its verdict belongs, and its JSON."""

    item: int
    completion: int
    id: str
    head: bytes
    """The item's own fields, ``{…,`` up to its completions; shared by its pieces."""
    body: bytes


@dataclass(slots=True)
class _Batch:
    """Pieces that travel together, with what has happened to them so far."""

    pieces: list[Piece]
    attempts: int = 0
    nulls: int = 0
    not_before: float = 0.0
    failure: tuple[str, str] = ("deadline", "no time was left to ask")
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


class Exchange:
    """The sends, waits and answers that settle a set of pieces.

    ``verdicts`` maps (item, completion) to the verdict, complete once ``step`` returned None.
    """

    def __init__(
        self, pieces: Sequence[Piece], policy: RetryPolicy, *, deadline: float, options: Mapping[str, Any]
    ) -> None:
        self._queue = deque([_Batch(list(pieces))])
        self._policy = policy
        self._deadline = deadline
        self._options = options
        self.verdicts: dict[tuple[int, int], Verdict] = {}
        self.sends = 0
        self.causes: list[str] = []
        """Why sends had to be repeated, one word each."""

    def step(self, now: float) -> Send | Sleep | None:
        """What to do at ``now`` (the clock of ``deadline``); None when every piece has its verdict."""
        while self._queue:
            batch = self._queue[0]
            left = self._deadline - max(now, batch.not_before)
            if left <= 0 or batch.attempts >= self._policy.attempts:
                self._give_up(self._queue.popleft())
            elif batch.not_before > now:
                return Sleep(batch.not_before - now)
            else:
                return self._send(batch, left)
        return None

    def abandon(self) -> None:
        """Ask no more: the call has failed elsewhere."""
        self._deadline = float("-inf")  # the driving thread, if there is one, finds this at its next step

    def failed(self, error: Exception, now: float) -> None:
        """The transport failed: no complete answer came."""
        self._again(self._queue[0], now, "unreachable", f"{type(error).__name__}: {error}")

    def received(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """An answer came. Raises ``RequestRejected`` where asking again is pointless."""
        batch = self._queue[0]
        if status == 200:
            self._settle(batch, body, now)
        elif status == 413 and len(batch.pieces) > 1:
            self._halve(self._queue.popleft())
        elif status == 413:
            problem = read_problem(body)
            batch.failure = ("too_large", problem.detail or problem.title or "the server takes no body of this size")
            self._give_up(self._queue.popleft(), retryable=False)
        elif status in RETRIED_STATUSES or status >= 500:
            wait_s = retry_after_s(headers.get("retry-after"))
            self._again(batch, now, REASONS.get(status, "server_error"), f"HTTP {status}", wait_s)
        else:
            raise rejection(status, body)

    def _send(self, batch: _Batch, left: float) -> Send:
        batch.attempts += 1
        self.sends += 1
        timeout_s = min(left, self._policy.attempt_s or left)
        # The server answers at its deadline; the margin lets that answer arrive.
        options = {**self._options, "deadline_s": round(timeout_s - min(2.0, 0.1 * timeout_s), 3)}
        headers = {
            "content-type": "application/json",
            "idempotency-key": batch.key,
            "x-request-id": f"{batch.key}-{batch.attempts}",
        }
        return Send(_join(batch.pieces, options), headers, timeout_s)

    def _settle(self, batch: _Batch, body: bytes, now: float) -> None:
        try:
            verdicts = _read_answer(batch.pieces, body)
        except ValueError as error:
            self._again(batch, now, "bad_response", _first_line(error))
            return
        unsettled = []
        for piece, verdict in zip(batch.pieces, verdicts, strict=True):
            self.verdicts[piece.item, piece.completion] = verdict
            if verdict.reward is None and verdict.retryable:
                unsettled.append(piece)
        batch.nulls += 1
        if unsettled and batch.nulls < self._policy.null_attempts:
            # Other work than before, so another key; the verdicts stand unless a later attempt betters them.
            self._queue[0] = replace(batch, pieces=unsettled, key=uuid.uuid4().hex)
            reason = self.verdicts[unsettled[0].item, unsettled[0].completion].reason
            self._again(self._queue[0], now, reason or "unavailable", "the server could not tell")
        else:
            self._queue.popleft()

    def _again(self, batch: _Batch, now: float, reason: str, error: str, retry_after_s: float = 0.0) -> None:
        batch.failure = (reason, error)
        batch.not_before = now + self._policy.wait_s(batch.attempts, retry_after_s, random.random())
        self.causes.append(reason)

    def _halve(self, batch: _Batch) -> None:
        middle = len(batch.pieces) // 2
        self._queue.extendleft([_Batch(batch.pieces[middle:]), _Batch(batch.pieces[:middle])])

    def _give_up(self, batch: _Batch, *, retryable: bool = True) -> None:
        verdict = null(Outcome.UNAVAILABLE, *batch.failure, retryable=retryable)
        for piece in batch.pieces:
            self.verdicts.setdefault((piece.item, piece.completion), verdict)


def plan(
    items: Sequence[Item], *, max_completions: int, max_bytes: int
) -> tuple[list[list[Piece]], dict[tuple[int, int], Verdict]]:
    """Cut ``items`` into runs of pieces of bounded number and size, each fit for one request.

    An item may be spread over several runs. The second value holds the verdicts of completions that cannot be
    written as JSON (NaN, a date …): ``invalid_task``, for one bad item never fails the others.
    """
    runs: list[list[Piece]] = []
    refused: dict[tuple[int, int], Verdict] = {}
    size = max_bytes
    head = b""
    for piece in _pieces(items, refused):
        cost = len(piece.body) + (len(piece.head) if piece.head is not head else 0)
        if not runs or size + cost > max_bytes or len(runs[-1]) >= max_completions:
            runs.append([])
            size, cost = 0, len(piece.body) + len(piece.head)
        runs[-1].append(piece)
        size, head = size + cost, piece.head
    return runs, refused


def read_problem(body: bytes) -> Problem:
    """The problem document in ``body``, or an empty one."""
    try:
        return Problem.model_validate_json(body)
    except ValidationError:
        return Problem()


def rejection(status: int, body: bytes) -> RequestRejected:
    """The exception for a final refusal."""
    problem = read_problem(body)
    kind = Unauthorized if status in (401, 403) else RequestRejected
    return kind(status, type=problem.type, title=problem.title, detail=problem.detail)


def retry_after_s(value: str | None) -> float:
    """Seconds asked for by a ``Retry-After`` header (RFC 9110: seconds or a date); 0 where there is none."""
    if value is None:
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return 0.0
    return seconds if 0.0 < seconds < float("inf") else 0.0


def _pieces(items: Sequence[Item], refused: dict[tuple[int, int], Verdict]) -> Iterator[Piece]:
    for number, item in enumerate(items):
        if isinstance(item.completions, str | Mapping):
            raise TypeError("Item.completions is a list of completions, not one completion")
        id = str(number) if item.id is None else item.id
        optional = {"prompt": item.prompt, "meta": item.meta, "thinking": item.thinking, "verifier": item.verifier}
        fields = {"id": id, "reference": item.reference, "params": item.params}
        fields |= {name: value for name, value in optional.items() if value is not None}
        try:
            head = _dump(fields)[:-1] + b","
            bodies = [_dump(completion) for completion in item.completions]
        except (TypeError, ValueError, RecursionError) as error:
            verdict = null(Outcome.INVALID_TASK, "not_json", str(error))
            refused.update({(number, place): verdict for place in range(len(item.completions))})
            continue
        for place, body in enumerate(bodies):
            yield Piece(number, place, id, head, body)


def _dump(value: Any) -> bytes:
    try:
        if isinstance(value, str):  # nearly all bytes that travel; what it makes of other types is too lenient
            return to_json(value)
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (PydanticSerializationError, UnicodeEncodeError):  # a lone surrogate: the server knows what to do with it
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _join(pieces: Sequence[Piece], options: Mapping[str, Any]) -> bytes:
    items = (
        piece[0].head + b'"completions":[' + b",".join(each.body for each in piece) + b"]}"
        for piece in _grouped(pieces)
    )
    return b'{"items":[' + b",".join(items) + b"]," + _dump(options)[1:]


def _grouped(pieces: Sequence[Piece]) -> list[list[Piece]]:
    return [list(group) for _, group in groupby(pieces, key=lambda piece: piece.item)]


def _first_line(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"
    return str(error)


def _read_answer(pieces: Sequence[Piece], body: bytes) -> list[Verdict]:
    """The verdicts for ``pieces``, in their order. Raises ``ValueError`` unless ids and counts are those asked for."""
    answered = Answer.model_validate_json(body).items
    asked = _grouped(pieces)
    if len(answered) != len(asked):
        raise ValueError(f"{len(answered)} items came back for {len(asked)}")
    verdicts: list[Verdict] = []
    for group, item in zip(asked, answered, strict=True):
        if item.id != group[0].id:
            raise ValueError(f"item {item.id!r} came back in the place of {group[0].id!r}")
        if len(item.verdicts) != len(group):
            raise ValueError(f"item {item.id!r} has {len(item.verdicts)} verdicts for {len(group)} completions")
        verdicts.extend(item.verdicts)
    return verdicts
