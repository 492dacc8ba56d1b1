"""Laws of sameness, over made expressions: reflexive, symmetric, blind to rewriting, awake to change."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.math_fuzz import Fuzzer, answers, seeds
from benchmarks.math_load import load
from benchmarks.math_rewrites import rewritten
from reward_server.types import Completion, Outcome
from reward_server.verifiers.registry import Registry

_LAWS = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

_leaf = st.one_of(st.integers(1, 40).map(str), st.sampled_from(["x", "y", "n", r"\pi", r"\sqrt{2}", r"\frac{2}{3}"]))
expressions = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} + {pair[1]})"),
        st.tuples(inner, inner).map(
            lambda pair: f"({pair[0]} - 2 {pair[1]})" if not pair[1][0].isdigit() else f"({pair[0]} - {pair[1]})"
        ),
        st.tuples(inner, inner).map(lambda pair: rf"{pair[0]} \cdot {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: rf"\frac{{{pair[0]}}}{{{pair[1]} + 50}}"),
        inner.map(lambda one: f"({one})^2"),
        inner.map(lambda one: rf"\sqrt{{{one} + 60}}"),
    ),
    max_leaves=6,
)


def _same(registry: Registry, a: str, b: str) -> bool:
    return registry.verify_once("math", a, {}, Completion(rf"\boxed{{{b}}}")).outcome is Outcome.CORRECT


@_LAWS
@given(a=expressions)
def test_every_expression_is_itself_however_it_is_spaced_and_bracketed(registry: Registry, a: str) -> None:
    for spelled in (
        f" {a} ",
        f"({a})",
        rf"\left({a}\right)",
        a.replace(r"\frac", r"\dfrac"),
        a.replace(" + ", "+"),
        f"{{{a}}}",
    ):
        assert _same(registry, a, spelled), spelled


@_LAWS
@given(a=expressions, b=expressions)
def test_order_of_sums_and_products_does_not_matter(registry: Registry, a: str, b: str) -> None:
    assert _same(registry, f"{a} + {b}", f"{b} + {a}")
    assert _same(registry, rf"({a}) \cdot ({b})", rf"({b})({a})")


@_LAWS
@given(a=expressions, b=expressions)
def test_sameness_is_symmetric(registry: Registry, a: str, b: str) -> None:
    assert _same(registry, a, b) is _same(registry, b, a)


@_LAWS
@given(a=expressions, k=st.integers(1, 9))
def test_a_changed_expression_is_another(registry: Registry, a: str, k: int) -> None:
    a = f"({a})^2 + 1"
    for other in (f"{a} + {k}", rf"({a}) \cdot {k + 1}", f"-({a})", f"{a} + z", f"({a})^2 + {k + 10**6}"):
        assert not _same(registry, a, other), other


@_LAWS
@given(a=expressions, k=st.integers(2, 9))
def test_what_is_added_and_taken_away_leaves_an_expression_as_it_was(registry: Registry, a: str, k: int) -> None:
    for other in (f"{a} + {k} - {k}", rf"\frac{{{k}({a})}}{{{k}}}", f"-(-({a}))", rf"({a})^1 \cdot 1 + 0"):
        assert _same(registry, a, other), other


_ONE_SIDED = [
    (r"|{0}|", "{0}"), (r"\sqrt{{({0})^2}}", "{0}"), (r"\max({0}, {1})", "{0}"), (r"\min({0}, {1})", "{0}"),
    (r"\lfloor {0} \rfloor", r"\lceil {0} \rceil - 1"), (r"n \bmod {1}1", "n"), (r"\gcd(n, n + {1}0)", "1"),
    (r"(-{1})^n", "{1}^n"), (r"({0})|{0}|", "({0})^2"),
]  # fmt: skip


@_LAWS
@given(name=st.sampled_from("abcpqrstuvwxyz"), k=st.integers(1, 900), shift=st.integers(0, 9))
def test_functions_that_agree_on_one_side_of_a_step_are_told_apart(
    registry: Registry, name: str, k: int, shift: int
) -> None:
    for one, other in _ONE_SIDED:
        a, b = (f"{side.format(f'{name} + {shift}', k)} + {k}" for side in (one, other))
        assert not _same(registry, a, b), (a, b)


@_LAWS
@given(digits=st.text("123456789", min_size=1, max_size=24), at=st.integers(0, 23))
def test_one_other_digit_makes_another_answer(registry: Registry, digits: str, at: int) -> None:
    at %= len(digits)
    changed = digits[:at] + str(int(digits[at]) % 9 + 1) + digits[at + 1 :]
    for shape in (
        "{}",
        r"\frac{{1}}{{{}}}",
        "x + {}",
        "({}, 2)",
        r"\{{{}, x\}}",
        r"\sqrt{{{}}} + 1",
        "x < {}",
        "{} \\pmod {{7{}}}",
    ):
        a, b = shape.format(digits, digits), shape.format(changed, changed)
        assert not _same(registry, a, b), (a, b)


@_LAWS
@given(values=st.lists(st.integers(-30, 30), min_size=2, max_size=6, unique=True), seed=st.integers(0, 99))
def test_sets_ignore_order_and_tuples_do_not(registry: Registry, values: list[int], seed: int) -> None:
    shuffled = random.Random(seed).sample(values, len(values))
    a, b = (", ".join(map(str, row)) for row in (values, shuffled))
    assert _same(registry, rf"\{{{a}\}}", rf"\{{{b}\}}")
    assert _same(registry, f"({a})", f"({b})") is (values == shuffled)
    assert not _same(registry, rf"\{{{a}\}}", rf"\{{{a}, 77\}}")


@_LAWS
@given(low=st.integers(-20, 20), size=st.integers(1, 9), left=st.booleans(), right=st.booleans())
def test_an_interval_is_its_inequality_and_no_other_interval(
    registry: Registry, low: int, size: int, left: bool, right: bool
) -> None:
    high = low + size
    interval = f"{'[' if left else '('}{low}, {high}{']' if right else ')'}"
    assert _same(registry, interval, f"{low} {'<=' if left else '<'} x {'<=' if right else '<'} {high}")
    assert not _same(registry, interval, f"{low} {'<' if left else '<='} x {'<=' if right else '<'} {high}")
    assert not _same(registry, interval, f"{'[' if left else '('}{low}, {high + 1}{']' if right else ')'}")


@_LAWS
@given(text=st.text(max_size=60))
def test_any_text_gets_a_verdict(registry: Registry, text: str) -> None:
    for reference in ("7", text):
        for completion in (text, rf"\boxed{{{text}}}", f"Answer: {text}"):
            assert registry.verify_once("math", reference, {}, Completion(completion)).outcome in Outcome


def test_a_made_load_is_judged_without_a_mistake(registry: Registry) -> None:
    wrong = [
        (case.kind, case.reference, case.text[-60:], case.right)
        for case in load(600, seed=5)
        if (registry.verify_once("math", case.reference, {}, Completion(case.text)).reward == 1.0) is not case.right
    ]
    assert wrong == []


def test_rewritten_answers_of_each_kind_are_judged_without_a_mistake(registry: Registry) -> None:
    rng = random.Random(3)
    golds = [
        r"\frac{3}{4}",
        "12345",
        r"(1, -2)",
        "[3, 7]",
        "x^2-3x+2",
        r"5\sqrt{3}",
        "3, 1, 2",
        r"20\text{ days}",
        r"\frac{5}{8}",
        "2x + 7",
    ]
    cases = [case for gold in golds for case in rewritten(gold, rng)]
    assert len(cases) > 40
    wrong = [case for case in cases if _same(registry, case.reference, case.text) is not case.right]
    assert wrong == []


def test_a_short_fuzz_of_spliced_answers_finds_nothing() -> None:
    rng = random.Random(11)
    fuzzer, made = Fuzzer(slow_ms=2_000), answers(rng, seeds())
    for _ in range(1_500):
        a = next(made)
        fuzzer.pair(a, rng.choice([next(made), a + "1", a.replace(" ", "")]))
    assert fuzzer.finds == []


def test_the_kept_corpus_is_read_without_a_crash(registry: Registry) -> None:
    lines = (Path(__file__).with_name("corpus.txt")).read_text().splitlines()
    assert len(lines) > 100
    for line in lines:
        registry.verify_once("math", line, {}, Completion(rf"\boxed{{{line}}}"))
