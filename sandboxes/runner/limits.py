"""What an execution may use."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Limits:
    """``ExecutionLimits`` of the driver, with the language's address space in."""

    time_s: float = 10.0
    memory_mb: int = 512
    address_space_mb: int = 0
    processes: int = 64
    output_bytes: int = 16 << 20
    file_mb: int = 64
    open_files: int = 256

    def of_process(self, stepwise: bool) -> dict[str, int]:
        """As ``setrlimit`` names them, for the first process and all it starts."""
        return {
            "AS": self.address_space_mb << 20,
            "CPU": 0 if stepwise else math.ceil(self.time_s) + 1,
            "NPROC": self.processes,
            "FSIZE": self.file_mb << 20,
            "NOFILE": self.open_files,
        }
