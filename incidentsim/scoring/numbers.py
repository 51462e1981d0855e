"""Small exact helpers shared by every part of the score: shares, clipping, rounding, sums in a fixed
order."""

from __future__ import annotations

import math
from collections.abc import Iterable

NANO = 1_000_000_000
"""Loss is counted in thousand-millionths of a bad request of weight 1, so that credit is an exact integer."""


def clip(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """Return `value` moved into [low, high]."""
    return low if value < low else high if value > high else value


def share(part: int, whole: int) -> float:
    """Return part / whole clipped to [0, 1]; a share of nothing is 0."""
    return clip(part / whole) if whole > 0 else 0.0


def exact_total(values: Iterable[float]) -> float:
    """Return the correctly rounded sum: the same bits in any order and on every Python."""
    return math.fsum(values)


def whole_total(values: Iterable[int]) -> int:
    """Return the sum of integers."""
    total = 0
    for value in values:
        total += value
    return total


def rounded(value: float) -> float:
    """Return `value` with six decimals, as score files carry it; never a negative zero."""
    return round(value, 6) + 0.0
