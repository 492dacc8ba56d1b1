"""Real sandboxes for tests. Where a machine cannot make them, tests skip with the reason, and fail in CI."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from reward_server.errors import ConfigurationError, Unavailable
from reward_server.sandbox.base import Sandboxes
from reward_server.sandbox.docker import DockerConfig
from reward_server.sandbox.docker import open_sandboxes as open_docker
from reward_server.sandbox.namespaces import NamespacesConfig
from reward_server.sandbox.namespaces import open_sandboxes as open_namespaces
from reward_server.sandbox.pool import PoolConfig
from reward_server.types import Completion, Json, Verdict
from reward_server.verifiers.base import Context
from reward_server.verifiers.code import CodeVerifier
from reward_server.verifiers.registry import Registry

DRIVERS = ("docker", "namespaces")
_PACKAGES = "matplotlib networkx numpy pandas pytest scipy sklearn sortedcontainers sympy".split()
IMAGE_TAG = os.environ.get("REWARD_SERVER_TEST_IMAGE_TAG", "latest")
"""So that two checkouts on one machine do not test each other's images."""


OPEN: dict[str, Callable[[PoolConfig], Sandboxes]] = {
    "docker": lambda pool: open_docker(DockerConfig(image_tag=IMAGE_TAG, pool=pool)),
    "docker-runsc": lambda pool: open_docker(DockerConfig(image_tag=IMAGE_TAG, runtime="runsc", pool=pool)),
    "namespaces": lambda pool: open_namespaces(NamespacesConfig(pool=pool)),
}


def sandboxes_of(driver: str, *images: str) -> Iterator[Sandboxes]:
    """Sandboxes of a driver, closed afterwards; skips where it or one of the images is missing."""
    try:
        opened = OPEN[driver](PoolConfig(limit=2, acquire_s=60))
    except (Unavailable, ConfigurationError) as error:
        absent(f"{driver}: {error}")
    try:
        missing = [image for image in images or ("python",) if image not in opened.images()]
        if missing:
            absent(f"{driver}: no image for {', '.join(missing)}; run `reward-server images build`")
        yield opened
    finally:
        opened.close()


def absent(why: str) -> None:
    """Skip, or fail where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


class Grader:
    """The code verifier over real sandboxes."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self.sandboxes, self._registry = sandboxes, Registry()
        self._packages: dict[str, bool] = {}
        self._registry.register(CodeVerifier())

    def __call__(self, tests: Json, program: str, *, language: str = "python", **params: Json) -> Verdict:
        """The verdict for a program that is not wrapped in a fence."""
        reference = {"language": language, "tests": tests}
        return self.grade(reference, program, {"extract": "none", "time_s": 3, **params})

    def grade(self, reference: Json, completion: str, params: dict[str, Json]) -> Verdict:
        """The verdict for a completion."""
        context = Context(sandboxes=self.sandboxes)
        return self._registry.verify_once("code", reference, params, Completion(completion), context)

    def need(self, *texts: object) -> None:
        """Skip where tests or program want a package that the Python of this machine lacks; images have them all."""
        for package in _PACKAGES:
            if any(package in str(text) for text in texts) and not self._has(package):
                if self.sandboxes.isolation != "namespaces":
                    pytest.fail(f"the image lacks {package}")
                pytest.skip(f"this machine's Python has no {package}")

    def need_common_folder(self) -> None:
        """Skip where tests and program have none, not even ``/tmp``."""
        if self.sandboxes.isolation == "namespaces":
            pytest.skip("in namespaces, tests and program have no directory in common")

    def _has(self, package: str) -> bool:
        if package not in self._packages:
            tests = {"kind": "stdio", "cases": [{"input": "", "output": ""}]}
            self._packages[package] = self(tests, f"import {package}", time_s=20).reward == 1.0
        return self._packages[package]

    def check_examples(self) -> None:
        """Run the verifier's worked examples; raises where one comes out otherwise."""
        self._registry.check_examples("code", Context(sandboxes=self.sandboxes))
