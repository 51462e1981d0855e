"""The world that the speed figures run: which scenario, with or without its incident. One place to switch it."""

from __future__ import annotations

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.world.world import World

SUBJECT = "slow-chat"
"""The scenario whose stack and tenants are run: eight replicas of an 8B model, 50 requests per second."""

MINUTE_US = 60_000_000


def incident(name: str = SUBJECT) -> Scenario:
    """Return the scenario as it is, faults and all."""
    return load_scenario(find(name))


def calm(name: str = SUBJECT) -> Scenario:
    """Return the scenario's stack and demand without faults, people or objectives of the incident."""
    whole = incident(name)
    timeline = tuple(entry for entry in whole.timeline if entry.change is not None)
    return whole.model_copy(update={"timeline": timeline, "root_causes": ()})


def world_of(scenario: Scenario, *, telemetry: bool) -> World:
    """Return a fresh world with plain names, seed 1."""
    return World(scenario, seed=1, cast=plain_cast(scenario), telemetry=telemetry)


def send(world: World, line: str, *, t_us: int, ref: int) -> None:
    """Hand a command line to the world, to be applied at `t_us`."""
    world.submit(world.resolve(parse(line, world.vocabulary())), t_us=t_us, k=0, ref=ref)
