"""histogram_quantile and its edge cases."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.telemetry.promql.histogram import bucket_quantile
from tests.telemetry.helpers import by_labels, recorded, values

INF = math.inf
BUCKETS = [(0.1, 10.0), (0.5, 30.0), (1.0, 40.0), (INF, 50.0)]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        (0.5, 0.1 + 0.4 * 15 / 20),
        (0.1, 0.05),
        (0.2, 0.1),
        (0.9, 1.0),
        (0, 0.0),
        (1, 1.0),
        (-0.1, -INF),
        (1.1, INF),
        (math.nan, math.nan),
    ],
)
def test_quantiles_interpolate_within_a_bucket(q: float, expected: float) -> None:
    """The rank is placed linearly in its bucket; in the +Inf bucket the highest finite bound is returned."""
    assert bucket_quantile(q, BUCKETS) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        ([], math.nan),
        ([(0.1, 1.0), (0.5, 2.0)], math.nan),
        ([(INF, 3.0)], math.nan),
        ([(0.1, 0.0), (INF, 0.0)], math.nan),
        ([(-1.0, 5.0), (INF, 5.0)], -1.0),
        ([(1.0, 4.0), (2.0, 2.0), (3.0, 8.0), (INF, 12.0)], 2.5),
        ([(1.0, 5.0), (1.0, 5.0), (INF, 10.0)], 0.5),
    ],
)
def test_edge_cases(buckets: list[tuple[float, float]], expected: float) -> None:
    """No +Inf, one bucket, no data: NaN; a first bound <= 0 is returned; falling counts are lifted."""
    assert bucket_quantile(0.5, buckets) == pytest.approx(expected, nan_ok=True)


def test_groups_keep_their_labels_and_series_without_le_are_ignored() -> None:
    """Every label set without `le` is a histogram of its own."""
    store = recorded(
        *(f'h_bucket{{t="{t}",le="{le}"}} {n}' for t, n in (("a", 4), ("b", 8)) for le in ("1.0", "+Inf")),
        'h_bucket{t="c"} 5',
        'h_bucket{t="d",le="tall"} 5',
    )
    assert by_labels(store, "histogram_quantile(0.5, h_bucket)", 0) == {
        (("t", "a"),): 0.5,
        (("t", "b"),): 0.5,
    }


def test_the_rule_of_the_latency_alert() -> None:
    """p95 over rates of summed buckets: all growth lies in the 1-2 s bucket, so the 95 % point is 1.95 s."""
    store = recorded(
        *(f'h_bucket{{t="{t}",le="{le}"}} 0 {n} {2 * n}' for t in "ab" for le, n in (("1", 0), ("2", 60), ("+Inf", 60)))
    )
    assert values(store, "histogram_quantile(0.95, sum by (le) (rate(h_bucket[5m])))", 120) == [pytest.approx(1.95)]


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.integers(0, 1_000), min_size=2, max_size=6),
    low=st.floats(0, 1),
    high=st.floats(0, 1),
)
def test_quantiles_rise_with_q_and_stay_within_the_bounds(counts: list[int], low: float, high: float) -> None:
    """For any counts, falling ones among them, a higher q never gives a lower value."""
    buckets = [(float(bound), float(count)) for bound, count in enumerate(counts[:-1], 1)] + [(INF, float(counts[-1]))]
    first, second = (bucket_quantile(q, list(buckets)) for q in sorted((low, high)))
    if not math.isnan(first):
        assert 0 <= first <= second * (1 + 1e-12) <= len(counts) * (1 + 1e-12)
