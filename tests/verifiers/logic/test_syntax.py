"""Formulas are read as a logician reads them, and shown so that they read back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_server.verifiers.logic.smtlib import parse_smtlib
from reward_server.verifiers.logic.syntax import SyntaxFault, is_compact, parse, show
from reward_server.verifiers.logic.terms import same

formulas = st.recursive(
    st.sampled_from(["P", "Q", "R(x)", "S(a, f(x))", "a = b", "true", "false"]),
    lambda inner: st.one_of(
        inner.map("~{}".format),
        st.tuples(inner, st.sampled_from(["&", "|", "->", "<->"]), inner).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(st.sampled_from(["forall", "exists"]), st.sampled_from("xyz"), inner).map(
            "{0[0]} {0[1]} ({0[2]})".format
        ),
    ),
    max_leaves=12,
)


@given(formulas)
def test_what_is_shown_reads_back_the_same(text: str) -> None:
    formula = parse(text)
    assert parse(show(formula)) == formula
    assert same(formula, parse(show(formula)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("P & Q | R", "(P & Q) | R"),
        ("P -> Q -> R", "P -> (Q -> R)"),
        ("~P & Q", "(~P) & Q"),
        ("P | Q -> R <-> S", "((P | Q) -> R) <-> S"),
        ("\\forall x (P(x) \\to Q(x))", "∀x(P(x) → Q(x))"),
        ("not P and Q or R implies S", "((~P & Q) | R) -> S"),
        ("¬P ∧ Q", "~P /\\ Q"),
        ("forall x, y. P(x, y)", "∀x ∀y P(x, y)"),
        ("(∀x)P(x)", "∀x P(x)"),
        ("0 < x < 1", "0 < x & x < 1"),
        ("x ≠ y", "~(x = y)"),
        ("2x + 1 = y", "2 * x + 1 = y"),
        ("P ^ Q v ~R", "(P & Q) | ~R"),
        ("∀v (P(v) v Q(v))", "∀v (P(v) ∨ Q(v))"),
    ],
)
def test_notations_of_one_formula_are_one(one: str, other: str) -> None:
    assert parse(one) == parse(other)


@pytest.mark.parametrize(("one", "other"), [("∀x P(x)", "∀y P(y)"), ("∀x ∃y R(x, y)", "∀y ∃x R(y, x)")])
def test_names_of_bound_variables_do_not_count(one: str, other: str) -> None:
    assert same(parse(one), parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("∀x P(x)", "∃x P(x)"),
        ("∀x ∃y R(x, y)", "∀x ∃y R(y, x)"),
        ("∀x P(y)", "∀y P(y)"),
        ("P -> Q", "Q -> P"),
        ("∀x ∀x ∀y R(x, y)", "∀x ∀x ∀y R(x, x)"),
        ("P(a)", "P(b)"),
        ("∀x P(a)", "∀a P(a)"),
    ],
)
def test_different_formulas_are_different(one: str, other: str) -> None:
    assert not same(parse(one), parse(other))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P &",
        "(P",
        "P)",
        "P Q",
        "& P",
        "∀ P",
        "∀x",
        "P(",
        "P(x",
        "x +",
        "1",
        "P(∀)",
        "~" * 200 + "P",
        "(" * 200 + "P" + ")" * 200,
        "P" + " & P" * 200,
        "a" * 10 + "\x00",
        "\\frac{1}{2}",
        "2 + 2",
        "P " * 5_000,
    ],
)
def test_what_is_no_formula_is_a_fault_and_never_a_crash(text: str) -> None:
    with pytest.raises(SyntaxFault):
        parse(text)


@given(st.text(alphabet="PQRxy~&|()->=∀∃.,+*^0123456789 \\", max_size=60))
def test_any_text_is_a_formula_or_a_fault(text: str) -> None:
    try:
        formula = parse(text)
    except SyntaxFault:
        return
    assert parse(show(formula)) == formula


def test_the_compact_notation_is_used_only_where_the_reference_uses_it() -> None:
    assert is_compact(["∀x(Px → Qx)"])
    assert not is_compact(["∀x(P(x) → Q(x))", "Rain"])
    assert parse("∀xRxy", compact=True) == parse("∀x R(x, y)")
    assert parse("Rain").name == "Rain"  # type: ignore[union-attr]  # an atom


@pytest.mark.parametrize(
    ("smtlib", "infix"),
    [
        ("(=> P Q)", "P -> Q"),
        ("(assert (and P (not Q) R))", "P & ~Q & R"),
        ("(> (* 2 x) (+ y 1))", "2 * x > y + 1"),
        ("(forall ((x Real)) (>= (* x x) 0))", "forall x (x * x >= 0)"),
        ("(= (- x) 3)", "-x = 3"),
        ("(distinct a b)", "a != b"),
        ("(=> P Q R)", "P -> (Q -> R)"),
        ("(= (> x 1) true)", "(x > 1) <-> true"),
    ],
)
def test_smtlib_terms_are_formulas(smtlib: str, infix: str) -> None:
    assert parse_smtlib(smtlib) == parse(infix)


@pytest.mark.parametrize(
    "text", ["", "(", ")", "(and", "(set-option :x true)", "((f))", "(" * 500, "P Q", "(exit) (P)"]
)
def test_smtlib_commands_and_broken_terms_are_faults(text: str) -> None:
    with pytest.raises(SyntaxFault):
        parse_smtlib(text)
