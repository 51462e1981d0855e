"""Incidents that ship, with their first reference solution for some minutes: they page, hurt, and can be mended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from incidentsim.commands.parse import parse
from incidentsim.events import AlertFired
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import vocabulary
from incidentsim.scenario.script import TimedLine, script_commands
from incidentsim.specs.verbs import VERBS
from incidentsim.world.world import World
from tests.world.worlds import SCENARIOS, SECOND

INCIDENTS = {
    "declined-payments": ("DecisionsByRuleHigh", "quality", 420),
    "late-translations": ("EngineQueueDepth", "ttft", 420),
}
"""What alert comes just before the page, what objective burns, and by what second the reference has mended it."""


def acts(scenario: Scenario) -> Iterator[TimedLine]:
    """Yield the commands of the first reference that change the world, in order."""
    for line in script_commands(scenario.scripts[scenario.references[0].file], plain_cast(scenario)):
        if VERBS[line.command.split(maxsplit=1)[0]].group == "act":
            yield line


def share(world: World, slo: str, before: dict[str, list[int]]) -> float:
    """Return the share of bad requests since `before`, over all tenants."""
    counts = [(c, before[key]) for key, c in world.sli().items() if key.startswith(f"{slo}/")]
    return sum(c[1] - was[1] for c, was in counts) / sum(c[0] - was[0] for c, was in counts)


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_first_reference_mends_it(name: str) -> None:
    """The alert fires half a minute before the page at most, users are hurt at T+1, and well at the stated time."""
    alert, slo, until_s = INCIDENTS[name]
    scenario = load_scenario(SCENARIOS / name)
    world, names = World(scenario, seed=3, cast=plain_cast(scenario)), vocabulary(scenario)
    allowed = next(1 - s.objective / 1_000_000 for s in scenario.slos if s.id == slo)

    def sli() -> dict[str, list[int]]:
        return {key: list(counts) for key, counts in world.sli().items()}

    world.advance(0)
    fired = [f for f in world.facts() if isinstance(f, AlertFired)]
    assert [f.alert for f in fired] == [alert]
    assert -30 * SECOND <= fired[0].t_us <= 0
    at_page = sli()
    world.advance(60 * SECOND)
    assert share(world, slo, at_page) > 2 * allowed
    for number, line in enumerate(acts(scenario), start=1):
        if line.t_us < until_s * SECOND:
            world.advance(line.t_us - 1)
            command = world.resolve(parse(line.command, names))
            world.check(command)
            world.submit(command, t_us=line.t_us, k=0, ref=number)
    world.advance(until_s * SECOND)
    mended = sli()
    world.advance((until_s + 60) * SECOND)
    assert share(world, slo, mended) < allowed
    assert not world.root_causes_present()[scenario.root_causes[1].id]
    assert world.violations() == ()
