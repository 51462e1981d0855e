"""Shapley values of made-up games: exact totals, symmetry, placebos, repeated commands, pairs of orders."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from incidentsim.exact import Draws, bits64, stream_key
from incidentsim.scoring.numbers import whole_total
from incidentsim.scoring.shapley import (
    DEEP_PAIRS,
    EXACT_UP_TO,
    MOST_SUBSETS,
    Orders,
    apportioned,
    mean_gains,
    orders_of,
)

COUNTS = st.integers(0, 12)
SEEDS = st.integers(0, 10_000)


def drawn(count: int, seed: int, *, deep: bool = False, same: tuple[int, int] | None = None) -> Orders:
    """Return the orders for this many moves; two of them may be of the same kind."""
    kinds = [str(i) for i in range(count)]
    if same is not None:
        kinds[same[1]] = kinds[same[0]]
    return orders_of(kinds, Draws(seed, "game", "orders"), deep=deep)


def losses(orders: Orders, seed: int, *, placebo: int = -1, same: tuple[int, int] | None = None) -> dict[int, int]:
    """Return any loss for every subset; a placebo is never looked at, of two that are the same only how many."""
    key = stream_key(seed, "game", "losses")
    out = {}
    for mask in orders.masks():
        seen = mask & ~(1 << placebo) if placebo >= 0 else mask
        if same is not None and seen >> same[0] & 1 < seen >> same[1] & 1:
            seen ^= 1 << same[0] | 1 << same[1]
        out[mask] = bits64(key, seen) % 10**15 - 5 * 10**14
    return out


@given(count=COUNTS, seed=SEEDS, deep=st.booleans())
def test_credits_add_up_exactly(count: int, seed: int, deep: bool) -> None:
    """With any number of moves and orders, and after rounding, the total is what all moves changed."""
    orders = drawn(count, seed, deep=deep)
    value = losses(orders, seed)
    shares = mean_gains(orders, value)
    whole = apportioned(shares)
    assert whole_total(whole) == value[0] - value[(1 << count) - 1]
    assert all(abs(n - share) < 1 for n, share in zip(whole, shares, strict=True))


@given(count=st.integers(1, 12), seed=SEEDS, place=st.integers(0, 11), deep=st.booleans())
def test_a_placebo_gets_exactly_nothing(count: int, seed: int, place: int, deep: bool) -> None:
    """A move that never changes a loss has a share of 0, rounded as well, in every form."""
    placebo = place % count
    orders = drawn(count, seed, deep=deep)
    shares = mean_gains(orders, losses(orders, seed, placebo=placebo))
    assert shares[placebo] == 0
    assert apportioned(shares)[placebo] == 0


@given(count=st.integers(2, 10), seed=SEEDS, a=st.integers(0, 9), step=st.integers(1, 9), deep=st.booleans())
def test_moves_that_cannot_be_told_apart_get_the_same(count: int, seed: int, a: int, step: int, deep: bool) -> None:
    """Two of one kind that only count by their number have equal shares, whatever else is in the game."""
    same = (a % count, (a + step) % count)
    if same[0] == same[1]:
        return
    low, high = min(same), max(same)
    orders = drawn(count, seed, deep=deep, same=(low, high))
    shares = mean_gains(orders, losses(orders, seed, same=(low, high)))
    assert shares[low] == shares[high]


@given(count=st.integers(0, EXACT_UP_TO), seed=SEEDS)
def test_up_to_five_moves_are_the_mean_over_all_orders(count: int, seed: int) -> None:
    """The weighted sum over subsets is what walking through every order gives."""
    orders = drawn(count, seed)
    value = losses(orders, seed)
    every = Orders(count=count, drawn=tuple(permutations(range(count))))
    assert orders.exact()
    assert mean_gains(orders, value) == mean_gains(every, value)


@given(count=st.integers(EXACT_UP_TO + 1, 30), seed=SEEDS, deep=st.booleans())
def test_orders_come_in_pairs_each_with_its_reverse(count: int, seed: int, deep: bool) -> None:
    """Every second order is the one before it backwards; a debrief of up to 20 moves keeps to 40 subsets."""
    orders = drawn(count, seed, deep=deep)
    assert all(sorted(order) == list(range(count)) for order in orders.drawn)
    assert all(order[::-1] == back for order, back in zip(orders.drawn[::2], orders.drawn[1::2], strict=True))
    if deep:
        assert len(orders.drawn) == 2 * DEEP_PAIRS
    else:
        assert len(orders.masks()) <= max(MOST_SUBSETS, 2 * count)
    assert orders == drawn(count, seed, deep=deep), "the same draws give the same orders"


@given(count=st.integers(6, 10), seed=SEEDS, a=st.integers(0, 9), b=st.integers(0, 9))
def test_a_pair_of_orders_halves_what_two_moves_do_alike(count: int, seed: int, a: int, b: int) -> None:
    """Moves of which one is enough share equally with drawn orders, too: one leads in each order of a pair."""
    first, second = a % count, b % count
    if first == second:
        return
    orders = drawn(count, seed)
    value = {mask: 0 if mask >> first & 1 or mask >> second & 1 else 1_001 for mask in orders.masks()}
    shares = mean_gains(orders, value)
    assert shares[first] == shares[second] == Fraction(1_001, 2)
    assert sorted(apportioned(shares))[-2:] == [500, 501]


def test_orders_are_spread_evenly() -> None:
    """Over many seeds every move is first about equally often: 6 moves, 600 draws, each 100 ± 40."""
    first = [drawn(6, seed).drawn[0][0] for seed in range(600)]
    assert all(60 <= first.count(move) <= 140 for move in range(6))


def test_more_moves_than_two_pairs_can_hold_are_averaged_over_one() -> None:
    """Ten moves need up to 38 subsets; eleven would need 42, so they get one pair and 22."""
    ten, eleven = drawn(10, 1), drawn(11, 1)
    assert len(ten.drawn) == 4 and 30 < len(ten.masks()) <= 38
    assert len(eleven.drawn) == 2 and len(eleven.masks()) == 22
