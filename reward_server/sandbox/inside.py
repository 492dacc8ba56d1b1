"""Where the files are that go inside a sandbox, and which release they are."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from reward_server.errors import ConfigurationError

LABEL_RUNNER = "reward-server.runner"
"""Label of an image: the fingerprint of what was baked into it."""


def folder() -> Path:
    """The folder ``sandboxes``; raises ``ConfigurationError`` where it is missing."""
    spec = importlib.util.find_spec("sandboxes")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("the package `sandboxes` is not installed beside `reward_server`")
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def fingerprint(image: str) -> str:
    """Of the sources of the runner and of an image: one built from others is not what this server speaks to."""
    digest = hashlib.sha256()
    sources = [*(folder() / "runner").glob("*.py"), *(folder() / "images" / image).glob("*")]
    for path in sorted(path for path in sources if path.is_file()):  # an installer leaves folders of compiled files
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
