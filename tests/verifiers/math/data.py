"""Real inputs that lie in a folder beside the checkout; tests without them are skipped at home and fail in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_DATA = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"


def data_file(name: str) -> Path:
    """The path of a data file, or a skip with the reason."""
    path = _DATA / name
    if not path.exists():
        reason = f"{name} is not in the shared data folder beside the checkout"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
