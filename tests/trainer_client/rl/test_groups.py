"""The decisions of dynamic sampling, without a model."""

from __future__ import annotations

import random

import pytest

from trainer_client.rl.groups import Kind, Place, Row, Sampling, kind


def row(value: float | None) -> Row:
    outcome = {None: "unavailable", 1.0: "correct"}.get(value, "incorrect")
    return Row(outcome, value, value, 5, False, value is None, "", 0.0, 0.0, "")


def group(*values: float | None) -> list[Row]:
    return [row(value) for value in values]


MIXED, RIGHT, WRONG, NULL = group(0, 1.0), group(1.0, 1.0), group(0, 0), group(None, None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 0.0], Kind.MIXED),
        ([1.0, 1.0], Kind.RIGHT),
        ([0.0, 0.0], Kind.WRONG),
        ([0.5, 0.5], Kind.WRONG),
        ([0.1 + 0.2, 0.3], Kind.MIXED),
        ([None, None], Kind.NULL),
        ([1.0, None], Kind.RIGHT),
        ([0.0, None, 1.0], Kind.MIXED),
        ([None, 0.0], Kind.WRONG),
    ],
)
def test_a_null_is_neither_right_nor_wrong(values: list[float | None], expected: Kind) -> None:
    assert kind(values) is expected


def test_a_full_batch_asks_for_nothing_more() -> None:
    sampling = Sampling(ranks=1, size=2, needed=2)
    sampling.add(MIXED + MIXED)
    assert sampling.wanted() == 0
    assert sampling.choose() == ([[Place(0, 0, 0), Place(0, 0, 1)]], 0)


def test_fresh_groups_are_asked_for_by_the_deficit_over_the_useful_share() -> None:
    sampling = Sampling(ranks=1, size=2, needed=8)
    sampling.add((MIXED + WRONG) * 4)
    assert sampling.wanted() == 8
    sampling.add(MIXED * 3 + RIGHT * 5)
    assert sampling.wanted() == 3


def test_no_round_is_larger_than_the_first_even_when_nothing_was_useful() -> None:
    sampling = Sampling(ranks=1, size=2, needed=4)
    sampling.add(WRONG * 4)
    assert sampling.wanted() == 4


def test_a_rank_with_too_many_mixed_groups_hands_some_to_one_that_is_short() -> None:
    sampling = Sampling(ranks=2, size=2, needed=2)
    sampling.add(MIXED + MIXED + WRONG + WRONG)
    assert sampling.wanted() == 2
    sampling.add(MIXED + WRONG + NULL + MIXED)
    assert sampling.wanted() == 0
    assert sampling.choose() == ([[Place(0, 0, 0), Place(0, 0, 1)], [Place(0, 1, 0), Place(1, 1, 1)]], 0)


def test_a_short_batch_is_topped_up_and_nulls_come_last() -> None:
    sampling = Sampling(ranks=1, size=2, needed=3)
    sampling.add(NULL + WRONG + MIXED)
    assert sampling.choose() == ([[Place(0, 0, 0), Place(0, 0, 1), Place(0, 0, 2)]], 2)
    sampling.add(RIGHT)
    assert sampling.choose() == ([[Place(0, 0, 1), Place(0, 0, 2), Place(0, 1, 0)]], 2)


@pytest.mark.parametrize(("ranks", "needed"), [(1, 32), (2, 16), (8, 4), (8, 64)])
def test_at_a_useful_share_of_one_half_no_more_than_twice_and_a_fifth_is_generated(ranks: int, needed: int) -> None:
    draw = random.Random(0)
    generated = trained = mixed = 0
    for _ in range(50):
        sampling = Sampling(ranks=ranks, size=2, needed=needed)
        wanted, rounds = needed, 0
        while wanted and rounds < 10:
            sampling.add([row for _ in range(wanted * ranks) for row in draw.choice((MIXED, WRONG))])
            generated += wanted * ranks
            wanted, rounds = sampling.wanted(), rounds + 1
        chosen, topped_up = sampling.choose()
        assert {len(places) for places in chosen} == {needed}
        assert len({place for places in chosen for place in places}) == needed * ranks
        trained += needed * ranks
        mixed += needed * ranks - topped_up
    assert mixed == trained
    assert generated <= 2.2 * trained
