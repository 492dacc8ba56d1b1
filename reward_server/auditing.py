"""``reward-server audit`` and ``reward-server reverify``: the audit over a server, with a progress bar and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from reward_server.audit import Audit, Columns, Options, audit, reverify
from reward_server.audit.report import write_report
from reward_server.audit.rows import Row, read_rows
from reward_server.remote import scored, server
from reward_server.scoring import progress_bar
from reward_server.settings import Settings
from reward_server.types import Json

DEADLINE_S = 600.0


def audit_file(
    settings: Settings, file: Path, columns: Columns, options: Options, *, url: str | None, clean: Path | None,
    report: Path | None, resume: Path | None,
) -> bool:  # fmt: skip
    """Audit a data set; writes the clean rows and the report where asked to. Whether it is fit to train on.

    Raises ``ConfigurationError`` for a file or columns that cannot be used, ``ScoringFailed`` when the server refuses.
    """
    rows, console = read_rows(file), Console()
    with server(settings, url) as client, progress_bar(console) as progress:
        score, advance = _scorer(client, "audit"), _advance(progress, "auditing", len(rows))
        result = audit(rows, columns, score, options, journal=resume, progress=advance)
    if clean is not None:
        _write(clean, [row for number, row in enumerate(rows) if number not in result.broken])
    if report is not None:
        write_report(result, report, file.name)
    console.print(_table(result))
    console.print(f"{result.rows} rows, {len(result.broken)} broken: {'fit' if result.fit else 'not fit'} to train on")
    return result.fit


def reverify_file(settings: Settings, file: Path, *, url: str | None, out: Path | None) -> int:
    """Score stored rollouts again; shows what changed and returns how many rewards did.

    Raises as ``audit_file`` does.
    """
    rows, console = read_rows(file), Console()
    with server(settings, url) as client, progress_bar(console) as progress:
        changes = reverify(rows, _scorer(client, "reverify"), progress=_advance(progress, "verifying again", len(rows)))
    if out is not None:
        _write(out, [{name: getattr(change, name) for name in change.__slots__} for change in changes])
    table = Table(title="What changed", title_justify="left")
    names = list(changes[0].__slots__) if changes else ["nothing"]
    for name in names:
        table.add_column(name, overflow="fold")
    for change in changes[:100]:
        table.add_row(*(str(getattr(change, name)) for name in names))
    console.print(table)
    console.print(f"{len(changes)} rewards of {len(rows)} items changed")
    return len(changes)


def _scorer(
    client: httpx.Client, run: str
) -> Callable[[Sequence[Mapping[str, Json]]], Sequence[Sequence[Mapping[str, Any]]]]:
    def score(items: Sequence[Mapping[str, Json]]) -> Sequence[Sequence[Mapping[str, Any]]]:
        results = scored(client, [dict(item) for item in items], DEADLINE_S, run)
        return [result["verdicts"] for _, result in results]

    return score


def _advance(progress: Progress, what: str, total: int) -> Callable[[int, int], None]:
    bar = progress.add_task(what, total=total)
    return lambda done, of: progress.update(bar, completed=done, total=of)


def _write(path: Path, rows: Sequence[Row]) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
    partial.replace(path)


def _table(result: Audit) -> Table:
    table = Table(title="Findings", title_justify="left")
    for name in ("kind", "rows", "for example"):
        table.add_column(name, overflow="fold")
    for kind, count in result.counts.most_common():
        example = next(finding for finding in result.findings if finding.kind == kind)
        table.add_row(str(kind.value), str(count), f"row {example.row}: {example.message}"[:200])
    return table
