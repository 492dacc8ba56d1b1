"""What an execution may use."""

from __future__ import annotations

import math
import resource
from dataclasses import dataclass


@dataclass
class Limits:
    """``ExecutionLimits`` of the driver, with the language's address space in."""

    time_s: float = 10.0
    total_s: float = 0.0
    """Of all steps together, where not 0."""
    memory_mb: int = 512
    address_space_mb: int = 0
    processes: int = 64
    output_bytes: int = 16 << 20
    file_mb: int = 64
    open_files: int = 256

    def of_process(self, stepwise: bool) -> list[tuple[int, int]]:
        """As ``setrlimit`` takes them, for the first process and all it starts; what has no limit is left out."""
        wanted = (
            (resource.RLIMIT_AS, self.address_space_mb << 20),
            (resource.RLIMIT_CPU, 0 if stepwise else math.ceil(self.time_s) + 1),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_FSIZE, self.file_mb << 20),
            (resource.RLIMIT_NOFILE, self.open_files),
        )
        return [(kind, value) for kind, value in wanted if value]
