"""Programs of the task's owner: checkers and interactive judges. Their faults are the task's, never the program's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from reward_server.errors import InvalidTask, LimitExceeded
from reward_server.sandbox.base import Build, Execution, Language, Program, Sandbox, Sandboxes
from reward_server.verifiers.code.detail import cut, shown_bytes

T = TypeVar("T")

ACCEPTED, REJECTED = 0, (1, 2)
"""Exit statuses, as testlib has them: 1 is a wrong answer, 2 a wrong presentation; all others are faults of its own."""


def blame_for_sandboxes(role: str, killed: LimitExceeded, harmless: Callable[[], object]) -> None:
    """Raises ``InvalidTask`` where a program of the task ends its sandboxes also with what no model's program made."""
    try:
        harmless()
    except LimitExceeded:
        raise InvalidTask(f"the {role} ends its sandbox: {killed}", reason="broken_tests") from killed


class Failed(Exception):
    """It neither accepted nor rejected."""


@dataclass(frozen=True, slots=True)
class OwnedProgram:
    """A program that the task brought along, with what it is for (``checker``)."""

    role: str
    language: Language
    source: str
    memory_mb: int

    def built(self, sandbox: Sandbox, args: tuple[str, ...] = ()) -> Build:
        """It, compiled; raises ``InvalidTask`` where it does not compile."""
        build = sandbox.build(Program(self.language, self.source.encode("utf-8", "replace"), args=args))
        if not build.ok:
            message = shown_bytes(build.execution.stderr + build.execution.stdout)
            raise InvalidTask(f"the {self.role} does not compile: {message}", reason="broken_tests")
        return build

    def within(self, sandboxes: Sandboxes, job: Callable[[Sandbox], T]) -> T:
        """Run ``job`` in a sandbox for its language; raises ``LimitExceeded`` where it ends two of them."""
        return sandboxes.within(job, image=self.language.image, memory_mb=self.memory_mb)

    def objection(self, execution: Execution) -> str | None:
        """None where its exit status accepts, its comment where it rejects; raises ``Failed`` for all else.

        A Python program that ends in a traceback has status 1 too, and has failed.
        """
        comment = cut((shown_bytes(execution.stderr) or shown_bytes(execution.stdout)).strip())
        if execution.limit is None and execution.exit_code == ACCEPTED:
            return None
        raised = self.language.name == "python" and b"Traceback (most recent call last)" in execution.stderr
        if execution.limit is None and execution.exit_code in REJECTED and not raised:
            return comment
        how = execution.limit or f"exit status {execution.exit_code}, signal {execution.signal}"
        raise Failed(f"the {self.role} failed ({how}): {comment}")

    def objection_or_blame(self, execution: Execution, harmless: Callable[[], Execution]) -> str | None:
        """As ``objection``; where it failed, ``harmless`` runs it on what no program of a model wrote.

        If it fails there too, the task is at fault, and ``InvalidTask`` is raised. Else it could not stand what the
        program wrote, which is an objection: no program may earn a null by breaking its checker.
        """
        try:
            return self.objection(execution)
        except Failed as failed:
            try:
                self.objection(harmless())
            except Failed as again:
                raise InvalidTask(str(again), reason="broken_tests") from None
            return str(failed)
