"""The documentation is true: commands run, and what exists is described."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from reward_server.api.problems import PROBLEMS
from reward_server.audit.findings import Kind
from reward_server.cli import app
from reward_server.settings import Settings
from reward_server.types import Outcome
from reward_server.verifiers.defaults import default_registry
from tests.processes import ROOT, Server

README = (ROOT / "README.md").read_text()
DOCS = "\n".join(path.read_text() for path in sorted((ROOT / "docs").rglob("*.md")))


def blocks(language: str) -> list[str]:
    """Code blocks of the README in one language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """Every command that the README tells a reader to type."""
    lines = [line for block in blocks("console") for line in block.splitlines()]
    return [line.removeprefix("$ ").split("  #")[0].strip() for line in lines if line.startswith("$ ")]


def shown_exchange() -> tuple[str, str]:
    """The first request that the README sends with curl, and the answer that it shows, which may be broken anywhere."""
    found = re.search(r"\$ curl [^']*/v1/rewards -d '([^']*)'\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1], found[2]


def test_the_first_screen_shows_a_reward_before_it_talks() -> None:
    first = README.splitlines()[:40]
    assert "make demo" in "\n".join(first)
    assert '"rewards":[1.0,0.0]' in "\n".join(first).replace(" ", "")
    assert any("RemoteReward" in line for line in first)


def test_the_readme_curl_gives_what_the_readme_says(server: Server) -> None:
    body, shown = shown_exchange()
    answer = server.client.post("/v1/rewards", content=body).text
    assert json.loads(_timeless(answer)) == json.loads(_timeless(shown))
    assert list(json.loads(answer)["items"][0]["verdicts"][0]) == list(json.loads(shown)["items"][0]["verdicts"][0])


def test_the_readme_is_as_wide_as_a_screen() -> None:
    wide = [line for line in README.splitlines() if len(line) > 120 and not line.startswith("|")]
    assert wide == []


@pytest.fixture
def plain() -> dict[str, str]:
    """The environment of a reader who has set nothing, and who is not inside a ``make`` (which names its folders)."""
    return {
        key: value for key, value in os.environ.items() if not key.startswith(("REWARD_", "REDIS_", "MAKE", "MFLAGS"))
    }


def test_make_demo_scores_with_every_verifier_and_says_why(plain: dict[str, str]) -> None:
    done = subprocess.run(["make", "demo"], capture_output=True, text=True, cwd=ROOT, env={**plain, "COLUMNS": "200"})
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    assert "Summary" in done.stdout and "thinking was opened and never closed" in done.stdout
    for entry in default_registry(third_party=False):
        assert entry.verifier.name in done.stdout


def test_make_serve_runs_until_it_is_interrupted(plain: dict[str, str]) -> None:
    process = subprocess.Popen(
        ["make", "serve"], stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**plain, "REWARD_PORT": "0"},
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    process.stdout.close()
    process.wait(30)
    assert "listens on http://127.0.0.1:" in line


def test_the_readme_score_command_writes_verdicts(server: Server, plain: dict[str, str], tmp_path: Path) -> None:
    command = next(command for command in commands() if command.startswith("reward-server score"))
    words = command.replace("verdicts.jsonl", str(tmp_path / "verdicts.jsonl")).split()[1:]
    words += ["--url", server.url]  # without it one is started, as `make demo` does
    done = subprocess.run(
        [sys.executable, "-m", "reward_server", *words], capture_output=True, text=True, cwd=ROOT, env=plain
    )
    assert done.returncode == 1, done.stderr  # the examples hold broken tasks, whose rewards are null
    assert (tmp_path / "verdicts.jsonl").read_text().count("\n") == len(
        (ROOT / "examples/rollouts.jsonl").read_text().splitlines()
    )


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in {command.split()[1] for command in commands() if command.startswith("make ")}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_reward_server_command_in_the_readme_is_understood() -> None:
    for command in commands():
        words = command.removeprefix(".venv/bin/").split()
        if words[0] == "reward-server":
            done = CliRunner().invoke(app, [words[1], "--help"], env={"COLUMNS": "160"})
            assert done.exit_code == 0, command
            for flag in (word.split("=")[0] for word in words if word.startswith("--")):
                assert flag in done.output, command


def test_every_file_that_the_readme_names_exists() -> None:
    for name in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_in_the_readme(outcome: Outcome) -> None:
    assert f"`{outcome}`" in README


def test_every_verifier_has_a_line_in_the_readme_and_a_page() -> None:
    for entry in default_registry(third_party=False):
        assert f"`{entry.verifier.name}`" in README, entry.verifier.name
        assert f"`{entry.verifier.name}`" in DOCS, entry.verifier.name


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    variable = "REDIS_URL" if name == "redis_url" else f"REWARD_{name.upper()}"
    assert f"`{variable}`" in DOCS
    assert Settings.model_fields[name].description


def test_every_command_is_documented() -> None:
    for name in sorted(get_command(app).commands):  # type: ignore[attr-defined]
        assert f"reward-server {name}" in README + DOCS, name


@pytest.mark.parametrize("kind", list(Kind))
def test_every_finding_of_an_audit_is_documented(kind: Kind) -> None:
    assert f"`{kind}`" in DOCS


@pytest.mark.parametrize("kind", sorted(PROBLEMS))
def test_every_problem_is_documented(kind: str) -> None:
    assert f"`{kind}`" in DOCS


def test_every_route_is_documented(server: Server) -> None:
    for path in server.client.get("/openapi.json").json()["paths"]:
        assert f"`{path}`" in DOCS or f" {path}`" in DOCS, path


def test_the_example_rollouts_cover_every_verifier_and_every_kind_of_verdict() -> None:
    items = [json.loads(line) for line in (ROOT / "examples/rollouts.jsonl").read_text().splitlines()]
    names = {entry.verifier.name for entry in default_registry(third_party=False)}
    assert names <= {item["verifier"] for item in items}


def test_the_example_rollouts_show_every_outcome_but_our_own_failures(server: Server) -> None:
    items = [json.loads(line) for line in (ROOT / "examples/rollouts.jsonl").read_text().splitlines()]
    cpu = {entry.verifier.name for entry in default_registry(third_party=False) if entry.verifier.lane == "cpu"}
    summary = server.score([item for item in items if item["verifier"] in cpu | {"oracle"}])["summary"]
    for outcome in ("correct", "incorrect", "no_answer", "limit_exceeded", "invalid_task"):
        assert summary[outcome] > 0, outcome


def test_the_changelog_has_the_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in text or re.search(r"## \[\d+\.\d+\.\d+\]", text)


def test_no_path_of_one_machine_is_in_the_tree() -> None:
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT).stdout.split()
    place = re.compile(r"/(?:home|Users)/[a-z]\w+/")
    for name in tracked:
        path = Path(ROOT / name)
        if path.suffix in {".py", ".md", ".toml", ".yml", ".yaml"} and path.exists():
            assert not place.search(path.read_text(errors="replace")), name


def _timeless(text: str) -> str:
    return re.sub(r'"(queue_s|run_s)": ?[\d.e-]+', r'"\1":0', text)
