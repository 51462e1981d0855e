"""The autoscaler: it acts on the reported metric, whatever is true."""

from __future__ import annotations

from incidentsim.scenario.model import Scenario
from incidentsim.world.stack.pools.autoscaler import METRIC, PERIOD_US, QUEUE_METRIC
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Played, Probe, Run, overridden, quiet, small, stack_of

START = -19 * SECOND


def awake(scenario: Scenario, **knobs: object) -> Scenario:
    """Return the scenario with the autoscaler on."""
    return overridden(scenario, "autoscaler", enabled=True, **knobs)


def reports(value: float) -> Probe:
    """Return a probe that makes monitoring report this utilisation from now on."""

    def lie(world: World) -> None:
        stack = stack_of(world)
        stack.registry.gauge(METRIC, {"name": stack.pool.id}, lambda: value, target="epp")

    return lie


def silent(world: World) -> None:
    """Take the metric's target down."""
    stack_of(world).registry.set_up("epp", False)


def wanted(played: Played) -> int:
    """Return the replicas wanted at the end."""
    return played.stack.pool.int_knob("replicas")


def test_a_reported_lie_scales_an_idle_pool_out(world_twice: Twice) -> None:
    """With nothing to do but a report of 99 %, it scales out to its maximum."""
    played = world_twice(Run(scenario=awake(quiet()), probes=((START, reports(0.99)),)))
    assert wanted(played) == 4
    assert played.messages(f"New size: 4; reason: {METRIC} 0.99 against target 0.75")
    assert any(e.actor == "autoscaler" for e in played.world.changes())


def test_a_missing_metric_puts_it_to_sleep(world_twice: Twice) -> None:
    """When the metric is not reported, it does nothing, however full or empty the pool is."""
    lied = Run(scenario=awake(quiet()), probes=((START, reports(0.99)), (START + 1, silent)))
    assert wanted(world_twice(lied)) == 3
    busy = awake(small(rate=6_000), target_kv_utilization=0.1, max_replicas=4)
    assert wanted(world_twice(Run(scenario=busy, probes=((START, silent),)))) == 3


def test_real_load_scales_out(world_twice: Twice) -> None:
    """With a low target, the utilisation of real traffic is enough."""
    busy = awake(small(rate=12_000), target_kv_utilization=0.1)
    played = world_twice(Run(scenario=overridden(busy, "chat-pool", gpu_memory_utilization=0.5)))
    assert wanted(played) == 4


def test_near_the_target_it_rests(world_twice: Twice) -> None:
    """Within the tolerance of 10 % around its target it changes nothing."""
    for report in (0.69, 0.75, 0.82):
        assert wanted(world_twice(Run(scenario=awake(quiet()), probes=((START, reports(report)),)))) == 3


def test_bounds_hold(world_twice: Twice) -> None:
    """It stays within min_replicas and max_replicas, and moves a pool that is outside into them."""
    low = awake(quiet(), min_replicas=2, max_replicas=2)
    assert wanted(world_twice(Run(scenario=low, probes=((START, reports(0.99)),)))) == 2


def test_scaling_in_waits_for_the_window(world_twice: Twice) -> None:
    """A wish to shrink counts only when every wish of the last five minutes was at least as low."""
    early = awake(quiet(prelude=20 * SECOND, duration=240 * SECOND))
    probes = ((START, reports(0.75)), (-4 * SECOND, reports(0.1)))
    assert wanted(world_twice(Run(scenario=early, probes=probes))) == 3
    late = awake(quiet(prelude=20 * SECOND, duration=330 * SECOND))
    assert wanted(world_twice(Run(scenario=late, probes=probes))) == 1


def test_the_cooldown_spaces_changes(world_twice: Twice) -> None:
    """Two changes are at least the cooldown apart."""
    scenario = awake(quiet(duration=100 * SECOND), cooldown="60s", max_replicas=8)
    played = world_twice(Run(scenario=scenario, probes=((START, reports(0.99)),)))
    times = [e.t_us for e in played.world.changes() if e.actor == "autoscaler"]
    assert len(times) == 2
    assert times[1] - times[0] >= 60 * SECOND
    assert (times[1] - times[0]) % PERIOD_US == 0


def reports_of(metric: str, value: float, **labels: str) -> Probe:
    """Return a probe that makes monitoring report this value of a metric from now on."""

    def lie(world: World) -> None:
        target = "gateway" if "envoy" in metric else "epp"
        stack_of(world).registry.gauge(metric, labels, lambda: value, target=target)

    return lie


def test_it_steers_by_the_metric_it_is_told(world_twice: Twice) -> None:
    """With metric=queue_size a long queue scales out, whatever the KV cache says, and the other way round."""
    probes = ((START, reports_of(QUEUE_METRIC, 50.0, name="chat-pool")), (START, reports(0.75)))
    by_queue = awake(quiet(), metric="queue_size", target_queue_size=8)
    assert wanted(world_twice(Run(scenario=by_queue, probes=probes))) == 4
    assert wanted(world_twice(Run(scenario=awake(quiet()), probes=probes))) == 3


def test_it_steers_by_the_request_rate(world_twice: Twice) -> None:
    """With metric=request_rate the reported counter's growth per replica counts."""
    busy = awake(small(rate=6_000), metric="request_rate", target_request_rate=4)
    assert wanted(world_twice(Run(scenario=busy))) == 4
    calm = awake(small(rate=3_000), metric="request_rate", target_request_rate=4)
    assert wanted(world_twice(Run(scenario=calm))) == 3


def test_the_upward_window_waits_for_a_lasting_wish(world_twice: Twice) -> None:
    """A wish that does not last the window through changes nothing; without a window one report is enough."""
    probes = ((START + 33 * SECOND, reports(0.99)), (START + 45 * SECOND, reports(0.75)))
    calm = ((START, reports(0.75)), *probes)
    assert wanted(world_twice(Run(scenario=awake(quiet(), scale_up_window="60s"), probes=calm))) == 3
    assert wanted(world_twice(Run(scenario=awake(quiet()), probes=calm))) == 4


def loading_while_scaled_in(*, protect: bool) -> Run:
    """Return a run in which a replica still loads when the autoscaler wants fewer."""
    scenario = awake(quiet(), scale_down_window="0s", protect_loading=protect, max_replicas=8)
    pool = scenario.stack.pools[0].model_copy(update={"load_time": 60 * SECOND, "provision_time": SECOND})
    stack = scenario.stack.model_copy(update={"pools": (pool,)})
    probes = ((START, reports(0.99)), (5 * SECOND, reports(0.52)))
    return Run(scenario=scenario.model_copy(update={"stack": stack}), probes=probes)


def test_unprotected_loading_replicas_go_first(world_twice: Twice) -> None:
    """Scaling in kills the replica that loads and keeps those that serve; protected, one that serves goes."""
    bare = world_twice(loading_while_scaled_in(protect=False))
    assert bare.messages("scaled in while loading")
    assert [p.state for p in bare.stack.pool.pods] == ["ready", "ready", "ready", "gone"]
    kept = world_twice(loading_while_scaled_in(protect=True))
    assert not kept.messages("scaled in while loading")
    assert "gone" in [p.state for p in kept.stack.pool.pods[:3]]


def test_switched_off_it_does_nothing(world_twice: Twice) -> None:
    """Disabled, it leaves the pool alone, until it is switched on."""
    off = Run(scenario=quiet(), probes=((START, reports(0.99)),))
    assert wanted(world_twice(off)) == 3
    on = Run(scenario=quiet(), probes=((START, reports(0.99)),), script=((SECOND, "set autoscaler.enabled true"),))
    assert wanted(world_twice(on)) == 4
