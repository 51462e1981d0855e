"""Commands that can't matter to users, by what they are: alerts and talk that sets nothing in motion.

Called by `effects`, which runs no world for them. Alerts are watched by people alone: a world without telemetry
evaluates no rules. A team-mate's answer matters when the scenario says that it does something, and paging someone
matters to who asks them such a thing later. Tests hold the world to this.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.scenario.model import Scenario
from incidentsim.transcript.model import TimedCommand

WATCHED_ONLY = frozenset({"silence", "alert"})
"""Verbs that change what people are told, and nothing else."""


def working(commands: Sequence[TimedCommand], scenario: Scenario) -> tuple[TimedCommand, ...]:
    """Return the commands that can matter to users when exactly these are given, in their order."""
    kept: list[TimedCommand] = []
    wanted: dict[str, None] = {}
    for timed in reversed(commands):
        command = timed.command
        who = command.args.get("who", "")
        if command.verb in WATCHED_ONLY or (command.verb == "page" and who not in wanted):
            continue
        if command.verb == "ask":
            if sets_in_motion(timed, scenario):
                wanted[who] = None
            elif not wanted:
                continue  # it only takes its turn: how fast a later answer comes depends on the questions before
        kept.append(timed)
    return tuple(reversed(kept))


def sets_in_motion(timed: TimedCommand, scenario: Scenario) -> bool:
    """Return whether the answer to a question does something. Without a topic, as in scripts, it may."""
    args = timed.command.args
    if "topic" not in args:
        return True
    return any(
        known.does is not None
        for mate in scenario.team
        if mate.role == args.get("who")
        for known in mate.knows
        if known.topic == args["topic"]
    )
