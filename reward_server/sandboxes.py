"""Which sandboxes this machine has: settings in, a pool of one driver out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from reward_server.errors import ConfigurationError, RewardServerError
from reward_server.sandbox import docker, namespaces
from reward_server.sandbox.base import Sandboxes
from reward_server.sandbox.pool import Policy, Pool, PoolConfig
from reward_server.settings import Settings
from reward_server.types import Lane


def open_sandboxes(settings: Settings, *, limit: int = 1) -> Pool:
    """A pool of at most ``limit`` sandboxes; raises ``ConfigurationError`` or ``Unavailable``."""
    return _DRIVERS[driver_of(settings)](settings, limit)


def driver_of(settings: Settings) -> str:
    """The driver in force; raises ``ConfigurationError`` where there is none, saying why of each."""
    if settings.sandbox_driver == "none":
        raise ConfigurationError("sandboxes are switched off (REWARD_SANDBOX_DRIVER=none)")
    if settings.sandbox_driver != "auto":
        return settings.sandbox_driver
    reasons = []
    for name, factory in _DRIVERS.items():
        try:
            pool = factory(settings, 1)
        except RewardServerError as error:
            reasons.append(f"{name}: {error}")
            continue
        try:
            if pool.images():
                return name
            reasons.append(f"{name}: no image is built; `reward-server images build python` makes one")
        except RewardServerError as error:
            reasons.append(f"{name}: {error}")
        finally:
            pool.close()
    raise ConfigurationError("this machine has no sandboxes; " + "; ".join(reasons))


def lanes_of(settings: Settings) -> tuple[Lane, ...]:
    """The lanes that ``serve`` works: those of the settings, else what this machine allows."""
    if settings.lanes is not None:
        return settings.lanes
    try:
        driver_of(settings)
    except ConfigurationError:
        return (Lane.CPU,)
    return (Lane.CPU, Lane.SANDBOX)


def sandbox_environment(settings: Settings) -> str:
    """Fingerprint of the driver and its images, after the sandboxes have withstood an attack on themselves.

    Raises ``ConfigurationError`` where they have not.
    """
    pool = open_sandboxes(settings)
    try:
        if settings.sandbox_self_test:
            _attack(pool)
        images = sorted((name, image.digest) for name, image in pool.images().items())
        return hashlib.sha256(repr((pool.isolation, images)).encode()).hexdigest()[:16]
    finally:
        pool.close()


def _attack(sandboxes: Sandboxes) -> None:
    from reward_server.sandbox.selftest import attack

    attack(sandboxes)


def _docker(settings: Settings, limit: int) -> Pool:
    return docker.open_sandboxes(
        docker.DockerConfig(
            runtime=settings.sandbox_runtime, image_tag=settings.sandbox_image_tag, pool=_pool(settings, limit)
        )
    )


def _namespaces(settings: Settings, limit: int) -> Pool:
    return namespaces.open_sandboxes(namespaces.NamespacesConfig(pool=_pool(settings, limit)))


def _pool(settings: Settings, limit: int) -> PoolConfig:
    policy: Policy = "single_use" if settings.sandbox_policy == "single_use" else "warm"
    spare = 1 if policy == "single_use" else 0
    return PoolConfig(policy=policy, limit=limit + spare, spare=spare, largest_mb=settings.sandbox_largest_mb)


_DRIVERS: dict[str, Callable[[Settings, int], Pool]] = {"docker": _docker, "namespaces": _namespaces}
"""In the order in which ``auto`` tries them."""
