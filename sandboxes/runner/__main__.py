"""The runner: pid 1 of a sandbox. Starts programs that want to get out, and tells what became of them.

Theory of operation
-------------------
Three kinds of process live in a sandbox.

*Pid 1* (root, with SETUID, SETGID and KILL and nothing else) reads framed requests on descriptor 0 and answers on 1,
or on a socket of its own whose other end the driver has taken over.
It is the only one that ever sees a request. It executes nothing of what it is given.

*Zygotes* (root) are warm Python interpreters, forked before the first request is read. Pid 1 sends them orders over a
socketpair: numbers, and descriptors to pass on. A zygote forks, and tells of ends. It cannot be asked for memory
it never had: no child can find another rollout's program in the heap it inherits.

*Children* become one execution each: a fresh session, a fresh uid that no process on the host has had, limits (soft =
hard), the inherited seccomp filter, descriptors 0, 1, 2 and the channel of their kind, a fresh empty directory. Then
they read their job (source, arguments) from a memfd and are the program, or execute the compiler or binary.

An execution ends when its first process ends, a limit strikes, or it has delivered what it was for. Then every process
of its uid is killed and orphans are reaped; the kernel is asked whether any process of the uid is left. Its directory,
/tmp and /dev/shm are emptied, where need be by a process of the same uid under a budget. If anything is left, pid 1
says ``dirty`` and the driver destroys the sandbox.

For test code there are two children of two uids: the tester, which has the tests, and the candidate, which has the
program; one socketpair joins them (``link``), and the tester alone has the descriptor of the report. For function
calls there is one child, which gets arguments and returns values. No expected value ever comes in here, except in
a tester's own memory.

Covered
-------
Other processes and their memory, descriptors, environment and files (uids, dumpability, seccomp); processes, files,
shared memory, System V and POSIX queues that outlive an execution; processor and wall time, memory, processes, open
files, file size and output of the whole group; forks that nobody waits for; sleepers, stoppers, daemons, floods; a
program that kills everything it may; a driver that goes away (pid 1 exits, and the sandbox with it).

Not covered
-----------
Bugs of the kernel (use ``runsc``); timing side channels between the processor's threads; a candidate and a tester that
conspire (both are confined, but they may talk); memory below the container's limit (a neighbour cannot be slowed, the
sandbox has none); programs that hard-code visible tests.
"""

from __future__ import annotations

import os
import sys
from itertools import accumulate

from . import nest, text, tidy
from .zygote import BARE, CALLS, FULL, LIGHT, SCIENCE, fork_zygote

TYPE_CHECKING = False  # see ``zygote``
if TYPE_CHECKING:
    from .child import Start


def boot() -> Start:
    """Fork the zygotes and serve. Returns in the processes forked from them alone: what to run, at the bottom of the
    stack, so that a program finds as few frames below its own as can be."""
    nested, work = int(sys.argv[2]) if sys.argv[1:2] == ["--nested"] else 0, "/work"
    if nested:
        nest.enclose(int(sys.argv[3]), nested, sys.argv[4:])
    else:
        tidy.open_places(work)
    for name in set(os.environ) - {"PYTHONHASHSEED"}:
        del os.environ[name]
    os.environ.update(PATH="/usr/local/bin:/usr/bin:/bin", LANG="C.UTF-8", HOME="/tmp", OPENBLAS_NUM_THREADS="1")
    frames_in, frames_out = os.dup(0), os.dup(1)
    quiet = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(quiet, descriptor)
    os.close(quiet)
    os.umask(0o022)
    text.move()
    zygotes: list[tuple[int, int, list[str]]] = []
    for modules in accumulate((BARE, LIGHT, CALLS, FULL, SCIENCE)):
        forked = fork_zygote(modules, work, nested=nested, close=(frames_in, frames_out), beside=zygotes)
        if not isinstance(forked, tuple):
            return forked
        zygotes.append((*forked, modules))
    _serve(zygotes, work, nested, frames_in, frames_out)
    os._exit(0)


def _serve(zygotes: list[tuple[int, int, list[str]]], work: str, nested: int, frames_in: int, frames_out: int) -> None:
    import signal  # what pid 1 alone needs is loaded after the forks, not to be in every program
    import socket

    from . import wire
    from .launch import Launcher
    from .orders import Zygote
    from .serve import Server

    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one signal that Python would let a program end pid 1 with
    launcher = Launcher.of([Zygote(*zygote) for zygote in zygotes], work, bool(nested))
    line, far_end = (end.detach() for end in socket.socketpair())  # after the forks: no program inherits it
    try:
        for zygote in launcher.zygotes:
            zygote.ends()  # which has none yet, but is there
        hello = {"hello": 1, "python": sys.version.split()[0], "oom": launcher.meter.counts_oom}
        wire.write(frames_out, {**hello, "line": [far_end, os.fstat(far_end).st_ino]})
        reader = wire.Reader(frames_in)
        head, _ = reader.frame()
        os.close(far_end)
        if head["line"]:  # it was taken over
            frames_in = frames_out = line
            reader = wire.Reader(line)
        launcher.open(head["first_uid"], head["uids"], head["cpus"], frames_in)
        wire.write(frames_out, {"end": True})
        Server(launcher, reader, frames_out).serve()
    except (wire.Closed, EOFError, BrokenPipeError):
        return


if __name__ == "__main__":
    boot()()
