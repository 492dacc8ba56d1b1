"""The process that children are forked from: it has loaded every verifier, runs one thread and holds no secrets.

The supervisor sends one byte and one end of a socketpair; the zygote forks, and the child says its process id
on that socketpair and nowhere else, so that a supervisor which gave up on one never takes it for another. A
child dies with the zygote (PR_SET_PDEATHSIG), and the zygote ends when the supervisor does (its control socket
closes), so that even a killed worker leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from reward_server.child import Child
from reward_server.verifiers.registry import Registry

PID = struct.Struct("<i")
NO_CHILD = -1
"""Said in the place of a process id where no child could be made."""
_PR_SET_PDEATHSIG = 1


def load(path: str) -> Callable[..., Any]:
    """The function that ``module:name`` names."""
    module, name = path.split(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def main(control_fd: int, registry_path: str, context_path: str) -> None:
    """Fork children until the supervisor goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps; the supervisor holds pidfds
    os.set_inheritable(control_fd, False)  # what is started here must not keep the supervisor from seeing our end
    registry = load(registry_path)()
    make_context = load(context_path)
    registry.warm_up()
    # What is loaded now is shared by all children: keep the collector from touching, and so copying, it.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=control_fd) as control:
        control.sendall(PID.pack(os.getpid()))
        while True:
            asked, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not asked:
                return
            if not descriptors:  # no room for one more; whoever asked finds the channel closed
                continue
            with socket.socket(fileno=descriptors[0]) as channel:
                try:
                    pid = os.fork()
                except OSError:  # a limit on processes or memory: nobody else's child must die of it
                    channel.sendall(PID.pack(NO_CHILD))
                    continue
                if pid == 0:
                    _become_child(control, channel, registry, make_context)


def _become_child(
    control: socket.socket, channel: socket.socket, registry: Registry, make_context: Callable[..., Any]
) -> None:
    status = 1
    try:
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with contextlib.suppress(ConnectionError):
            channel.sendall(PID.pack(os.getpid()))
            Child(channel, registry, make_context(registry)).serve()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
