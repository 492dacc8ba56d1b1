"""Where the files are that go inside a sandbox, and which release of the runner they are."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from reward_server.errors import ConfigurationError

LABEL_RUNNER = "reward-server.runner"
"""Label of an image: the fingerprint of the runner that was baked into it."""


def folder() -> Path:
    """The folder ``sandboxes``; raises ``ConfigurationError`` where it is missing."""
    spec = importlib.util.find_spec("sandboxes")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("the package `sandboxes` is not installed beside `reward_server`")
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def fingerprint() -> str:
    """Of the runner's sources: an image with another one speaks another protocol, and must be built again."""
    digest = hashlib.sha256()
    for path in sorted((folder() / "runner").glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
