r"""Answers made to cost time or memory, or to run: they get a verdict, and the process lives."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import pytest

from benchmarks.math_hostile import HOSTILE, REFERENCES
from reward_server.types import Completion, Json, Outcome
from reward_server.verifiers.registry import Registry

_WRONG = {Outcome.INCORRECT, Outcome.LIMIT_EXCEEDED}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_heavy_answer_is_wrong_or_over_the_limit_and_never_a_crash(registry: Registry, name: str) -> None:
    for reference in REFERENCES:
        assert registry.verify_once("math", reference, {}, Completion(rf"\boxed{{{HOSTILE[name]}}}")).outcome in _WRONG


@pytest.mark.parametrize("name", ["a tower of powers", "a large power of a sum", "nested factorials", "nested sums"])
def test_a_heavy_answer_is_right_where_the_reference_is_written_so(registry: Registry, name: str) -> None:
    verdict = registry.verify_once("math", HOSTILE[name], {}, Completion(rf"\boxed{{{HOSTILE[name]}}}"))
    assert verdict.outcome is Outcome.CORRECT


_NEAR = [
    (r"2^{2025}", r"2^{2025}+1"),
    ("(1+x)^{100000}", "(1+x)^{100001}"),
    (r"\pi", r"\pi+10^{-2000}"),
    ("x", "x+2305843009213693951"),
    ("x", "x+2305843009213693951\\cdot 2305843009213693921"),
    (r"\sqrt{2}+10^{-300}", r"\sqrt{2}"),
    ("x^{1000}", "x^{1001}"),
    ("0", "10^{-1000}"),
    (r"\sin x", r"\sin x + 10^{-200}"),
    ("y=2x+1", "y=2x+1+10^{-300}"),
    ("x+y<1", "x+y<1+10^{-400}"),
]


@pytest.mark.parametrize(("reference", "answer"), _NEAR)
def test_answers_that_differ_by_a_hair_are_told_apart(registry: Registry, reference: str, answer: str) -> None:
    for one, other in ((reference, answer), (answer, reference)):
        assert registry.verify_once("math", one, {}, Completion(rf"\boxed{{{other}}}")).outcome in _WRONG


def test_one_of_thousands_of_accepted_answers_is_found(registry: Registry) -> None:
    accepted: list[Json] = [rf"{k}x^2+\sqrt{{{k}}}y" for k in range(2, 5_000)]
    for answer, outcome in ((r"\sqrt{4999}y + 4999x^2", Outcome.CORRECT), ("x+y", Outcome.INCORRECT)):
        assert registry.verify_once("math", accepted, {}, Completion(rf"\boxed{{{answer}}}")).outcome is outcome


def test_a_reference_of_more_digits_than_python_writes_is_an_invalid_task(registry: Registry) -> None:
    for reference in (10**5_000, "9" * 10_001):
        assert registry.verify_once("math", reference, {}, Completion(r"\boxed{7}")).outcome is Outcome.INVALID_TASK


_CODE = [
    "__import__('os').system('touch {marker}')",
    "exec(\"open('{marker}','w')\")",
    "eval(compile(\"open('{marker}','w')\",'','exec'))",
    "[c for c in ().__class__.__base__.__subclasses__()]",
    "open('{marker}','w').write('x')",
    "lambda: open('{marker}','w')",
    "(lambda f=open: f('{marker}','w'))()",
    "sympy.sympify(\"__import__('os').system('touch {marker}')\")",
    "x.__class__.__init__.__globals__",
    "{{open('{marker}','w')}}",
    'f\'{{open("{marker}","w")}}\'',
    "\\pi + __import__('os').system('touch {marker}')",
    "Function('f')(open('{marker}','w'))",
    "$(touch {marker})",
    "`touch {marker}`",
    "\\input{{{marker}}}",
    "\\write18{{touch {marker}}}",
]
_POSITIONS = [
    "{}", r"\frac{{{}}}{{2}}", r"\sqrt{{{}}}", "({}, 2)", r"\{{{}, 1\}}", "x = {}", "[0, {})", r"\text{{{}}}",
    r"\begin{{pmatrix}}{}\\1\end{{pmatrix}}", "2^{{{}}}",
    r"\sin({})", "5 {}", "{}!", r"\log_{{{}}} 3", r"\sum_{{k=1}}^{{{}}} k", r"\int_0^1 {} dx", "x_{{{}}}",
]  # fmt: skip
_REFERENCES = ["7", r"\pi", r"\begin{pmatrix}1\\1\end{pmatrix}", r"\int_0^1 x dx", "x"]


@pytest.mark.parametrize("code", _CODE)
def test_code_in_an_answer_runs_nowhere(registry: Registry, tmp_path: Path, code: str) -> None:
    marker = tmp_path / "marker"
    payload = code.format(marker=marker)
    for position in _POSITIONS:
        for reference in _REFERENCES:
            answer = position.format(payload)
            for text in (rf"\boxed{{{answer}}}", f"Answer: {answer}", f"${answer}$"):
                assert registry.verify_once("math", reference, {}, Completion(text)).outcome is not Outcome.CORRECT
        registry.verify_once("math", position.format(payload), {}, Completion(r"\boxed{7}"))
    assert not marker.exists()


_FORBIDDEN_CALLS = {"eval", "exec", "compile", "sympify", "S", "parse_expr", "parse_latex", "lambdify", "__import__"}
_FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "sympy.parsing", "importlib"}


def test_no_module_of_the_verifier_can_turn_text_into_code() -> None:
    import reward_server.verifiers.math as package

    modules = list(Path(package.__file__).parent.glob("*.py"))
    assert len(modules) > 15
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                where = f"{module.name}:{node.lineno} calls {called}"
                assert called == "re.compile" or called.rsplit(".", 1)[-1] not in _FORBIDDEN_CALLS, where
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
                assert not names & _FORBIDDEN_MODULES, f"{module.name}:{node.lineno}"


def test_verdicts_are_the_same_over_a_thousand_repeats_in_many_threads(registry: Registry) -> None:
    pairs = [
        (r"\sqrt{12}", r"2\sqrt{3}"),
        (r"\sqrt{12}", r"3\sqrt{2}"),
        ("x+1", "1+x"),
        ("(0,1)", "0<x<1"),
        (r"\sin 2x", r"2\sin x\cos x"),
    ]
    seen: set[tuple[int, Outcome]] = set()

    def judge() -> None:
        for _ in range(50):
            for index, (reference, answer) in enumerate(pairs):
                verdict = registry.verify_once("math", reference, {}, Completion(rf"\boxed{{{answer}}}"))
                seen.add((index, verdict.outcome))

    threads = [threading.Thread(target=judge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [Outcome.CORRECT, Outcome.INCORRECT, Outcome.CORRECT, Outcome.CORRECT, Outcome.CORRECT]
    assert seen == set(enumerate(expected))
