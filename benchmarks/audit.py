"""How long an audit of 10,000 rows of mathematics takes, over a server of its own.

    python -m benchmarks.audit ../shared/data/math_train.json

Rows of the file (``problem``, ``answer``) are taken again, with another prompt, until there are 10,000; each is asked
its gold answer twice and four kinds of nonsense.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from reward_server.audit import Columns, audit
from reward_server.audit.rows import read_rows
from reward_server.auditing import scorer
from reward_server.remote import server
from reward_server.settings import read_settings

ROWS = 10_000


def main(path: Path) -> None:
    """Print seconds, rows and findings."""
    given = [row for row in read_rows(path) if row.get("answer")]
    rows = [{**given[n % len(given)], "problem": f"{n // len(given)} {given[n % len(given)]['problem']}"}
            for n in range(ROWS)]  # fmt: skip
    with server(read_settings(log_level="error"), None) as client:
        start = time.perf_counter()
        result = audit(rows, Columns("answer", "math", prompt="problem"), scorer(client, "audit"))
        seconds = time.perf_counter() - start
    found = ", ".join(f"{count} {kind}" for kind, count in result.counts.most_common()) or "nothing"
    sys.stdout.write(
        f"{len(rows):,} rows in {seconds:.1f} s ({len(rows) / seconds:,.0f} rows a second); found: {found}\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
