"""The SymPy tier's own process: run by its path, standard library and SymPy only.

Theory of operation. ``symbolic`` starts this file with one end of a socket for its standard input. This process
imports SymPy and then only forks: each question comes as one message, a JSON line and the writing end of a pipe, and
is decided in a fork of its own, under limits on processor time and memory that the kernel keeps, which writes its
answer to that pipe. So a question cannot slow, wedge or fatten another one, and none sees what another left in
SymPy's caches. A pipe that ends with nothing in it says that the question passed a limit. The process ends when
nobody holds the other end of its socket any more.

Trees come as nested lists, ``["add", ["num", "0x1", "0x2"], ["sym", "x"]]``, and are built by the tables below from
SymPy classes; no text is parsed by SymPy, and a name in a tree becomes a ``Symbol`` and nothing else.

Covered: time, memory, recursion, death of either side. Not covered: a bug in SymPy that gives a wrong answer.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, Final

MEMORY: Final = 160 << 20
_PR_SET_PDEATHSIG: Final = 1
_MAX_LINE: Final = 1 << 17


def serve(control: socket.socket) -> None:
    """Fork for every question until nobody can ask any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    _import()
    while True:
        line, descriptors, _, _ = socket.recv_fds(control, _MAX_LINE, 1)
        if not descriptors:
            return
        if os.fork() == 0:
            _answer(line, descriptors[0])
        os.close(descriptors[0])


def _answer(line: bytes, pipe: int) -> None:
    """Decide one question and end; whatever goes wrong ends this fork without an answer."""
    try:
        what, left, right, cpu_s = json.loads(line)
        _confine(cpu_s)
        found = decide(what, left, right)
        os.write(pipe, json.dumps([found, time.process_time()]).encode())
    finally:
        os._exit(0)


def _confine(cpu_s: float) -> None:
    """Limits of one question, kept by the kernel: no handler of ours runs."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.dup2(null, 2)
    with open("/proc/self/statm") as statm:
        size = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_PROF, cpu_s)  # its default action ends the process


def _import() -> None:
    """Load SymPy and the parts of it that load late."""
    import sympy  # type: ignore[import-untyped]  # SymPy has no type information

    x = sympy.Symbol("x")
    sympy.simplify(sympy.sin(x) ** 2 + sympy.cos(x) ** 2 + 1 / (x + 1) - sympy.sqrt(x))
    sympy.factor(x**2 - 1)
    for term in (1 / 2**x, x / 2**x, 1 / sympy.factorial(x), (-1) ** (x + 1) / x):  # tables of series
        sympy.summation(term, (x, 1, sympy.oo))
    sympy.integrate(sympy.exp(-x) * sympy.sin(x), (x, 0, sympy.oo))
    sympy.limit(sympy.sin(x) / x, x, 0)


def decide(what: str, left: list[Any], right: list[Any]) -> bool | None:
    """``value``: whether left - right is zero. ``equation``: whether two differences of sides vanish together, up to
    factors that are constant. ``rounds``: whether a constant is within half a unit of the last place of a decimal,
    which comes with it; a rational one must be met."""
    if what == "rounds":
        return _rounds(build(left), *(build(part) for part in right))
    sides = build(left), build(right)
    if what == "value":
        infinite = any(side.is_infinite for side in sides)
        return bool(sides[0].doit() == sides[1].doit()) if infinite else _zero(sides[0] - sides[1])
    return _vanish_together(*sides)


def _rounds(constant: Any, decimal: Any, radius: Any) -> bool | None:
    import sympy

    value = constant.doit()
    if value.is_Rational:
        return bool(value == decimal)
    if not value.is_real or value.has(sympy.Sum, sympy.Product, sympy.Integral, sympy.Limit, sympy.Derivative):
        return None
    return bool(abs(value - decimal).evalf(30) <= radius)


def _zero(difference: Any) -> bool | None:
    import sympy

    difference = difference.doit().replace(sympy.sign, lambda side: side / sympy.Abs(side))  # the slope of |x|
    for step in (sympy.expand, sympy.simplify, sympy.trigsimp, sympy.radsimp):
        if difference == 0:
            return True
        difference = step(difference)
    found = True if difference == 0 else difference.equals(0)
    return found if isinstance(found, bool) else None


def _vanish_together(left: Any, right: Any) -> bool | None:
    import sympy

    numerators = [sympy.together(side.doit()).as_numer_denom()[0] for side in (left, right)]
    ratio = sympy.cancel(numerators[0] / numerators[1])
    return True if ratio.is_number and ratio != 0 else None


def build(tree: list[Any]) -> Any:
    """The SymPy expression of a tree; raises ``KeyError`` for an operation that is not in the table."""
    import sympy

    op, *args = tree
    if op == "num":
        return sympy.Rational(int(args[0], 16), int(args[1], 16))
    if op == "sym":
        constant = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo}.get(args[0])
        return sympy.Symbol(args[0], real=True) if constant is None else constant
    return _table()[op](*(build(arg) for arg in args))


def _table() -> dict[str, Callable[..., Any]]:
    import sympy as s

    half_turn = s.pi / 180
    return {
        "add": s.Add, "mul": s.Mul, "neg": lambda a: -a, "div": lambda a, b: a / b, "pow": s.Pow, "root": s.root,
        "abs": s.Abs,
        "percent": lambda a: a / 100, "degree": lambda a: a * half_turn, "based": lambda a, b: a,
        "factorial": s.factorial,
        "double_factorial": s.factorial2, "binom": s.binomial, "floor": s.floor, "ceil": s.ceiling, "mod": s.Mod,
        "gcd": s.gcd,
        "lcm": s.lcm, "max": s.Max, "min": s.Min, "exp": s.exp, "ln": s.log, "log": s.log, "lg": lambda a: s.log(a, 10),
        "log2": lambda a: s.log(a, 2), "re": s.re, "im": s.im, "conj": s.conjugate, "arg": s.arg, "sgn": s.sign,
        "erf": s.erf,
        **{name: getattr(s, name) for name in "sin cos tan cot sec csc sinh cosh tanh coth sech csch".split()},
        **{f"a{name}": getattr(s, f"a{name}") for name in "sin cos tan cot sec csc sinh cosh tanh".split()},
        "sum": lambda k, low, high, body: s.Sum(body, (k, low, high)),
        "limit": lambda x, to, body, side=0: s.Limit(body, x, to, {1: "+", -1: "-"}.get(int(side), "+-")),
        "product": lambda k, low, high, body: s.Product(body, (k, low, high)),
        "derivative": lambda x, body: s.Derivative(body, x),
        "integral": lambda x, *rest: s.Integral(rest[-1], (x, *rest[:-1])),
        "call": lambda f, *args: s.Function(str(f))(*args),
    }  # fmt: skip


if __name__ == "__main__":
    sys.setrecursionlimit(2_000)
    sys.path.extend(entry for entry in sys.argv[1:] if entry and entry not in sys.path)
    with socket.socket(fileno=0) as owner:
        serve(owner)
