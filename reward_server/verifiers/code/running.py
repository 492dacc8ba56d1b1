"""Running a program once per input, with a second look at what a busy machine may have caused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from reward_server.sandbox.base import Build, Execution, ExecutionLimits, Sandbox

BUSY_SHARE = 0.2
"""Share of its wall time that a timed-out run must have waited for a processor to be run again."""


def shuffled(total: int, seed: int) -> list[int]:
    """The order of the tests: the same for every completion of an item."""
    order = list(range(total))
    random.Random(seed).shuffle(order)
    return order


def deserves_another_run(execution: Execution) -> bool:
    """Whether a time limit struck on a machine that was too busy for the clock to be trusted."""
    return execution.limit in ("time", "wall") and execution.waited_s > BUSY_SHARE * execution.wall_s


def run_all(
    sandbox: Sandbox, build: Build, order: Sequence[int], stdin: Callable[[int], bytes], limits: ExecutionLimits
) -> Iterator[tuple[int, Execution]]:
    """Run a build once for each test of ``order``; yields the test and its run, in that order."""
    todo = list(order)
    while todo:
        for execution in sandbox.run_each(build, (stdin(index) for index in tuple(todo)), limits):
            if deserves_another_run(execution):
                break  # run it alone, then go on with the rest
            yield todo.pop(0), execution
        else:
            return
        index = todo.pop(0)
        yield index, sandbox.run(build, stdin(index), limits)
