"""When a query reads: `@`, `offset`, `timestamp`, subqueries, and scenario time before T+0."""

from __future__ import annotations

import pytest

from incidentsim.errors import QueryError
from incidentsim.telemetry import PromQL, SeriesStore
from incidentsim.telemetry.promql.compile import compile_text
from tests.telemetry.helpers import S, recorded, scraped, values


@pytest.fixture
def curve() -> SeriesStore:
    """Return one series with the value of the minute it was taken in."""
    return recorded("x 0 1 2 3 4 5")


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("x @ 60", 1),
        ("x @ 60.0 offset 1m", 0),
        ("x offset 1m @ 120", 1),
        ("x @ 1.2e2", 2),
        ("x offset -1m", 4),
        ("x @ start()", 3),
        ("x @ end()", 3),
        ("sum_over_time(x[2m] @ 120)", 3),
        ("sum_over_time(x[2m:1m] @ 120)", 3),
        ("max_over_time((x @ end())[2m:1m] @ 60)", 3),
        ("sum(x @ 0) + sum(x @ 300)", 5),
        ("timestamp(x)", 180),
        ("timestamp(x offset 90s)", 60),
        ("timestamp(x @ 100)", 60),
        ("timestamp(x + 0)", 190),
        ("timestamp(sum(x))", 190),
        ("timestamp(vector(1))", 190),
        ("time() - timestamp(x)", 10),
        ("max_over_time(timestamp(x)[2m:30s])", 180),
    ],
)
def test_modifiers_at_190_seconds(curve: SeriesStore, expr: str, expected: float) -> None:
    """@ fixes the moment, offset goes back from it, and timestamp tells when the sample was taken."""
    assert values(curve, expr, 190) == [expected]


def test_start_and_end_are_those_of_the_range_query(curve: SeriesStore) -> None:
    """In a range query both edges are the query's own, at every step and inside subqueries."""
    [series] = PromQL().range(
        curve, "x @ end() * 100 + x @ start() * 10 + max_over_time((x @ start())[1m:30s])", 60 * S, 240 * S, 60 * S
    )
    assert [value for _, value in series.points] == [411, 411, 411, 411]


def test_times_before_the_beginning_can_be_asked_for() -> None:
    """The prelude lies before T+0: @ takes negative seconds, also with a sign of its own and in strings not."""
    store = SeriesStore()
    for second in (-120, -60, 0):
        store.record("x", {"at": "@ -1"}, second * S, second)
    for expr in ("x @ -60", "x @ - 60", "x @ -59.5", 'x{at="@ -1"} @ -60 # @ 5', "x offset 1m @ +0"):
        assert values(store, expr, 0) == [-60]
    assert values(store, "sum_over_time(x[2m] @ -30)", 0) == [-180]


def test_subquery_steps_before_the_beginning_fall_on_multiples() -> None:
    """Steps are multiples of the step counted from T+0 in both directions."""
    store = SeriesStore()
    for second in range(-300, 1, 10):
        store.record("x", {}, second * S, second)
    assert values(store, "min_over_time(x[2m:1m])", -61) == [-180]
    assert values(store, "max_over_time(x[2m:1m])", -61) == [-120]


def test_timestamps_of_scraped_series_follow_staleness() -> None:
    """A series that the last scrape did not see has no timestamp, as it has no value."""
    store = scraped({"a": [1, 2, None, 4], "b": [1, None, None, None]})
    assert values(store, "timestamp(gateway_requests_total)", 90) == [60]
    assert values(store, "timestamp(gateway_requests_total)", 130) == []
    assert values(store, "timestamp(gateway_requests_total)", 200) == [180]


@pytest.mark.parametrize(
    "text",
    ["rate(a[1e300])", "a offset 1e300", "a offset -1e300", "rate(a[5m:9e300])", "a offset NaN", "rate(a[Inf])",
     f"rate(a[{'9' * 400}])", f"a offset {'9' * 400}", "rate(a[1e300m])"],
)  # fmt: skip
def test_times_beyond_all_bounds_are_query_errors(text: str) -> None:
    """A range or an offset that no time type holds is refused; the reference parser panics on some of them."""
    with pytest.raises(QueryError):
        compile_text(text)
