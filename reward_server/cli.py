"""``reward-server``: the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reward_server import __version__
from reward_server.errors import RewardServerError
from reward_server.settings import Settings, read_settings
from reward_server.types import Lane

app = typer.Typer(
    name="reward-server",
    help="Is this completion right? 1, 0, or null when we could not tell.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Host = Annotated[str | None, typer.Option(help="Address to listen on [REWARD_HOST, 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(help="Port to listen on, 0 for a free one [REWARD_PORT, 8000].")]
OpenDoor = Annotated[
    bool | None, typer.Option("--allow-unauthenticated", help="Listen where others can reach it, without an API key.")
]


def main() -> None:
    """Run a command; what we raise on purpose is one line and exit code 2."""
    try:
        app()
    except RewardServerError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False)
        sys.exit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Is this completion right? 1, 0, or null when we could not tell."""


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    data_dir: Annotated[Path | None, typer.Option(help="Keep the queue here; temporary without it.")] = None,
    workers: Annotated[int | None, typer.Option(help="Workers for each lane.")] = None,
    slots: Annotated[int | None, typer.Option(help="Completions that a worker verifies at once.")] = None,
    allow_unauthenticated: OpenDoor = None,
) -> None:
    """Everything in one process tree: queue, API and workers. Ctrl-C drains and stops."""
    from reward_server.serve import serve as run

    settings = _settings(
        host=host, port=port, data_dir=data_dir, workers=workers, slots=slots,
        allow_unauthenticated=allow_unauthenticated,
    )  # fmt: skip
    run(settings, lambda url: typer.echo(f"reward-server {__version__} listens on {url}"), _environment(settings))


@app.command()
def api(
    host: Host = None,
    port: Port = None,
    allow_unauthenticated: OpenDoor = None,
    fd: Annotated[int | None, typer.Option(hidden=True, help="Listening socket that was inherited.")] = None,
) -> None:
    """The HTTP API alone; REDIS_URL names the queue."""
    from reward_server.api_process import run_api

    run_api(_settings(host=host, port=port, allow_unauthenticated=allow_unauthenticated), fd)


@app.command()
def worker(
    lane: Annotated[Lane, typer.Option(help="The lane to work.")] = Lane.CPU,
    slots: Annotated[int | None, typer.Option(help="Completions verified at once [number of cores].")] = None,
) -> None:
    """One worker; REDIS_URL names the queue."""
    from reward_server.worker_process import run_worker

    run_worker(_settings(slots=slots), lane)


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="JSON lines, an item each.")],
    out: Annotated[Path | None, typer.Option(help="Write the items with their verdicts here, as JSON lines.")] = None,
    url: Annotated[str | None, typer.Option(help="A running server; one is started for the time otherwise.")] = None,
    table: Annotated[bool, typer.Option(help="Show every verdict, not the summary alone.")] = False,
    nulls_ok: Annotated[bool, typer.Option(help="Exit with 0 although some rewards are null.")] = False,
    deadline_s: Annotated[float, typer.Option(help="Seconds for each request.")] = 600.0,
) -> None:
    """Score a file. Exit code 0: all rewarded; 1: some rewards are null; 2: could not score."""
    from reward_server.scoring import score_file

    nulls = score_file(_settings(), file, out=out, url=url, table=table, deadline_s=deadline_s)
    raise typer.Exit(1 if nulls and not nulls_ok else 0)


@app.command()
def audit(
    file: Annotated[Path, typer.Argument(help="JSONL, JSON or CSV (.gz too), or Parquet.")],
    reference: Annotated[
        list[str],
        typer.Option(
            help="Column of the reference; dotted, or several joined by +. For a typed one KEY=COLUMN for each key, "
            "KEY==TEXT where it is the same in all rows."
        ),
    ],
    verifier: Annotated[str, typer.Option(help="The verifier of all rows.")] = "",
    verifier_column: Annotated[str, typer.Option(help="Column that names each row's verifier.")] = "",
    prompt: Annotated[str, typer.Option(help="Column of the prompt, to find doubled rows.")] = "",
    solution: Annotated[str, typer.Option(help="Column of a solution that should be right.")] = "",
    language: Annotated[str, typer.Option(help="Of solutions that are programs.")] = "python",
    params: Annotated[str, typer.Option(help="Column of the verifier's parameters, or JSON for all rows.")] = "",
    answer_after: Annotated[str, typer.Option(help="The reference stands behind the last of this mark: ####, A:")] = "",
    repeats: Annotated[int, typer.Option(help="How often each right answer is asked.")] = 2,
    mutants: Annotated[int, typer.Option(help="Changed programs for each solution that is one.")] = 5,
    slow_s: Annotated[float, typer.Option(help="Seconds from which a right answer is slow.")] = 10.0,
    max_bad_share: Annotated[float, typer.Option(help="Share of broken rows up to which the data set is fit.")] = 0.0,
    clean: Annotated[Path | None, typer.Option(help="Write the rows that are fit here.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page of HTML here.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Keep answers here, and go on where they stop.")] = None,
    url: Annotated[str | None, typer.Option(help="A running server; one is started for the time otherwise.")] = None,
) -> None:
    """Find rows that are broken, weak, flaky, slow or doubled. Exit code 0: fit to train on; 1: not; 2: cannot say."""
    from reward_server.audit import Options
    from reward_server.auditing import audit_file, columns_of

    columns = columns_of(
        reference, params=params, verifier=verifier, verifier_column=verifier_column, prompt=prompt, solution=solution,
        answer_after=answer_after, language=language,
    )  # fmt: skip
    options = Options(repeats, mutants, slow_s, max_bad_share)
    fit = audit_file(_settings(), file, columns, options, url=url, clean=clean, report=report, resume=resume)
    raise typer.Exit(0 if fit else 1)


@app.command()
def reverify(
    file: Annotated[Path, typer.Argument(help="Stored rollouts: items with the rewards or verdicts they got.")],
    out: Annotated[Path | None, typer.Option(help="Write what changed here, as JSON lines.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Keep answers here, and go on where they stop.")] = None,
    url: Annotated[str | None, typer.Option(help="A running server; one is started for the time otherwise.")] = None,
) -> None:
    """Score stored rollouts with today's verifiers. Exit code 0: no reward changed; 1: some did; 2: cannot say."""
    from reward_server.auditing import reverify_file

    result = reverify_file(_settings(), file, url=url, out=out, resume=resume)
    raise typer.Exit(1 if result.changes else 2 if result.undecided or result.unreadable else 0)


@app.command()
def verifiers(name: Annotated[str | None, typer.Argument(help="Show this one whole.")] = None) -> None:
    """The verifiers there are, with the shape of what they take."""
    from reward_server.showing import show_verifiers

    show_verifiers(_settings(), name)


images = typer.Typer(no_args_is_help=True, help="Images of the sandboxes: one for each language.")
app.add_typer(images, name="images")


@images.command("build")
def build_images(
    names: Annotated[list[str] | None, typer.Argument(help="Which ones; all without any.")] = None,
    base: Annotated[str | None, typer.Option(help="Another base image.")] = None,
    network: Annotated[str, typer.Option(help="Network of the build, which installs packages.")] = "host",
    missing: Annotated[bool, typer.Option("--missing", help="Only those that are not there.")] = False,
) -> None:
    """Build and probe. Exit code 1 if one could not be built, or has a language whose probe failed."""
    from reward_server.showing import build_and_show

    raise typer.Exit(0 if build_and_show(_settings(), names or [], base, network, only_missing=missing) else 1)


@images.command("list")
def list_images() -> None:
    """Every image, with the languages and versions that its probe proved."""
    from reward_server.showing import show_images

    show_images(_settings())


@app.command()
def doctor() -> None:
    """What works on this machine, and what to do about what does not. Exit code 1 if the server could not run."""
    from reward_server.doctor import examine

    raise typer.Exit(0 if examine(_settings()) else 1)


@app.command()
def ready(lane: Annotated[Lane, typer.Option(help="The lane that must have a worker.")] = Lane.CPU) -> None:
    """Exit code 0 when the queue at REDIS_URL answers and a worker of the lane is alive: for health checks."""
    import asyncio

    from reward_server.wiring import manned

    raise typer.Exit(0 if asyncio.run(manned(_settings(), lane)) else 1)


def _settings(**overrides: object) -> Settings:
    from reward_server.telemetry import configure_logging

    settings = read_settings(**overrides)
    configure_logging(settings.log_format, settings.log_level)
    return settings


def _environment(settings: Settings) -> dict[str, str]:
    """What the parts of ``serve`` must know of its flags."""
    flags = {"REWARD_SLOTS": str(settings.slots), "REWARD_HOST": settings.host}
    if settings.allow_unauthenticated:
        flags["REWARD_ALLOW_UNAUTHENTICATED"] = "true"
    return flags
