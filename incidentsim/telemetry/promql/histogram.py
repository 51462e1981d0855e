"""`histogram_quantile` over classic histograms, with every edge case of Prometheus' bucketQuantile."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from math import isnan
from typing import Final

from incidentsim.telemetry.labels import NAME, NAN, Labels
from incidentsim.telemetry.promql.values import Instant, Vector, VectorPlan

_INF: Final = float("inf")

_SMALL: Final = 1e-12
"""Relative difference of two bucket counts that is rounding, not data (Prometheus: smallDeltaTolerance)."""


def bucket_quantile(q: float, buckets: list[tuple[float, float]]) -> float:
    """Return the q-quantile of cumulative (upper bound, count) buckets, linear within a bucket.

    NaN without a +Inf bucket, with fewer than two buckets or without observations; the highest finite bound
    when the rank falls into the +Inf bucket; the lowest bound when that is not positive.
    """
    if isnan(q):
        return NAN
    if q < 0:
        return -_INF
    if q > 1:
        return _INF
    ordered = sorted(buckets)
    if not ordered or ordered[-1][0] != _INF:
        return NAN
    bounds: list[float] = []
    counts: list[float] = []
    for bound, count in ordered:
        if bounds and bounds[-1] == bound:
            counts[-1] += count
        else:
            bounds.append(bound)
            counts.append(count)
    if len(bounds) < 2:
        return NAN
    _make_monotonic(counts)
    total = counts[-1]
    if total == 0 or isnan(total):
        return NAN
    rank = q * total
    last = len(bounds) - 1
    index = bisect_left(counts, rank, 0, last)
    if index == last:
        return bounds[-2]
    if index == 0:
        if bounds[0] <= 0:
            return bounds[0]
        return bounds[0] * (rank / counts[0]) if counts[0] else NAN
    below = counts[index - 1]
    low, high = bounds[index - 1], bounds[index]
    return low + (high - low) * ((rank - below) / (counts[index] - below))


def _make_monotonic(counts: list[float]) -> None:
    """Lift counts that fall, and drop differences that are only rounding."""
    previous = counts[0]
    for index in range(1, len(counts)):
        count = counts[index]
        if count == previous:
            continue
        if count < previous or (count - previous) < _SMALL * (abs(count) + abs(previous)):
            counts[index] = previous
        else:
            previous = count


def histogram_quantile(q: Callable[[Instant], float], argument: VectorPlan) -> VectorPlan:
    """Compile `histogram_quantile`: buckets are grouped by their labels without `le`; others are ignored."""
    evaluate = argument.run
    keys: dict[Labels, tuple[Labels, float | None]] = {}

    def run(at: Instant) -> Vector:
        level = q(at)
        groups: dict[Labels, list[tuple[float, float]]] = {}
        for labels, value in evaluate(at):
            key = keys.get(labels)
            if key is None:
                key = keys[labels] = _split(labels)
            group, bound = key
            if bound is not None:
                groups.setdefault(group, []).append((bound, value))
        return [(group, bucket_quantile(level, buckets)) for group, buckets in groups.items()]

    return VectorPlan(run)


def _split(labels: Labels) -> tuple[Labels, float | None]:
    group = tuple(pair for pair in labels if pair[0] not in ("le", NAME))
    try:
        return group, float(dict(labels).get("le", ""))
    except ValueError:
        return group, None
