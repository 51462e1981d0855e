"""The true instruments."""

from __future__ import annotations

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidentsim.specs.metrics import METRICS
from incidentsim.telemetry import Registry, SeriesStore
from tests.telemetry.helpers import S

TTFT = "gateway_time_to_first_token_seconds"


def test_same_registration_returns_the_same_instrument() -> None:
    """Registering (name, labels) again gives the instrument that already counts."""
    registry = Registry()
    first = registry.counter("gateway_requests_total", {"tenant": "a"}, target="gateway/g")
    first.value += 3
    assert registry.counter("gateway_requests_total", {"tenant": "a"}, target="gateway/g") is first


@pytest.mark.parametrize(
    ("name", "labels", "reason"),
    [
        ("made_up_total", {}, "not declared"),
        ("gateway_requests_total", {"customer": "a"}, "exactly the labels"),
        ("gateway_requests_total", {"tenant": "a", "x": "b"}, "exactly the labels"),
        ("vllm:num_requests_running", {"model_name": "m", "engine": "0"}, "is a gauge"),
        ("up", {"job": "a", "instance": "b"}, "monitoring itself"),
    ],
)
def test_undeclared_names_and_labels_are_refused(name: str, labels: dict[str, str], reason: str) -> None:
    """A name or label that specs.metrics does not declare is a programming error."""
    with pytest.raises(ValueError, match=reason):
        Registry().counter(name, labels, target="gateway/g")


def test_an_instrument_belongs_to_one_target() -> None:
    """A second target may not take over an instrument that is still registered."""
    registry = Registry()
    registry.counter("gateway_requests_total", {"tenant": "a"}, target="gateway/1")
    with pytest.raises(ValueError, match="belongs to target"):
        registry.counter("gateway_requests_total", {"tenant": "a"}, target="gateway/2")


def test_histogram_series_are_cumulative_and_in_seconds() -> None:
    """A bound counts for its own bucket, buckets are cumulative, and the sum is in seconds."""
    registry, store = Registry(), SeriesStore()
    histogram = registry.histogram(TTFT, {"tenant": "a"}, target="gateway/g")
    for value_us in (1_000, 1_001, 5_000_000, 10_000_000_000):
        histogram.observe(value_us)
    store.scrape(0, registry)
    bucket = {le: store.latest(f"{TTFT}_bucket", {"tenant": "a", "le": le}) for le in ("0.001", "0.005", "5.0", "+Inf")}
    assert bucket == {"0.001": 1, "0.005": 2, "5.0": 3, "+Inf": 4}
    assert store.latest(f"{TTFT}_sum", {"tenant": "a"}) == 10_005.002001
    assert store.latest(f"{TTFT}_count", {"tenant": "a"}) == 4


def test_gauge_registered_again_reads_the_new_owner() -> None:
    """A restarted owner takes over its gauge."""
    registry, store = Registry(), SeriesStore()
    labels = {"model_name": "m", "engine": "0"}
    registry.gauge("vllm:num_requests_running", labels, lambda: 1, target="vllm/d-0")
    registry.gauge("vllm:num_requests_running", labels, lambda: 2, target="vllm/d-0")
    store.scrape(0, registry)
    assert store.latest("vllm:num_requests_running", labels) == 2


@given(st.lists(st.lists(st.one_of(st.sampled_from(METRICS[TTFT].buckets), st.integers(0, 2**40)), max_size=40)))
def test_a_histogram_counts_each_value_in_its_bucket(batches: list[list[int]]) -> None:
    """However many values came since the last look, each is in the first bucket whose bound is not below it."""
    histogram = Registry().histogram(TTFT, {"tenant": "a"}, target="gateway/g")
    counts = [0] * (len(METRICS[TTFT].buckets) + 1)
    total = 0
    for batch in batches:
        for value in batch:
            histogram.observe(value)
            counts[bisect_left(METRICS[TTFT].buckets, value)] += 1
            total += value
        shown: list[float] = []
        histogram.collect(shown)
        assert histogram.counts == counts
        assert shown == [*(float(sum(counts[: i + 1])) for i in range(len(counts))), total / S, sum(counts)]
    histogram.reset()
    assert histogram.counts == [0] * len(counts)
    assert histogram.total == 0


def test_what_nobody_scrapes_is_not_kept() -> None:
    """Scrapes restricted to a family mute the histograms of others, until a scrape wants them again."""
    registry, store = Registry(), SeriesStore()
    histogram = registry.histogram(TTFT, {"tenant": "a"}, target="gateway/g")
    histogram.observe(1 * S)
    store.scrape(0, registry, only=frozenset({"up"}))
    histogram.observe(2 * S)
    store.scrape(1 * S, registry)
    histogram.observe(4 * S)
    store.scrape(2 * S, registry)
    assert store.latest(f"{TTFT}_sum", {"tenant": "a"}) == 5.0
    assert store.latest(f"{TTFT}_count", {"tenant": "a"}) == 2


def test_a_target_off_the_list_has_no_up_until_it_is_back() -> None:
    """It is not known as down, its instruments are not scraped, and they go on where they were when it is back."""
    registry, store = Registry(), SeriesStore()
    counter = registry.counter("gateway_requests_total", {"tenant": "a"}, target="gateway/g")
    counter.value = 3
    seen: list[tuple[float | None, float | None]] = []
    for step, listed in enumerate((False, True)):
        if listed:
            registry.set_up("gateway/g", True)
        else:
            registry.unlist("gateway/g")
        store.scrape(step * S, registry)
        seen.append((store.latest("up", {"job": "gateway", "instance": "g"}),
                     store.latest("gateway_requests_total", {"tenant": "a"})))  # fmt: skip
    assert seen == [(None, None), (1.0, 3.0)]
    assert registry.targets() == ("gateway/g",)
    registry.unlist("gateway/g")
    assert registry.targets() == ()


def test_a_target_is_shown_under_the_name_that_people_use() -> None:
    """Its `up` has the instance it was given; what tells of targets by their own names says the same."""
    registry, store = Registry(), SeriesStore()
    registry.counter("gateway_requests_total", {"tenant": "a"}, target="gateway/g")
    registry.show("gateway/g", "edge-7")
    store.scrape(0, registry)
    assert store.latest("up", {"job": "gateway", "instance": "edge-7"}) == 1.0
    assert registry.shown("gateway/g") == "gateway/edge-7"
    registry.counter("gateway_requests_total", {"tenant": "b"}, target="gateway")
    assert registry.shown("gateway") == "gateway"
