"""Shapley values: what each move is worth on average over the orders in which the moves could have been made.

Called by `effects`. A set of moves is a bit mask; its value is an integer loss, so that every mean is an exact
fraction and the credits of all moves add up to the whole, with all orders or with a few drawn ones. Few orders are
drawn in antithetic pairs, an order and its reverse: who comes early in the one comes late in the other, so that
moves which can stand in for each other share alike (Mitchell, Cooper, Frank, Holmes: Sampling Permutations for
Shapley Value Estimation, 2022).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial

from incidentsim.exact import Draws
from incidentsim.scoring.numbers import whole_total

EXACT_UP_TO = 5
"""Most moves over whose orders all are averaged: 32 subsets (scoring.md §1)."""

DEBRIEF_PAIRS = 2
"""Antithetic pairs of a debrief (scoring.md §1)."""

DEEP_PAIRS = 12
"""Antithetic pairs of `score --deep`: 24 orders (scoring.md §1)."""

MOST_SUBSETS = 40
"""Subsets that a debrief may need: two pairs up to ten moves, one pair beyond (scoring.md §1: <= 40 replays)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The orders of `count` moves that are averaged: those in `drawn`, or all of them when there are none."""

    count: int
    drawn: tuple[tuple[int, ...], ...] = ()

    def exact(self) -> bool:
        """Return whether all orders are averaged."""
        return not self.drawn

    def averaged(self) -> int:
        """Return how many orders are averaged."""
        return len(self.drawn) or factorial(self.count)

    def masks(self) -> tuple[int, ...]:
        """Return every set of moves whose value is needed, each once; the empty one first."""
        if self.exact():
            return tuple(range(1 << self.count))
        needed: dict[int, None] = {}
        for order in self.drawn:
            mask = 0
            needed[mask] = None
            for i in order:
                mask |= 1 << i
                needed[mask] = None
        return tuple(needed)


def orders_of(kinds: Sequence[str], draws: Draws, *, deep: bool = False) -> Orders:
    """Return the orders to average for moves of these kinds: moves of one kind are the same command again.

    Up to five moves need no draw. Where a kind occurs twice, every other pair is the one before it with the two
    exchanged, so that moves which the world can't tell apart get exactly the same credit.
    """
    count = len(kinds)
    if count <= EXACT_UP_TO:
        return Orders(count=count)
    few = 2 * DEBRIEF_PAIRS * (count - 1) + 2 > MOST_SUBSETS
    pairs = DEEP_PAIRS if deep else 1 if few else DEBRIEF_PAIRS
    twins = _twins(kinds)
    repeated = twins != list(range(count))
    drawn: list[tuple[int, ...]] = []
    order: tuple[int, ...] = ()
    for pair in range(pairs):
        order = tuple(twins[i] for i in order) if repeated and pair % 2 else _shuffled(count, draws, pair)
        drawn += [order, order[::-1]]
    return Orders(count=count, drawn=tuple(drawn))


def mean_gains(orders: Orders, value: Mapping[int, int]) -> tuple[Fraction, ...]:
    """Return, for each move, the mean of value(without it) − value(with it) over the orders.

    `value` is needed for `orders.masks()`. The means add up to value(no move) − value(all moves).
    """
    count = orders.count
    gains = [0] * count
    if orders.exact():
        for mask in range(1 << count):
            size = mask.bit_count()
            weight = factorial(size) * factorial(count - size - 1) if size < count else 0
            for i in range(count):
                if not mask >> i & 1:
                    gains[i] += weight * (value[mask] - value[mask | 1 << i])
    for order in orders.drawn:
        mask = 0
        for i in order:
            gains[i] += value[mask] - value[mask | 1 << i]
            mask |= 1 << i
    return tuple(Fraction(gain, orders.averaged()) for gain in gains)


def apportioned(shares: Sequence[Fraction]) -> tuple[int, ...]:
    """Return the shares as integers with the same (whole) total: all rounded down, the largest rests up by one.

    Of equal rests the first goes up. A share that is whole already, 0 among them, stays as it is.
    """
    whole = [share.numerator // share.denominator for share in shares]
    rests = [share - floor for share, floor in zip(shares, whole, strict=True)]
    total = Fraction(0)
    for share in shares:
        total += share
    if total.denominator != 1:
        raise ValueError(f"shares add up to {total}, which is not whole")
    left = total.numerator - whole_total(whole)
    for i in sorted(range(len(shares)), key=lambda i: (-rests[i], i))[:left]:
        whole[i] += 1
    return tuple(whole)


def _twins(kinds: Sequence[str]) -> list[int]:
    """Return for each move the one it changes places with: within a kind the first with the last, and so on."""
    places: dict[str, list[int]] = {}
    for i, kind in enumerate(kinds):
        places.setdefault(kind, []).append(i)
    twins = list(range(len(kinds)))
    for same in places.values():
        for i, twin in zip(same, reversed(same), strict=True):
            twins[i] = twin
    return twins


def _shuffled(count: int, draws: Draws, pair: int) -> tuple[int, ...]:
    """Return a random order (Fisher and Yates): every order is equally likely."""
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = draws.below(pair << 16 | last, last + 1)
        order[last], order[other] = order[other], order[last]
    return tuple(order)
