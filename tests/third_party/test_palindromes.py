"""Somebody else's package: installed by pip, found by its entry point, held to the same contract."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reward_server.verifiers.registry import ENTRY_POINT_GROUP

HERE = Path(__file__).parent
PACKAGE = HERE / "palindromes"
GUIDE = HERE.parents[1] / "docs" / "verifiers.md"
PROGRAM = """
import json
from reward_server.types import Completion
from reward_server.verifiers.defaults import default_registry
registry = default_registry()
ask = lambda text: registry.verify_once("palindrome", "plan", {"min_letters": 5}, Completion(text)).reward
print(json.dumps([ask("Answer: nalp plan"), ask("Answer: plan"), "palindrome" in registry]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, put there by pip."""
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
         "--disable-pip-version-check", "--target", str(target), str(PACKAGE)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return target


def _run(program: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([*map(str, paths), str(HERE.parents[1])])
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=120,
    )


def test_an_installed_package_brings_its_verifier_by_its_entry_point(installed: Path) -> None:
    done = _run(PROGRAM, installed)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [1.0, 0.0, True]


def test_without_the_package_there_is_no_such_verifier() -> None:
    done = _run(
        "from reward_server.verifiers.defaults import default_registry\nprint('palindrome' in default_registry())"
    )
    assert done.stdout.strip() == "False", done.stderr


def test_a_package_whose_example_lies_stops_the_start_and_says_which(installed: Path, tmp_path: Path) -> None:
    broken = (installed / "palindromes.py").read_text().replace('"Answer: a canal"', '"Answer: canal lanac"')
    for path in installed.glob("palindromes-*.dist-info"):
        (tmp_path / path.name).mkdir()
        for file in path.iterdir():
            (tmp_path / path.name / file.name).write_bytes(file.read_bytes())
    (tmp_path / "palindromes.py").write_text(broken)
    done = _run(PROGRAM, tmp_path)
    assert done.returncode != 0
    assert "RegistrationError" in done.stderr and "'none'" in done.stderr


def test_the_guide_shows_this_package_as_it_is() -> None:
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert (PACKAGE / "palindromes.py").read_text() in blocks
    entry_point = (PACKAGE / "pyproject.toml").read_text()
    assert any(block.strip() in entry_point for block in blocks if ENTRY_POINT_GROUP in block)
