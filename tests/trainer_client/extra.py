"""Tests of the trainer need its extra: skipped without it at home, failing without it in CI."""

from __future__ import annotations

import os

import pytest


def need_trainer() -> None:
    """Skip the calling module where torch and TRL are missing."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("trl", reason="needs the trainer extra: pip install -c constraints.txt -e '.[trainer]'")


QUIET = [
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
]
"""Warnings of transformers 5.23 about its own names, and of torch about a missing GPU."""
