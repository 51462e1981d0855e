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


def test_a_lost_gpu_is_not_a_hung_collective() -> None:
    """While both groups hang, the series of one GPU are missing in the first, and all are at 100 % in the second."""
    lost, hung = play(case_of(19).sick()), play(case_of(23).sick())
    missing, spinning = (f'count(DCGM_FI_DEV_GPU_UTIL{{Hostname="node-1"}} {compared}' for compared in
                         (") < 4", "== 100) == 4"))  # fmt: skip
    silent = 'rate(vllm:generation_tokens_total{engine="chat-pool-1"}[30s]) == 0'
    engine, at_us = PromQL(), 75_000_000
    answers = [[bool(engine.vector(world.metrics, expr, at_us)) for expr in (silent, missing, spinning)]
               for world in (lost, hung)]  # fmt: skip
    assert answers == [[True, True, False], [True, False, True]]


def test_long_prompts_are_not_a_straggler() -> None:
    """Long prompts fill the upper buckets while clocks stay; a straggler's clock is low and its prompts are as ever."""
    long, slow = play(case_of(2).sick()), play(case_of(21).sick())
    share = ('sum(rate(vllm:request_prompt_tokens_bucket{le="+Inf"}[3m])) - '
             'sum(rate(vllm:request_prompt_tokens_bucket{le="20000.0"}[3m])) > 0')  # fmt: skip
    clock = "min(DCGM_FI_DEV_SM_CLOCK) < 0.9 * max(DCGM_FI_DEV_SM_CLOCK)"
    engine, at_us = PromQL(), 5 * MINUTE
    answers = [[bool(engine.vector(world.metrics, expr, at_us)) for expr in (share, clock)] for world in (long, slow)]
    assert answers == [[True, False], [False, True]]
