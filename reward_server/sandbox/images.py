"""Building and listing sandbox images: an image advertises only the languages that its probe proved.

A build runs in three steps: the ``Dockerfile`` of the folder; a throw-away container without network in which every
language of the table compiles and runs its probe; and the same build once more, all of it cached, with what the probe
proved as a label. The server reads labels and needs to start nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from reward_server.errors import ConfigurationError
from reward_server.sandbox.base import PYTHON
from reward_server.sandbox.inside import LABEL_RUNNER, fingerprint, folder
from reward_server.sandbox.languages import LANGUAGES, LanguageEntry, languages_of_image

LABEL_LANGUAGES = "reward-server.languages"
PREFIX = "reward-sandbox-"
_PROBE_MEMORY = 3 << 30
_COLOUR = re.compile(r"\x1b\[\d*m")
_PROBE = """
import json, os, subprocess, sys, tempfile
proved = {}
for name, job in json.loads(sys.argv[1]).items():
    folder = tempfile.mkdtemp()
    fill = lambda command: [part.replace("{build}", folder) for part in command]
    run = lambda command, text="": subprocess.run(
        fill(command), input=text, capture_output=True, text=True, cwd=folder, timeout=180,
        env={**os.environ, **job["env"]})
    try:
        with open(os.path.join(folder, job["file"]), "w") as file:
            file.write(job["source"])
        for command in [job["compile"]] if job["compile"] else []:
            done = run(command)
            assert done.returncode == 0, done.stderr + done.stdout
        done = run(job["run"], job["input"])
        assert done.returncode == 0 and done.stdout.split() == ["42"], repr((done.returncode, done.stdout, done.stderr))
        done = run(job["version"])
        assert done.returncode == 0, done.stderr
        lines = (done.stdout + "\\n" + done.stderr).splitlines()
        proved[name] = {"version": [line for line in lines if line.strip() and "warning" not in line][0][:100]}
    except Exception as error:
        proved[name] = {"error": f"{type(error).__name__}: {error}"[-1500:]}
print(json.dumps(proved))
"""


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image that was built, with what its probe found."""

    name: str
    tag: str
    languages: Mapping[str, str]
    """Language → version, of those that were proved."""
    failures: Mapping[str, str]
    """Language → what went wrong with its probe."""


def image_names() -> tuple[str, ...]:
    """The images that there are folders for, Python first."""
    images = dict.fromkeys(entry.language.image for entry in LANGUAGES.values())
    return tuple(name for name in images if (folder() / "images" / name / "Dockerfile").is_file())


def build_image(
    name: str, *, base: str | None = None, network: str = "host", tag: str = "latest", prefix: str = PREFIX
) -> BuiltImage:
    """Build and probe an image; raises ``ConfigurationError`` with the end of the build's log where it fails.

    ``base`` replaces the base image of the ``Dockerfile`` (its build argument ``BASE``); ``network`` is that of the
    build, which installs packages.
    """
    if name not in image_names():
        raise ConfigurationError(f"there is no image {name!r}; there are: {', '.join(image_names())}")
    where = f"{prefix}{name}:{tag}"
    with closing(_client()) as client, _engine_errors():
        arguments = {"BASE": base} if base else {}
        _build(client, name, where, arguments, network, {})
        proved = _probed(client, where, name)
        languages = {language: found["version"] for language, found in proved.items() if "version" in found}
        _build(
            client,
            name,
            where,
            arguments,
            network,
            {LABEL_LANGUAGES: json.dumps(languages), LABEL_RUNNER: fingerprint(name)},
        )
    failures = {language: found["error"] for language, found in proved.items() if "error" in found}
    return BuiltImage(name, where, languages, failures)


def list_images(*, tag: str = "latest", prefix: str = PREFIX) -> dict[str, dict[str, str] | None]:
    """Every image there is a folder for, with the languages of the one that is built, or None.

    An image that was built from another release counts as not built.
    """
    found: dict[str, dict[str, str] | None] = dict.fromkeys(image_names())
    with closing(_client()) as client, _engine_errors():
        for image in client.api.images(filters={"label": LABEL_LANGUAGES}):
            for name in found:
                tagged = f"{prefix}{name}:{tag}" in (image["RepoTags"] or ())
                if tagged and image["Labels"].get(LABEL_RUNNER) == fingerprint(name):
                    found[name] = json.loads(image["Labels"][LABEL_LANGUAGES])
    return found


def _build(client: Any, name: str, where: str, arguments: dict[str, str], network: str, labels: dict[str, str]) -> None:
    import docker.errors

    try:
        client.images.build(
            path=str(folder()),
            dockerfile=f"images/{name}/Dockerfile",
            tag=where,
            buildargs=arguments,
            network_mode=network,
            labels=labels,
            rm=True,
            forcerm=True,
        )
    except docker.errors.BuildError as error:
        log = "".join(line.get("stream", "") or line.get("error", "") for line in error.build_log)
        raise ConfigurationError(f"building {where} failed: {error.msg}\n{_COLOUR.sub('', log)[-1500:]}") from None


def _probed(client: Any, where: str, name: str) -> dict[str, dict[str, str]]:
    entries = {entry.language.name: entry for entry in (LANGUAGES["python"], *languages_of_image(name))}
    jobs = json.dumps({language: _job(entry) for language, entry in entries.items()})
    output = client.containers.run(
        where, ["python3", "-c", _PROBE, jobs], network_mode="none", remove=True, mem_limit=_PROBE_MEMORY,
        working_dir="/tmp", user="65534:65534", environment={"HOME": "/tmp"}, cap_drop=["ALL"],
    )  # fmt: skip
    proved: dict[str, dict[str, str]] = json.loads(output.splitlines()[-1])
    return proved


def _job(entry: LanguageEntry) -> dict[str, Any]:
    language = entry.language
    python = language is PYTHON  # which is forked from the runner's own interpreter, wherever that lies
    return {
        "file": language.file,
        "source": entry.probe,
        "input": entry.probe_input,
        "compile": language.compile,
        "run": ("python3", "{build}/main.py") if python else language.run,
        "version": ("python3", "--version") if python else language.version,
        "env": dict(language.env),
    }


def _client() -> Any:
    import docker

    with _engine_errors():
        return docker.from_env(timeout=1800)


@contextmanager
def _engine_errors() -> Iterator[None]:
    import docker.errors
    import requests

    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        raise ConfigurationError(f"the Docker engine refused or does not answer: {error}") from error
