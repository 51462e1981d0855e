"""Scripted players by name, for `run --policy`. Those here need nothing but the scenario's own scripts."""

from __future__ import annotations

from collections.abc import Callable

from incidentsim.errors import ScenarioError
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import TimedLine, script_commands
from incidentsim.session.headless import Player, script_player

MakePlayer = Callable[[Scenario, Cast], Player]


def player_for(name: str, scenario: Scenario, cast: Cast) -> Player:
    """Return the player called `name`, one of `PLAYERS`, for one session."""
    return PLAYERS[name](scenario, cast)


def _do_nothing(scenario: Scenario, cast: Cast) -> Player:
    return script_player(())


def _reference(scenario: Scenario, cast: Cast) -> Player:
    if not scenario.references:
        raise ScenarioError(f"{scenario.id} has no reference solution; add one to `references`")
    lines: tuple[TimedLine, ...] = script_commands(scenario.scripts[scenario.references[0].file], cast)
    return script_player(lines)


PLAYERS: dict[str, MakePlayer] = {"do_nothing": _do_nothing, "reference": _reference}
"""Every player that can be named: leaving the incident alone, and the scenario's first reference solution."""
