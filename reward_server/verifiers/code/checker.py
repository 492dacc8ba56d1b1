"""A checker decides where many outputs are right: run apart from the program, after it has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from reward_server.errors import LimitExceeded
from reward_server.sandbox.base import Execution, ExecutionLimits, Sandbox, Sandboxes
from reward_server.verifiers.code.owned import OwnedProgram, blame_for_sandboxes
from reward_server.verifiers.code.reference import StdioCase

FILES = ("input.txt", "output.txt", "answer.txt")
"""The checker's arguments: the case, what the program printed, what the reference states."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Accepts or rejects outputs, in a sandbox of its own: an answer never enters one that the program is in."""

    owned: OwnedProgram
    limits: ExecutionLimits

    def objections(self, sandboxes: Sandboxes, outputs: Sequence[tuple[StdioCase, bytes]]) -> list[str | None]:
        """For each output None where the checker accepts, else its comment; raises ``InvalidTask`` where it fails."""

        def check(sandbox: Sandbox, pairs: Sequence[tuple[StdioCase, bytes]] = outputs) -> list[str | None]:
            build = self.owned.built(sandbox, FILES)

            def run(case: StdioCase, output: bytes) -> Execution:
                texts = (case.input.encode("utf-8", "replace"), output, case.output.encode("utf-8", "replace"))
                return sandbox.run(build, b"", self.limits, files=dict(zip(FILES, texts, strict=True)))

            def answer(case: StdioCase) -> Callable[[], Execution]:
                return lambda: run(case, case.output.encode("utf-8", "replace"))

            return [self.owned.objection_or_blame(run(case, output), answer(case)) for case, output in pairs]

        try:
            return self.owned.within(sandboxes, check)
        except LimitExceeded as killed:
            if len(outputs) > 1:
                return [self.objections(sandboxes, [pair])[0] for pair in outputs]
            ((case, _),) = outputs
            answer = (case, case.output.encode("utf-8", "replace"))
            blame_for_sandboxes("checker", killed, lambda: self.owned.within(sandboxes, partial(check, pairs=[answer])))
            return [f"the checker could not go on: {killed}"]
