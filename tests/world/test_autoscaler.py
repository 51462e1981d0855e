"""The autoscaler: it acts on the reported metric, whatever is true."""

from __future__ import annotations

from incidentsim.scenario.model import Scenario
from incidentsim.world.stack.autoscaler import METRIC, PERIOD_US
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


def test_switched_off_it_does_nothing(world_twice: Twice) -> None:
    """Disabled, it leaves the pool alone, until it is switched on."""
    off = Run(scenario=quiet(), probes=((START, reports(0.99)),))
    assert wanted(world_twice(off)) == 3
    on = Run(
        scenario=quiet(), probes=((START, reports(0.99)),), script=((SECOND, "set autoscaler.enabled true"),)
    )
    assert wanted(world_twice(on)) == 4
