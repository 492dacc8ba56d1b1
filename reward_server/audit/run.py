"""The audit itself: rows in, findings out, with a journal that lets it go on where it stopped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reward_server.audit.findings import Finding, Kind, asked_and_expected, findings
from reward_server.audit.journal import answered, appending, key_of
from reward_server.audit.probes import Columns, Question, question
from reward_server.audit.rows import Row, column, write_rows
from reward_server.errors import ConfigurationError
from reward_server.types import Json

Score = Callable[[Sequence[Mapping[str, Json]]], Iterable[Sequence[Mapping[str, Any]]]]
"""Scores items as ``POST /v1/rewards`` takes them; a list of verdicts (objects of the API) for each, in order, each as
soon as it is there."""
Progress = Callable[[int, int], None]
"""Called with rows done and rows in all."""


@dataclass(frozen=True, slots=True)
class Options:
    """How hard to look, and what is still fit."""

    repeats: int = 2
    """How often each right answer is asked."""
    mutants: int = 5
    """Changed programs for each solution that is one."""
    slow_s: float = 10.0
    max_bad_share: float = 0.0
    """Share of broken rows up to which the data set is fit."""
    batch_rows: int = 256


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found."""

    rows: int
    findings: tuple[Finding, ...]
    run_s: tuple[float, ...] = ()
    """Seconds of the slowest right answer of each row."""
    references: tuple[tuple[str, int], ...] = ()
    """The commonest references: what a model earns by always saying the same."""
    options: Options = field(default_factory=Options)

    @property
    def broken(self) -> frozenset[int]:
        """Rows that should not be trained on."""
        return frozenset(finding.row for finding in self.findings if finding.breaks)

    @property
    def fit(self) -> bool:
        """Whether the data set may be trained on as it is."""
        return len(self.broken) <= self.options.max_bad_share * self.rows

    @property
    def counts(self) -> Counter[Kind]:
        """How many rows have each kind of finding."""
        return Counter(finding.kind for finding in self.findings)


def audit(
    rows: Sequence[Row],
    columns: Columns,
    score: Score,
    options: Options | None = None,
    *,
    journal: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Audit:
    """Ask about every row; with a ``journal`` the answers are kept there, and rows already in it are not asked again.

    Raises ``ConfigurationError`` for columns that make no sense, and whatever ``score`` raises.
    """
    options = options or Options()
    questions = [
        question(row, index, columns, repeats=options.repeats, mutant_count=options.mutants)
        for index, row in enumerate(rows)
    ]
    if questions and all(one.item["reference"] is None for one in questions):
        raise ConfigurationError(f"no row has a column {columns.reference!r}")
    found: dict[int, list[Finding]] = {}
    times: dict[int, float] = {}
    for index, kept in answered(journal, {one.index: _key(one, options) for one in questions}).items():
        mine = [Finding(index, Kind(one["kind"]), one["message"]) for one in kept["findings"]]
        if all(one.kind is not Kind.UNDECIDED for one in mine):
            found[index], times[index] = mine, kept["run_s"]
    progress(len(times), len(rows))
    waiting = [one for one in questions if one.index not in times]
    with appending(journal) as keep:
        for batch in _batches(waiting, options.batch_rows):
            for one, verdicts in zip(batch, score([one.item for one in batch]), strict=True):
                mine = findings(one, verdicts, slow_s=options.slow_s)
                seconds = max((float(verdict.get("run_s") or 0) for verdict in verdicts), default=0.0)
                found[one.index], times[one.index] = mine, seconds
                keep({"row": one.index, "key": _key(one, options), "run_s": seconds, "findings": [*map(asdict, mine)]})
                progress(len(times), len(rows))
    everything = [finding for index in range(len(rows)) for finding in found[index]]
    everything += _doubled(rows, columns, questions)
    common = Counter(json.dumps(one.item["reference"], default=str)[:100] for one in questions).most_common(10)
    ordered = sorted(everything, key=lambda finding: (finding.row, finding.kind))
    return Audit(len(rows), tuple(ordered), tuple(times[index] for index in range(len(rows))), tuple(common), options)


def write_clean(rows: Sequence[Row], result: Audit, path: Path) -> int:
    """Write the rows that are fit and stand for the first time as JSON Lines; how many there are."""
    doubled = {finding.row for finding in result.findings if finding.kind is Kind.DUPLICATE}
    kept = [row for index, row in enumerate(rows) if index not in result.broken | doubled]
    write_rows(path, kept)
    return len(kept)


def _doubled(rows: Sequence[Row], columns: Columns, questions: Sequence[Question]) -> Iterator[Finding]:
    """Rows that ask what an earlier one asked; without a column of prompts there is nothing to compare."""
    if not columns.prompt:
        return
    first: dict[str, tuple[int, str]] = {}
    for row, one in zip(rows, questions, strict=True):
        asked, expected = asked_and_expected(column(row, columns.prompt), one.item["reference"])
        earlier = first.setdefault(asked, (one.index, expected))
        if earlier[0] == one.index:
            continue
        kind = Kind.DUPLICATE if earlier[1] == expected else Kind.CONTRADICTION
        yield Finding(one.index, kind, f"row {earlier[0]} asks the same")


def _key(one: Question, options: Options) -> str:
    """Changes whenever what was asked about a row, or what counts as slow, does."""
    return key_of([one.item, options.slow_s])


def _batches(questions: Sequence[Question], size: int) -> Iterator[Sequence[Question]]:
    for start in range(0, len(questions), size):
        yield questions[start : start + size]
