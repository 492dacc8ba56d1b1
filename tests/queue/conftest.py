"""Every queue test runs on the embedded Valkey, and on a Redis where one is found: on PATH, or as a Docker image."""

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

REDIS_IMAGE = "redis:7-bookworm"
"""The one of ``docker-compose.yml``."""


@pytest.fixture(scope="session", params=["valkey", "redis"])
def queue_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real server."""
    if request.param == "valkey":
        valkey = EmbeddedValkey()
        valkey.start()
        yield valkey.url
        valkey.stop()
        return
    folder = Path(tmp_path_factory.mktemp("redis"))
    folder.chmod(0o777)  # in a container it is somebody else who writes there
    socket = folder / "redis.sock"
    options = [
        "--port",
        "0",
        "--unixsocket",
        str(socket),
        "--unixsocketperm",
        "777",
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    process = subprocess.Popen([*_redis_server(folder), *options], stdout=subprocess.DEVNULL)
    wait_for(socket.exists)
    yield f"unix://{socket}"
    process.terminate()
    process.wait()


def _redis_server(folder: Path) -> list[str]:
    if binary := shutil.which("redis-server"):
        return [binary]
    if shutil.which("docker"):
        found = subprocess.run(["docker", "image", "inspect", REDIS_IMAGE], capture_output=True)
        if found.returncode == 0:
            shared = f"{folder}:{folder}"
            return ["docker", "run", "--rm", "--network", "none", "--volume", shared, REDIS_IMAGE, "redis-server"]
    pytest.skip(f"needs redis-server on PATH, or the image {REDIS_IMAGE}; the embedded Valkey is always tested")


@pytest_asyncio.fixture
async def redis(queue_url: str) -> AsyncIterator[Client]:
    """A connection to an empty server."""
    client = connect(queue_url)
    await client.flushall()
    yield client
    await client.aclose()
