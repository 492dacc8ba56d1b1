"""What counts as the same value."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from reward_server.verifiers.code.compare_values import value_matches


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (3, 3.0),
        (3.0, 3),
        (0.1 + 0.2, 0.3),
        (0.0, 1e-10),
        (10**30, 10**30),
        ("a", "a"),
        ([1, [2, 3]], (1, (2, 3))),
        ([[1, 2]], [(1, 2)]),
        ({"a": [1]}, {"a": (1,)}),
        ({"1": "a", "2": "b"}, {1: "a", 2: "b"}),
        ({"true": 1}, {True: 1}),
        (0.5, Decimal("0.5")),
        (2, Fraction(2)),
        ([], ()),
    ],
)
def test_equal(expected: Any, actual: Any) -> None:
    assert value_matches(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (None, False),
        (None, 0),
        (True, 1),
        (1, True),
        (0, False),
        (3, "3"),
        ("3", 3),
        (3, 3.0000000001),
        (10**20, 10**20 + 1),
        (10**16 + 1, 1e16),
        (1.0, 1.00001),
        (1.0, math.nan),
        (1.0, math.inf),
        (1.0, 10**400),
        (1.0, complex(1, 0)),
        (0.0, Decimal("NaN")),
        (0, Decimal("sNaN")),
        ([1, 2], [1, 2, 3]),
        ([1, 2], {1, 2}),
        ([1, 2], "12"),
        ("ab", ["a", "b"]),
        ({"a": 1}, [["a", 1]]),
        ({"1": "a"}, {1: "a", "1": "a"}),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({}, []),
        ("a", b"a"),
        ([0], [False]),
    ],
)
def test_unequal(expected: Any, actual: Any) -> None:
    assert not value_matches(expected, actual)


def test_huge_numbers_and_exponents_are_compared_at_once() -> None:
    assert not value_matches(5, Decimal("1e999999999"))
    assert not value_matches(0.5, Decimal("1e999999999"))
    assert not value_matches(5, 1 << 10_000_000)
    assert not value_matches({"5": 1}, {1 << 10_000_000: 1})
