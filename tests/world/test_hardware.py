"""GPU hosts: lock step, readings that follow from the state, faults of hardware, and where pods are placed."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from incidentsim.scenario.model import Scenario
from incidentsim.world.stack.engine.step_model import PRESETS
from incidentsim.world.stack.hardware.gpu import CARDS
from incidentsim.world.stack.hardware.node import EVICTION_US, NOT_READY_US
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Played, Run, overridden, quiet, small, stack_of, values, with_client, with_fault

POOL = "chat-pool"
SERIES = (
    "GPU_UTIL", "SM_CLOCK", "MEM_CLOCK", "GPU_TEMP", "MEMORY_TEMP", "POWER_USAGE", "FB_USED", "FB_FREE", "XID_ERRORS",
    "UNCORRECTABLE_REMAPPED_ROWS", "ROW_REMAP_FAILURE", "NVLINK_BANDWIDTH_TOTAL",
)  # fmt: skip


def groups(scenario: Scenario, *, quota: int = 16, timeout_s: int = 20) -> Scenario:
    """Return the scenario with each replica a TP group of four H100, and a watchdog that waits `timeout_s`."""
    pool = scenario.stack.pools[0].model_copy(update={
        "step_model": "llama3_70b_h100_tp4", "gpus_per_replica": 4, "gpu_quota": quota,
        "collective_timeout": timeout_s * SECOND,
    })  # fmt: skip
    changed = scenario.model_copy(update={"stack": scenario.stack.model_copy(update={"pools": (pool,)})})
    return overridden(changed, POOL, gpu_memory_utilization=0.7, max_model_len=32_768)


def last(played: Played, name: str, gpu: int, node: str = "node-1") -> float:
    """Return the last sample of a GPU's series."""
    return values(played.world, f"DCGM_FI_DEV_{name}", Hostname=node, gpu=str(gpu))[-1]


def steps(played: Played, index: int = 1) -> int:
    """Return the iterations of a replica's engine."""
    engine = played.stack.pool.pods[index].engine
    assert engine is not None
    return engine.iterations()


def host(world: World, index: int = 1) -> str:
    """Return the host of a replica, as its pod shows it."""
    return stack_of(world).pool.pods[index].where


def patient(scenario: Scenario) -> Scenario:
    """Return the scenario with clients that never hang up."""
    return with_client(scenario, patience=900 * SECOND, deadline=900 * SECOND)


def test_every_preset_has_its_card() -> None:
    """Each (model, GPU) pair names a card whose limits are known; groups of GPUs talk over NVLink."""
    for name, preset in PRESETS.items():
        assert preset.gpu in CARDS
        assert (preset.link_bytes > 0) == ("_tp1" not in name)


def test_every_gpu_of_a_group_has_the_whole_list(world_twice: Twice) -> None:
    """Four GPUs a host, twelve series each; memory adds up, and only a group has NVLink traffic."""
    played = world_twice(Run(scenario=groups(small())))
    for name in SERIES:
        there = [dict(s.labels) for s in played.world.metrics.series(f"DCGM_FI_DEV_{name}")]
        assert sorted(s["gpu"] for s in there if s["Hostname"] == "node-1") == ["0", "1", "2", "3"], name
    assert last(played, "FB_USED", 0) + last(played, "FB_FREE", 0) == CARDS["H100-SXM5-80GB"].memory_mib
    assert last(played, "FB_USED", 0) == pytest.approx(0.7 * 81_559, rel=0.01)
    assert last(played, "NVLINK_BANDWIDTH_TOTAL", 3) > 1_000
    assert not isnan(last(played, "GPU_UTIL", 3))
    alone = world_twice(Run(scenario=small()))
    assert values(alone.world, "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL")[-1] == 0


def test_the_slowest_gpu_sets_the_pace(world_twice: Twice) -> None:
    """One slow GPU slows its replica as much as four of them; its peers wait for it at less power."""
    base = groups(small(rate=9_000))
    fault: dict[str, Any] = {"slowdown": 2_000_000, "ramp": 0}
    one = world_twice(Run(scenario=with_fault(base, "clock_throttle", "node-1", -19 * SECOND, gpu=2, **fault)))
    scenario = base
    for gpu in range(4):
        scenario = with_fault(scenario, "clock_throttle", "node-1", -19 * SECOND, gpu=gpu, **fault)
        plan = scenario.timeline[-1].fault
        assert plan is not None
        entry = scenario.timeline[-1].model_copy(update={"fault": plan.model_copy(update={"id": f"slow-{gpu}"})})
        scenario = scenario.model_copy(update={"timeline": (*scenario.timeline[:-1], entry)})
    four = world_twice(Run(scenario=scenario))
    assert steps(one) == steps(four)
    assert steps(one) < 0.7 * steps(one, 0)
    assert last(one, "SM_CLOCK", 2) == pytest.approx(990, abs=25)
    assert {last(one, "SM_CLOCK", gpu) for gpu in (0, 1, 3)} == {1_980}
    watts = [max(values(one.world, "DCGM_FI_DEV_POWER_USAGE", Hostname=f"node-{n}", gpu="0")) for n in (0, 1)]
    assert watts[1] < 0.8 * watts[0], "a GPU that waits draws less"


@pytest.mark.parametrize("reason", ["heat", "power"])
def test_why_a_clock_is_low_shows_in_the_temperature(world_twice: Twice, reason: str) -> None:
    """Throttled by heat the sensor sits at its limit; throttled by power the GPU is cooler than its peers."""
    scenario = with_fault(groups(small(rate=9_000)), "clock_throttle", "node-1", -19 * SECOND, slowdown=1_500_000,
                          gpu=0, reason=reason, ramp=0)  # fmt: skip
    played = world_twice(Run(scenario=scenario))
    own, peer = (max(values(played.world, "DCGM_FI_DEV_GPU_TEMP", Hostname=n, gpu="0")) for n in ("node-1", "node-0"))
    assert own > peer + 15 if reason == "heat" else own < peer - 5


def test_a_power_cap_holds_for_every_gpu(world_twice: Twice) -> None:
    """No GPU of the host draws more than its cap, and all their clocks are the same and lower."""
    script = ((SECOND, "set node-1.power_cap 300"),)
    played = world_twice(Run(scenario=groups(small(rate=9_000)), script=script))
    assert {last(played, "SM_CLOCK", gpu) for gpu in range(4)} <= {1_080, 1_095, 1_110, 1_125}
    assert max(values(played.world, "DCGM_FI_DEV_POWER_USAGE", Hostname="node-1")[-6:]) <= 300
    assert max(values(played.world, "DCGM_FI_DEV_POWER_USAGE", Hostname="node-0")) > 400


def test_price_and_quota_count_gpus(world_twice: Twice) -> None:
    """Three groups of four cost twelve GPUs; a quota of fifteen has no room for a fourth group."""
    run = Run(scenario=groups(quiet(), quota=15), script=((SECOND, f"scale {POOL} 4"),))
    played = world_twice(run)
    assert values(played.world, "gpu_cost_dollars_per_hour")[-1] == pytest.approx(12 * 3.67)
    assert played.messages("quota 15 exhausted")
    assert [p.state for p in played.stack.pool.pods] == ["ready"] * 3 + ["pending"]


def test_a_lost_gpu_hangs_its_group_then_ends_it(world_twice: Twice) -> None:
    """Its series vanish but the XID stays; the others spin until the watchdog; a restart on the host dies again."""
    seen: dict[int, tuple[str, bool, float]] = {}

    def look(world: World) -> None:
        pod = stack_of(world).pool.pods[1]
        util = values(world, "DCGM_FI_DEV_GPU_UTIL", Hostname="node-1", gpu="0")[-1]
        seen[world.now_us] = (pod.state, pod.hung, util)

    scenario = with_fault(patient(groups(small())), "gpu_lost", "node-1", 10 * SECOND, gpu=2)
    probes = ((26 * SECOND, look), (31 * SECOND, look))
    script = ((35 * SECOND, f"restart {POOL}-1"),)
    played = world_twice(Run(scenario=scenario, script=script, probes=probes))
    assert seen[26 * SECOND] == ("ready", True, 100)
    assert seen[31 * SECOND][0] == "crashed"
    assert played.messages("NVRM: Xid (PCI:0000:47:00): 79, GPU has fallen off the bus.")
    assert len(played.messages("Watchdog caught collective operation timeout")) == 3
    assert isnan(last(played, "GPU_TEMP", 2))
    assert last(played, "XID_ERRORS", 2) == 79
    assert not isnan(last(played, "GPU_TEMP", 1))
    pod = played.stack.pool.pods[1]
    assert (pod.state, pod.where) == ("crashed", "node-1")
    assert pod.restarts >= 3
    assert not next(iter(played.stack.faults.values())).removed


def test_a_drained_host_gives_its_pod_to_a_spare_one(world_twice: Twice) -> None:
    """Drain cordons, waits for work in flight, and places the replica on a free host; that removes a lost GPU."""
    scenario = with_fault(groups(small(duration=90 * SECOND)), "gpu_lost", "node-1", 5 * SECOND, gpu=0)
    played = world_twice(Run(scenario=scenario, script=((30 * SECOND, "drain node-1"),)))
    pod = played.stack.pool.pods[1]
    assert (pod.state, pod.where) == ("ready", "node-3")
    assert next(iter(played.stack.faults.values())).removed
    assert "status: Ready,SchedulingDisabled" in played.world.inspect("node-1")
    assert "pod: none" in played.world.inspect("node-1")
    assert values(played.world, "kube_node_spec_unschedulable", node="node-1")[-1] == 1
    assert values(played.world, "gpu_cost_dollars_per_hour")[-1] == pytest.approx(12 * 3.67), "the host is given back"


def test_draining_a_healthy_host_cuts_nobody_off(world_twice: Twice) -> None:
    """Requests in flight end before the replica leaves for another host."""
    run = Run(scenario=small(rate=1_000, duration=90 * SECOND), script=((10 * SECOND, "drain node-1"),))
    played = world_twice(run)
    assert played.stack.pool.pods[1].where == "node-3"
    assert sum(bad for key, (_, bad) in played.world.sli().items() if key.startswith("availability")) == 0


def test_a_pod_waits_where_no_host_is_free(world_twice: Twice) -> None:
    """With every spare host cordoned the replica stays pending, with the scheduler's reason, until one is freed."""
    states: list[str] = []

    def look(world: World) -> None:
        states.append(stack_of(world).pool.pods[1].state)

    script = ((SECOND, f"scale {POOL} 4"), (20 * SECOND, "cordon node-3"), (22 * SECOND, f"scale {POOL} 3"),
              (25 * SECOND, "drain node-1"), (40 * SECOND, "cordon node-3 off"))  # fmt: skip
    played = world_twice(Run(scenario=quiet(), script=script, probes=((39 * SECOND, look),)))
    assert states[-1] == "pending"
    assert played.messages("2 node(s) were unschedulable, 2 Insufficient nvidia.com/gpu")
    assert (played.stack.pool.pods[1].state, host(played.world)) == ("ready", "node-3")


def test_a_restart_stays_on_its_host(world_twice: Twice) -> None:
    """A restarted replica comes back where it was; on a cordoned host it is placed elsewhere."""
    script = ((SECOND, f"restart {POOL}-0"), (2 * SECOND, "cordon node-1"), (3 * SECOND, f"restart {POOL}-1"))
    played = world_twice(Run(scenario=quiet(), script=script))
    assert [host(played.world, i) for i in range(3)] == ["node-0", "node-3", "node-2"]
    assert [p.state for p in played.stack.pool.pods] == ["ready"] * 3


def test_fatal_xids_may_cordon_by_themselves(world_twice: Twice) -> None:
    """With cordon_on_xid the host is emptied as soon as its GPU is lost, without anybody's command."""
    scenario = with_fault(overridden(groups(small(duration=90 * SECOND)), POOL, cordon_on_xid=True), "gpu_lost",
                          "node-1", 5 * SECOND)  # fmt: skip
    played = world_twice(Run(scenario=scenario))
    assert host(played.world) == "node-3"
    assert next(iter(played.stack.faults.values())).removed


def test_memory_errors_abort_jobs_and_use_up_rows(world_twice: Twice) -> None:
    """Each error remaps a row and ends the engine; with no spare row left remapping fails, and the XID is 95."""
    scenario = with_fault(small(duration=240 * SECOND), "ecc_errors", "node-1", 0, mean_interval=15 * SECOND,
                          spare_rows=2)  # fmt: skip
    played = world_twice(Run(scenario=scenario))
    pod = played.stack.pool.pods[1]
    aborts = len(played.messages("uncorrectable ECC error encountered"))
    assert aborts == pod.restarts >= 3
    assert [p.restarts for p in played.stack.pool.pods] == [0, aborts, 0]
    assert last(played, "UNCORRECTABLE_REMAPPED_ROWS", 0) == 2
    assert last(played, "ROW_REMAP_FAILURE", 0) == 1
    assert last(played, "XID_ERRORS", 0) == 95
    assert not next(iter(played.stack.faults.values())).removed


def test_a_collective_that_never_ends(world_twice: Twice) -> None:
    """Utilisation 100 %, no token, nothing missing; the watchdog ends it, or a restart of the group cures it."""
    scenario = with_fault(patient(groups(small(duration=50 * SECOND), timeout_s=600)), "nccl_hang", POOL, 10 * SECOND,
                          replica=1, rank=2)  # fmt: skip
    hung = world_twice(Run(scenario=scenario))
    assert {last(hung, "GPU_UTIL", gpu) for gpu in range(4)} == {100}
    assert not any(isnan(last(hung, "GPU_TEMP", gpu)) for gpu in range(4))
    tokens = values(hung.world, "vllm:generation_tokens_total", engine=f"{POOL}-1")
    assert tokens[-1] == tokens[-6] > 0
    assert values(hung.world, "vllm:num_requests_running", engine=f"{POOL}-1")[-1] > 0
    fault = next(iter(hung.stack.faults.values()))
    assert not fault.removed
    cured = world_twice(Run(scenario=scenario, script=((20 * SECOND, f"restart {POOL}-1"),)))
    assert next(iter(cured.stack.faults.values())).removed
    assert values(cured.world, "vllm:generation_tokens_total", engine=f"{POOL}-1")[-1] > 0


def test_a_neighbour_slows_in_bursts_and_shows_its_own_series(world_twice: Twice) -> None:
    """A co-tenant makes steps longer, by more and by less; its container's CPU time is on that host alone."""
    scenario = with_fault(small(rate=9_000), "noisy_neighbour", "node-1", -15 * SECOND, slowdown=2_000_000)
    factors: list[int] = []

    def look(world: World) -> None:
        factors.append(stack_of(world).pool.nodes[1].slowdown_ppm)

    probes = tuple((t * SECOND, look) for t in range(1, 60, 5))
    played = world_twice(Run(scenario=scenario, probes=probes))
    assert 1_200_000 <= min(factors) < 1_700_000
    assert 2_200_000 < max(factors) <= 2_800_000
    assert steps(played) < 0.9 * steps(played, 0)
    assert last(played, "SM_CLOCK", 0) == 1_410
    there = [dict(s.labels) for s in played.world.metrics.series("container_cpu_usage_seconds_total")]
    assert [s["node"] for s in there if s["namespace"] == "batch"] == ["node-1"]
    assert values(played.world, "container_cpu_usage_seconds_total", namespace="batch")[-1] > 48 * 40
    assert not next(iter(played.stack.faults.values())).removed
    pod = next(s["pod"] for s in there if s["namespace"] == "batch")
    assert f"other pods on the host: {pod}" in played.world.inspect("node-1")


def test_a_host_does_not_list_a_neighbour_that_is_gone(world_twice: Twice) -> None:
    """When its time is over, it is on no list of the host's pods."""
    scenario = with_fault(small(duration=60 * SECOND), "noisy_neighbour", "node-1", SECOND, slowdown=2_000_000,
                          lasts=20 * SECOND)  # fmt: skip
    played = world_twice(Run(scenario=scenario))
    assert not any("other pods" in line for line in played.world.inspect("node-1"))


def test_a_dead_host_is_noticed_late_and_emptied_later(world_twice: Twice) -> None:
    """Its pod takes requests until the host is NotReady, and is placed elsewhere only after its toleration."""
    seen: list[tuple[str, float]] = []

    def look(world: World) -> None:
        ready = values(world, "kube_node_status_condition", node="node-1")[-1]
        seen.append((stack_of(world).pool.pods[1].state, ready))

    scenario = with_fault(small(rate=1_000, duration=400 * SECOND), "node_lost", "node-1", 0)
    times = (NOT_READY_US - SECOND, NOT_READY_US + 6 * SECOND, NOT_READY_US + EVICTION_US - SECOND)
    played = world_twice(Run(scenario=scenario, probes=tuple((t, look) for t in times)))
    assert seen[:3] == [("ready", 1), ("crashed", 0), ("crashed", 0)]
    assert played.messages("status is now: NodeNotReady")
    assert (played.stack.pool.pods[1].state, host(played.world)) == ("ready", "node-3")
    assert next(iter(played.stack.faults.values())).removed
    early = world_twice(Run(scenario=scenario, script=((60 * SECOND, "drain node-1"),)))
    assert host(early.world) == "node-3"
    assert early.world.sli()["ttft/storefront"][1] <= played.world.sli()["ttft/storefront"][1]


def test_a_host_that_comes_back_starts_its_pod_anew(world_twice: Twice) -> None:
    """A host that is gone for a minute keeps its pod, which loads again after the reboot."""
    scenario = with_fault(quiet(duration=120 * SECOND), "node_lost", "node-1", 0, lasts=60 * SECOND)
    played = world_twice(Run(scenario=scenario))
    assert (played.stack.pool.pods[1].state, host(played.world)) == ("ready", "node-1")
    assert values(played.world, "kube_node_status_condition", node="node-1")[-1] == 1
