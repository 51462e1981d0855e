"""The worlds that the figures run: the default stack, an older one beside it, and a whole incident."""

from __future__ import annotations

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.healthy import DEFAULT_STACK, healthy, load_stack
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.world.world import World

SUBJECT = DEFAULT_STACK
"""The stack that speed and memory are judged on: eight replicas in two pools, 50 requests per second, every stage."""

BESIDE = "chat"
"""The stack whose figures are shown beside: eight replicas of one pool, no stages, 50 requests per second."""

INCIDENT = "slow-chat"
"""The scenario that is audited: restarts, retries and preemption."""

MINUTE_US = 60_000_000

HOUR_US = 60 * MINUTE_US


def incident() -> Scenario:
    """Return the audited scenario as it is, faults and all."""
    return load_scenario(find(INCIDENT))


def calm(stack: str = SUBJECT) -> Scenario:
    """Return a stack under its own tenants' demand, with nothing planted."""
    return healthy(load_stack(stack), duration_us=HOUR_US)


def world_of(scenario: Scenario, *, telemetry: bool) -> World:
    """Return a fresh world with plain names, seed 1."""
    return World(scenario, seed=1, cast=plain_cast(scenario), telemetry=telemetry)


def send(world: World, line: str, *, t_us: int, ref: int) -> None:
    """Hand a command line to the world, to be applied at `t_us`."""
    world.submit(world.resolve(parse(line, world.vocabulary())), t_us=t_us, k=0, ref=ref)
