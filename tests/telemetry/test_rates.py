"""rate, increase, delta and irate against hand-computed values of Prometheus' extrapolation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.telemetry.helpers import recorded, scraped, values

REQUESTS = "gateway_requests_total"


def test_rate_extrapolates_to_both_edges() -> None:
    """Samples at 60-300 s in (0, 300]: 240 over 240 s plus 60 s before the first gives 300, so 1/s."""
    store = recorded("x _ 60 120 180 240 300")
    assert values(store, "increase(x[5m])", 300) == [pytest.approx(300)]
    assert values(store, "rate(x[5m])", 300) == [pytest.approx(1)]


def test_a_counter_is_not_extrapolated_below_zero() -> None:
    """A first sample of 0 is the counter's start: nothing is added before it."""
    store = recorded("x _ 0 60 120 180 240")
    assert values(store, "increase(x[5m])", 300) == [240]


def test_far_edges_count_for_half_a_sample_distance() -> None:
    """An edge farther than 1.1 sample distances adds 30 s; one nearer adds all of its 30 s."""
    store = recorded("x _ 1000 1060 1120 1180 1240")
    assert values(store, "increase(x[10m])", 330) == [pytest.approx(240 * (240 + 30 + 30) / 240)]


def test_an_edge_of_one_and_a_half_distances_is_far() -> None:
    """90 s after the last of samples 60 s apart is beyond 1.1 distances, so it counts for 30 s."""
    store = recorded("x _ 1000 1060 1120 1180 1240")
    assert values(store, "increase(x[6m])", 390) == [pytest.approx(240 * (240 + 30 + 30) / 240)]


@pytest.mark.parametrize("scrape", [True, False])
def test_a_reset_before_the_window_does_not_count(scrape: bool) -> None:
    """50 5 10 15 with the window beginning at 5: 10 over 120 s, plus the 60 s before, is 15."""
    store = scraped({"a": [50, 5, 10, 15]}) if scrape else recorded(f"{REQUESTS} 50 5 10 15")
    assert values(store, f"increase({REQUESTS}[3m])", 180) == [pytest.approx(15)]


def test_delta_ignores_resets_and_zero() -> None:
    """A gauge may fall, and its extrapolation passes zero."""
    store = recorded("x _ 0 -60 -120 -180 -240")
    assert values(store, "delta(x[5m])", 300) == [pytest.approx(-300)]


@pytest.mark.parametrize("scrape", [True, False])
def test_counter_reset_adds_what_was_lost(scrape: bool) -> None:
    """10 20 5 15: 15 - 10 + 20 = 25 over 180 s, extrapolated by the 60 s before: 33.3."""
    store = scraped({"a": [10, 20, 5, 15]}) if scrape else recorded(f"{REQUESTS} 10 20 5 15")
    assert values(store, f"increase({REQUESTS}[4m])", 180) == [pytest.approx(25 * 240 / 180)]


def test_irate_uses_the_last_two_samples() -> None:
    """20 to 50 in 60 s; after a reset the new value itself is the increase."""
    assert values(recorded("x 0 20 50"), "irate(x[5m])", 120) == [0.5]
    assert values(recorded("x 0 50 6"), "irate(x[5m])", 120) == [0.1]


def test_one_sample_gives_no_rate() -> None:
    """A rate needs two samples in the half-open range."""
    store = recorded("x 1 2")
    assert values(store, "rate(x[1m])", 60) == []
    assert values(store, "rate(x[61s])", 60) != []


def test_offset_shifts_the_window() -> None:
    """`offset` evaluates as if earlier; extrapolation uses the shifted edges."""
    store = recorded("x _ 60 120 180 240 300 9000")
    assert values(store, "increase(x[5m] offset 1m)", 360) == [pytest.approx(300)]


counts = st.lists(st.one_of(st.none(), st.integers(0, 1_000)), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(columns=st.lists(counts, min_size=1, max_size=3), now=st.integers(0, 14), minutes=st.integers(1, 8))
def test_scraped_and_recorded_series_agree(columns: list[list[int | None]], now: int, minutes: int) -> None:
    """The fast path over the shared axis gives exactly what the plain path gives, gaps and resets too."""
    names = [f"t{number}" for number in range(len(columns))]
    fast = scraped(dict(zip(names, columns, strict=True)))
    longest = max(len(column) for column in columns)
    slow = recorded(
        *(
            f'{REQUESTS}{{tenant="{name}"}} '
            + " ".join("stale" if v is None else str(v) for v in column + [None] * (longest - len(column)))
            for name, column in zip(names, columns, strict=True)
        )
    )
    for function in (
        "rate",
        "increase",
        "delta",
        "avg_over_time",
        "max_over_time",
        "last_over_time",
        "irate",
    ):
        expr = f"sort({function}({REQUESTS}[{minutes}m]))"
        assert values(fast, expr, now * 60) == values(slow, expr, now * 60)
    assert values(fast, f"sort({REQUESTS})", now * 60) == values(slow, f"sort({REQUESTS})", now * 60)


@settings(max_examples=40, deadline=None)
@given(column=st.lists(st.integers(0, 10**9), min_size=2, max_size=20))
def test_increase_is_never_negative(column: list[int]) -> None:
    """Whatever the resets, a counter's increase is at least zero."""
    store = scraped({"a": list(column)})
    [increase] = values(store, f"increase({REQUESTS}[1h])", 60 * (len(column) - 1))
    assert increase >= 0
