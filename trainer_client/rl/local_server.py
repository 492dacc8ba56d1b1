"""A reward server of one's own, for as long as a ``with`` block lasts: the command line, as a process."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

from trainer_client.errors import ConfigError

_STOP_S = 20.0


@contextlib.contextmanager
def local_server() -> Iterator[str]:
    """The URL of a server on a free port of this machine. Raises ``ConfigError`` where none can be started."""
    process = subprocess.Popen(
        [sys.executable, "-m", "reward_server", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C is ours to answer, and then the server's to hear of
    )
    try:
        yield _url(process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()


def _url(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        found = re.search(r"https?://\S+", line)
        if found:
            return found.group().rstrip(".")
    raise ConfigError(
        "no reward server could be started here: is the server extra installed? Try: reward-server doctor"
    )
