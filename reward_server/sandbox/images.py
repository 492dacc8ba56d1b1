"""Builds the images of ``sandboxes/images`` and reads what they proved when they were built.

An image advertises a language only where its probe, run in the image itself, exited 0; the answers are a label. The
build context is the folder ``sandboxes``, so that every image gets the same runner.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from reward_server.errors import Unavailable
from reward_server.sandbox.base import PYTHON, ImageInfo, Language
from reward_server.sandbox.docker import LABEL_LANGUAGES, DockerConfig, DockerDriver, engine_errors

_CONTEXT = Path(__file__).resolve().parents[2] / "sandboxes"
LANGUAGES: tuple[Language, ...] = (PYTHON,)


def names(context: Path = _CONTEXT) -> list[str]:
    """The images that can be built."""
    return sorted(path.parent.name for path in context.glob("images/*/Dockerfile"))


def build(
    image: str,
    config: DockerConfig | None = None,
    languages: Sequence[Language] = LANGUAGES,
    *,
    network: str = "host",
    context: Path = _CONTEXT,
) -> ImageInfo:
    """Build one image, probe it, and label it with what the probes proved.

    Raises ``Unavailable``, reason ``no_image`` for a name without a folder or a build that failed.
    """
    config = config or DockerConfig()
    if image not in names(context):
        known = ", ".join(names(context))
        raise Unavailable(f"there is no image {image!r}; there are: {known}", reason="no_image", retryable=False)
    tag = f"{config.image_prefix}{image}:{config.image_tag}"
    docker: Any = import_module("docker")
    with engine_errors(f"the image {image} was not built", reason="no_image"):
        client = docker.from_env(timeout=3600)
        made, _ = client.images.build(
            path=str(context), dockerfile=f"images/{image}/Dockerfile", tag=tag, network_mode=network, rm=True
        )
        proved = {
            language.name: version
            for language in languages
            if language.image == image and (version := _probe(client, made.id, language)) is not None
        }
        labelled = f"FROM {tag}\nLABEL {LABEL_LANGUAGES}='{json.dumps(proved)}'\n".encode()
        client.images.build(fileobj=io.BytesIO(labelled), tag=tag, rm=True)
        client.close()
    return DockerDriver(config).images()[image]


def listed(config: DockerConfig | None = None) -> Mapping[str, ImageInfo]:
    """The images that are there; raises ``Unavailable`` where no engine answers."""
    return DockerDriver(config or DockerConfig()).images()


def _probe(client: Any, image: str, language: Language) -> str | None:
    """First line that the version probe printed, or None where it failed."""
    errors: Any = import_module("docker.errors")
    try:
        said: bytes = client.containers.run(
            image, list(language.version), remove=True, network_mode="none", stderr=True, entrypoint=""
        )
    except (errors.ContainerError, errors.APIError):
        return None
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[0][:100] if lines else ""
