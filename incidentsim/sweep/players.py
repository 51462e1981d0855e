"""The scripted players of `policies`, made ready for one session: `sweep` and `run --policy` ask here."""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.errors import ScenarioError
from incidentsim.policies import MEMORISERS, PANEL, Briefed, Crash
from incidentsim.policies.base import Line
from incidentsim.scenario.cast import Cast, make_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.session.headless import Died, Player


def remembered(scenario: Scenario, seed: int) -> tuple[Line, ...]:
    """Return what somebody has learned who saw the first reference solution of one session of a scenario."""
    cast = make_cast(scenario, seed)
    lines = script_commands(scenario.scripts[scenario.references[0].file], cast)
    return tuple((line.t_us, line.command) for line in lines)


def player_for(name: str, scenario: Scenario, cast: Cast, *, memory: tuple[Line, ...] = ()) -> Player:
    """Return the player called `name`, of `PANEL` or `MEMORISERS`, briefed for one session.

    `memory` is what a memoriser has learned of another incident (`remembered`).
    """
    if not scenario.references:
        raise ScenarioError(f"{scenario.id} has no reference solution; add one to `references`")
    briefed = Briefed(
        scripts=tuple(
            tuple((line.t_us, line.command) for line in script_commands(scenario.scripts[reference.file], cast))
            for reference in scenario.references
        ),
        truth=tuple((cast.shown(cause.component), cause.fault) for cause in scenario.root_causes),
        memory=memory,
    )
    policy = (PANEL | MEMORISERS)[name]

    async def play(session: Session) -> None:
        try:
            await policy(session, briefed)
        except Crash:
            raise Died from None

    return play
