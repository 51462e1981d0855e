"""The reported layer: what scrapes keep."""

from __future__ import annotations

import pytest

from incidentsim.exact import bits64
from incidentsim.telemetry import Registry, SeriesStore
from tests.telemetry.helpers import NAN, S, recorded, scraped

REQUESTS = "gateway_requests_total"


def test_a_target_that_is_down_yields_no_samples_and_up_is_zero() -> None:
    """A failed scrape ends the target's series at once; its `up` says 0."""
    store = scraped({"a": [1, 2, None]})
    assert store.latest(REQUESTS, {"tenant": "a"}) is None
    assert store.latest("up", {"job": "gateway", "instance": "a"}) == 0


def test_a_target_that_comes_back_continues_its_series_after_a_gap() -> None:
    """Samples stay aligned with the scrape times across a gap."""
    store = scraped({"a": [1, None, 3]})
    [series] = store.series(REQUESTS)
    assert list(series.values)[0::2] == [1, 3]
    assert series.values[1] != series.values[1]
    assert store.latest(REQUESTS, {"tenant": "a"}) == 3


def test_dropped_targets_leave_with_their_instruments() -> None:
    """After a drop neither the instrument nor `up` is scraped, and a new pod counts from zero."""
    registry, store = Registry(), SeriesStore()
    registry.counter(REQUESTS, {"tenant": "a"}, target="gateway/g").value += 9
    store.scrape(0, registry)
    registry.drop("gateway/g")
    store.scrape(S, registry)
    assert store.latest(REQUESTS, {"tenant": "a"}) is None
    assert store.latest("up", {"job": "gateway", "instance": "g"}) is None
    registry.counter(REQUESTS, {"tenant": "a"}, target="gateway/g")
    store.scrape(2 * S, registry)
    assert store.latest(REQUESTS, {"tenant": "a"}) == 0


def test_only_restricts_to_families() -> None:
    """Without telemetry only the families that components read are scraped."""
    registry, store = Registry(), SeriesStore()
    registry.counter(REQUESTS, {"tenant": "a"}, target="gateway/g")
    registry.histogram("gateway_time_to_first_token_seconds", {"tenant": "a"}, target="gateway/g")
    store.scrape(0, registry, only=frozenset({REQUESTS}))
    assert store.names() == [REQUESTS]


def test_frames_name_the_series_that_come_and_go() -> None:
    """The frame for the digest carries new and ended series once, then values alone."""
    registry, store = Registry(), SeriesStore()
    registry.counter(REQUESTS, {"tenant": "a"}, target="gateway/g")
    first, second = store.scrape(0, registry), store.scrape(S, registry)
    registry.drop("gateway/g")
    third = store.scrape(2 * S, registry)
    assert b'+gateway_requests_total{tenant="a"}' in first
    assert len(second) == 4 + 8 + 2 * 8
    assert b'-gateway_requests_total{tenant="a"}' in third


def test_identical_runs_give_identical_bytes() -> None:
    """Two runs with the same inputs give the same frames, whatever else happened in the process."""

    def frames() -> list[bytes]:
        registry, store = Registry(), SeriesStore()
        out: list[bytes] = []
        histograms = []
        for tenant in ("b", "a"):
            histogram = registry.histogram(
                "gateway_time_to_first_token_seconds", {"tenant": tenant}, target=f"gateway/{tenant}"
            )
            histograms.append(histogram)
        registry.gauge("gpu_cost_dollars_per_hour", {"pool": "p"}, lambda: NAN, target="gateway/a")
        for step in range(5):
            registry.set_up("gateway/a", step != 2)
            for number, histogram in enumerate(histograms):
                histogram.observe(bits64(number, step) % 10_000_000)
            out.append(store.scrape(step * S, registry))
        return out

    first = frames()
    assert first == frames()
    assert len(dict.fromkeys(first)) == len(first)


def test_scrape_times_must_rise() -> None:
    """A scrape at or before the last one is a programming error."""
    store = scraped({"a": [1]})
    with pytest.raises(ValueError, match="not after the last"):
        store.scrape(0, Registry())


def test_recorded_samples_can_be_replaced_but_not_put_before_others() -> None:
    """A second sample at the same time wins; an earlier one is refused."""
    store = recorded("x 1 2")
    store.record("x", {}, 60 * S, 5)
    assert store.latest("x", {}) == 5
    with pytest.raises(ValueError, match="already has a sample"):
        store.record("x", {}, 0, 1)


def test_names_and_labels_are_listed_sorted() -> None:
    """Completion gets sorted names, label names and values."""
    store = recorded('y{b="2"} 1', 'x{a="1"} 1', 'x{a="0"} 1')
    assert store.names() == ["x", "y"]
    assert store.label_names("x") == ["a"]
    assert store.label_values("a") == ["0", "1"]
    assert store.label_values("a", "y") == []


def test_a_sample_costs_less_than_twelve_bytes() -> None:
    """Amortised memory stays near the eight bytes of a double."""
    tenants: dict[str, list[int | None]] = {str(t): list(range(500)) for t in range(4)}
    store = scraped(tenants)
    assert store.sample_bytes() / (8 * 500) < 12


def test_growth_is_what_a_counter_gained_over_a_time() -> None:
    """From the first sample of the window on, or since the series came or was reset; None once it has ended."""
    store = scraped(
        {"a": [5, 10, 30, 31], "late": [None, None, 4, 9], "again": [50, 60, 2, 7], "gone": [1, 2, 3, None],
         "gap": [90, None, 95, 97]}
    )
    found = {
        name: [store.growth("gateway_requests_total", {"tenant": name}, minutes * 60 * S) for minutes in (1, 2, 9)]
        for name in ("a", "late", "again", "gone", "never", "gap")
    }
    assert found == {
        "a": [1, 21, 26], "late": [5, 5, 5], "again": [5, 7, 7], "gone": [None] * 3, "never": [None] * 3,
        "gap": [2, 2, 7],
    }  # fmt: skip
