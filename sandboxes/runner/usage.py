"""What the processes of this sandbox have used: from its control group where that can be read, else from /proc."""

from __future__ import annotations

import os
import time

_TICK = os.sysconf("SC_CLK_TCK")
_CPU_FILES = (("/sys/fs/cgroup/cpu.stat", 1e-6), ("/sys/fs/cgroup/cpuacct/cpuacct.usage", 1e-9))
_OOM_FILES = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


class Meter:
    """Counters of the whole sandbox; a source that is missing at start is never asked again,
    and one that is there stays open."""

    def __init__(self) -> None:
        self._cpu = next(((_open(path), unit) for path, unit in _CPU_FILES if os.access(path, os.R_OK)), None)
        self._own_waits = [_open("/proc/self/schedstat")] if os.access("/proc/self/schedstat", os.R_OK) else []
        self._oom = next((_open(path) for path in _OOM_FILES if os.access(path, os.R_OK)), None)

    @property
    def counts_oom(self) -> bool:
        """Whether kills for memory can be seen here."""
        return self._oom is not None

    def cpu_s(self) -> float:
        """Processor seconds of everything in the sandbox but this process, since some fixed point."""
        if self._cpu is None:
            return _cpu_by_proc()
        descriptor, unit = self._cpu
        words = os.pread(descriptor, 4096, 0).split()
        count = int(words[words.index(b"usage_usec") + 1] if b"usage_usec" in words else words[0])
        return count * unit - time.process_time()

    def waits_with(self, pids: list[int]) -> None:
        """Take these processes' waits for a processor to be this one's too."""
        self._own_waits += [_open(f"/proc/{pid}/schedstat") for pid in pids if self._own_waits]

    def waited_s(self) -> float:
        """Seconds in which this process, or one that it waits for, wanted a processor and had none."""
        return sum(int(os.pread(waits, 100, 0).split()[1]) for waits in self._own_waits) * 1e-9

    def oom_kills(self) -> int:
        """Processes that the kernel killed for memory in this control group, since it was made."""
        if self._oom is None:
            return 0
        words = os.pread(self._oom, 4096, 0).split()
        return int(words[words.index(b"oom_kill") + 1]) if b"oom_kill" in words else 0


def waited_s(pid: int) -> float:
    """Seconds in which the process wanted a processor and had none; 0.0 where the kernel does not say."""
    try:
        return int(_read(f"/proc/{pid}/schedstat").split()[1]) * 1e-9
    except (OSError, IndexError):
        return 0.0


def has_ended(pid: int) -> bool:
    """Whether the process is gone, or waits for nothing but to be reaped."""
    try:
        return _read(f"/proc/{pid}/stat").rsplit(b")", 1)[1].split()[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return True


def processes() -> list[int]:
    """Ids of all processes that can be seen."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def children(pid: int, thread: int = 0) -> list[int]:
    """Ids of what a thread of a process has started, its first one where none is named; empty when it has gone."""
    try:
        return [int(word) for word in _read(f"/proc/{pid}/task/{thread or pid}/children").split()]
    except OSError:
        return []


def threads(pid: int) -> list[int]:
    """Ids of the threads of a process; empty when it has gone."""
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def process_cpu_s(pid: int) -> float:
    """Processor seconds of one process and the children it has waited for; 0.0 when it has gone."""
    try:
        fields = _read(f"/proc/{pid}/stat").rsplit(b")", 1)[1].split()
    except (OSError, IndexError):
        return 0.0
    return sum(map(int, fields[11:15])) / _TICK


def memory_mb(pids: list[int], above: float) -> float:
    """MiB that these processes hold together.

    The cheap count takes a page that they share once for each; only where that comes out above ``above`` is the dear
    one made, which divides it among them.
    """
    cheap = sum(_lines_mb(f"/proc/{pid}/status", b"RssAnon:", b"RssShmem:") for pid in pids)
    return cheap if cheap <= above else sum(_lines_mb(f"/proc/{pid}/smaps_rollup", b"Pss_Anon:") for pid in pids)


def stored_mb(pid: int, places: tuple[str, ...]) -> float:
    """MiB in the memory file systems at ``places``, as a process sees them; 0.0 when it has gone."""
    try:
        held = [os.statvfs(f"/proc/{pid}/root{place}") for place in places]
    except OSError:
        return 0.0
    return sum((disk.f_blocks - disk.f_bfree) * disk.f_frsize for disk in held) / (1 << 20)


def _lines_mb(path: str, *names: bytes) -> float:
    try:
        lines = _read(path).split(b"\n")
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(names)) / 1024


def _cpu_by_proc() -> float:
    return sum(process_cpu_s(pid) for pid in processes() if pid != 1)


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _read(path: str) -> bytes:
    descriptor = _open(path)
    try:
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)
