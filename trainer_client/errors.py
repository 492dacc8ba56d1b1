"""Everything this client raises on purpose.

::

    RewardClientError
    ├── RequestRejected        the server says that asking again is pointless (4xx but 408, 413 and 429)
    │   └── Unauthorized       401 or 403: the key is missing, wrong or expired
    ├── ServerUnreachable      nothing, or nothing usable, came back
    ├── IncompatibleServer     what answers is no reward server, or one of another version
    ├── RewardOutage           the server stayed away for longer than training may wait
    └── ConfigError            a config cannot be run
        └── DataError          the dataset is not what the config says it is

``score`` raises the first two kinds only: what a retry might have healed comes back as a verdict of
``unavailable``, so that one lost request does not throw away the answers of the others.
"""

from __future__ import annotations

from typing import Any


class RewardClientError(Exception):
    """Root of the tree."""


class RequestRejected(RewardClientError):
    """The server refused the request for good; carries the fields of its problem document (RFC 9457)."""

    def __init__(self, status: int, *, type: str = "about:blank", title: str = "", detail: str = "") -> None:
        super().__init__(": ".join(part for part in (f"HTTP {status}", title, detail) if part))
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail

    def __reduce__(self) -> tuple[Any, ...]:
        """To arrive whole from another process."""
        return _rejection, (type(self), self.status, self.type, self.title, self.detail)


class Unauthorized(RequestRejected):
    """The API key is missing, wrong or expired."""


class ServerUnreachable(RewardClientError):
    """No usable answer within the time given; the message says what happened last."""


class IncompatibleServer(RewardClientError):
    """What answers is not a reward server that this client can talk to."""


class RewardOutage(RewardClientError):
    """The server stayed away for longer than training may wait; a checkpoint is written and the run can resume."""


class ConfigError(RewardClientError):
    """A config cannot be run; the message is one line that says what to change."""


class DataError(ConfigError):
    """The dataset is not what the config says it is; the message is one line for its owner."""


def _rejection(kind: type[RequestRejected], status: int, type: str, title: str, detail: str) -> RequestRejected:
    return kind(status, type=type, title=title, detail=detail)
