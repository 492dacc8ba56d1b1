"""Everything this package raises on purpose.

::

    RewardServerError
    ├── InvalidTask            the item is at fault: outcome ``invalid_task``
    ├── LimitExceeded          the completion passed a limit of its own: outcome ``limit_exceeded``
    ├── Unavailable            the service is at fault: outcome ``unavailable``
    ├── RegistrationError      a verifier does not keep the verifier contract
    ├── ConfigurationError     a setting, or this machine, does not allow what was asked
    └── QueueError             the queue did not take or keep something
        ├── QueueFull          more than it holds now: 429 with Retry-After
        ├── TooLarge           more than the empty queue could hold: 413
        └── QueueDown          the server behind it does not answer, or takes nothing: 503

A verifier raises the first three and nothing else on purpose; any other exception that leaves it counts
as a crash of ours and becomes ``unavailable`` with reason ``verifier_crashed``, never a zero.
"""

from __future__ import annotations


class RewardServerError(Exception):
    """Root of the tree."""


class InvalidTask(RewardServerError):
    """The reference or a parameter cannot be used; the message says why, for the owner of the dataset."""

    def __init__(self, message: str, *, reason: str = "bad_reference") -> None:
        super().__init__(message)
        self.reason = reason


class LimitExceeded(RewardServerError):
    """The completion's own expression or program passed ``limit`` (``time``, ``memory``, ``size`` …)."""

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class Unavailable(RewardServerError):
    """The service could not tell; ``reason`` is one stable word, ``retryable`` whether asking again may help."""

    def __init__(self, message: str, *, reason: str, retryable: bool = True) -> None:
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable


class RegistrationError(RewardServerError):
    """A verifier does not keep the contract of ``reward_server.verifiers.base``."""


class ConfigurationError(RewardServerError):
    """A setting, or what this machine offers, does not allow what was asked; the message says what to do."""


class QueueError(RewardServerError):
    """The queue did not take or keep something."""


class QueueFull(QueueError):
    """The queue holds too much right now."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooLarge(QueueError):
    """Even the empty queue could not hold the request."""


class QueueDown(QueueError):
    """The server behind the queue does not answer, or takes nothing: read-only, out of memory or of disk."""
