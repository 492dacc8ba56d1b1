"""How fast verifiers are: verifications a second and core, task prepared, on their own worked examples.

    python -m benchmarks.verifiers [NAME ...]

The last column is the ratio to ``json.loads`` of a 4 KB document in the same run, so that figures of two machines can
be compared.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from reward_server.errors import InvalidTask, LimitExceeded, Unavailable
from reward_server.types import Completion, Lane
from reward_server.verifiers.base import Example
from reward_server.verifiers.defaults import default_registry
from reward_server.verifiers.registry import Entry, Registry

SECONDS = 0.2
_DOCUMENT = json.dumps({f"key {number}": [number, str(number), None, True] for number in range(100)})


def main(names: list[str]) -> None:
    """Print one line for each verifier of the ``cpu`` lane."""
    registry = default_registry(third_party=False)
    reference = _rate(lambda: json.loads(_DOCUMENT))
    sys.stdout.write(f"{'verifier':14} {'examples':>8} {'prepare/s':>11} {'verify/s':>11} {'times json.loads':>20}\n")
    for entry in registry:
        name = entry.verifier.name
        if entry.verifier.lane is Lane.CPU and (not names or name in names):
            count, prepared, verified = _measured(registry, entry)
            sys.stdout.write(f"{name:14} {count:8} {prepared:11,.0f} {verified:11,.0f} {verified / reference:20.3f}\n")
            sys.stdout.flush()


def _measured(registry: Registry, entry: Entry) -> tuple[int, float, float]:
    """How many examples can be used, and the mean rate of preparing and of verifying one."""
    prepares: list[float] = []
    verifies: list[float] = []
    for example in entry.verifier.examples:
        completion = Completion(example.completion)
        prepare = partial(_prepared, registry, entry, example)
        try:
            task = prepare()
            entry.verifier.verify(task, completion, registry.context)
        except (InvalidTask, LimitExceeded, Unavailable):
            continue
        prepares.append(_rate(prepare))
        verifies.append(_rate(partial(entry.verifier.verify, task, completion, registry.context)))
    if not verifies:
        return 0, 0.0, 0.0
    return len(verifies), _harmonic(prepares), _harmonic(verifies)


def _prepared(registry: Registry, entry: Entry, example: Example) -> Any:
    return entry.verifier.prepare(*entry.parse(example.reference, example.params), registry.context)


def _rate(call: Callable[[], object]) -> float:
    """Calls a second of processor time, over ``SECONDS`` at least."""
    calls, start = 0, time.process_time()
    while (spent := time.process_time() - start) < SECONDS or calls == 0:
        call()
        calls += 1
    return calls / spent


def _harmonic(rates: list[float]) -> float:
    return len(rates) / sum(1 / rate for rate in rates)


if __name__ == "__main__":
    main(sys.argv[1:])
