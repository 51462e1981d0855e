"""Stacks under their ordinary demand."""

from __future__ import annotations

import pytest

from incidentsim.errors import ScenarioError
from incidentsim.events import AlertFired
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.healthy import healthy, healthy_twin, load_stack
from incidentsim.scenario.load import load_scenario
from incidentsim.world.world import World
from tests.world.worlds import SCENARIOS, SECOND

STACKS = tuple(path.stem for path in sorted((SCENARIOS / "stacks").glob("*.yaml")))


@pytest.mark.parametrize("stack_id", STACKS)
def test_a_shipped_stack_is_well_for_some_minutes(stack_id: str) -> None:
    """Ten minutes of ordinary demand fire no page and meet every objective."""
    scenario = healthy(load_stack(stack_id), duration_us=300 * SECOND, prelude_us=300 * SECOND)
    world = World(scenario, seed=7, cast=plain_cast(scenario))
    world.advance(scenario.duration)
    assert [f.alert for f in world.facts() if isinstance(f, AlertFired) and f.severity == "page"] == []
    for slo in scenario.slos:
        counts = [c for key, c in world.sli().items() if key.startswith(f"{slo.id}/")]
        offered, bad = (sum(c[i] for c in counts) for i in (0, 1))
        assert bad * 1_000_000 <= (1_000_000 - slo.objective) * offered, slo.id


def test_a_stack_without_demand_cannot_be_run_alone() -> None:
    """A stack that brings no tenants is refused with a reason."""
    stack = load_stack("chat").model_copy(update={"tenants": ()})
    with pytest.raises(ScenarioError, match="no tenants"):
        healthy(stack, duration_us=SECOND)


def test_an_unknown_stack_is_named() -> None:
    """A stack that no folder has is an error that names it."""
    with pytest.raises(ScenarioError, match="no stack 'chatt'"):
        load_stack("chatt")


def test_the_twin_of_an_incident_has_nothing_planted() -> None:
    """Same stack and demand; the log reads as in the incident, but no change sets anything, and no team-mate does."""
    scenario = load_scenario(find("slow-chat"))
    twin = healthy_twin(scenario)
    assert (twin.stack, twin.tenants, twin.root_causes) == (scenario.stack, scenario.tenants, ())
    changes = [entry.change for entry in twin.timeline if entry.change is not None]
    assert len(changes) == len(twin.timeline) > 0
    assert not any(c.sets or c.waiver or c.revisions or c.kind == "waiver" for c in changes)
    assert [c.summary for c in changes] == [e.change.summary for e in scenario.timeline if e.change and e.when is None]
    assert [mate.role for mate in twin.team] == [mate.role for mate in scenario.team]
    assert not any(topic.does for mate in twin.team for topic in mate.knows)
    assert twin.digest != scenario.digest
