"""SymPy's own process: it decides, is limited, is shared by forks, and ends with the last of its owners."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from reward_server.errors import Unavailable
from reward_server.types import Completion, Outcome
from reward_server.verifiers.math import symbolic
from reward_server.verifiers.math.judgement import Budget
from reward_server.verifiers.math.limits import MAX_SYMBOLIC_S
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


def _ask(a: Node, b: Node) -> bool | None:
    return symbolic.ask("value", a, b, Budget())


def test_a_comparison_that_sympy_cannot_finish_is_undecided_and_the_next_one_is_decided() -> None:
    assert _ask(read(r"\int_0^1 \sin(\cos(\tan(x^x)))\,dx"), read("7")) is None
    assert _ask(read(r"\int_0^1 x\,dx"), read("1/2")) is True


def test_readings_that_agree_count_although_others_took_all_the_work(registry: Registry) -> None:
    reference, answer = r"(A)\operatorname{lcm}(4,6)", r"\boxed{(A)\operatorname{lcm}(4,6)∞}"
    assert registry.verify_once("math", reference, {}, Completion(answer)).outcome is Outcome.CORRECT


def test_all_questions_about_two_answers_share_one_allowance_of_processor_time(registry: Registry) -> None:
    hard = [rf"\int_0^1 \sin(\cos(\tan(x^x + {k})))\,dx" for k in range(40)]
    symbolic.ready()
    start = time.monotonic()
    verdict = registry.verify_once("math", ", ".join(hard[:20]), {}, Completion(rf"\boxed{{{', '.join(hard[20:])}}}"))
    assert (verdict.outcome, verdict.flags) == (Outcome.INCORRECT, ("undecided",))
    assert time.monotonic() - start < 20 * MAX_SYMBOLIC_S, "every question had an allowance of its own"


def test_a_question_that_fills_memory_is_undecided() -> None:
    grid = ", ".join(f"x_{k}" for k in range(12))
    assert _ask(read(rf"\lim_{{x\to 0}} ({grid.replace(', ', '+')}+x)^{{400}}"), read("7")) is None


def test_a_process_that_was_killed_is_replaced() -> None:
    assert _ask(Num(1), Num(1)) is True
    server = symbolic._server
    assert server is not None
    os.kill(server.process.pid, signal.SIGKILL)
    assert _ask(Num(1), Num(1)) is True
    assert symbolic._server is not server


def test_a_process_that_is_stopped_is_a_failure_of_ours_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _ask(Num(1), Num(1)) is True
    server = symbolic._server
    assert server is not None
    monkeypatch.setattr(symbolic, "_ANSWER_S", 0.2)
    os.kill(server.process.pid, signal.SIGSTOP)
    with pytest.raises(Unavailable, match="does not answer"):
        _ask(Num(1), Num(1))
    monkeypatch.undo()
    assert _ask(Num(1), Num(1)) is True


def test_a_tree_with_an_unknown_operation_is_undecided() -> None:
    assert _ask(Apply("system", (Sym("x"),)), Num(1)) is None


def test_many_threads_share_one_process() -> None:
    symbolic.ready()
    server, answers = symbolic._server, list[bool | None]()
    pairs: list[tuple[Node, Node]] = [(read("x+x"), read("2x")), (read("x"), read("2x"))]
    threads = [threading.Thread(target=lambda: answers.extend(_ask(a, b) for a, b in pairs)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["False"] * 8 + ["True"] * 8
    assert symbolic._server is server


def test_forks_share_the_process_of_their_parent_and_it_ends_with_the_last_of_them() -> None:
    script = (
        "import os, time\n"
        "from reward_server.verifiers.math import symbolic\n"
        "from reward_server.verifiers.math.judgement import Budget\n"
        "from reward_server.verifiers.math.nodes import Num\n"
        "symbolic.start()\n"
        "first = symbolic._server.process.pid\n"
        "children = []\n"
        "for k in range(3):\n"
        "    children.append(os.fork())\n"
        "    if children[-1] == 0:\n"
        "        good = symbolic.ask('value', Num(k), Num(k), Budget()) and symbolic._server.process.pid == first\n"
        "        symbolic.shut_down()\n"
        "        os._exit(0 if good else 1)\n"
        "for child in children:\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "assert symbolic.ask('value', Num(3), Num(3), Budget()) is True and symbolic._server.process.pid == first\n"
        "print(first)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert _gone(int(ended.stdout)), "the process outlived its owners"


def test_a_fork_replaces_the_process_without_taking_it_from_its_parent() -> None:
    script = (
        "import os, signal\n"
        "from reward_server.verifiers.math import symbolic\n"
        "from reward_server.verifiers.math.judgement import Budget\n"
        "from reward_server.verifiers.math.nodes import Num\n"
        "symbolic.ready()\n"
        "first = symbolic._server.process.pid\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    symbolic._replace(symbolic._server)\n"
        "    good = symbolic.ask('value', Num(2), Num(2), Budget()) and symbolic._server.process.pid != first\n"
        "    symbolic.shut_down()\n"
        "    os._exit(0 if good else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert symbolic.ask('value', Num(3), Num(3), Budget()) is True and symbolic._server.process.pid == first\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr


def test_a_worker_ends_when_its_owner_is_killed() -> None:
    script = (
        "import time\n"
        "from reward_server.verifiers.math import symbolic\n"
        "symbolic.ready()\n"
        "print(symbolic._server.process.pid, flush=True)\n"
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
