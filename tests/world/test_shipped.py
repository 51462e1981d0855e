"""Shipped incidents on the real world: what the page says has happened, and references are complete plays."""

from __future__ import annotations

import pytest

from incidentsim.commands.parse import parse
from incidentsim.events import AlertFired, Paged
from incidentsim.scenario.cast import make_cast, plain_cast
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.session.judging import shown_vocabulary
from incidentsim.world.world import World
from tests.world.worlds import SCENARIOS, SECOND

SHIPPED = sorted(path.parent.name for path in SCENARIOS.glob("*/scenario.yaml"))

NEAR_US = 60 * SECOND
"""A page comes within a minute of the alert that it names."""


def burning(world: World, scenario: Scenario, before: dict[str, list[int]]) -> list[str]:
    """Return the objectives missed since `before`, by id."""
    missed = []
    for slo in scenario.slos:
        keys = [key for key in before if key.startswith(f"{slo.id}/")]
        offered, bad = (sum(world.sli()[key][i] - before[key][i] for key in keys) for i in (0, 1))
        if bad * 1_000_000 > (1_000_000 - slo.objective) * offered:
            missed.append(slo.id)
    return missed


@pytest.mark.parametrize("name", SHIPPED)
def test_the_page_names_an_alert_that_fires(name: str) -> None:
    """The alert in the page fires within a minute of it, users are harmed, and every root cause is there."""
    scenario = load_scenario(SCENARIOS / name)
    world = World(scenario, seed=1, cast=plain_cast(scenario))
    world.advance(0)
    before = world.sli()
    world.advance(NEAR_US)
    facts = world.facts()
    (page,) = (fact for fact in facts if isinstance(fact, Paged))
    alert = page.text.partition(":")[0]
    fired = [fact.t_us for fact in facts if isinstance(fact, AlertFired) and fact.alert == alert]
    assert fired and abs(fired[0]) <= NEAR_US
    assert burning(world, scenario, before)
    assert all(world.root_causes_present().values())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_reference_is_a_whole_play(name: str) -> None:
    """Under made-up names each acknowledges, looks, believes, tells four times, names every cause and resolves."""
    scenario = load_scenario(SCENARIOS / name)
    cast = make_cast(scenario, 1)
    names = shown_vocabulary(scenario, cast)
    causes = {(cast.shown(cause.component), cause.fault) for cause in scenario.root_causes}
    for script in scenario.references:
        lines = script_commands(scenario.scripts[script.file], cast)
        commands = [parse(line.command, names) for line in lines]
        verbs = [command.verb for command in commands]
        assert verbs[0] == "ack" and verbs[-1] == "resolve"
        assert {"query", "hypothesis", "changes"} <= set(verbs)
        assert verbs.count("status") + 1 >= 4
        assert {(c.args["component"], c.args["fault"]) for c in commands if c.verb == "diagnose"} == causes


@pytest.mark.parametrize("name", SHIPPED)
def test_every_script_can_be_read_under_any_cast(name: str) -> None:
    """What a script calls by name is called so in every session, whatever the tenants and hosts are called."""
    scenario = load_scenario(SCENARIOS / name)
    held_out = [scenario.held_out] if scenario.held_out else []
    for seed in (1, 2):
        cast = make_cast(scenario, seed)
        for script in (*scenario.references, *scenario.tempting, *held_out):
            for line in script_commands(scenario.scripts[script.file], cast):
                assert parse(line.command, shown_vocabulary(scenario, cast)).verb
