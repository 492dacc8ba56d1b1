"""What a reward costs a training step, and what the algorithms make of the same tiny task.

``python -m benchmarks.trainer [transport|share|algorithms]``, all three without an argument. ``transport`` asks a
server that does nothing, and then a real one with the cheapest verifier, for 256 and 8,192 completions of 4 KB.
``share`` is the part of a step of the demo that waits for rewards. ``algorithms`` trains the demo's model by GRPO, by
DAPO's loss and by DAPO with dynamic sampling, three seeds each, all from the same warmed-up model of a seed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from trainer_client.adapters.trl import RemoteReward
from trainer_client.client import RewardClient
from trainer_client.wire import Item

SIZES = (256, 8192)
CHARACTERS = 4096
TEXT = 60 * 'We have $\\frac{1}{2} + x^2$, so\n\n"it" holds – thus the answer is \\boxed{42}. '
GROUP = 8
REPEATS = 15
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
    """Milliseconds of a call: client, transport and a server that does nothing; then a real one."""
    with _nothing() as url:
        _transport("does nothing", url)
    from trainer_client.rl.local_server import local_server

    with local_server() as url:
        _transport("real, match", url)


@contextlib.contextmanager
def _nothing() -> Iterator[str]:
    """A server that does nothing, in a process of its own: a thread of this one would slow the client down."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_serve_nothing, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve_nothing(port: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Nothing)
    port.send(server.server_port)
    server.serve_forever()


def _transport(name: str, url: str) -> None:
    with RewardClient(url, detail="none") as client:
        for size in SIZES:
            _timed(f"{name}: RewardClient", size, lambda prompts, texts: _by_client(client, texts))
    reward = RemoteReward(url, verifier="match")
    loop = asyncio.new_event_loop()
    for size in SIZES:
        _timed(
            f"{name}: RemoteReward",
            size,
            lambda prompts, texts: loop.run_until_complete(reward(prompts, texts, answer=["42"] * len(texts))),
        )
    loop.run_until_complete(reward.aclose())
    loop.close()


def _by_client(client: RewardClient, texts: list[str]) -> list[float | None]:
    items = [
        Item(reference="42", completions=texts[at : at + GROUP], verifier="match") for at in range(0, len(texts), GROUP)
    ]
    return [reward for result in client.score(items) for reward in result.rewards]


def _timed(name: str, size: int, score: Callable[[list[str], list[str]], list[float | None]]) -> None:
    prompts = [f"prompt {number // GROUP}" for number in range(size)]
    times = []
    for repeat in range(REPEATS):
        texts = [(f"{repeat}-{number} " + TEXT)[:CHARACTERS] for number in range(size)]
        began = time.perf_counter()
        rewards = score(prompts, texts)
        times.append(1000 * (time.perf_counter() - began))
        assert len(rewards) == size and None not in rewards
    middle, best = statistics.median(times), min(times)
    _say(f"{name:<28} {size:>5} x {CHARACTERS} characters   p50 {middle:7.1f} ms   min {best:7.1f}")


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
