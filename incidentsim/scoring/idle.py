"""Commands that can't matter to users, by what they are: alerts and talk that sets nothing in motion.

Called by `effects`, which runs no world for them. Alerts are watched by people alone: a world without telemetry
evaluates no rules. A team-mate's answer matters when the scenario says that it does something and they are there to
hear the question; paging someone matters to who asks them such a thing later. Tests hold the world to this.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.scenario.model import Scenario
from incidentsim.transcript.model import TimedCommand

WATCHED_ONLY = frozenset({"silence", "alert"})
"""Verbs that change what people are told, and nothing else."""


def working(commands: Sequence[TimedCommand], scenario: Scenario) -> tuple[TimedCommand, ...]:
    """Return the commands that can matter to users when exactly these are given, in their order."""
    heard = _heard(commands, scenario)
    kept: list[TimedCommand] = []
    wanted: dict[str, None] = {}
    for place in range(len(commands) - 1, -1, -1):
        command = commands[place].command
        who = command.args.get("who", "")
        if command.verb in WATCHED_ONLY or (command.verb == "page" and who not in wanted):
            continue
        if command.verb == "ask":
            if heard[place] and sets_in_motion(commands[place], scenario):
                wanted[who] = None
            elif not wanted:
                continue  # it only takes its turn: how fast a later answer comes depends on the questions before
        kept.append(commands[place])
    return tuple(reversed(kept))


def _heard(commands: Sequence[TimedCommand], scenario: Scenario) -> list[bool]:
    """Return for each command whether its person, where it has one, is there: in the channel, or paged in time."""
    mates = {mate.role: mate for mate in scenario.team}
    there: dict[str, int] = {}
    out: list[bool] = []
    for timed in commands:
        who = timed.command.args.get("who", "")
        mate = mates.get(who)
        if timed.command.verb == "page" and mate is not None:
            there.setdefault(who, timed.t_us + mate.arrives_in)
        absent = mate is not None and mate.reach == "page" and timed.t_us < there.get(who, timed.t_us + 1)
        out.append(not absent)
    return out


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
