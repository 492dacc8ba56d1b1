"""A driver attacks itself at start, and refuses to serve if anything gets through.

Each attack is a program that prints what it got hold of, and nothing where it was contained. Between them a probe
looks for what the one before may have left. It takes a second or a few; the full catalogue is in ``tests/attacks``.
"""

from __future__ import annotations

from reward_server.errors import ConfigurationError
from reward_server.sandbox.base import PYTHON, ExecutionLimits, Program, Sandbox, SandboxDied, Sandboxes

_LIMITS = ExecutionLimits(time_s=2.0, memory_mb=256, processes=32)

ATTACKS: dict[str, str] = {
    "network": """
import socket
for family, address in ((socket.AF_INET, ("1.1.1.1", 53)), (socket.AF_INET, ("169.254.169.254", 80)),
                        (socket.AF_INET, ("172.17.0.1", 22)), (socket.AF_INET6, ("2606:4700:4700::1111", 53))):
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.connect(address); s.send(b"x"); print("sent to", address)
    except OSError: pass
import os
if set(os.listdir("/sys/class/net") if os.path.exists("/sys/class/net") else ["lo"]) - {"lo"}: print("interfaces")
""",
    "privileges": """
import os
fields = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
if int(fields["CapEff"], 16) or int(fields["CapPrm"], 16): print("capabilities", fields["CapEff"])
if fields.get("NoNewPrivs", "1") != "1": print("may gain privileges")
if os.getuid() == 0 or os.getgroups(): print("identity", os.getuid(), os.getgroups())
def device():
    os.mknod("m", 0o20666, os.makedev(1, 1)); open("m", "rb").read(1)
for change in (lambda: os.setuid(0), lambda: os.chroot("/"), device):
    try: change(); print("allowed", change)
    except OSError: pass
""",
    "namespaces": """
import ctypes
libc = ctypes.CDLL(None)
for flag in (0x10000000, 0x20000, 0x40000000):
    if libc.unshare(flag) == 0: print("unshared", hex(flag))
if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, b"") == 0: print("mounted")
""",
    "neighbours": """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        if os.stat(f"/proc/{pid}").st_uid == os.getuid(): continue
    except OSError: continue
    def descriptors():
        for name in os.listdir(f"/proc/{pid}/fd"):
            path = f"/proc/{pid}/fd/{name}"
            if "memfd" in os.readlink(path) or "socket" in os.readlink(path):
                try: open(path, "rb"); print("opened", path)
                except OSError: pass
    def environment():
        for word in ("TOKEN", "SECRET", "PASSWORD", "REDIS", "DOCKER"):
            if word in open(f"/proc/{pid}/environ").read(): print("environment of", pid, word)
    def memory():
        open(f"/proc/{pid}/mem", "rb").close(); print("memory of", pid)
    def signal():
        os.kill(int(pid), 0); print("may signal", pid)
    for look in (descriptors, environment, memory, signal):
        try: look()
        except OSError: pass
""",
    "files": """
import os
for path in ("/", "/usr", "/etc", "/opt", "/opt/sandbox", "/root", "/var", "/home", "/dev", "/proc/sys/kernel"):
    try: open(os.path.join(path, "mine"), "w").close(); print("wrote in", path)
    except OSError: pass
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/opt/sandbox/runner/__main__.py"):
    try: open(path, "a").close(); print("opened", path)
    except OSError: pass
for path in ("/var/run/docker.sock", "/run/docker.sock", "/etc/shadow", "/proc/kcore", "/dev/mem"):
    try: open(path, "rb").read(1); print("read", path)
    except OSError: pass
""",
    "secrets": """
import os
for name in os.environ:
    if any(word in name for word in ("TOKEN", "SECRET", "PASSWORD", "REDIS", "API_KEY")): print("environment", name)
if set(os.listdir("/proc/self/fd")) - {"0", "1", "2", "3"}: print("descriptors", os.listdir("/proc/self/fd"))
""",
    "kernel": """
import ctypes, socket
libc = ctypes.CDLL(None)
for name, number in (("io_uring_setup", 425), ("keyctl", 250), ("bpf", 321), ("ptrace", 101), ("userfaultfd", 323)):
    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0: print("allowed", name)
for name in ("shmget", "semget", "msgget"):
    if getattr(libc, name)(1234, 1, 0o1666) >= 0: print("left", name)
for family in (16, 17, 40):
    try: socket.socket(family, socket.SOCK_RAW if family != 40 else socket.SOCK_STREAM); print("family", family)
    except OSError: pass
""",
    "fork bomb": """
import os
try:
    while True:
        if os.fork() == 0:
            os.setsid()
            while True: pass
except OSError: os._exit(0)
""",
    "leftovers": """
import os, time
for place in (".", "/tmp", "/dev/shm"):
    os.makedirs(place + "/a/b"); open(place + "/a/b/c", "w").close(); os.chmod(place + "/a", 0)
if os.fork() == 0:
    os.setsid(); time.sleep(100)
""",
}
PROBE = """
import os
found = [place for place in ("/tmp", "/dev/shm") if os.listdir(place)] + [n for n in os.listdir() if n != "main.py"]
if found: print("left", found)
mine = [p for p in os.listdir("/proc") if p.isdigit() and os.stat("/proc/" + p).st_uid == os.getuid()]
if len(mine) > 2: print("processes", mine)
"""


def attack(sandboxes: Sandboxes, image: str = "python") -> None:
    """Run every attack; raises ``ConfigurationError`` naming what got through, ``Unavailable`` without a sandbox."""
    with sandboxes.open(image, _LIMITS.memory_mb) as sandbox:
        try:
            found = {name: said for name, source in ATTACKS.items() if (said := _tried(sandbox, source))}
        except SandboxDied as error:
            raise ConfigurationError(
                f"{sandboxes.isolation} is not fit to serve: an attack ended it: {error}"
            ) from None
    if found:
        told = "; ".join(f"{name}: {said}" for name, said in found.items())
        raise ConfigurationError(f"{sandboxes.isolation} is not fit to serve, attacks on itself got through: {told}")


def _tried(sandbox: Sandbox, source: str) -> str:
    """What an attack printed, or left for the probe to see."""
    limits = _LIMITS
    attacked = sandbox.run(sandbox.build(Program(PYTHON, source.encode())), b"", limits)
    probed = sandbox.run(sandbox.build(Program(PYTHON, PROBE.encode())), b"", limits)
    said = attacked.stdout + probed.stdout + (b"" if probed.ok else b"the next program failed: " + probed.stderr)
    return said.decode("utf-8", "replace").strip()[:500]
