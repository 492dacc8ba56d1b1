"""Is a data set fit to train on? Rows that are broken, weak, flaky, slow or doubled, found before a GPU sees them.

``audit`` and ``reverify`` take a callable that scores items, so that they run over any server.
"""

from reward_server.audit.findings import Finding, Kind
from reward_server.audit.probes import Columns
from reward_server.audit.reverify import Reverified, reverify
from reward_server.audit.run import Audit, Options, audit

__all__ = ["Audit", "Columns", "Finding", "Kind", "Options", "Reverified", "audit", "reverify"]
