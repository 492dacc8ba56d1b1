"""SymPy's own process: it decides, is limited, and neither survives its owner nor is shared by a fork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from reward_server.types import Completion, Outcome
from reward_server.verifiers.math import symbolic
from reward_server.verifiers.math.nodes import Apply, Node, Num, Sym
from reward_server.verifiers.math.reading import read
from reward_server.verifiers.registry import Registry


def test_an_integral_is_compared_with_another_by_sympy(registry: Registry) -> None:
    verdict = registry.verify_once("math", r"\int_0^x t^2\,dt", {}, Completion(r"\boxed{\int_0^x u^2\,du}"))
    assert (verdict.outcome, verdict.detail["tier"]) == (Outcome.CORRECT, "sympy")
    wrong = registry.verify_once("math", r"\int_0^x t^2\,dt", {}, Completion(r"\boxed{\int_0^x u^3\,du}"))
    assert wrong.outcome is Outcome.INCORRECT


def test_a_curve_solved_for_its_other_letter_is_the_same_curve(registry: Registry) -> None:
    assert registry.verify_once("math", r"y=\frac{2}{x}", {}, Completion(r"\boxed{xy=2}")).outcome is Outcome.CORRECT


def test_a_comparison_that_sympy_cannot_finish_is_undecided_and_the_next_one_is_decided() -> None:
    hard = read(r"\int_0^1 \sin(\cos(\tan(x^x)))\,dx")
    assert symbolic.ask("value", hard, read("7")) is None
    assert symbolic.ask("value", read(r"\int_0^1 x\,dx"), read("1/2")) is True


def test_a_worker_that_was_killed_is_replaced() -> None:
    assert symbolic.ask("value", Num(1), Num(1)) is True
    worker = symbolic._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    time.sleep(0.05)
    assert symbolic.ask("value", Num(1), Num(1)) is True


def test_a_worker_that_is_stopped_is_given_up_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert symbolic.ask("value", Num(1), Num(1)) is True
    worker = symbolic._worker
    assert worker is not None
    monkeypatch.setattr(symbolic, "_ANSWER_S", 0.2)
    os.kill(worker.pid, signal.SIGSTOP)
    assert symbolic.ask("value", Num(1), Num(1)) is None
    monkeypatch.undo()
    assert symbolic.ask("value", Num(1), Num(1)) is True


def test_a_tree_with_an_unknown_operation_is_undecided() -> None:
    assert symbolic.ask("value", Apply("system", (Sym("x"),)), Num(1)) is None


def test_many_threads_share_one_worker() -> None:
    answers: list[bool | None] = []
    pairs: list[tuple[Node, Node]] = [(read("x+x"), read("2x")), (read("x"), read("2x"))]
    threads = [
        threading.Thread(target=lambda: answers.extend(symbolic.ask("value", a, b) for a, b in pairs)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["False"] * 8 + ["True"] * 8


def test_a_fork_has_a_worker_of_its_own_and_leaves_its_parents_alone() -> None:
    assert symbolic.ask("value", Num(1), Num(1)) is True
    worker = symbolic._worker
    script = (
        "import os\n"
        "from reward_server.verifiers.math import symbolic\n"
        "from reward_server.verifiers.math.nodes import Num\n"
        "assert symbolic.ask('value', Num(1), Num(1)) is True\n"
        "first = symbolic._worker.pid\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    good = symbolic._worker is None and symbolic.ask('value', Num(2), Num(2)) is True\n"
        "    symbolic.shut_down()\n"
        "    os._exit(0 if good else 1)\n"
        "_, status = os.waitpid(child, 0)\n"
        "assert status == 0\n"
        "assert symbolic.ask('value', Num(3), Num(3)) is True and symbolic._worker.pid == first\n"
        "print(first)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert _gone(int(ended.stdout)), "the worker outlived its owner"
    assert symbolic._worker is worker


def test_a_worker_ends_when_its_owner_is_killed() -> None:
    script = (
        "import time\n"
        "from reward_server.verifiers.math import symbolic\n"
        "from reward_server.verifiers.math.nodes import Num\n"
        "symbolic.ask('value', Num(1), Num(1))\n"
        "print(symbolic._worker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()
        owner.wait()
    assert _gone(pid)


def _gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            with open(f"/proc/{pid}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.05)
    return False
