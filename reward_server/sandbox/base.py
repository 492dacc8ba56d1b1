"""What verifiers may ask of a sandbox, and what a driver must give."""

from __future__ import annotations

from typing import Protocol


class Sandboxes(Protocol):
    """A source of sandboxes, one occupant at a time."""
