"""Legitimate styles: the scenario's reference solutions in the hands of people who work differently.

The harness tells them the reference scripts. What varies is when and in which order a right solution is carried out,
and by which signals: a score that only likes one way of working would be unfair to the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.client_api import Session
from incidentsim.policies.base import SECOND_US, Briefed, Hand, Line, follow, is_act, verb_of

FAST = (1, 2)
"""The fast expert takes half the time for everything."""

SLOW = (8, 5)
"""The thorough one takes sixty percent more."""

EARLIEST_US = 20 * SECOND_US
"""Nobody acts before having read the page."""

GAP_US = 5 * SECOND_US
"""Least time between two commands of one person."""

FIRST_ACT_US = 90 * SECOND_US
"""When the one who mitigates first acts: time for the change log and one look."""

READS_FIRST = ("ack", "declare", "changes", "inspect")
"""What the one who mitigates first does before the first act."""


async def fast_expert(session: Session, briefed: Briefed) -> None:
    """Do what the reference does, in half the time."""
    await follow(session, spaced([(t_us * FAST[0] // FAST[1], command) for t_us, command in briefed.script]))


async def thorough_slow(session: Session, briefed: Briefed) -> None:
    """Look at every tile, every runbook and the whole change log first; then the reference, slower."""
    hand = Hand(session)
    await hand.at(60)
    await hand.do("ack")
    second = 60
    snapshot = hand.look()
    looks = [f"query {tile.promql}" for tile in snapshot.tiles]
    looks += [f"runbook {name}" for name, _ in snapshot.runbooks]
    looks += ["changes", "alerts", "topology", *(f"changes {change.id}" for change in hand.changes()[:5])]
    for command in looks:
        second += 10
        if not await hand.at(second):
            return
        await hand.do(command)
    lines = [(t_us * SLOW[0] // SLOW[1], command) for t_us, command in briefed.script if command != "ack"]
    await follow(session, spaced(lines, from_us=second * SECOND_US))


async def mitigate_first(session: Session, briefed: Briefed) -> None:
    """Read the change log and the settings, do one thing against the harm, and look closely before the next."""
    await follow(session, acts_first(briefed.script))


async def other_tools_expert(session: Session, briefed: Briefed) -> None:
    """Solve it in the way of the last reference solution: other signals, another fix."""
    await follow(session, briefed.scripts[-1] if briefed.scripts else ())


def spaced(lines: Sequence[Line], *, from_us: int = EARLIEST_US) -> list[Line]:
    """Return the lines in order, none before `from_us` and none closer than GAP_US to the one before."""
    out: list[Line] = []
    for t_us, command in lines:
        before_us = out[-1][0] if out else from_us - GAP_US
        out.append((max(t_us, before_us + GAP_US), command))
    return out


def acts_first(lines: Sequence[Line]) -> list[Line]:
    """Return a script with its first act moved forward, and the looks and beliefs before it directly behind it.

    What READS_FIRST names stays before. The rest comes when those looks are done: one act buys time, and whoever has
    it looks before acting again. In the rest distances stay as they were.
    """
    first_us = next((t_us for t_us, command in lines if is_act(command)), None)
    if first_us is None or first_us <= FIRST_ACT_US:
        return list(lines)
    early = [(t, c) for t, c in lines if t < first_us and verb_of(c) in READS_FIRST]
    late = [(t, c) for t, c in lines if t < first_us and verb_of(c) not in READS_FIRST]
    reads = spaced([(EARLIEST_US, command) for _, command in early])
    start_us = max(FIRST_ACT_US, (reads[-1][0] if reads else 0) + GAP_US)
    (_, first), *rest = [line for line in lines if line[0] >= first_us]
    looks = [(start_us + i * GAP_US, command) for i, (_, command) in enumerate(late, start=1)]
    later_us = start_us - first_us + len(looks) * GAP_US
    return spaced([*reads, (start_us, first), *looks, *((t + later_us, command) for t, command in rest)])
