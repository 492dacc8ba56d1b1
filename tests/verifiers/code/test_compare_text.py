"""What counts as the same output."""

from __future__ import annotations

from typing import Literal

import pytest

from reward_server.verifiers.code.compare_text import output_matches


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("1 2\n3\n", b"1 2\n3"),
        ("1 2\n3", b"1 2 \n3\n\n"),
        ("1 2\n3\n", b"1  2\r\n3\r\n"),
        ("", b"\n"),
        ("\u00e9\n", "\u00e9".encode()),
    ],
)
def test_whitespace_at_the_ends_and_between_tokens_is_forgiven(expected: str, actual: bytes) -> None:
    assert output_matches(expected, actual, "tokens")


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("1 2\n3\n", b"1 2\n"),
        ("1\n", b"1\n2\n"),
        ("1 2\n", b"1\n2\n"),
        ("1\n2\n", b"1 2\n"),
        ("a\n", b"A\n"),
        ("1\n", b"1.0\n"),
        ("YES\n", b"YES NO\n"),
        ("5\n", b""),
        ("12345678901234567890\n", b"12345678901234567891\n"),
        ("1\n\n2", b"1\n2"),
    ],
)
@pytest.mark.parametrize("compare", ["tokens", "float"])
def test_lines_tokens_and_text_must_agree(expected: str, actual: bytes, compare: Literal["tokens", "float"]) -> None:
    assert not output_matches(expected, actual, compare)


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("0.5", b"0.5000004", True),
        ("0.5", b".5", True),
        ("0.5", b"5e-1", True),
        ("0.5", b"0.50001", False),
        ("1000000.0", b"1000000.5", True),
        ("1000000.0", b"1000002.0", False),
        ("3", b"3.0000001", False),
        ("3", b"3.0", False),
        ("3.0", b"3", True),
        ("1e3", b"1000", True),
        ("nan", b"nan", True),
        ("0.5", b"nan", False),
        ("0.5", b"inf", False),
        ("1e9999", b"2e9999", False),
        ("0.5", b"0x1p-1", False),
        ("0.5", b"0_0.5", False),
        ("0.5", "\u0660.5".encode(), False),
        ("inf", b"Infinity", False),
        ("1.5", b"9" * 10_000_000, False),
    ],
)
def test_only_an_expected_decimal_is_tolerant(expected: str, actual: bytes, same: bool) -> None:
    assert output_matches(expected, actual, "float") is same


def test_exact_forgives_a_final_newline_alone() -> None:
    assert output_matches("a  b\n", b"a  b", "exact")
    assert output_matches("a\nb\n", b"a\r\nb\r\n", "exact")
    assert not output_matches("a  b\n", b"a b\n", "exact")
    assert not output_matches("a\n", b"a \n", "exact")
    assert not output_matches("a\n", b"a\n\n\n", "exact")


def test_bytes_that_are_no_text_are_compared_all_the_same() -> None:
    assert not output_matches("\ufffd", b"\xff", "tokens")
    assert not output_matches("a", b"a\x00", "tokens")
