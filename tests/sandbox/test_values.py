"""Two writers and two readers of one table: the server's and the runner's agree, and neither trusts what it reads."""

from __future__ import annotations

import json
import math
from collections import deque
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reward_server.sandbox.values import MAX_DEPTH, NotPlain, decode, encode
from sandboxes.runner import jsons
from sandboxes.runner.plain import Codec

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(),
    st.complex_numbers(allow_nan=False), st.fractions(), st.decimals(allow_nan=False), st.dates(), st.datetimes(),
    st.timedeltas(), st.builds(range, st.integers(), st.integers(), st.integers(1)),
)  # fmt: skip
KEYS = st.one_of(st.none(), st.integers(), st.text(), st.binary(), st.tuples(st.integers(), st.text()))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.lists(inner, max_size=4).map(deque),
        st.dictionaries(KEYS, inner, max_size=4),
        st.sets(KEYS, max_size=4),
        st.frozensets(KEYS, max_size=4),
    ),
    max_leaves=12,
)
BROKEN: list[Any] = [
    {}, {"t": 1}, {"t": [], "s": []}, {"nope": 1}, {"i": "xyz"}, {"i": 5}, {"f": "7"}, {"b": "%%"}, {"c": [1, 2, 3]},
    {"c": ["a", "b"]}, {"s": [[1]]}, {"d": [[[1], 2]]}, {"d": 5}, {"F": [1, 0]}, {"r": [0, 1, 0]}, {"D": "x"},
    {"T": ["year", 1]}, {"T": ["date", "soon"]}, {"a": ["<i8", [2], [1]]}, {"a": ["<i8", [-1], []]}, {"N": []},
    {"t": [{"t": [{"x": 1}]}]},
]  # fmt: skip


def written(value: Any, write: Any) -> Any:
    return json.loads(json.dumps(write(value)))


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_the_server_and_the_runner_read_each_other(value: Any) -> None:
    runner = Codec()
    for write, read in ((encode, decode), (encode, runner.decode), (runner.encode, decode)):
        back = read(written(value, write))
        assert back == value and type(back) is type(value)


def test_nan_and_infinities_cross() -> None:
    nan, high, low = decode(written([math.nan, math.inf, -math.inf], encode))
    assert math.isnan(nan) and (high, low) == (math.inf, -math.inf)


@pytest.mark.parametrize("body", BROKEN, ids=json.dumps)
def test_what_the_writer_would_not_write_is_refused(body: Any) -> None:
    with pytest.raises(NotPlain):
        decode(body)


@pytest.mark.parametrize("tag", ["t", "s", "d"])
def test_depth_is_bounded(tag: str) -> None:
    body: Any = 1
    for _ in range(MAX_DEPTH + 2):
        body = {tag: [[1, body]] if tag == "d" else [body]}
    with pytest.raises(NotPlain):
        decode(body)


def test_subclasses_are_flattened_without_their_methods() -> None:
    class Liar(dict[str, int]):
        def items(self) -> Any:
            raise AssertionError("its method was asked")

    class Number(int):
        def __int__(self) -> int:
            raise AssertionError("its method was asked")

    assert decode(written([Liar(a=1), Number(2)], encode)) == [{"a": 1}, 2]


def test_arrays_objects_and_named_tuples_become_plain() -> None:
    assert decode({"a": ["<f8", [2, 0, 3], []]}) == [[], []]
    assert decode({"a": ["<f8", [2, 2], [1.0, 2.0, 3.0, 4.0]]}) == [[1.0, 2.0], [3.0, 4.0]]
    assert decode({"n": ["<i8", 3]}) == 3
    assert decode({"N": ["P", ["x", "y"], [1, 2]]}) == (1, 2)


def test_types_that_look_alike_stay_apart() -> None:
    for value in (1, 1.0, True, "1", b"1", (1,), [1], {1}, Decimal(1), Fraction(1), date(1, 1, 1), timedelta(1)):
        assert type(decode(written(value, encode))) is type(value)
    assert type(decode(written(datetime(2020, 1, 1), encode))) is datetime


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_the_coder_in_c_writes_what_json_reads_and_the_other_way_round(value: Any) -> None:
    assert json.loads(jsons.written(value)) == value == jsons.read(json.dumps(value).encode())


@pytest.mark.parametrize("data", [b"", b" ", b"1 2", b"[1", b"{1: 2}", b"\xff", b"nope", b'"\n"'])
def test_what_is_not_one_value_of_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        jsons.read(data)
