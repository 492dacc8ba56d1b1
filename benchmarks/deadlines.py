"""How long after its deadline a request is answered whose programs will not end.

    python -m benchmarks.deadlines [--tag latest] [--deadline 2]

A whole server is asked over HTTP, one request at a time. First each program has longer to run than the request has;
then the request has long, and the program one second of processor time and three of wall time. Beside the time past
either stands what the answer says, and whether an honest program is judged right afterwards. What had to wait for a
processor, as a fork bomb does, is run once more before its limit counts: there the time is that of two runs.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.servers import running
from reward_server.types import Json

PROGRAMS: dict[str, str] = {
    "sleeps": "import time\ntime.sleep(100)",
    "loops": "while True: pass",
    "floods": "while True: print('x' * 1000)",
    "floods both streams": "import sys\nwhile True: print('x' * 1000); print('x' * 1000, file=sys.stderr)",
    "forks": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "forks sleepers": "import os, time\nfor _ in range(50):\n    if os.fork() == 0: time.sleep(100)\ntime.sleep(100)",
    "ignores signals": "import signal, time\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\ntime.sleep(100)",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "fills memory": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "fills the disk": "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'wb').write(b'x' * (1 << 20))",
    "deep directories": "import os\nwhile True:\n    os.mkdir('d'); os.chdir('d')",
}
LIMITS_S = {"time": 1.0, "wall": 3.0}
HONEST = "print(int(input()) + 1)"


def item(program: str, **params: Json) -> Json:
    """An item of one completion."""
    reference: Json = {
        "language": "python",
        "tests": {"kind": "stdio", "cases": [{"input": "1\n", "output": "2\n"}]},
    }
    completion = f"```python\n{program}\n# {time.perf_counter_ns()}\n```"
    return {"verifier": "code", "reference": reference, "params": {**params}, "completions": [completion]}


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag", default="latest", help="of the sandbox images")
    parser.add_argument("--deadline", type=float, default=2.0)
    options = parser.parse_args()
    settings = {
        "REWARD_REGISTRY": "reward_server.verifiers.defaults:default_registry",
        "REWARD_SANDBOX_DRIVER": "docker",
        "REWARD_SANDBOX_IMAGE_TAG": options.tag,
        "REWARD_SANDBOX_SELF_TEST": "false",
    }
    table = Table("program", "s past the deadline", "answer", "s past its limit", "limit", "an honest one right after")
    late: list[float] = []
    with running(cache=False, **settings) as server, httpx.Client(timeout=300) as client:

        def ask(items: list[Json], deadline_s: float) -> tuple[float, dict[str, Any]]:
            began = time.perf_counter()
            answer = client.post(f"{server.url}/v1/rewards", json={"items": items, "deadline_s": deadline_s})
            taken = time.perf_counter() - began
            verdict: dict[str, Any] = answer.raise_for_status().json()["items"][0]["verdicts"][0]
            return taken, verdict

        ask([item(HONEST)], 60)
        for name, program in PROGRAMS.items():
            taken_s, verdict = ask([item(program, time_s=30)], options.deadline)
            said = str(verdict.get("reason") or verdict["outcome"])
            ask([item(HONEST)], 60)  # what was cut off took its sandbox along: have another made
            time.sleep(1)
            limited_s, limited = ask([item(program, time_s=1)], 60)
            struck = str((limited.get("detail") or {}).get("limit"))
            past_s = limited_s - LIMITS_S[struck] if struck in LIMITS_S else None
            late += [taken_s - options.deadline] + ([past_s] if past_s is not None else [])
            _, honest = ask([item(HONEST)], 60)
            past = "" if past_s is None else f"{past_s:+.3f}"
            row = (name, f"{taken_s - options.deadline:+.3f}", said, past, struck, str(honest["outcome"]))
            table.add_row(*row)
    console = Console(width=120)
    console.print(table)
    console.print(f"the latest answer: {max(late):+.3f} s")


if __name__ == "__main__":
    main()
