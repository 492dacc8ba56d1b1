"""Every queue test runs on the embedded Valkey, and on a ``redis-server`` where one is found."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from reward_server.queue.connection import Client, connect
from reward_server.queue.embedded import EmbeddedValkey
from tests.processes import wait_for


@pytest.fixture(scope="session", params=["valkey", "redis"])
def queue_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real server."""
    if request.param == "valkey":
        valkey = EmbeddedValkey()
        valkey.start()
        yield valkey.url
        valkey.stop()
        return
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("needs redis-server on PATH; the embedded Valkey is always tested")
    folder = Path(tmp_path_factory.mktemp("redis"))
    socket = folder / "redis.sock"
    process = subprocess.Popen(
        [binary, "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    wait_for(socket.exists)
    yield f"unix://{socket}"
    process.terminate()
    process.wait()


@pytest_asyncio.fixture
async def redis(queue_url: str) -> AsyncIterator[Client]:
    """A connection to an empty server."""
    client = connect(queue_url)
    await client.flushall()
    yield client
    await client.aclose()
