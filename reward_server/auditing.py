"""``reward-server audit`` and ``reward-server reverify``: the audit over a server, with a progress bar and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from reward_server.audit import Audit, Columns, Options, Reverified, audit, reverify
from reward_server.audit.report import write_report
from reward_server.audit.rows import read_rows, write_rows
from reward_server.audit.run import Score, write_clean
from reward_server.errors import ConfigurationError
from reward_server.remote import scored, server
from reward_server.scoring import progress_bar
from reward_server.settings import Settings
from reward_server.types import Json

DEADLINE_S = 600.0


def columns_of(
    reference: Sequence[str], *, params: str = "", verifier: str = "", verifier_column: str = "", **columns: str
) -> Columns:
    """Columns as the command line names them: ``KEY=COLUMN`` for a typed reference, params as a column or as JSON.

    Raises ``ConfigurationError``.
    """
    if not (verifier or verifier_column):
        raise ConfigurationError("name a verifier, or the column that names it")
    keys = dict(one.split("=", 1) for one in reference if "=" in one)
    if keys and len(keys) < len(reference):
        raise ConfigurationError("a typed reference is KEY=COLUMN each time, a key once")
    if not keys and len(reference) != 1:
        raise ConfigurationError("a reference is one column, or KEY=COLUMN for each of its keys")
    fixed: dict[str, Json] = {}
    if params.startswith("{"):
        try:
            fixed, params = json.loads(params), ""
        except ValueError as error:
            raise ConfigurationError(f"--params is neither a column nor JSON: {error}") from None
    return Columns(
        keys or reference[0], verifier=verifier, verifier_column=verifier_column, params=params, fixed_params=fixed,
        **columns,
    )  # fmt: skip


def audit_file(
    settings: Settings, file: Path, columns: Columns, options: Options, *, url: str | None, clean: Path | None,
    report: Path | None, resume: Path | None,
) -> bool:  # fmt: skip
    """Audit a data set; writes the clean rows and the report where asked to. Whether it is fit to train on.

    Raises ``ConfigurationError`` for a file or columns that cannot be used, ``ScoringFailed`` when the server refuses.
    """
    rows, console = read_rows(file), Console()
    with server(settings, url) as client, progress_bar(console) as progress:
        score, advance = scorer(client, "audit"), _advance(progress, "auditing", len(rows))
        result = audit(rows, columns, score, options, journal=resume, progress=advance)
    if clean is not None:
        write_clean(rows, result, clean)
    if report is not None:
        write_report(result, report, file.name)
    console.print(_table(result))
    console.print(f"{result.rows} rows, {len(result.broken)} broken: {'fit' if result.fit else 'not fit'} to train on")
    return result.fit


def reverify_file(
    settings: Settings, file: Path, *, url: str | None, out: Path | None, resume: Path | None
) -> Reverified:
    """Score stored rollouts again; shows what changed. Raises as ``audit_file`` does."""
    rows, console = read_rows(file), Console()
    with server(settings, url) as client, progress_bar(console) as progress:
        advance = _advance(progress, "verifying again", len(rows))
        result = reverify(rows, scorer(client, "reverify"), journal=resume, progress=advance)
    if out is not None:
        write_rows(out, map(asdict, result.changes))
    if result.changes:
        table = Table(title="What changed", title_justify="left")
        for name in ("row", "completion", "before", "after", "outcome", "why"):
            table.add_column(name, overflow="fold")
        for one in result.changes[:100]:
            rewards = ["null" if reward is None else f"{reward:g}" for reward in (one.before, one.after)]
            table.add_row(str(one.row), str(one.completion), *rewards, one.outcome, Text(one.why[:200]))
        console.print(table)
        if len(result.changes) > 100:
            console.print(f"and {len(result.changes) - 100} more, all of them with --out")
    for row, problem in list(result.unreadable.items())[:10]:
        console.print(f"row {row} was left out: {problem}", style="yellow")
    console.print(
        f"{len(result.changes)} rewards changed, {result.compared} compared; {result.undecided} could not be told, "
        f"{len(result.unreadable)} of {len(rows)} rows left out"
    )
    return result


def scorer(client: httpx.Client, run: str) -> Score:
    """Scores items through a server."""

    def score(items: Sequence[Mapping[str, Json]]) -> Iterator[Sequence[Mapping[str, Any]]]:
        for _, result in scored(client, [dict(item) for item in items], DEADLINE_S, run):
            yield result["verdicts"]

    return score


def _advance(progress: Progress, what: str, total: int) -> Callable[[int, int], None]:
    bar = progress.add_task(what, total=total)
    return lambda done, of: progress.update(bar, completed=done, total=of)


def _table(result: Audit) -> Table:
    table = Table(title="Findings", title_justify="left")
    for name in ("kind", "rows", "for example"):
        table.add_column(name, overflow="fold")
    for kind, count in result.counts.most_common():
        example = next(finding for finding in result.findings if finding.kind == kind)
        table.add_row(kind.value, str(count), Text(f"row {example.row}: {example.message}"[:200]))
    return table
