"""The scripted players of `policies`, made ready for one session: `sweep` and `run --policy` ask here."""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.errors import ScenarioError
from incidentsim.policies import PANEL, Briefed, Crash
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.session.headless import Died, Player


def player_for(name: str, scenario: Scenario, cast: Cast) -> Player:
    """Return the player called `name`, one of `PANEL`, briefed for one session."""
    if not scenario.references:
        raise ScenarioError(f"{scenario.id} has no reference solution; add one to `references`")
    briefed = Briefed(
        scripts=tuple(
            tuple((line.t_us, line.command) for line in script_commands(scenario.scripts[reference.file], cast))
            for reference in scenario.references
        ),
        truth=tuple((cast.shown(cause.component), cause.fault) for cause in scenario.root_causes),
    )
    policy = PANEL[name]

    async def play(session: Session) -> None:
        try:
            await policy(session, briefed)
        except Crash:
            raise Died from None

    return play
