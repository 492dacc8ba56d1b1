"""What tests change around a program without touching it: a patched ``input``, ``print`` or clock, standard input,
arguments, the environment, the working directory, a seed, caught output, warnings and logs.

In one process the program would see it at once. Here the tester looks, before it asks the candidate for anything,
whether one of the usual places holds something new, and has the candidate put it (mostly a handle) in the same place.
"""

from __future__ import annotations

import builtins
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import names_of
from .files import SHARED, lend, receive
from .logs import WORDS, Logged, levels

if TYPE_CHECKING:
    from .link import Link

PLACES = {
    "builtins": ("input", "print", "open"),
    "sys": ("stdin", "stderr", "argv"),
    "time": ("sleep", "time", "monotonic", "perf_counter", "localtime", "strftime"),
    "random": (
        *("random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "gauss"),
        *("getrandbits", "normalvariate"),
    ),
    "os": ("getenv", "getcwd", "listdir", "system", "urandom", "cpu_count", "getpid"),
    "os.path": ("exists", "isfile", "isdir", "getsize"),
    "datetime": ("datetime", "date"),
    "subprocess": ("run", "check_output", "Popen"),
    "secrets": ("choice", "randbelow", "token_hex"),
    "uuid": ("uuid4", "uuid1"),
    "getpass": ("getpass",),
    "urllib.request": ("urlopen",),
    "warnings": ("_showwarnmsg_impl",),
}
_SEEDED = ("random", "numpy.random")
_HINTS = {"stderr": ("stderr", "capsys", "capfd"), "_showwarnmsg_impl": ("warn",)}
"""Words of tests that change a place without naming it."""
_PLACE_WORDS = {word for names in PLACES.values() for name in names for word in _HINTS.get(name, (name,))}
CHANGING = (*sorted(_PLACE_WORDS), *WORDS, "environ", "env(", "seed(", "chdir", "patch")
"""Words of tests that may change what is watched here."""
_PATCH = re.compile(
    r"""(?:patch|setattr)\(\s*["']([\w.]+)\.(\w+)["']|(?:patch\.object|setattr)\(\s*([\w.]+),\s*["'](\w+)["']"""
)
_PATCHED = sys.stdlib_module_names - {"builtins", "unittest", "logging"} | {"numpy", "pandas"}
_OURS = (("os", "read"), ("os", "write"), ("os", "close"), ("os", "_exit"))
"""What the conversation itself is made of."""
_KEPT = 1 << 20


class Watched:
    """The tester's: what is in the places at first, and what the candidate has been told of since.

    Only places that the ``source`` of the tests may mean are looked at: a look costs more than a call.
    """

    def __init__(self, link: Link, source: str) -> None:
        self._link, self._busy = link, False
        self._places = list(_places(source))
        self._told: dict[tuple[str, str], Any] = {}
        self._changes_environment = "environ" in source or "env(" in source
        self._environment = _environment() if self._changes_environment else {}
        self._folder = os.getcwd() if "chdir" in source else ""
        self._logs = any(word in source for word in WORDS)
        self._levels = levels() if self._logs else {}
        self._hears_logs = False
        self._seeds: list[tuple[str, Any]] = []
        self._seeded = "seed(" in source
        if self._seeded:
            for name in _SEEDED:
                self._watch_seed(name)

    @property
    def needed(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self._places or self._changes_environment or self._seeded or self._logs or self._folder)

    def look(self) -> None:
        """Tell the candidate of what is new."""
        if self._busy:
            return
        for module, name, names, first in self._places:
            now = names.get(name)
            if now is not self._told.get((module, name), first):
                self._told[module, name] = now
                self._tell("place", module, name, *(() if now is first else (self._written(name, now),)))
        if self._changes_environment and _environment() != self._environment:
            self._environment = _environment()
            self._tell("environment", self._link.codec.encode(self._environment))
        if self._folder and os.getcwd() != self._folder:
            self._folder = os.getcwd()
            lend(self._folder, lambda *file: None, lambda: self._tell("share"))
            self._tell("folder", self._folder)
        if self._logs:
            self._look_at_levels()
        while self._seeds:
            module, args = self._seeds.pop(0)
            self._tell("seed", module, self._link.codec.encode(args))

    def _look_at_levels(self) -> None:
        now, before = levels(), self._levels
        if now != before or not self._hears_logs:
            self._levels, self._hears_logs = now, True
            self._tell(
                "levels", [[name, now.get(name, 0)] for name in {**before, **now} if now.get(name) != before.get(name)]
            )

    def _written(self, name: str, now: Any) -> Any:
        return None if name in ("stderr", "_showwarnmsg_impl") else self._link.codec.encode(now)

    def _tell(self, *what: Any) -> None:
        self._busy = True
        try:
            self._link.request("around", 0, *what)
        finally:
            self._busy = False

    def _watch_seed(self, name: str) -> None:
        module: Any = sys.modules.get(name)
        if module is None:
            return
        seed = module.seed

        def watched(*args: Any, **kwargs: Any) -> Any:
            self._seeds.append((name, [args, kwargs]))
            return seed(*args, **kwargs)

        module.seed = watched


def _environment() -> dict[str, str]:
    """Without what pytest puts there: the name of the test, which has its parameters in it, expected values too."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}


def _places(source: str) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    places = [(module, name) for module, names in PLACES.items() for name in names if _is_meant(name, source)]
    for module, name in dict.fromkeys([*places, *_patched(source)]):
        if module not in sys.modules and module in source:
            with suppress(ImportError):
                import_module(module)
        names = getattr(sys.modules.get(module), "__dict__", {})
        if name in names:
            yield module, name, names, names[name]


def _is_meant(name: str, source: str) -> bool:
    return any(word in source for word in _HINTS.get(name, (name,)))


def _patched(source: str) -> Iterator[tuple[str, str]]:
    """What tests replace by name in a module of the library."""
    for found in _PATCH.finditer(source) if "patch" in source else ():
        module, name = found[1] or found[3], found[2] or found[4]
        if module.partition(".")[0] in _PATCHED and (module, name) not in _OURS:
            yield module, name


class Told:
    """The candidate's: what was put in which place, and what was caught on behalf of the tests."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._first: dict[tuple[str, str], Any] = {}
        self._stderr: _Errors | None = None
        self._warnings: list[Any] = []
        self._logged = Logged(link)
        self._folder = ""

    def hear(self, what: str, *rest: Any) -> None:
        """Do what the tester tells of."""
        known: dict[str, Callable[..., Any]]
        known = {"place": self._place, "environment": self._environ, "seed": self._seed, "file": self._file}
        known |= {"levels": self._logged.set_levels, "threads": self._link.be_threaded, "folder": self._change_folder}
        known["share"] = lambda: os.umask(0)  # so that the tests can delete what it makes in folders of theirs
        known[what](*rest)

    def _place(self, module: str, name: str, *written: Any) -> None:
        home: Any = __import__(module, fromlist=["x"])
        first = self._first.setdefault((module, name), getattr(home, name))
        value = self._link.codec.decode(written[0]) if written else first
        if written and name == "stderr":
            value = self._stderr = self._stderr or _Errors(first)
        if name == "_showwarnmsg_impl":
            home.simplefilter("always" if written else "default")
            value = self._warnings.append if written else first
        setattr(home, name, value)

    def _environ(self, written: Any) -> None:
        wanted = self._link.codec.decode(written)
        os.environ.clear()
        os.environ.update(wanted)

    def _seed(self, module: str, written: Any) -> None:
        args, kwargs = self._link.codec.decode(written)
        __import__(module, fromlist=["x"]).seed(*args, **kwargs)

    def _change_folder(self, path: str) -> None:
        """Into a folder that the tests lend, or back into the program's own."""
        self._folder = self._folder or os.getcwd()
        with suppress(OSError):
            os.chdir(path if path.startswith(SHARED) else self._folder)

    def _file(self, path: str, written: Any) -> None:
        receive(path, self._link.codec.decode(written))

    def caught(self) -> tuple[str, list[Any], list[Any]]:
        """Text of standard error, warnings and what was logged, each once, where the tests look at them."""
        logged = self._logged.taken()
        if self._stderr is None and not self._warnings:
            return "", [], logged
        text = self._stderr.taken() if self._stderr else ""
        found, self._warnings[:] = list(self._warnings), []
        return text, [[names_of(warning.category), str(warning.message)] for warning in found], logged


class _Errors(io.TextIOBase):
    """Standard error that remembers what was written."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._parts = inner, list[str]()

    def write(self, text: str) -> int:
        if sum(map(len, self._parts)) < _KEPT:
            self._parts.append(text)
        self._inner.write(text)
        return len(text)

    def flush(self) -> None:
        self._inner.flush()

    def fileno(self) -> int:
        number: int = self._inner.fileno()
        return number

    def taken(self) -> str:
        """What was written since the last time."""
        text = "".join(self._parts)
        self._parts.clear()
        return text


def show(printed: Any = "", errors: Any = "", warned: Any = ()) -> None:
    """Where a test looks at what is printed, or warned of, let it see that of the candidate."""
    if type(printed) is str and printed and sys.stdout is not sys.__stdout__:
        sys.stdout.write(printed)
    if type(errors) is str and errors and sys.stderr is not sys.__stderr__:
        sys.stderr.write(errors)
    for names, text in warned:
        known = [getattr(builtins, str(name).partition(":")[2], None) for name in names]
        kinds = [kind for kind in known if isinstance(kind, type) and issubclass(kind, Warning)]
        warnings.warn_explicit(str(text), kinds[0] if kinds else UserWarning, "solution.py", 1)
