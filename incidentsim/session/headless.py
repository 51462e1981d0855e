"""Sessions without a person or a clock: scripts, policies, certificates, sweeps.

A player is a coroutine on `client_api.Session`; its `wait_until` moves the world. Whatever it leaves undone,
the incident is run to the end of its duration, so that outcomes compare.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from incidentsim.client_api import Session
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import TimedLine
from incidentsim.session.host import IncidentSession
from incidentsim.session.ports import WorldFactory, real_world
from incidentsim.session.resume import resume

Player = Callable[[Session], Awaitable[None]]
"""A scripted player: acts on a session, then returns."""


class Died(Exception):
    """Raised by a player whose machine dies: the session is dropped, resumed from its record, and played on."""


def run_policy(
    scenario: Scenario,
    *,
    seed: int,
    cast: Cast,
    path: Path,
    player: Player,
    world_factory: WorldFactory = real_world,
) -> Path:
    """Play one incident from the prelude to the end; return the path of its record.

    A player that raises Died is called again with the resumed session, as often as it dies.
    """
    session = IncidentSession.create(scenario, seed=seed, cast=cast, path=path, world_factory=world_factory)
    while True:
        try:
            asyncio.run(play(session, player))
            return path
        except Died:
            pass
        finally:
            session.close()
        session = resume(path, scenario, world_factory=world_factory)


def run_script(
    scenario: Scenario,
    *,
    seed: int,
    cast: Cast,
    path: Path,
    lines: Sequence[TimedLine],
    world_factory: WorldFactory = real_world,
) -> Path:
    """Play a script (`scenario.script.script_commands`): each line at its time, then on to the end."""
    player = script_player(lines)
    return run_policy(scenario, seed=seed, cast=cast, path=path, player=player, world_factory=world_factory)


async def play(session: IncidentSession, player: Player) -> None:
    """Run the prelude, the player, and the rest of the incident."""
    session.step(0)
    await player(session.client("candidate"))
    session.step(session.scenario.duration)


def script_player(lines: Sequence[TimedLine]) -> Player:
    """Return the player that submits each line at its time and takes no notice of the answers."""

    async def follow(session: Session) -> None:
        for line in lines:
            if not await session.wait_until(line.t_us):
                return
            await session.submit(line.command)

    return follow
