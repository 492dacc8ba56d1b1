"""One request while it waits for its answers."""

from __future__ import annotations

import asyncio
import uuid
from itertools import accumulate

from reward_server.flights import Flights
from reward_server.planning import Plan
from reward_server.queue.base import Answer, flagged, null_answer
from reward_server.types import Lane, Outcome


class Waiting:
    """Fills a plan with answers, the first of each position, and tells which items are finished."""

    def __init__(self, plan: Plan, flights: Flights) -> None:
        self.request = uuid.uuid4().hex
        self.plan = plan
        self.finished: asyncio.Queue[int] = asyncio.Queue()
        """Indices of finished items, each once."""
        self.leads: dict[int, str] = {}
        """Cache keys by position that this request leads."""
        self.given_up: set[Lane] = set()
        self._flights = flights
        self._starts = [0, *accumulate(plan.counts)]
        self._item_of = [index for index, count in enumerate(plan.counts) for _ in range(count)]
        self._left = list(plan.counts)
        self.unfinished = len(plan.counts)
        for answer in plan.answers:
            if answer is not None:
                self._left[self._item_of[answer.position]] -= 1
        for index, left in enumerate(self._left):
            if left == 0:
                self._finish(index)

    def take(self, answer: Answer) -> None:
        """Note an answer; a second one of a position is dropped."""
        position = answer.position
        if not 0 <= position < len(self._item_of) or self.plan.answers[position] is not None:
            return
        answer = flagged(answer, self.plan.flags)
        self.plan.answers[position] = answer
        index = self._item_of[position]
        self._left[index] -= 1
        if self._left[index] == 0:
            self._finish(index)
        if (key := self.leads.pop(position, None)) is not None:
            self._flights.land(key, answer)

    def verifier_of(self, position: int) -> str:
        """Verifier of the item that a position belongs to."""
        return self.plan.verifiers[self._item_of[position]]

    def answers_of(self, index: int) -> list[Answer]:
        """All answers of a finished item."""
        answers = self.plan.answers[self._starts[index] : self._starts[index + 1]]
        assert all(answers)
        return answers  # type: ignore[return-value]

    def open_lanes(self) -> list[Lane]:
        """Lanes that still owe answers."""
        return [lane for lane in self.plan.works if self._open(lane)]

    def give_up(self, lane: Lane, reason: str) -> None:
        """Answer what is left of a lane with ``unavailable``."""
        self.given_up.add(lane)
        for position in self._open(lane):
            self.take(null_answer(position, Outcome.UNAVAILABLE, reason, retryable=True))

    def abandon(self) -> None:
        """Nobody waits here any more: let those who follow ask for themselves."""
        self.given_up.update(self.open_lanes())
        for key in self.leads.values():
            self._flights.land(key, None)
        self.leads.clear()

    def _open(self, lane: Lane) -> list[int]:
        answers = self.plan.answers
        return [p for work in self.plan.works[lane] for p in work.positions if answers[p] is None]

    def _finish(self, index: int) -> None:
        self.unfinished -= 1
        self.finished.put_nowait(index)
