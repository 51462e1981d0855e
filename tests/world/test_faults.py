"""Every kind of fault: declared and implemented alike, and doing to the world what it says."""

from __future__ import annotations

from typing import Any

import pytest

from incidentsim.events import FaultChanged
from incidentsim.scenario.model import Change, FaultPlan, TimelineEntry
from incidentsim.specs.components import COMPONENTS
from incidentsim.specs.faults import COURSE, FAULTS
from incidentsim.world.faults import KINDS
from incidentsim.world.faults.standing import Standing
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import (
    SECOND,
    Played,
    Run,
    overridden,
    quiet,
    small,
    stack_of,
    values,
    with_client,
    with_fault,
)

AGENTS: dict[str, Any] = {
    "conversations_per_minute": 60_000_000,
    "burst": 4,
    "turns": 4,
    "think_time": SECOND,
    "first_prompt": ((0, 3_000), (1_000_000, 6_000)),
    "growth": ((0, 500), (1_000_000, 1_500)),
    "output": ((0, 20), (1_000_000, 60)),
    "max_prompt": 9_000,
    "ramp": 0,
}
"""A feature that starts a conversation a second, of four growing turns."""


def long_prompts(played: Played) -> float:
    """Return how many finished requests had more than 5,000 prompt tokens."""
    name = "vllm:request_prompt_tokens_bucket"
    total = below = 0.0
    for series in played.world.metrics.series(name):
        labels = dict(series.labels)
        if labels["le"] == "+Inf":
            total += series.values[-1]
        elif float(labels["le"]) == 5_000:
            below += series.values[-1]
    return total - below


def test_declared_and_implemented_kinds_agree() -> None:
    """The world implements exactly the declared kinds; standing ones change nothing by themselves."""
    assert list(KINDS) and sorted(KINDS) == sorted(FAULTS)
    assert {kind for kind, make in KINDS.items() if issubclass(make, Standing)} == {
        spec.kind for spec in FAULTS.values() if spec.standing
    }
    assert all(spec.component in COMPONENTS for spec in FAULTS.values())


@pytest.mark.parametrize("kind", [k for k, spec in FAULTS.items() if spec.standing])
def test_standing_faults_disturb_nothing(kind: str) -> None:
    """Planting a fact of the configuration leaves every service level as it was."""
    plain = small(duration=30 * SECOND)
    component = {
        "organisation": "organisation",
        "gateway": "gateway",
        "pool": "chat-pool",
        "autoscaler": "autoscaler",
        "tenant": "tenant.storefront",
        "route": "route.chat",
        "router": "router",
        "observability": "observability",
        "pipeline": "pipeline",
    }
    planted = with_fault(plain, kind, component[FAULTS[kind].component], SECOND)
    assert Run(scenario=planted).play().world.sli() == Run(scenario=plain).play().world.sli()


def test_context_growth_sends_long_prompts(world_twice: Twice) -> None:
    """Growing conversations fill the upper buckets of the prompt histogram, and their turns grow."""
    plain = world_twice(Run(scenario=small()))
    grown = world_twice(Run(scenario=with_fault(small(), "context_growth", "tenant.strategic", 0, **AGENTS)))
    assert long_prompts(grown) > 20 + 4 * long_prompts(plain)
    offered = {key: n for key, (n, _) in grown.world.sli().items() if key.startswith("ttft")}
    before = {key: n for key, (n, _) in plain.world.sli().items() if key.startswith("ttft")}
    assert offered["ttft/strategic"] > before["ttft/strategic"] + 40
    assert offered["ttft/newsroom"] == before["ttft/newsroom"], "other tenants' arrivals don't move"


def test_context_growth_without_a_steady_rate_is_a_burst(world_twice: Twice) -> None:
    """With no conversations per minute only the burst's are started."""
    burst = {**AGENTS, "conversations_per_minute": 0, "burst": 5, "turns": 1}
    played = world_twice(Run(scenario=with_fault(quiet(duration=90 * SECOND), "context_growth", "tenant.strategic", 0,
                                                 **burst)))  # fmt: skip
    assert played.world.sli()["ttft/strategic"][0] == 5
    assert played.world.sli()["ttft/newsroom"][0] == 0


def test_context_growth_can_be_ended_at_its_root(world_twice: Twice) -> None:
    """At strength 0 no new conversation starts, the running ones end, and the fault counts as removed."""

    def end(world: World) -> None:
        stack_of(world).faults["context-growth-tenant-strategic"].set_strength(0)

    scenario = with_fault(quiet(duration=120 * SECOND), "context_growth", "tenant.strategic", 0, **AGENTS)
    played = world_twice(Run(scenario=scenario, probes=((20 * SECOND, end),)))
    fault = played.stack.faults["context-growth-tenant-strategic"]
    assert fault.removed
    assert fault.state()[-1][2] == 0, "no conversation is live"  # type: ignore[index]


def test_a_ramp_rises_to_full_strength(world_twice: Twice) -> None:
    """With a ramp of 20 s the strength rises in steps and ends at the whole."""
    seen: list[int] = []

    def look(world: World) -> None:
        seen.append(next(iter(stack_of(world).faults.values())).strength_ppm)

    scenario = with_fault(quiet(), "traffic_surge", "tenant.strategic", 0, factor=2_000_000, ramp=20 * SECOND, lasts=0)
    world_twice(Run(scenario=scenario, probes=tuple((t * SECOND, look) for t in (-1, 1, 6, 11, 16, 21))))
    assert seen[:6] == [0, 250_000, 500_000, 750_000, 1_000_000, 1_000_000]


def test_a_traffic_surge_multiplies_one_tenant_and_ends(world_twice: Twice) -> None:
    """The tenant's arrivals multiply for as long as it lasts, and nobody else's change."""
    at = {}

    def count(world: World) -> None:
        at[world.now_us] = {key: n for key, (n, _) in world.sli().items()}

    probes = tuple((t * SECOND, count) for t in (0, 30, 60))
    surge = with_fault(small(), "traffic_surge", "tenant.storefront", 0, factor=5_000_000, lasts=30 * SECOND)
    world_twice(Run(scenario=surge, probes=probes))
    surged = dict(at)
    world_twice(Run(scenario=small(), probes=probes))
    key = "ttft/storefront"
    during, after = (surged[b * SECOND][key] - surged[a * SECOND][key] for a, b in ((0, 30), (30, 60)))
    assert 3.5 < during / (at[30 * SECOND][key] - at[0][key]) < 6.5
    assert during > 2.5 * after
    assert surged[60 * SECOND]["ttft/newsroom"] == at[60 * SECOND]["ttft/newsroom"]


def test_a_retry_bug_multiplies_attempts(world_twice: Twice) -> None:
    """When requests fail, the broken client tries more often, so retries multiply while demand does not."""
    base = with_client(overridden(small(), "gateway", max_inflight_requests=1, max_queue=0), attempts=2)
    bug = with_fault(base, "retry_bug", "tenant.newsroom", -20 * SECOND, attempts=8)
    plain, buggy = world_twice(Run(scenario=base)), world_twice(Run(scenario=bug))

    def retries(played: Played) -> float:
        return values(played.world, "gateway_client_retries_total", tenant="newsroom")[-1]

    assert retries(buggy) > 2 * retries(plain) > 0
    assert buggy.world.sli()["ttft/newsroom"][0] == plain.world.sli()["ttft/newsroom"][0]


def test_a_throttled_clock_slows_one_replica(world_twice: Twice) -> None:
    """The node reports a lower SM clock and its engine makes fewer steps; the others report as before."""
    fault = with_fault(small(rate=9_000), "clock_throttle", "node-1", -19 * SECOND, slowdown=3_000_000, ramp=0)
    played = world_twice(Run(scenario=overridden(fault, "router", policy="round_robin")))
    clocks = [values(played.world, "DCGM_FI_DEV_SM_CLOCK", Hostname=f"node-{i}")[-1] for i in range(3)]
    assert clocks[::2] == [1_410, 1_410]
    assert clocks[1] == pytest.approx(470, abs=25), "a clock that is held down moves in steps of 15 MHz"
    steps = [p.engine.iterations() for p in played.stack.pool.pods if p.engine]
    assert steps[1] < 0.6 * min(steps[0], steps[2])


def test_a_lost_gpu_takes_its_series_and_its_replica(world_twice: Twice) -> None:
    """XID 79 is logged, the GPU's and the engine's series vanish, and a restart there fails."""
    scenario = with_fault(small(), "gpu_lost", "node-2", 10 * SECOND)
    played = world_twice(Run(scenario=scenario, script=((20 * SECOND, "restart chat-pool-2"),)))
    assert played.messages("Xid (PCI:0000:07:00): 79, GPU has fallen off the bus")
    latest = played.world.metrics.latest
    model = scenario.stack.pools[0].model_name
    for i, there in ((1, True), (2, False)):
        assert (latest("DCGM_FI_DEV_GPU_TEMP", {"Hostname": f"node-{i}", "gpu": "0"}) is not None) is there
        engine = {"model_name": model, "engine": f"chat-pool-{i}"}
        assert (latest("vllm:num_requests_running", engine) is not None) is there
    assert values(played.world, "up", job="vllm", instance="chat-pool-2")[-1] == 0
    assert played.stack.pool.pods[2].state == "crashed"
    assert played.stack.pool.pods[2].restarts > 3, "the command's, and the kubelet's in vain"
    assert values(played.world, "envoy_cluster_membership_healthy")[-1] == 2


def test_a_hung_engine_keeps_its_face(world_twice: Twice) -> None:
    """No tokens come, while running requests, the target and the pod look well; a restart cures it."""
    tokens: dict[int, tuple[int, int]] = {}

    def look(world: World) -> None:
        engine = stack_of(world).pool.pods[0].engine
        assert engine is not None
        tokens[world.now_us] = (engine.generated(), engine.running)
        assert stack_of(world).pool.pods[0].state == "ready"

    scenario = with_fault(small(), "engine_hang", "chat-pool", 10 * SECOND, replica=0)
    scenario = with_client(scenario, patience=300 * SECOND, deadline=300 * SECOND)
    hung = Run(scenario=scenario, probes=((12 * SECOND, look), (20 * SECOND, look), (40 * SECOND, look)))
    played = world_twice(hung)
    assert len(set(tokens.values())) == 1
    assert tokens[40 * SECOND][1] > 0
    assert values(played.world, "up", job="vllm", instance="chat-pool-0")[-1] == 1
    fault = played.stack.faults["engine-hang-chat-pool"]
    assert not fault.removed
    cured = world_twice(Run(scenario=scenario, script=((30 * SECOND, "restart chat-pool-0"),)))
    assert cured.stack.faults["engine-hang-chat-pool"].removed
    engine = cured.stack.pool.pods[0].engine
    assert engine is not None
    assert engine.generated() > 0


def test_a_bad_image_slows_every_replica(world_twice: Twice) -> None:
    """Every engine makes fewer steps with the new image, and time between tokens rises."""
    scenario = with_fault(small(rate=9_000), "bad_image", "chat-pool", -19 * SECOND, slowdown=2_000_000)
    slow, plain = world_twice(Run(scenario=scenario)), world_twice(Run(scenario=small(rate=9_000)))

    def itl(played: Played) -> float:
        seconds, count = (
            sum(s.values[-1] for s in played.world.metrics.series(f"vllm:inter_token_latency_seconds_{part}"))
            for part in ("sum", "count")
        )
        return seconds / count

    assert 1.7 < itl(slow) / itl(plain) < 3


def test_rolling_the_image_back_ends_a_bad_image(world_twice: Twice) -> None:
    """The rollback of a deploy of the pool removes the fault at its root, and doing it again brings it back."""
    change = Change(id="chg-9", kind="deploy", target="chat-pool", actor="bot", summary="runtime image")
    entry = TimelineEntry.model_construct(at=-19 * SECOND, change=change)
    base = with_fault(small(), "bad_image", "chat-pool", -19 * SECOND, with_change="chg-9", slowdown=1_500_000)
    scenario = base.model_copy(update={"timeline": (*base.timeline, entry)})
    once = world_twice(Run(scenario=scenario, script=((10 * SECOND, "rollback chg-9"),)))
    assert [f.removed for f in stack_of(once.world).faults.values()] == [True]
    twice = ((10 * SECOND, "rollback chg-9"), (30 * SECOND, "rollback chg-9"))
    again = world_twice(Run(scenario=scenario, script=twice))
    assert [f.strength_ppm for f in stack_of(again.world).faults.values()] == [1_000_000]


def test_a_fault_may_hit_a_host_before_its_pod_comes(world_twice: Twice) -> None:
    """A host without a pod yet can be slowed: nothing breaks, and its clock shows it."""
    scenario = with_fault(quiet(), "clock_throttle", "node-3", 5 * SECOND, slowdown=2_000_000, ramp=0)
    played = world_twice(Run(scenario=scenario))
    assert values(played.world, "DCGM_FI_DEV_SM_CLOCK", Hostname="node-3")[-1] == pytest.approx(705, abs=25)


def test_starts_are_ground_truth_facts(world_twice: Twice) -> None:
    """A fault's start is reported with its component and kind, for nobody but the interviewer's side."""
    played = world_twice(Run(scenario=with_fault(quiet(), "gpu_lost", "node-0", 5 * SECOND)))
    facts = [f for f in played.facts if isinstance(f, FaultChanged)]
    assert [(f.t_us, f.component, f.kind, f.state, f.vis) for f in facts] == [
        (5 * SECOND, "node-0", "gpu_lost", "on", "g")
    ]


def test_plans_hold_what_the_kind_declares() -> None:
    """The parameters used here are those that the kind declares: a new one must be tested."""
    course = {p.name for p in COURSE}
    assert set(AGENTS) - course == {p.name for p in FAULTS["context_growth"].parameters}
    assert FaultPlan(id="x", component="node-0", kind="gpu_lost").params == {}
