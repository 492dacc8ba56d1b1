"""The command line as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from reward_server import __version__
from tests.live import absent
from tests.processes import ROOT, Server

ITEMS = [
    {"id": "a", "verifier": "match", "reference": "42", "completions": ["Answer: 42", "Answer: 43"]},
    {"id": "b", "verifier": "math", "reference": "\\frac12", "completions": ["\\boxed{0.5}"]},
]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command, to its end."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("REWARD_", "REDIS_"))}
    return subprocess.run(
        [sys.executable, "-m", "reward_server", *arguments],
        capture_output=True, text=True, timeout=120, cwd=ROOT,
        env={**clean, "COLUMNS": "160", "REWARD_SANDBOX_DRIVER": "none", **environment},
    )  # fmt: skip


def written(path: Path, items: list[object]) -> str:
    """A file of items."""
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return str(path)


def test_score_starts_a_server_writes_verdicts_in_order_and_exits_with_0(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = run("score", written(tmp_path / "in.jsonl", list(ITEMS)), "--out", str(out), "--table")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(line["id"], line["rewards"]) for line in lines] == [("a", [1.0, 0.0]), ("b", [1.0])]
    assert "correct" in done.stdout and "Summary" in done.stdout


def test_what_score_wrote_is_verified_again(server: Server, tmp_path: Path) -> None:
    out, changed = tmp_path / "out.jsonl", tmp_path / "changed.jsonl"
    assert (
        run("score", written(tmp_path / "in.jsonl", list(ITEMS)), "--out", str(out), "--url", server.url).returncode
        == 0
    )
    same = run("reverify", str(out), "--url", server.url)
    assert same.returncode == 0 and "0 rewards changed, 3 compared" in same.stdout
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    rows[1]["rewards"] = [0.0]
    other = run("reverify", written(out, rows), "--out", str(changed), "--url", server.url)
    assert other.returncode == 1 and "1 rewards changed" in other.stdout
    assert json.loads(changed.read_text())["id"] == "b"
    unsaid = run("reverify", written(out, [{**rows[0], "rewards": []}]), "--url", server.url)
    assert unsaid.returncode == 2 and "row 0 was left out" in unsaid.stdout
    out.write_text(json.dumps(rows[0]) + "\n{oops\n")
    assert "line 2 is not JSON" in run("reverify", str(out), "--url", server.url).stderr


def test_score_exits_with_1_when_a_reward_is_null_and_with_0_when_that_is_fine(server: Server, tmp_path: Path) -> None:
    broken = {"id": "c", "verifier": "math", "reference": "\\frac{1}{", "completions": ["1"]}
    file = written(tmp_path / "in.jsonl", [broken])
    assert run("score", file, "--url", server.url).returncode == 1
    assert run("score", file, "--url", server.url, "--nulls-ok").returncode == 0


def test_score_uses_a_running_server(server: Server, tmp_path: Path) -> None:
    echo = {"verifier": "echo", "reference": "a", "completions": ["a"]}
    assert run("score", written(tmp_path / "in.jsonl", [echo]), "--url", server.url).returncode == 0


def test_score_says_which_line_it_cannot_read_and_writes_nothing(tmp_path: Path) -> None:
    file, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    file.write_text(json.dumps(ITEMS[0]) + "\n{oops\n")
    done = run("score", str(file), "--out", str(out))
    assert done.returncode == 2
    assert "in.jsonl:2 is not JSON" in done.stderr
    assert not out.exists()
    assert run("score", str(tmp_path / "nothing")).returncode == 2
    file.write_text("[1]\n")
    assert run("score", str(file)).returncode == 2


def test_score_says_what_a_server_refused(server: Server, tmp_path: Path) -> None:
    many = {"verifier": "echo", "reference": "a", "completions": ["a"] * 2000}
    done = run("score", written(tmp_path / "in.jsonl", [many]), "--url", server.url)
    assert done.returncode == 2
    assert "Too many completions" in done.stderr
    gone = run("score", written(tmp_path / "in.jsonl", list(ITEMS)), "--url", "http://127.0.0.1:9")
    assert gone.returncode == 2 and "went away" in gone.stderr


def test_verifiers_lists_all_and_shows_one_whole() -> None:
    listed = run("verifiers")
    assert listed.returncode == 0
    assert all(name in listed.stdout for name in ("math", "choice", "match"))
    one = run("verifiers", "match")
    assert '"type"' in one.stdout and "reference" in one.stdout
    assert run("verifiers", "nope").returncode == 2


def test_doctor_says_what_works_and_what_to_do() -> None:
    healthy = run("doctor", REWARD_PORT="0")
    assert healthy.returncode == 0, healthy.stdout
    assert "embedded Valkey starts" in healthy.stdout
    sick = run("doctor", REDIS_URL="redis://127.0.0.1:9", REWARD_PORT="0")
    assert sick.returncode == 1
    assert "check REDIS_URL" in " ".join(sick.stdout.split())


def test_a_worker_without_a_queue_is_one_clear_line() -> None:
    done = run("worker")
    assert done.returncode == 2
    assert "set REDIS_URL" in done.stderr and "Traceback" not in done.stderr


def test_an_image_that_cannot_be_built_holds_up_no_other_and_is_named_at_the_end() -> None:
    done = run("images", "build", "nothing", "neither")
    if done.returncode == 2:
        absent(done.stderr)
    assert done.returncode == 1
    assert "no image 'nothing'" in done.stdout and "no image 'neither'" in done.stdout


def test_help_names_every_command() -> None:
    text = run("--help").stdout
    for command in ("serve", "api", "worker", "score", "verifiers", "doctor"):
        assert command in text
    assert run("--version").stdout.strip() == __version__
