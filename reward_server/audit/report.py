"""The report of an audit: one HTML page with plots and a table, no script, nothing fetched."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from reward_server.audit.findings import WARNINGS, Kind
from reward_server.audit.run import Audit

MAX_TABLE = 2_000
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 small { font-weight: normal; color: #666; } .fit { color: #17733a; } .unfit { color: #b3261e; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .3rem .6rem; vertical-align: top; }
tr:nth-child(even) { background: #f5f5f5; } td:nth-child(3) { font: 13px ui-monospace, monospace; }
svg text { font: 12px system-ui, sans-serif; } figure { margin: 1.5rem 0; } figcaption { color: #666; }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #ddd; } tr:nth-child(even) { background: #222; } svg text { fill: #ddd; }
}
"""


def write_report(result: Audit, path: Path, title: str) -> None:
    """Write the page; every text of the data set is escaped."""
    path.write_text(render(result, title), encoding="utf-8")


def render(result: Audit, title: str) -> str:
    """The page as text."""
    verdict = ("fit", "fit to train on") if result.fit else ("unfit", "not fit to train on")
    rows = "".join(
        f"<tr><td>{finding.row}</td><td>{finding.kind}</td><td>{html.escape(finding.message)}</td></tr>\n"
        for finding in result.findings[:MAX_TABLE]
    )
    left_out = len(result.findings) - MAX_TABLE
    more = f"<p>{left_out} more findings are in the journal.</p>" if left_out > 0 else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Audit of {html.escape(title)}</title><style>{_STYLE}</style></head><body>
<h1>{html.escape(title)} <small>{result.rows} rows</small></h1>
<p class="{verdict[0]}"><strong>{len(result.broken)}</strong> rows are broken: {verdict[1]}
(up to {result.options.max_bad_share:.1%} is allowed).</p>
{_figure("Rows by finding", [(_label(kind), result.counts[kind]) for kind in Kind])}
{_figure("Seconds of a row's slowest completion", _histogram(result.run_s))}
{_figure("The commonest references: what always saying the same would earn", list(result.references))}
<table><thead><tr><th>row</th><th>finding</th><th>why</th></tr></thead><tbody>
{rows}</tbody></table>{more}
</body></html>
"""


def _label(kind: Kind) -> str:
    return f"{kind} (warning)" if kind in WARNINGS else kind.value


def _figure(caption: str, bars: Sequence[tuple[str, int]]) -> str:
    """A horizontal bar chart."""
    largest = max((count for _, count in bars), default=0) or 1
    lines = []
    for place, (label, count) in enumerate(bars):
        y, width = 22 * place, 400 * count / largest
        text = html.escape(label[:48])
        lines.append(
            f'<text x="290" y="{y + 15}" text-anchor="end">{text}</text>'
            f'<rect x="300" y="{y + 3}" width="{max(count > 0, width):.0f}" height="16" fill="#3b6fb6"/>'
            f'<text x="{308 + width:.0f}" y="{y + 15}">{count}</text>'
        )
    chart = (
        f'<svg viewBox="0 0 780 {22 * len(bars)}" role="img" aria-label="{html.escape(caption)}">{"".join(lines)}</svg>'
    )
    return f"<figure>{chart}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _histogram(values: Sequence[float]) -> list[tuple[str, int]]:
    edges = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
    lower = (0.0, *edges)
    counts = [
        sum(low <= value < high for value in values) for low, high in zip(lower, (*edges, float("inf")), strict=True)
    ]
    labels = [*(f"under {edge:g} s" for edge in edges), "10 s and more"]
    return list(zip(labels, counts, strict=True))
