"""The platform below the pools: weights that come over a shared line, a control plane that may not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from incidentsim.scenario.model import Scenario
from incidentsim.scenario.parts import ControlPlanePart, RegistryPart
from incidentsim.world.stack.engine.step_model import PRESETS
from incidentsim.world.stack.pools.registry_store import DISK_BYTES_PER_S, WeightsRegistry
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.test_revisions import deployed
from tests.world.worlds import SECOND, Played, Run, overridden, quiet, small, stack_of, values, with_fault

POOL = "chat-pool"
WEIGHTS = PRESETS["llama3_8b_a100_tp1"].weights_bytes
WARM_UP = 2 * SECOND


def platform(scenario: Scenario, *parts: RegistryPart | ControlPlanePart, quota: int = 8) -> Scenario:
    """Return the scenario with these parts, GPUs at hand, and a short warm-up."""
    fields = {"warm_up": WARM_UP, "gpu_quota": quota, "provision_time": SECOND}
    pool = scenario.stack.pools[0].model_copy(update=fields)
    stack = scenario.stack.model_copy(update={"components": parts, "pools": (pool,)})
    return scenario.model_copy(update={"stack": stack})


def fetching(duration: int = 200 * SECOND, **knobs: Any) -> Scenario:
    """Return a quiet world whose weights come from a registry."""
    return overridden(platform(quiet(duration=duration), RegistryPart(id="registry")), "registry", **knobs)


def cluster(scenario: Scenario, **knobs: Any) -> Scenario:
    """Return the scenario with a control plane."""
    return overridden(platform(scenario, ControlPlanePart(id="control-plane")), "control-plane", **knobs)


def ready_at(run: Run, pods: int) -> list[int]:
    """Return when each of the first pods came up after a start."""
    return [p.ready_us for p in run.play().stack.pool.pods[:pods]]


# -- the weights registry -------------------------------------------------------------------------------------


def test_downloads_share_the_line(world_twice: Twice) -> None:
    """Three new replicas take three times as long as one, and none is faster than the line allows."""
    line = 500_000_000
    for count in (1, 3):
        run = Run(scenario=fetching(bandwidth=500), script=((SECOND, f"scale {POOL} {3 + count}"),))
        pods = world_twice(run).stack.pool.pods[3:]
        took = [(p.warm_us - p.began_us) / SECOND for p in pods]
        # they start up to 0.3 s apart
        assert took == pytest.approx([count * WEIGHTS / line] * count, abs=1)
        assert all(p.state == "ready" for p in pods)


def test_no_download_is_faster_than_the_disk(world_twice: Twice) -> None:
    """However wide the line is, a host writes what its disk takes."""
    run = Run(scenario=fetching(bandwidth=100_000), script=((SECOND, f"scale {POOL} 4"),))
    pod = world_twice(run).stack.pool.pods[3]
    assert pod.warm_us - pod.began_us == -(-WEIGHTS * SECOND // DISK_BYTES_PER_S)


def test_a_host_keeps_the_weights_of_its_last_replica(world_twice: Twice) -> None:
    """A restart reads the disk; without the cache, or with new weights, it fetches."""

    def took(scenario: Scenario, line: str = f"restart {POOL}-0") -> float:
        played = world_twice(Run(scenario=scenario, script=((SECOND, line),)))
        pod = played.stack.pool.pods[0]
        return (pod.warm_us - pod.began_us) / SECOND

    disk, line = WEIGHTS / DISK_BYTES_PER_S, WEIGHTS / 1e9
    assert took(fetching(bandwidth=1_000)) == pytest.approx(disk, abs=0.01)
    assert took(fetching(bandwidth=1_000, host_cache=False)) == pytest.approx(line, abs=0.01)
    new = deployed(fetching(bandwidth=1_000), at_us=SECOND, revisions={"weights": "r2"}, pods=1)
    assert took(new, "set gateway.max_queue 4001") == pytest.approx(line, abs=0.01)


def test_bytes_are_conserved(world_twice: Twice) -> None:
    """What the registry has sent is exactly the weights of those that came up, however the line changed."""
    script = ((SECOND, f"scale {POOL} 6"), (5 * SECOND, "set registry.bandwidth 700"),
              (15 * SECOND, "set registry.bandwidth 3000"))  # fmt: skip
    played = world_twice(Run(scenario=fetching(), script=script))
    assert [p.state for p in played.stack.pool.pods] == ["ready"] * 6
    assert values(played.world, "weights_registry_bytes_total")[-1] == 3 * WEIGHTS


def test_a_download_of_a_killed_container_is_lost(world_twice: Twice) -> None:
    """A restart in the middle begins again, and the line is free for others meanwhile."""
    scenario = fetching(bandwidth=400, host_cache=False)
    script = ((SECOND, f"restart {POOL}-0"), (20 * SECOND, f"restart {POOL}-0"))
    played = world_twice(Run(scenario=scenario, script=script))
    pod = played.stack.pool.pods[0]
    assert pod.began_us == 20 * SECOND
    assert pod.warm_us - pod.began_us == pytest.approx(WEIGHTS / 400, abs=2)


def test_a_throttled_registry_stops_scale_out_only(world_twice: Twice) -> None:
    """New hosts crash-loop on 429; a restart where the weights are on disk works; the mirror cures at the root."""
    scenario = with_fault(fetching(duration=300 * SECOND), "registry_throttled", "registry", 0, pulls=0)
    script = ((SECOND, f"scale {POOL} 4"), (60 * SECOND, f"restart {POOL}-0"))
    stuck = world_twice(Run(scenario=scenario, script=script))
    assert [p.state == "ready" for p in stuck.stack.pool.pods] == [True, True, True, False]
    assert stuck.messages("429 Client Error: Too Many Requests")
    assert values(stuck.world, "weights_registry_throttled_total")[-1] >= 4
    fault = stack_of(stuck.world).faults["registry-throttled-registry"]
    assert not fault.removed
    mirrored = world_twice(Run(scenario=scenario, script=(*script, (90 * SECOND, "set registry.source mirror"))))
    assert [p.state for p in mirrored.stack.pool.pods] == ["ready"] * 4
    assert stack_of(mirrored.world).faults["registry-throttled-registry"].removed


def test_a_few_pulls_a_minute_come_up_one_by_one(world_twice: Twice) -> None:
    """With two pulls a minute, two of four new replicas come up at once and the others when their pulls come."""
    scenario = with_fault(fetching(duration=300 * SECOND), "registry_throttled", "registry", 0, pulls=2)
    played = world_twice(Run(scenario=scenario, script=((SECOND, f"scale {POOL} 7"),)))
    up = sorted(p.ready_us for p in played.stack.pool.pods[3:])
    assert up[1] < 30 * SECOND
    assert up[3] - up[1] > 40 * SECOND


# -- the control plane ----------------------------------------------------------------------------------------


def test_an_expired_certificate_stops_new_pods_only(world_twice: Twice) -> None:
    """Serving pods go on; scaled-out and restarted ones are refused with x509, until the webhook reads anew."""
    scenario = with_fault(cluster(quiet(duration=200 * SECOND)), "webhook_cert_expired", "control-plane", 0)
    script = ((SECOND, f"scale {POOL} 4"), (20 * SECOND, f"restart {POOL}-0"))
    stuck = world_twice(Run(scenario=scenario, script=script))
    assert [p.state for p in stuck.stack.pool.pods] == ["refused", "ready", "ready", "refused"]
    assert stuck.messages("x509: certificate has expired or is not yet valid")
    assert values(stuck.world, "apiserver_admission_webhook_rejection_count")[-1] > 4
    cure = (100 * SECOND, "set control-plane.webhook_certificate watched")
    cured = world_twice(Run(scenario=scenario, script=(*script, cure)))
    assert [p.state for p in cured.stack.pool.pods] == ["ready"] * 4
    assert stack_of(cured.world).faults["webhook-cert-expired-control-plane"].removed
    mask = (100 * SECOND, "set control-plane.webhook_failure_policy ignore")
    masked = world_twice(Run(scenario=scenario, script=(*script, mask)))
    assert [p.state for p in masked.stack.pool.pods] == ["ready"] * 4
    assert not stack_of(masked.world).faults["webhook-cert-expired-control-plane"].removed


def test_a_refused_pod_keeps_its_gpu_and_its_price(world_twice: Twice) -> None:
    """A pod that is deleted and can't be made again still has its host; one never made has none."""
    scenario = with_fault(cluster(quiet(duration=60 * SECOND)), "webhook_cert_expired", "control-plane", 0)
    script = ((SECOND, f"restart {POOL}-0"), (2 * SECOND, f"scale {POOL} 4"))
    played = world_twice(Run(scenario=scenario, script=script))
    assert values(played.world, "gpu_cost_dollars_per_hour")[-1] == pytest.approx(3 * 3.67)


def test_a_container_restarts_without_the_control_plane(world_twice: Twice) -> None:
    """The kubelet starts a crashed container in its pod: that needs no admission."""
    scenario = with_fault(cluster(quiet(duration=60 * SECOND)), "webhook_cert_expired", "control-plane", 0)

    def crash(world: World) -> None:
        pool = stack_of(world).pool
        pool.crash(pool.pods[0], "EngineDeadError")

    played = world_twice(Run(scenario=scenario, probes=((SECOND, crash),)))
    assert [p.state for p in played.stack.pool.pods] == ["ready"] * 3


def overloaded(scenario: Scenario, **knobs: Any) -> Scenario:
    """Return a cluster whose agents ask for far too much from 10 s on, brought by chg-9."""
    base = cluster(scenario, **knobs)
    return with_fault(base, "telemetry_agent_overload", "control-plane", 10 * SECOND, requests=20_000)


def routable(at: dict[int, int]) -> Callable[[World], None]:
    """Return a probe that notes how many replicas the gateway finds."""

    def look(world: World) -> None:
        at[world.now_us // SECOND] = len(stack_of(world).pool.routable)

    return look


def test_names_are_lost_as_caches_expire(world_twice: Twice) -> None:
    """The gateway keeps all replicas at first and loses the last within one TTL, though all serve."""
    at: dict[int, int] = {}
    look = routable(at)
    scenario = overloaded(small(duration=100 * SECOND), dns_ttl="60s")
    played = world_twice(Run(scenario=scenario, probes=tuple((t * SECOND, look) for t in (9, 11, 80))))
    assert at == {9: 3, 11: 3, 80: 0}
    assert [p.state for p in played.stack.pool.pods] == ["ready"] * 3
    assert values(played.world, "coredns_dns_responses_total", rcode="SERVFAIL")[-1] > 0
    rejected = values(played.world, "apiserver_request_total", code="429")[-1]
    assert rejected == pytest.approx((20_000 + 900 - 3_000) * 90, rel=0.06)


def test_cutting_the_load_brings_the_names_back(world_twice: Twice) -> None:
    """With the agents limited the API answers, names resolve within seconds, and pods can be made again."""
    at: dict[int, int] = {}
    scenario = overloaded(quiet(duration=150 * SECOND), dns_ttl="20s")
    script = ((50 * SECOND, f"scale {POOL} 4"), (90 * SECOND, "set control-plane.agent_request_limit 500"))
    probes = ((80 * SECOND, routable(at)), (101 * SECOND, routable(at)))
    played = world_twice(Run(scenario=scenario, script=script, probes=probes))
    assert at == {80: 0, 101: 3}
    assert [p.state for p in played.stack.pool.pods] == ["ready"] * 4
    assert not stack_of(played.world).faults["telemetry-agent-overload-control-plane"].removed


def test_more_api_servers_take_two_minutes_to_help(world_twice: Twice) -> None:
    """Twelve servers can't answer 20,000 requests a second; for 8,000 nine can, once they have joined."""
    base = cluster(quiet(duration=200 * SECOND), dns_ttl="20s")
    scenario = with_fault(base, "telemetry_agent_overload", "control-plane", 10 * SECOND, requests=8_000)
    at: dict[int, int] = {}
    probes = tuple((t * SECOND, routable(at)) for t in (100, 150))
    world_twice(Run(scenario=scenario, script=((20 * SECOND, "set control-plane.api_servers 9"),), probes=probes))
    assert at == {100: 0, 150: 3}


def test_a_rolling_change_waits_for_the_api(world_twice: Twice) -> None:
    """Nothing is replaced while the API does not answer; when it does, the change goes on."""
    scenario = overloaded(quiet(duration=200 * SECOND), dns_ttl="600s")
    script = ((20 * SECOND, f"set {POOL}.max_num_seqs 16"), (80 * SECOND, "set control-plane.agent_request_limit 0"))
    seen: list[list[str]] = []

    def look(world: World) -> None:
        seen.append([p.state for p in stack_of(world).pool.pods])

    played = world_twice(Run(scenario=scenario, script=script, probes=((79 * SECOND, look),)))
    assert seen[0] == ["ready"] * 3
    assert [p.engine.max_num_seqs for p in played.stack.pool.pods if p.engine] == [16] * 3


def test_a_rollback_of_the_agents_needs_the_api(world_twice: Twice) -> None:
    """Alone it reaches nothing; with the load cut it goes through and removes the cause."""
    name = "telemetry-agent-overload-control-plane"

    def play(*script: tuple[int, str]) -> Played:
        base = deployed(quiet(duration=120 * SECOND), at_us=0)
        change = base.timeline[-1].change
        assert change is not None
        entry = base.timeline[-1].model_copy(update={"change": change.model_copy(update={"target": "control-plane"})})
        scenario = cluster(base.model_copy(update={"timeline": (*base.timeline[:-1], entry)}))
        scenario = with_fault(scenario, "telemetry_agent_overload", "control-plane", 10 * SECOND, with_change="chg-9",
                              requests=20_000)  # fmt: skip
        return world_twice(Run(scenario=scenario, script=script))

    alone = play((20 * SECOND, "rollback chg-9"))
    assert not stack_of(alone.world).faults[name].removed
    both = play((20 * SECOND, "rollback chg-9"), (50 * SECOND, "set control-plane.agent_request_limit 0"))
    assert stack_of(both.world).faults[name].removed


def test_the_registry_is_what_pools_ask() -> None:
    """The builder gives every pool the stack's registry; without one, starts take the pool's load time."""
    stack = Run(scenario=fetching(duration=0)).play().stack
    assert isinstance(stack.pool.launcher.weights, WeightsRegistry)
    assert Run(scenario=quiet(duration=0)).play().stack.pool.launcher.weights is None
