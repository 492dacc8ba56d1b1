"""What verifiers may ask of a sandbox, and what a driver must give.

A verifier never sees a driver. It asks a ``Sandboxes`` for a sandbox of an image and a size, is its only
occupant while it holds it, and puts programs, inputs and calls in; what comes out are bytes, typed plain
values (``reward_server.sandbox.values``) and reports. Expected values and comparisons stay with the caller.

>>> def double(sandbox):
...     build = sandbox.build(Program(PYTHON, b"print(int(input()) * 2)"))
...     return sandbox.run(build, b"21").stdout
>>> sandboxes.within(double, image="python")  # doctest: +SKIP
b'42\\n'

Every method may raise ``SandboxDied`` (the sandbox is gone; ``within`` tries again in a fresh one) and
``Unavailable`` (no sandbox to be had; reasons ``no_sandbox``, ``no_image``). No method ever raises for
something that the program did: that is in the ``Execution``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar

from reward_server.errors import Unavailable
from reward_server.sandbox import values

T = TypeVar("T")

WALL_FACTOR, WALL_EXTRA_S = 2.0, 1.0
"""Wall limit of an execution: ``WALL_FACTOR * time_s + WALL_EXTRA_S``, less the wait for a processor."""


class SandboxDied(Unavailable):
    """The sandbox went away while something ran in it: killed, out of memory as a whole, its daemon restarted."""

    def __init__(self, message: str) -> None:
        super().__init__(message, reason="sandbox_died")


@dataclass(frozen=True, slots=True)
class Language:
    """How programs of one language are built and run in an image.

    In ``compile`` and ``run``, ``{build}`` stands for the folder that holds the source file (and after
    compiling what the compiler made); it is the working directory while compiling and read-only to the
    program, whose own working directory is fresh and empty but for ``Program.files``.
    """

    name: str
    image: str
    """Folder under ``sandboxes/images``."""
    file: str
    """What the source file is called: ``main.py``, ``Main.java``."""
    run: tuple[str, ...] = ()
    """Command line; ignored where ``warm``."""
    compile: tuple[str, ...] | None = None
    version: tuple[str, ...] = ()
    """Command line of the probe, which must exit 0 and print a version."""
    warm: bool = False
    """Programs start by fork of a preloaded interpreter (Python alone)."""
    template: bool = False
    """``run`` may be started once on the source alone, and forked for each run, which adds to it by standard input;
    files and arguments reach no such run. What that takes of the command: ``sandboxes/images/rocq/serve.c``."""
    env: Mapping[str, str] = field(default_factory=dict)
    compile_time_s: float = 10.0
    """Processor seconds for one compilation."""
    compile_memory_mb: int = 1024
    address_space_mb: int = 0
    """Added to ``ExecutionLimits.memory_mb`` for the cap on address space; 0: no such cap (virtual machines)."""


PYTHON = Language(
    name="python",
    image="python",
    file="main.py",
    run=("/usr/bin/python3", "{build}/main.py"),
    version=("/usr/bin/python3", "--version"),
    warm=True,
    address_space_mb=4096,
)


@dataclass(frozen=True, slots=True)
class ExecutionLimits:
    """What one execution, with all processes it starts, may use."""

    time_s: float = 10.0
    """Processor seconds of the group; wall seconds follow from it (``WALL_FACTOR``, ``WALL_EXTRA_S``).
    For ``call`` and ``host`` it is the budget of each single call or test, not of all together."""
    total_s: float = 0.0
    """Wall seconds, less the wait for a processor, of all calls or tests of ``call`` and ``host`` together; more is
    ``total_time``. 0: no such limit."""
    memory_mb: int = 512
    """Memory of the group. It also picks the size class: pass the same number to ``open`` or ``within``."""
    processes: int = 64
    """Processes and threads of the group."""
    output_bytes: int = 16 << 20
    """Of each of the two streams, and of one function result (four times that of all results together). More
    ends the execution: ``limit`` is ``output``, and the first MiB of the flood is told."""
    file_mb: int = 64
    """Size of one file."""
    open_files: int = 256


@dataclass(frozen=True, slots=True)
class Program:
    """Source in a language, with the files it may read beside it."""

    language: Language
    source: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Relative names (``a/b.txt``; no ``..``) put into the working directory of every run, writable there."""
    args: tuple[str, ...] = ()
    """Command line arguments after the program's own name."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What came of one execution. Never judges: an exit status other than 0 is for the caller to read."""

    exit_code: int | None
    """None where a signal or a limit ended it."""
    signal: int | None = None
    """Signal that ended it, where we did not send it."""
    limit: str | None = None
    """The limit that struck: ``time`` (processor), ``wall``, ``total_time``, ``memory``, ``output``, ``processes``."""
    stdout: bytes = b""
    stderr: bytes = b""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    waited_s: float = 0.0
    """Part of ``wall_s`` in which it wanted a processor and had none: how busy the machine was."""
    memory_mb: float = 0.0
    """Peak resident set of its largest process."""
    flags: tuple[str, ...] = ()
    """``output_flood``, ``leftover_processes``, ``killed_sandbox`` …"""

    @property
    def ok(self) -> bool:
        """Ended by itself with status 0 and within its limits."""
        return self.exit_code == 0 and self.limit is None


@dataclass(frozen=True, slots=True)
class Build:
    """A program put into one sandbox and compiled; valid in that sandbox until it is released."""

    id: int
    program: Program
    execution: Execution
    """Of the compiler: its messages are on ``stderr``, or ``stdout``. Exit code 0 and empty where there is none.
    Python is not compiled ahead (that would be a process more): a syntax error is exit code 1 with a traceback of
    ``run``, and a ``load_error`` of type ``SyntaxError`` of ``call`` and ``host``."""

    @property
    def ok(self) -> bool:
        """Whether it can be run."""
        return self.execution.ok


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An exception that was raised inside, as text; every field is cut to 2,000 characters and hostile."""

    type: str
    """Name of its class, ``ValueError``."""
    message: str = ""
    traceback: str = ""
    line: int | None = None
    """Line in the tester's own code (tests) or the program (calls), where known."""


@dataclass(frozen=True)
class Call:
    """Arguments of one function call: typed plain values, the same for every completion of a task."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    most_bytes: int = 64 << 20
    """Length of a written result (JSON) above which it is not read: the call gave something opaque."""

    @cached_property
    def written(self) -> list[Any]:
        """As they cross to the sandbox; raises ``values.NotPlain``."""
        return [[values.encode(item) for item in self.args], values.encode(dict(self.kwargs))]


@dataclass(frozen=True, slots=True)
class CallResult:
    """What one call gave: exactly one of a value, an ``error`` or an ``opaque`` type."""

    value: Any = None
    """Typed plain value, rebuilt here from a closed set of types: comparing it never runs foreign code."""
    error: ErrorInfo | None = None
    opaque: str | None = None
    """Type name of a result that is no plain value (a generator, an object)."""
    args: Sequence[Any] | None = None
    """The positional arguments as they were after the call, where ``after=True`` asked for them."""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Calls:
    """What came of calling a function: results of the calls that ended, in order, and how the process fared.

    Fewer results than calls means that the process ended (exit, crash, limit) in call ``len(results)``: the rest
    were not run. ``load_error`` means that the program raised while it was loaded, or has no such entry.
    """

    results: tuple[CallResult, ...]
    execution: Execution
    load_error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class Tester:
    """Test code (of a tenant: untrusted too) that is run against a proxy of the candidate.

    ``setup`` is run first, then every entry is bound to its proxy, then each of ``tests`` is run in the same
    namespace. A function ``check`` that the tests define is called with the proxy of the first entry.
    """

    __test__ = False  # for pytest, which collects classes of this name

    tests: tuple[str, ...]
    """Pieces of source that are run in order; one per test that should be reported alone."""
    entries: tuple[str, ...]
    """Names of the candidate to bind: at its module level, else on ``Solution()``; ``A.b`` is ``A().b``."""
    setup: str = ""
    prelude: str = ""
    """Run in the *candidate's* process before the candidate: class definitions (``ListNode``) that both need."""
    value_classes: tuple[str, ...] = ()
    """Classes whose objects cross by value, as name and attributes; defined in ``setup`` and ``prelude``."""
    stop_at_first_failure: bool = True


@dataclass(frozen=True, slots=True)
class TestReport:
    """One of ``Tester.tests``: passed where ``error`` is None."""

    __test__ = False  # for pytest, which collects classes of this name

    error: ErrorInfo | None = None
    calls: int = 0
    """Calls into the candidate that it made."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """What a tester reported, on a descriptor of its own that the candidate never had.

    ``len(tests) < len(tester.tests)`` where it stopped, at a failure or because one of the two ended. Only the
    tester writes here, but what it saw of the candidate is the candidate's.
    """

    tests: tuple[TestReport, ...]
    finished: bool
    """The tester ran to its end (or to its first failure, where asked to stop there)."""
    calls: int
    """Calls into the candidate in all. 0 and a failure: the *tests* are at fault."""
    tester: Execution
    candidate: Execution
    setup_error: ErrorInfo | None = None
    """The tester failed before its first test: the tests are at fault."""
    load_error: ErrorInfo | None = None
    """The candidate raised while it was loaded, or lacks an entry: the candidate is at fault."""
    flags: tuple[str, ...] = ()
    """``opaque_result``, ``early_exit`` (the candidate ended while it was needed) …"""


@dataclass(frozen=True, slots=True)
class Interaction:
    """Two programs that talked to each other; ``stdout`` of each is what it wrote to the other, cut."""

    judge: Execution
    program: Execution


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An image that is there, with what its build probed."""

    name: str
    digest: str
    """Repository digest where the image has one, else its id."""
    languages: Mapping[str, str]
    """Language → version, only those whose probe passed when the image was built."""


class Sandbox(Protocol):
    """A sandbox with one occupant: the caller. Not safe to share between threads."""

    @property
    def image(self) -> ImageInfo:
        """What it was made from."""
        ...

    @property
    def isolation(self) -> str:
        """The isolation in force, for the verdict: ``docker/runc``, ``docker/runsc``, ``namespaces``."""
        ...

    def build(self, program: Program) -> Build:
        """Put a program in and compile it, under a uid of its own and the language's compile limits."""
        ...

    def run(
        self,
        build: Build,
        stdin: bytes = b"",
        limits: ExecutionLimits | None = None,
        *,
        files: Mapping[str, bytes] = {},
    ) -> Execution:
        """Run a build in a fresh process, uid and directory; ``files`` are added to those of the program."""
        ...

    def run_each(
        self, build: Build, stdins: Iterable[bytes], limits: ExecutionLimits | None = None
    ) -> Iterator[Execution]:
        """Run a build once per input, each in a fresh process; faster than ``run`` in a loop.

        The executions come as they end. Inputs are taken at most one ahead; closing the iterator (or letting go
        of it) stops after the run in progress.
        """
        ...

    def call(
        self,
        build: Build,
        entry: str,
        calls: Sequence[Call],
        limits: ExecutionLimits | None = None,
        *,
        prelude: str = "",
        value_classes: Sequence[str] = (),
        after: bool = False,
    ) -> Calls:
        """Call a function of a Python program, all calls in one fresh process.

        ``entry`` is found at module level, else on ``Solution()``; ``Solution.topk`` is ``Solution().topk``, a new
        object for each call. ``prelude`` is run in the program's module before it (imports, ``ListNode``).
        Raises ``InvalidTask`` for arguments that are no typed plain values.
        """
        ...

    def host(self, candidate: Build, tester: Tester, limits: ExecutionLimits | None = None) -> Hosted:
        """Run test code against a proxy of a Python program, the two in processes of two uids.

        Plain values are copied, in-place changes of mutable arguments are copied back, functions and objects cross
        as handles. Raises ``InvalidTask`` where the tester's source does not compile.
        """
        ...

    def interact(
        self,
        judge: Build,
        program: Build,
        limits: ExecutionLimits | None = None,
        *,
        judge_files: Mapping[str, bytes] = {},
        judge_args: Sequence[str] = (),
    ) -> Interaction:
        """Run two programs of two uids, each one's standard output being the other's standard input."""
        ...


class Sandboxes(Protocol):
    """A source of sandboxes, one occupant at a time. Safe to share between threads, not between processes."""

    @property
    def isolation(self) -> str:
        """The isolation in force: ``docker/runc``, ``docker/runsc``, ``namespaces``."""
        ...

    def images(self) -> Mapping[str, ImageInfo]:
        """The images that are there, by name. Cheap after the first time; raises ``Unavailable``."""
        ...

    def open(self, image: str, memory_mb: int = 512) -> AbstractContextManager[Sandbox]:
        """A sandbox of the smallest size class that holds ``memory_mb``; it is cleaned and handed back on exit.

        Raises ``Unavailable``: ``no_image`` (with how to build it), ``no_sandbox``; ``InvalidTask`` (reason
        ``bad_params``) for more memory than the largest class.
        """
        ...

    def within(self, job: Callable[[Sandbox], T], *, image: str, memory_mb: int = 512) -> T:
        """Run ``job`` in a sandbox; where the sandbox dies, once more from the start in a fresh one.

        The way to judge a completion, which can never earn a null by killing its sandbox. A second death raises
        ``LimitExceeded`` with limit ``killed_sandbox``; a sandbox that cannot be had raises ``Unavailable``.
        """
        ...

    def close(self) -> None:
        """End every sandbox. Idempotent."""
        ...
