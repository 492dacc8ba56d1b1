"""``reward-server verifiers`` and ``reward-server images``: what there is, for people."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reward_server.errors import ConfigurationError, InvalidTask
from reward_server.sandbox.images import build_image, image_names, list_images
from reward_server.settings import Settings
from reward_server.verifiers.registry import Entry, Registry
from reward_server.zygote import load


def show_verifiers(settings: Settings, name: str | None) -> None:
    """A table of all, or all about one. Raises ``ConfigurationError`` for a name that is not there."""
    registry: Registry = load(settings.registry)()
    console = Console()
    if name is not None:
        try:
            _show_one(console, registry.visible(name))
        except InvalidTask as error:
            raise ConfigurationError(str(error)) from None
        return
    table = Table()
    for column in ("verifier", "version", "lane", "what it does"):
        table.add_column(column, overflow="fold")
    for entry in registry:
        verifier = entry.verifier
        first = (type(verifier).__doc__ or "").strip().splitlines()[0]
        table.add_row(verifier.name, verifier.version, verifier.lane, first)
    console.print(table)


def _show_one(console: Console, entry: Entry) -> None:
    verifier = entry.verifier
    console.print(f"[bold]{verifier.name}[/] {verifier.version} · lane {verifier.lane}\n", highlight=False)
    console.print((type(verifier).__doc__ or "").strip() + "\n", highlight=False, markup=False)
    for title, schema in (("reference", entry.reference_schema), ("params", entry.params_schema)):
        console.print(f"[bold]{title}[/]")
        console.print_json(json.dumps(schema))
    for example in verifier.examples:
        console.print(f"[bold]{example.title}[/] → {example.outcome}", highlight=False)
        shown = {"reference": example.reference, "params": dict(example.params), "completion": example.completion}
        console.print_json(json.dumps(shown))


def build_and_show(settings: Settings, names: list[str], base: str | None, network: str, *, only_missing: bool) -> bool:
    """Build images, whatever becomes of each; whether every language that they should serve was proved.

    Raises ``ConfigurationError`` where no engine answers; what else went wrong is told at the end.
    """
    console, failed = Console(), []
    there = list_images(tag=settings.sandbox_image_tag)
    for name in names or image_names():
        if only_missing and there.get(name):
            continue
        try:
            with console.status(f"building {name}"):
                built = build_image(name, base=base, network=network, tag=settings.sandbox_image_tag)
        except ConfigurationError as error:
            failed.append(f"{name}: {error}")
            continue
        for language, version in built.languages.items():
            console.print(f"[green]ok[/]  {built.tag}  {language}: {version}", highlight=False)
        failed += [f"{built.tag}  {language}: {failure}" for language, failure in built.failures.items()]
    for failure in failed:
        console.print("[red]no[/] ", Text(failure))
    return not failed


def show_images(settings: Settings) -> None:
    """A table of all images."""
    table = Table()
    for column in ("image", "languages", "versions"):
        table.add_column(column, overflow="fold")
    for name, languages in list_images(tag=settings.sandbox_image_tag).items():
        if languages is None:
            table.add_row(name, "not built", f"reward-server images build {name}")
        else:
            table.add_row(name, ", ".join(languages), "; ".join(languages.values()))
    Console().print(table)
