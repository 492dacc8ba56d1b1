"""What a reward costs a training step, and what the algorithms make of the same tiny task.

``python -m benchmarks.trainer [transport|share|algorithms]``, all three without an argument. ``transport`` asks a
server that does nothing, and then a real one with the cheapest verifier, for 256 and 8,192 completions of 4 KB.
``share`` is the part of a step of the demo that waits for rewards. ``algorithms`` trains the demo's model by GRPO, by
DAPO's loss and by DAPO with dynamic sampling, three seeds each, all from the same warmed-up model of a seed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from trainer_client.client import RewardClient
from trainer_client.wire import Item

SIZES = (256, 8192)
CHARACTERS = 4096
GROUP = 8
REPEATS = 9
SEEDS = (0, 1, 2)
WAYS: dict[str, dict[str, Any]] = {
    "grpo": {"preset": "grpo"},
    "dapo loss": {"preset": "dapo", "dynamic_sampling": False, "updates_per_rollout": 1},
    "dapo": {"preset": "dapo", "updates_per_rollout": 1},
}


class _Nothing(BaseHTTPRequestHandler):
    """Answers every completion with the same verdict, and does nothing else."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement

    def do_POST(self) -> None:
        """Read a request whole, answer it whole."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        verdict = {"reward": 1.0, "outcome": "correct"}
        items = [{"id": item["id"], "verdicts": [verdict] * len(item["completions"])} for item in asked["items"]]
        body = json.dumps({"items": items}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def transport() -> None:
    """Milliseconds of a call, client and transport and a server that does nothing; then a real one."""
    nothing = ThreadingHTTPServer(("127.0.0.1", 0), _Nothing)
    threading.Thread(target=nothing.serve_forever, daemon=True).start()
    _transport("a server that does nothing", f"http://127.0.0.1:{nothing.server_port}")
    nothing.shutdown()
    from trainer_client.rl.local_server import local_server

    with local_server() as url:
        _transport("a real server, verifier match", url)


def _transport(name: str, url: str) -> None:
    with RewardClient(url, detail="none") as client:
        for size in SIZES:
            times = []
            for repeat in range(REPEATS):
                texts = (f"{repeat}-{number} ".ljust(CHARACTERS, "y") for number in range(size))
                groups = [[next(texts) for _ in range(GROUP)] for _ in range(size // GROUP)]
                items = [Item(reference="42", completions=group, verifier="match") for group in groups]
                began = time.perf_counter()
                results = client.score(items)
                times.append(1000 * (time.perf_counter() - began))
                assert all(reward is not None for result in results for reward in result.rewards)
            middle, best = statistics.median(times), min(times)
            _say(f"{name:<32} {size:>5} x {CHARACTERS} B   p50 {middle:7.1f} ms   min {best:7.1f}")


def share() -> None:
    """The part of a step that waits for rewards, in the demo."""
    _with_demo(lambda url, folder: _share(url, folder))


def _share(url: str, folder: Path) -> None:
    from trainer_client.rl import demo

    history = demo.run(url, folder, steps=10, warm_up_steps=50, preset="grpo").history
    steps = [entry for entry in history if "rollouts/reward_wait_s" in entry][1:]
    wait = sum(entry["rollouts/reward_wait_s"] for entry in steps)
    total = sum(entry["step_time"] for entry in steps)
    _say(f"reward wait {wait:.3f} s of {total:.2f} s in {len(steps)} steps of 256 completions: {wait / total:.2%}")


def algorithms(steps: int = 30) -> None:
    """pass@1 by step and by completion scored."""
    _with_demo(lambda url, folder: _algorithms(url, folder, steps))


def _algorithms(url: str, folder: Path, steps: int) -> None:
    from trainer_client.rl import demo

    for seed in SEEDS:
        base = folder / str(seed)
        demo.warm_up(base / "sft", seed, 300)
        for name, way in WAYS.items():
            changes = {name: value for name, value in way.items() if name != "preset"}
            sizes = {"per_device_train_batch_size": 128, "learning_rate": 2e-4}
            learned = demo.run(
                url, base, preset=way["preset"], steps=steps, seed=seed, warm_up_steps=0, **{**sizes, **changes}
            )
            generated = [entry["rollouts/generated"] for entry in learned.history if "rollouts/generated" in entry]
            scored = [int(sum(generated[:step])) for step, _ in learned.curve]
            curve = "   ".join(
                f"{step}: {rate:.2f} ({count})" for (step, rate), count in zip(learned.curve, scored, strict=True)
            )
            _say(f"{name:<10} seed {seed}   step: pass@1 (completions scored)   {curve}")


def _with_demo(work: Callable[[str, Path], None]) -> None:
    import torch

    from trainer_client.rl import demo
    from trainer_client.rl.local_server import local_server

    torch.set_num_threads(1)
    demo.say = lambda line: None
    with tempfile.TemporaryDirectory() as folder, demo.quiet(), local_server() as url:
        work(url, Path(folder))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


PARTS = {"transport": transport, "share": share, "algorithms": algorithms}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=sorted(PARTS))
    chosen = parser.parse_args().part
    for part in [chosen] if chosen else PARTS:
        PARTS[part]()
