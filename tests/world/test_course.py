"""How faults go on in time: ramps, pauses, returns, conditions, and what ends them for good."""

from __future__ import annotations

from itertools import pairwise

from incidentsim.events import MessageReceived
from incidentsim.scenario.model import Condition, FaultPlan, Message, Scenario, TimelineEntry
from incidentsim.world.world import World
from tests.world.conftest import Twice
from tests.world.worlds import SECOND, Run, every, quiet, small, stack_of, with_fault

FAULT = "clock-throttle-node-1"


def strengths(scenario_run: Run, twice: Twice) -> list[int]:
    """Return the fault's strength at each second of a run."""
    seen: list[int] = []

    def look(world: World) -> None:
        seen.append(stack_of(world).faults[FAULT].strength_ppm)

    probes = every(SECOND, 60 * SECOND, look, start_us=SECOND // 2)
    twice(Run(scenario=scenario_run.scenario, script=scenario_run.script, probes=probes))
    return seen[-60:]


def test_a_fault_that_lasts_ends_by_itself(world_twice: Twice) -> None:
    """After `lasts` the strength is zero and the fault counts as removed."""
    scenario = with_fault(quiet(), "clock_throttle", "node-1", 5 * SECOND, slowdown=2_000_000, lasts=10 * SECOND)
    seen = strengths(Run(scenario=scenario), world_twice)
    assert [i for i, s in enumerate(seen) if s == 1_000_000] == list(range(5, 15))
    assert stack_of(world_twice(Run(scenario=scenario)).world).faults[FAULT].removed


def test_a_flapping_fault_comes_back_and_is_not_removed_while_it_pauses(world_twice: Twice) -> None:
    """With `every` it returns after about that time, never quite regularly, and a pause is no cure."""
    scenario = with_fault(quiet(), "clock_throttle", "node-1", 0, slowdown=2_000_000, lasts=3 * SECOND,
                          every=12 * SECOND)  # fmt: skip
    seen = strengths(Run(scenario=scenario), world_twice)
    starts = [i for i in range(1, len(seen)) if seen[i] and not seen[i - 1]]
    assert 3 <= len(starts) <= 6
    gaps = [b - a for a, b in pairwise(starts)]
    assert all(9 <= gap <= 16 for gap in gaps)
    paused = next(i for i in range(1, len(seen)) if not seen[i])
    removed: list[bool] = []
    probe = ((paused * SECOND + SECOND // 2, lambda w: removed.append(stack_of(w).faults[FAULT].removed)),)
    world_twice(Run(scenario=scenario, probes=probe))
    assert removed == [False, False]


def test_a_fault_ended_at_its_root_does_not_come_back(world_twice: Twice) -> None:
    """Strength 0 from the source ends a recurring fault for good."""
    scenario = with_fault(quiet(), "clock_throttle", "node-1", 0, slowdown=2_000_000, lasts=3 * SECOND,
                          every=12 * SECOND)  # fmt: skip
    cure = ((5 * SECOND, lambda w: stack_of(w).faults[FAULT].set_strength(0)),)
    played = world_twice(Run(scenario=scenario, probes=cure))
    fault = stack_of(played.world).faults[FAULT]
    assert (fault.strength_ppm, fault.removed) == (0, True)


def test_an_entry_waits_for_its_condition(world_twice: Twice) -> None:
    """A fault with `when` begins within a second after the condition first holds, not before `at`."""
    base = with_fault(quiet(), "gpu_lost", "node-0", 10 * SECOND)
    plan = FaultPlan(id=FAULT, component="node-1", kind="clock_throttle", params={"slowdown": 2_000_000})
    late = TimelineEntry.model_construct(at=5 * SECOND, fault=plan, when=Condition(pool="chat-pool", ready_below=3))
    scenario = base.model_copy(update={"timeline": (*base.timeline, late)})
    seen = strengths(Run(scenario=scenario), world_twice)
    assert next(i for i, s in enumerate(seen) if s) in (10, 11)


def test_a_message_can_wait_for_complaints(world_twice: Twice) -> None:
    """Held by `customers_complain` a message comes when users are hurt, and never while they are well."""
    message = Message(who="platform", text="Who complains: {complaining_tenants}.")
    waits = TimelineEntry.model_construct(at=5 * SECOND, message=message, when=Condition(customers_complain=True))

    def told(scenario: Scenario) -> list[MessageReceived]:
        played = world_twice(Run(scenario=scenario.model_copy(update={"timeline": (*scenario.timeline, waits)})))
        return [fact for fact in played.facts if isinstance(fact, MessageReceived)]

    well = small(duration=200 * SECOND)
    hurt = well
    for number in range(3):
        hurt = with_fault(hurt, "gpu_lost", f"node-{number}", 10 * SECOND)
    assert told(well) == []
    (news,) = told(hurt)
    assert news.t_us > 10 * SECOND
    assert "nobody" not in news.text
