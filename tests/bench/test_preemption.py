"""The calibration band for preemption: what a loaded replica's requests go through (short form of the benchmark)."""

from __future__ import annotations

from benchmarks.preemption import BAND, MOST_TIMES, capacity_mhz, loaded

REQUESTS = 3_000


def test_a_loaded_replica_preempts_in_the_band() -> None:
    """Five percent over capacity, the share preempted is in the band, nobody too often, and everybody ends."""
    run = loaded(seed=1, requests=REQUESTS, rate_mhz=capacity_mhz(REQUESTS) * 105 // 100)
    assert BAND[0] <= run.share() <= BAND[1]
    assert run.most_times <= MOST_TIMES
    assert run.unfinished == 0


def test_half_the_load_preempts_hardly_anybody() -> None:
    """At half of capacity the KV cache holds what comes: under half a percent is preempted."""
    run = loaded(seed=1, requests=REQUESTS, rate_mhz=capacity_mhz(REQUESTS) // 2)
    assert run.share() < 0.005
    assert run.unfinished == 0
