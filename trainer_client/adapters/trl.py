"""``RemoteReward``: the reward server as one of TRL's ``reward_funcs``.

::

    GRPOTrainer(
        model="Qwen/Qwen3-0.6B", train_dataset=dataset,
        reward_funcs=RemoteReward("http://127.0.0.1:8000", verifier="math", reference="answer"),
    )

Make it the only reward function: TRL sums several of them and counts a null of one of them as zero, that is as wrong.
Shaping is therefore done in here (``Shaping``). It is asynchronous, so that TRL runs it on its own loop; it can be
pickled, for trainers whose rollout workers are spawned processes; and it imports no framework.

TRL calls it once a rank, with whatever rows that rank holds: a group may be spread over two calls.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, repeat
from typing import Any

from trainer_client.client import AsyncRewardClient
from trainer_client.exchange import RetryPolicy
from trainer_client.shaping import Shaping, extracted, why
from trainer_client.wire import Completion, Item, Outcome, Verdict

log = logging.getLogger(__name__)

OUTAGE_SHARE = 0.5
"""From this share of lost verdicts on, it is not a fault but an outage, which is waited for."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of one completion."""

    verdict: Verdict
    value: float | None
    """How right it was, before shaping."""
    reward: float | None
    """What the trainer gets."""
    tokens: int
    truncated: bool
    """Generation stopped at the length limit."""

    @property
    def lost(self) -> bool:
        """No verdict, and asking later might give one."""
        return self.reward is None and self.verdict.retryable


class RemoteReward:
    """Asks the reward server for the verdicts of a batch, and shapes them into rewards.

    ``verifier`` names one verifier for all rows, ``verifier_column`` the dataset's column that names each row's;
    ``reference`` and ``params_column`` are columns too, ``params`` the same for every row. ``max_completion_length``
    and ``eos_token_ids`` tell truncated completions from finished ones (``VerifiedGRPOTrainer`` fills both in).
    ``deadline_s`` is the budget of one asking. When more than half of a call is lost even so, the server is down:
    then the call asks on for up to ``outage_s`` seconds, which together must stay far below the trainer's collective
    time-out (``ddp_timeout``, 1800 s by default). ``client`` takes further fields of ``trainer_client.client.Options``.
    """

    def __init__(
        self,
        url: str,
        *,
        verifier: str | None = None,
        verifier_column: str | None = None,
        reference: str = "answer",
        params: Mapping[str, Any] | None = None,
        params_column: str | None = None,
        shaping: Shaping | None = None,
        thinking: str | None = None,
        max_completion_length: int | None = None,
        eos_token_ids: Sequence[int] = (),
        deadline_s: float = 120.0,
        outage_s: float = 600.0,
        name: str = "verified",
        client: Mapping[str, Any] | None = None,
    ) -> None:
        if (verifier is None) == (verifier_column is None):
            raise ValueError(
                "give one of verifier (the same for all rows) and verifier_column (each row names its own)"
            )
        self.url = url
        self.verifier = verifier
        self.verifier_column = verifier_column
        self.reference = reference
        self.params = dict(params or {})
        self.params_column = params_column
        self.shaping = shaping or Shaping()
        self.thinking: Any = thinking
        self.max_completion_length = max_completion_length
        self.eos_token_ids = frozenset(eos_token_ids)
        self.deadline_s = deadline_s
        self.outage_s = outage_s
        self.client_options = {"retry": RetryPolicy(attempts=20), "detail": "brief", **(client or {})}
        self.__name__ = name
        self._client: tuple[tuple[int, int], AsyncRewardClient] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the open connections."""
        return {**self.__dict__, "_client": None}

    async def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Completion],
        completion_ids: Sequence[Sequence[int]] | None = None,
        *,
        trainer_state: Any = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Sequence[Any],
    ) -> list[float | None]:
        """The rewards of ``completions``, None where no one can tell. Raises ``RequestRejected``."""
        began = time.monotonic()
        step = None if trainer_state is None else trainer_state.global_step
        judged = await self.judge(prompts, completions, completion_ids, columns, step=step)
        if log_extra is not None:
            for column, values in columns_of(judged).items():
                log_extra(column, values)
        if log_metric is not None:
            for name, value in metrics_of(judged, time.monotonic() - began).items():
                log_metric(name, value)
        return [each.reward for each in judged]

    async def judge(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Completion],
        completion_ids: Sequence[Sequence[int]] | None,
        columns: Mapping[str, Sequence[Any]],
        *,
        step: int | None = None,
    ) -> list[Judged]:
        """What is known of ``completions``, outages waited through; ``columns`` are the dataset's, one value a row."""
        if completion_ids is None and self.shaping.overlong is not None:
            raise ValueError("overlong punishment counts tokens, and this trainer passes no completion_ids")
        lengths = [0] * len(completions) if completion_ids is None else [len(ids) for ids in completion_ids]
        cut = [self._truncated(ids) for ids in completion_ids or [()] * len(completions)]
        rows = self._items(prompts, completions, cut, columns, step)
        verdicts = await self._ask(rows)
        give_up = time.monotonic() + self.outage_s
        while (lost := _lost(verdicts)) and len(lost) > OUTAGE_SHARE * len(rows) and time.monotonic() < give_up:
            causes = ", ".join(sorted({str(verdicts[place].reason) for place in lost}))
            log.warning(
                "%d of %d completions have no verdict (%s): waiting for %s", len(lost), len(rows), causes, self.url
            )
            await asyncio.sleep(min(5.0, max(0.05, self.outage_s / 100)))
            again = await self._ask([rows[place] for place in lost], max_s=give_up - time.monotonic())
            for place, verdict in zip(lost, again, strict=True):
                if verdict.reason != "deadline":  # out of time is no news: the cause is what was said before
                    verdicts[place] = verdict
        return [
            Judged(
                verdict,
                self.shaping.value(verdict),
                self.shaping.reward(verdict, text_of(completion), tokens),
                tokens,
                truncated,
            )
            for verdict, completion, tokens, truncated in zip(verdicts, completions, lengths, cut, strict=True)
        ]

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        if self._client is not None:
            await self._client[1].aclose()
            self._client = None

    async def _ask(self, rows: Sequence[Item], *, max_s: float = float("inf")) -> list[Verdict]:
        """One verdict a row; rows in sequence that differ in their completion only travel as one item."""
        groups = [list(group) for _, group in groupby(rows, key=_shared)]
        items = [replace(group[0], completions=[row.completions[0] for row in group]) for group in groups]
        results = await self._connected().score(items, deadline_s=max(0.0, min(self.deadline_s, max_s)))
        return [verdict for result in results for verdict in result.verdicts]

    def _connected(self) -> AsyncRewardClient:
        here = (os.getpid(), id(asyncio.get_running_loop()))
        if self._client is None or self._client[0] != here:  # first call, or after a fork or on another loop
            self._client = (here, AsyncRewardClient(self.url, **self.client_options))
        return self._client[1]

    def _items(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Completion],
        cut: Sequence[bool],
        columns: Mapping[str, Sequence[Any]],
        step: int | None,
    ) -> list[Item]:
        """One item a row."""
        asked = [name for name in (self.reference, self.verifier_column, self.params_column) if name]
        missing = [name for name in asked if name not in columns]
        if missing:
            raise KeyError(f"the dataset has no column {missing[0]!r}; it has {sorted(columns)}")
        references = columns[self.reference]
        verifiers = columns[self.verifier_column] if self.verifier_column else repeat(self.verifier)
        params = map(self._params, columns[self.params_column]) if self.params_column else repeat(self._params(None))
        meta = {"step": step, "rank": int(os.environ.get("RANK", "0"))}
        return [
            Item(
                reference=reference,
                completions=[{"content": text_of(completion), "truncated": True} if was_cut else completion],
                verifier=verifier,
                params=each,
                prompt=prompt if is_plain(prompt) else None,
                meta=meta,
                thinking=self.thinking,
            )
            for prompt, completion, was_cut, reference, verifier, each in zip(
                prompts, completions, cut, references, verifiers, params, strict=False
            )
        ]

    def _params(self, own: Any) -> dict[str, Any]:
        """The parameters of a row whose own column holds ``own``: a mapping, the same as JSON, or None."""
        params = {**self.params, **((json.loads(own) if isinstance(own, str) else own) or {})}
        return {name: value for name, value in params.items() if value is not None}

    def _truncated(self, ids: Sequence[int]) -> bool:
        if self.max_completion_length is None or len(ids) < self.max_completion_length:
            return False
        return ids[-1] not in self.eos_token_ids


def text_of(completion: Any) -> str:
    """What the model wrote: the string, or the content of the last assistant message."""
    if isinstance(completion, str):
        return completion
    messages = [completion] if isinstance(completion, Mapping) else completion
    written = [m["content"] for m in messages if m.get("role", "assistant") == "assistant" and m.get("content")]
    if not written:
        return ""
    last = written[-1]
    return last if isinstance(last, str) else "".join(part.get("text", "") for part in last)


def is_plain(prompt: Any) -> bool:
    """Whether ``prompt`` is text, or messages of text: what can be shown in a log."""
    if isinstance(prompt, str):
        return True
    return isinstance(prompt, list) and all(
        isinstance(m, Mapping) and isinstance(m.get("content"), str) and set(m) <= {"role", "content"} for m in prompt
    )


def columns_of(judged: Sequence[Judged]) -> dict[str, list[Any]]:
    """Columns for a table of completions; the same ones whatever happened, as TRL gathers them by name."""
    return {
        "outcome": [str(each.verdict.outcome) for each in judged],
        "extracted": [extracted(each.verdict) for each in judged],
        "why": [why(each.verdict) for each in judged],
    }


def metrics_of(judged: Sequence[Judged], wait_s: float) -> dict[str, float]:
    """Shares of the outcomes and of truncated completions in a batch, and the seconds it took."""
    total = max(1, len(judged))
    outcomes = Counter(each.verdict.outcome for each in judged)
    shares = {f"outcome/{outcome}": outcomes[outcome] / total for outcome in Outcome}
    truncated = sum(each.truncated for each in judged) / total
    return {**shares, "reward/truncated": truncated, "reward/wait_s": wait_s}


def _shared(row: Item) -> tuple[Any, ...]:
    """Of a row what its neighbours may have too, for then they travel as one item."""
    return row.prompt, row.reference, row.verifier, row.params


def _lost(verdicts: Sequence[Verdict]) -> list[int]:
    return [place for place, verdict in enumerate(verdicts) if verdict.reward is None and verdict.retryable]
