"""Runs source as the main program of an interpreter that was forked, so that it cannot tell.

What ``python3 main.py`` does around a program is done here in the same order: fresh standard streams, ``__main__``,
``sys.argv`` and ``sys.path``, the traceback or exit status, joining threads, exit functions, finalisers of the
module's names, flushing. The interpreter itself is not taken down: that costs more than all the rest.
"""

from __future__ import annotations

import atexit
import builtins
import gc
import io
import os
import sys
import types

TYPE_CHECKING = False  # see ``zygote``
if TYPE_CHECKING:
    from typing import Any

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp", "PYTHONHASHSEED": "0"}


_FileLoader: Any = type(sys.modules["__main__"].__loader__)


def prepare() -> None:
    """In a zygote, while 1 and 2 are pipes: make ahead what every program is given, and what the interpreter makes when
    it first compiles something and reads a number."""
    exec(compile("int('1')", "main.py", "exec", dont_inherit=True), {})
    fresh_module("__main__", "main.py")
    open_streams()


def run(source: bytes, head: dict[str, Any], place: str) -> None:
    """Run source, whose file is there, as the main program, to the end, and exit; called near the stack's bottom."""
    leave, file, args = os._exit, head["file"], head["args"]
    path = f"{place}/{file}"
    sys.argv = [file, *args]
    sys.orig_argv = [sys.executable, file, *args]
    sys.path[0] = place  # the first place to import from, instead of the runner's
    names = sys.modules["__main__"].__dict__
    names["__file__"] = names["__loader__"].path = path
    try:
        exec(compile(source, path, "exec", dont_inherit=True), names)
        status = 0
    except BaseException as error:  # noqa: BLE001 - this is the top of the program: it ends whichever way it raised
        status = report(error)
    leave(finish(status, names))


def write_file(name: str, content: bytes) -> None:
    """Make a file, by bare descriptor: a file object costs a fork several pages."""
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.close(descriptor)


def fresh_module(name: str, path: str) -> types.ModuleType:
    """A module as the interpreter makes it for a main program or an imported file, in ``sys.modules``."""
    module = types.ModuleType(name)
    module.__file__ = path
    module.__loader__ = _FileLoader(name, path)
    module.__dict__["__builtins__"] = builtins
    if name == "__main__":
        module.__dict__.update(__annotations__={}, __cached__=None, __spec__=None)
    sys.modules[name] = module
    return module


def take_place(place: str) -> None:
    """Make the program's directory the first place to import from, instead of the runner's."""
    sys.path[0] = place


def open_streams() -> None:
    """Standard streams over descriptors 0, 1 and 2, as a fresh interpreter opens them under ``C.UTF-8``.

    The zygote does this ahead, over descriptors that are replaced later. All that streams remember of theirs is whether
    it seeks: so 1 and 2 must be pipes by then, as they will be.
    """
    for name, number, mode, errors in (
        ("stdin", 0, "rb", "surrogateescape"),
        ("stdout", 1, "wb", "surrogateescape"),
        ("stderr", 2, "wb", "backslashreplace"),
    ):
        raw: Any = open(number, mode, -1, closefd=False)
        raw.raw.name = f"<{name}>"
        stream = io.TextIOWrapper(raw, "utf-8", errors, line_buffering=name == "stderr")
        stream.__dict__["mode"] = mode[0]
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def report(error: BaseException) -> int:
    """What the interpreter does with an exception that left the program; returns the exit status."""
    if isinstance(error, SystemExit):
        code = error.code
        if code is None or isinstance(code, int):
            return int(code or 0) & 0xFF
        _flush(sys.stdout)
        print(code, file=sys.stderr)  # noqa: T201 - the program's own standard error
        return 1
    trace = error.__traceback__
    error.__traceback__ = trace.tb_next if trace else None
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException as other:  # noqa: BLE001 - a hook of the program's own that fails
        sys.__excepthook__(type(other), other, other.__traceback__)
    if isinstance(error, KeyboardInterrupt):
        _flush(sys.stdout)
        signals: Any = __import__("_signal")
        signals.signal(signals.SIGINT, signals.SIG_DFL)
        os.kill(os.getpid(), signals.SIGINT)
    return 1


def finish(status: int, names: dict[str, Any]) -> int:
    """Threads, exit functions, finalisers and flushing, in the interpreter's order; returns the exit status."""
    threading: Any = sys.modules.get("threading")
    for step in ([threading._shutdown] if threading else []) + [atexit._run_exitfuncs]:  # as Py_Finalize does
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - an exit function of the program's own that fails
            sys.excepthook(type(error), error, error.__traceback__)
    if not _flush(sys.stdout):  # while a stream of the program's own still has the names that it uses
        status = 120
    _flush(sys.stderr)
    for private in (True, False):
        for name in [name for name in names if (name[:1] == "_" and name[1:2] != "_") is private]:
            if name != "__builtins__":
                names[name] = None
    gc.collect()
    if not _flush(sys.__stdout__):  # what finalisers printed, or where the program put another in its place
        status = 120
    _flush(sys.__stderr__)
    return status


def _flush(stream: Any) -> bool:
    try:
        if stream is None or stream.closed:
            return True
    except (AttributeError, ValueError):  # one that was detached, to be wrapped anew
        if isinstance(stream, io.TextIOWrapper):
            return True
    try:
        stream.flush()
    except BaseException:  # noqa: BLE001 - a stream that the program replaced or broke
        return False
    return True
