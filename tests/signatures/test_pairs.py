"""Rows that look alike at first: what a person can see tells them apart."""

from __future__ import annotations

from benchmarks.signatures.case import Case, play, seen
from benchmarks.signatures.rows import CASES
from benchmarks.signatures.rows.observability import GHOST, HIDDEN_THRASH, NEW_NAME
from benchmarks.signatures.worlds import MINUTE
from incidentsim.telemetry.promql import PromQL
from incidentsim.world.world import World

FULL = f"{NEW_NAME} > 0.95"


def case_of(row: int) -> Case:
    """Return the case of a catalogue row."""
    return next(case for case in CASES if case.row == row)


def test_a_retry_storm_is_not_a_noisy_tenant() -> None:
    """Retries of requests that were asked once mark the storm; one tenant's share of tokens and queue the neighbour."""
    storm, neighbour = case_of(3), case_of(15)
    in_storm, beside = play(storm.sick()), play(neighbour.sick())
    multiplied, *_ = storm.symptoms
    holds, tokens, _ = neighbour.symptoms
    assert list(seen(in_storm, (multiplied, holds, tokens)).values()) == [True, False, False]
    assert list(seen(beside, (multiplied, holds, tokens)).values()) == [False, True, True]


def both(world: World, expr: str, at_us: int) -> bool:
    """Return whether a replica that reports a full cache is in this result too."""
    return bool(PromQL().vector(world.metrics, f"{FULL} and on (engine) ({expr})", at_us))


def test_thrash_and_a_ghost_pod_differ_in_their_counters() -> None:
    """Both report a KV cache about full; only one of them preempts and works, the other one hardly has requests."""
    ghost, thrash = play(GHOST.sick()), play(HIDDEN_THRASH.sick())
    preempts = "increase(vllm:num_preemptions_total[3m]) > 0"
    idle, busy = (f"min_over_time(vllm:num_requests_running[1m]) {compared}" for compared in ("< 3", "> 20"))
    at_us = 5 * MINUTE
    assert both(thrash, preempts, at_us) and both(thrash, busy, at_us)
    assert not both(thrash, idle, at_us)
    assert both(ghost, idle, at_us)
    assert not both(ghost, preempts, at_us) and not both(ghost, busy, at_us)
