"""Pods coming and going: scaling against the quota, rolling changes, restarts, crashes, and the bill."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import isnan

import pytest

from incidentsim.scenario.model import Scenario
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.engine.step_model import PRESETS
from incidentsim.world.stack.pools.launcher import LOAD_SPREAD_PPM
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import (
    SECOND,
    Played,
    Probe,
    Run,
    every,
    overridden,
    quiet,
    send,
    small,
    stack_of,
    values,
    with_fault,
)

POOL = "chat-pool"
PROVISION, LOAD = 8 * SECOND, 6 * SECOND
SLOWER = 1_000_000 + LOAD_SPREAD_PPM
"""Longest load or provisioning, in ppm of the configured time."""


def states(world: World) -> list[str]:
    """Return the pods' states in order."""
    return [p.state for p in stack_of(world).pool.pods]


def expect(*wanted: str) -> Probe:
    """Return a probe that the pods are in these states."""

    def probe(world: World) -> None:
        assert tuple(states(world)) == wanted, f"at {world.now_us} µs"

    return probe


def ups(wanted: list[int]) -> Probe:
    """Return a probe that the last scrape found these values of `up` of the replicas that it knows."""

    def probe(world: World) -> None:
        store = stack_of(world).store
        found = [store.latest("up", {"job": "vllm", "instance": f"{POOL}-{i}"}) for i in range(5)]
        assert [value for value in found if value is not None] == wanted, f"at {world.now_us} µs"

    return probe


def at_most_down(count: int, *, seen: list[int] | None = None) -> Probe:
    """Return a probe that at most `count` pods are not ready."""

    def probe(world: World) -> None:
        down = sum(state not in ("ready", "gone") for state in states(world))
        assert down <= count, f"at {world.now_us} µs: {states(world)}"
        if seen is not None:
            seen.append(down)

    return probe


def later(start_us: int, *steps_us: int) -> int:
    """Return when steps that start then have ended at the latest, with the push of the command."""
    return start_us + sum(step * SLOWER // 1_000_000 for step in steps_us) + SECOND


def test_scaling_out_takes_a_gpu_then_loads_then_serves(world_twice: Twice) -> None:
    """A new replica is provisioned, loads, and is routed to only then; its metrics appear with it."""

    def look(world: World) -> None:
        expect("ready", "ready", "ready", "provisioning")(world)
        assert not values(world, "up", instance=f"{POOL}-3"), "without an address it is no target"
        assert not values(world, "vllm:num_requests_running", engine=f"{POOL}-3")

    probes = (
        (7 * SECOND, look),
        (later(SECOND, PROVISION) + 2 * SECOND, expect("ready", "ready", "ready", "loading")),
        (later(SECOND, PROVISION, LOAD), expect("ready", "ready", "ready", "ready")),
    )
    run = Run(scenario=small(), script=((SECOND, f"scale {POOL} 4"),), probes=probes)
    played = world_twice(run)
    seen = values(played.world, "up", instance=f"{POOL}-3")
    assert seen == sorted(seen), "first not up, then up"
    assert set(seen) == {0.0, 1.0}
    assert values(played.world, "vllm:num_requests_running", engine=f"{POOL}-3")
    assert values(played.world, "vllm:generation_tokens_total", engine=f"{POOL}-3")[-1] > 0


def test_beyond_the_quota_a_pod_stays_pending(world_twice: Twice) -> None:
    """With 4 GPUs a fifth replica stays pending, says so, and costs nothing."""
    run = Run(scenario=quiet(), script=((SECOND, f"scale {POOL} 5"),),
              probes=((50 * SECOND, expect("ready", "ready", "ready", "ready", "pending")),))  # fmt: skip
    played = world_twice(run)
    assert any("quota of 4 GPUs is used up" in text for text in played.effects("progress"))
    assert played.messages("Insufficient nvidia.com/gpu, quota 4 exhausted")
    assert values(played.world, "gpu_cost_dollars_per_hour")[-1] == pytest.approx(4 * 3.67)


def test_a_freed_gpu_goes_to_the_pending_pod(world_twice: Twice) -> None:
    """When a replica that holds a GPU goes, the pending one takes its place."""
    run = Run(
        scenario=quiet(duration=90 * SECOND),
        script=((SECOND, f"scale {POOL} 5"), (40 * SECOND, f"scale {POOL} 3"), (41 * SECOND, f"scale {POOL} 4")),
        probes=((39 * SECOND, expect("ready", "ready", "ready", "ready", "pending")),
                (60 * SECOND, expect("ready", "ready", "ready", "ready", "gone"))),
    )  # fmt: skip
    world_twice(run)


def test_retiring_a_pending_pod_frees_no_gpu(world_twice: Twice) -> None:
    """Wanting one of two pending replicas less does not start the other: the quota is still used up."""
    run = Run(scenario=quiet(), script=((SECOND, f"scale {POOL} 6"), (20 * SECOND, f"scale {POOL} 5")),
              probes=((21 * SECOND, expect("ready", "ready", "ready", "ready", "pending", "gone")),))  # fmt: skip
    world_twice(run)


def test_scaling_in_drains(world_twice: Twice) -> None:
    """A retired replica gets no new requests, ends those it has, and only then goes: nobody is cut off."""
    run = Run(scenario=small(), script=((SECOND, f"scale {POOL} 2"),),
              probes=((SECOND, expect("ready", "ready", "draining")),
                      (40 * SECOND, expect("ready", "ready", "gone"))))  # fmt: skip
    played = world_twice(run)
    assert values(played.world, "envoy_cluster_upstream_rq_retry")[-1] == 0
    assert values(played.world, "envoy_cluster_membership_total")[-1] == 2
    assert sum(bad for key, (_, bad) in played.world.sli().items() if key.startswith("availability")) == 0


def test_a_retired_replica_is_no_target_that_is_down(world_twice: Twice) -> None:
    """Scaled in, it leaves service discovery; started again it is down until it serves; pending it is no target."""
    run = Run(
        scenario=quiet(duration=90 * SECOND),
        script=((SECOND, f"scale {POOL} 2"), (20 * SECOND, f"scale {POOL} 5")),
        probes=tuple((t * SECOND, up) for t, up in (
            (0, ups([1, 1, 1])), (15, ups([1, 1])), (25, ups([1, 1])), (32, ups([1, 1, 0, 0])),
            (85, ups([1, 1, 1, 1])),
        )),
    )  # fmt: skip
    world_twice(run)


def test_a_rolling_change_replaces_pods_a_few_at_a_time(world_twice: Twice) -> None:
    """An engine argument replaces `roll_parallel` pods at a time, drained first, until all have it."""
    seen: list[int] = []
    run = Run(scenario=small(rate=1_000, duration=150 * SECOND), script=((SECOND, f"set {POOL}.max_num_seqs 16"),),
              probes=every(500_000, 150 * SECOND, at_most_down(1, seen=seen)))  # fmt: skip
    played = world_twice(run)
    assert max(seen) == 1
    assert [p.engine.max_num_seqs for p in played.stack.pool.pods if p.engine] == [16, 16, 16]
    assert played.effects("done").count("every pod of chat-pool is as wanted now") == 1
    assert sum(bad for key, (_, bad) in played.world.sli().items() if key.startswith("availability")) == 0


def test_a_second_rolling_change_takes_over(world_twice: Twice) -> None:
    """A change in the middle of another one still takes down only `roll_parallel` pods, and all get both."""
    script = (
        (SECOND, f"set {POOL}.max_num_seqs 16"),
        (14 * SECOND, f"set {POOL}.max_num_batched_tokens 512"),
        (21 * SECOND, f"set {POOL}.max_model_len 16384"),
    )
    run = Run(
        scenario=quiet(duration=90 * SECOND),
        script=script,
        probes=every(500_000, 90 * SECOND, at_most_down(1)),
    )
    played = world_twice(run)
    engines = [p.engine for p in played.stack.pool.pods]
    assert [(e.max_num_seqs, e.budget) for e in engines if e] == [(16, 512)] * 3
    assert played.effects("done").count("every pod of chat-pool is as wanted now") == 1


def began(played: Played) -> list[bool]:
    """Return which pods had a container started after the world began."""
    return [p.began_us != NEVER for p in played.stack.pool.pods]


def test_a_setting_that_is_put_back_half_way_spares_the_others(world_twice: Twice) -> None:
    """Pods that a rolling change has not reached are as they should be once it is taken back."""
    script = ((SECOND, f"set {POOL}.max_num_seqs 16"), (9 * SECOND, f"set {POOL}.max_num_seqs 32"))
    played = world_twice(Run(scenario=quiet(duration=90 * SECOND), script=script))
    assert began(played) == [True, True, False], "the second one was on its way when it was put back"
    assert {p.engine.max_num_seqs for p in played.stack.pool.pods if p.engine} == {32}


def test_a_container_that_crashed_on_the_way_counts_as_what_it_runs(world_twice: Twice) -> None:
    """The kubelet starts it with the settings of then; put back, it is replaced though no rolling change reached it."""

    def crash(world: World) -> None:
        pool = stack_of(world).pool
        pool.crash(pool.pods[2], "CUDA error")

    script = ((SECOND, f"set {POOL}.max_num_batched_tokens 512"),
              (14 * SECOND, f"set {POOL}.max_num_batched_tokens 1024"))  # fmt: skip
    run = Run(scenario=quiet(duration=120 * SECOND), script=script, probes=((8 * SECOND, crash),))
    played = world_twice(run)
    assert {p.engine.budget for p in played.stack.pool.pods if p.engine} == {1_024}


@pytest.mark.parametrize("at_s", [9, 20])
@pytest.mark.parametrize(
    "disturbance",
    [f"restart {POOL}", f"restart {POOL}-0", f"restart {POOL}-2", f"scale {POOL} 2", f"scale {POOL} 1"],
)
def test_a_disturbed_rolling_change_ends(world_twice: Twice, disturbance: str, at_s: int) -> None:
    """Restarts and scaling in the middle of a rolling change neither stop it nor bring retired pods back."""
    script = ((SECOND, f"set {POOL}.max_num_seqs 16"), (at_s * SECOND, disturbance))
    played = world_twice(Run(scenario=quiet(duration=90 * SECOND), script=script))
    wanted = stack_of(played.world).pool.int_knob("replicas")
    assert states(played.world) == ["ready"] * wanted + ["gone"] * (3 - wanted)
    assert {p.engine.max_num_seqs for p in played.stack.pool.pods if p.engine} == {16}
    assert not stack_of(played.world).pool.rollout.rolling
    assert not stack_of(played.world).pool.rollout.replacing


def test_a_pod_that_is_being_retired_does_not_come_back(world_twice: Twice) -> None:
    """A rolling change leaves a draining replica of an earlier scale-in to its end."""
    script = ((10 * SECOND, f"set {POOL}.max_num_seqs 16"), (SECOND * 14, f"scale {POOL} 2"))
    played = world_twice(Run(scenario=small(duration=150 * SECOND), script=script))
    assert states(played.world) == ["ready", "ready", "gone"]


def test_a_lost_gpu_does_not_stop_a_rolling_change(world_twice: Twice) -> None:
    """A pod that can't load any more is left crashed, and the change goes on with the others."""
    scenario = with_fault(quiet(duration=90 * SECOND), "gpu_lost", "node-1", 3 * SECOND)
    played = world_twice(Run(scenario=scenario, script=((SECOND, f"set {POOL}.max_num_seqs 16"),)))
    assert states(played.world) == ["ready", "crashed", "ready"]
    assert {p.engine.max_num_seqs for p in played.stack.pool.pods if p.engine} == {16}
    assert played.effects("done").count("every pod of chat-pool is as wanted now") == 1


def test_a_restart_loses_the_work_and_loads_again(world_twice: Twice) -> None:
    """Restarting drops what runs, counts a restart, and the replica is cold and away while it loads."""

    def away(world: World) -> None:
        expect("ready", "loading", "ready")(world)
        assert stack_of(world).pool.pods[1].engine is None

    script = ((10 * SECOND, f"restart {POOL}-1"),)
    probes = ((10 * SECOND, away), (later(10 * SECOND, LOAD), expect("ready", "ready", "ready")))
    played = world_twice(Run(scenario=small(), script=script, probes=probes))
    assert [p.restarts for p in played.stack.pool.pods] == [0, 1, 0]
    assert values(played.world, "envoy_cluster_upstream_rq_retry")[-1] > 0
    for name in ("vllm:generation_tokens_total", "vllm:e2e_request_latency_seconds_count"):
        seen = [value for value in values(played.world, name, engine=f"{POOL}-1") if not isnan(value)]
        assert any(b < a for a, b in pairwise(seen)), f"{name} restarts with its process"
    assert played.messages("Application startup complete. Loading model weights took")


def test_a_drained_pod_keeps_its_work(world_twice: Twice) -> None:
    """A drained replica gets nothing new, finishes what it has, and takes part again when undrained."""

    def done(world: World) -> None:
        pod = stack_of(world).pool.pods[0]
        assert (pod.state, pod.requests) == ("ready", 0)

    script = ((10 * SECOND, f"drain {POOL}-0"), (51 * SECOND, f"drain {POOL}-0 off"))
    played = world_twice(Run(scenario=small(), script=script, probes=((50 * SECOND, done),)))
    assert played.stack.pool.pods[0].requests > 0


def test_a_drained_replica_that_is_made_anew_takes_part(world_twice: Twice) -> None:
    """Drained is a label of the pod: a crash keeps it, since the kubelet starts the same pod; a restart does not."""
    script = ((10 * SECOND, f"drain {POOL}-0"), (20 * SECOND, f"restart {POOL}-0"))
    played = world_twice(Run(scenario=small(), script=script))
    assert not played.stack.pool.pods[0].cordoned
    assert played.stack.pool.pods[0].requests > 0

    def crash(world: World) -> None:
        pool = stack_of(world).pool
        pool.crash(pool.pods[0], "CUDA error")

    crashed = world_twice(Run(scenario=small(), script=script[:1], probes=((20 * SECOND, crash),)))
    assert crashed.stack.pool.pods[0].cordoned


@pytest.fixture
def few_blocks(monkeypatch: pytest.MonkeyPatch) -> Scenario:
    """Return the quiet world on a GPU whose KV cache holds 8,000 blocks."""
    preset = replace(PRESETS["llama3_8b_a100_tp1"], kv_blocks=8_000)
    monkeypatch.setitem(PRESETS, "few-blocks", preset)
    whole = overridden(quiet(duration=110 * SECOND), POOL, gpu_memory_utilization=0.9)
    pool = whole.stack.pools[0].model_copy(update={"step_model": "few-blocks"})
    return whole.model_copy(update={"stack": whole.stack.model_copy(update={"pools": (pool,)})})


def test_too_long_a_model_length_does_not_start(world_twice: Twice, few_blocks: Scenario) -> None:
    """Engines that can't hold one request of max_model_len crash with vLLM's own words, until it is corrected."""
    script = ((SECOND, f"set {POOL}.max_model_len 131072"), (50 * SECOND, f"set {POOL}.max_model_len 8192"))
    probes = ((49 * SECOND, expect("crashed", "crashed", "crashed")),)
    played = world_twice(Run(scenario=few_blocks, script=script, probes=probes))
    assert played.stack.pool.kv_blocks == 8_000
    assert played.messages(
        "ValueError: To serve at least one request with the model's max seq len (131072), more KV cache is needed "
        "than available (128000 tokens)."
    )
    assert states(played.world) == ["ready"] * 3


def cost_of(*, look_us: int) -> int:
    """Return the bill of a run with scaling out and in, read every `look_us`."""

    def look(world: World) -> None:
        world.cost_microdollars()

    script = ((5 * SECOND, f"scale {POOL} 4"), (31 * SECOND, f"scale {POOL} 1"))
    run = Run(scenario=quiet(), script=script, probes=every(look_us, 60 * SECOND, look))
    return run.play().world.cost_microdollars()


def test_reading_the_bill_changes_nothing() -> None:
    """The price of GPUs is exact: however often it is read, the sum is the same."""
    never = cost_of(look_us=60 * SECOND)
    often = cost_of(look_us=333_333)
    assert never == often
    # 20 s of prelude and 31 s with three GPUs, 26 of them with a fourth; after that one (draining takes no time)
    gpu_seconds = 51 * 3 + 26 * 1 + 29 * 1
    assert never == gpu_seconds * 3_670_000 // 3_600


def test_a_command_out_of_time_is_a_programming_error() -> None:
    """Commands must lie ahead: a tick in the past is refused loudly."""
    played = Run(scenario=quiet(duration=SECOND)).play()
    with pytest.raises(AssertionError, match="ahead"):
        send(played.world, f"drain {POOL}-0", t_us=SECOND)
