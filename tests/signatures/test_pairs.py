"""Incidents that look alike at first sight can be told apart from signals that a candidate sees."""

from __future__ import annotations

from benchmarks.signatures.case import play
from benchmarks.signatures.rows.observability import GHOST, HIDDEN_THRASH, NEW_NAME
from benchmarks.signatures.worlds import MINUTE
from incidentsim.telemetry.promql import PromQL
from incidentsim.world.world import World

FULL = f"{NEW_NAME} > 0.95"


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
