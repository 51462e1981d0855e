"""Players who do what they always do, whatever the signals say."""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.policies.base import SLO_QUERY, Briefed, Hand

RESTART_EVERY_S = 300
"""Pause between two restarts: long enough for the pods to be ready again and fill up."""

RESTARTS = 4
"""How often it restarts before it gives up."""


async def do_nothing(session: Session, briefed: Briefed) -> None:
    """Leave the incident alone."""


async def restart_all(session: Session, briefed: Briefed) -> None:
    """Restart the whole pool again and again, and blame the engine."""
    hand = Hand(session)
    await hand.at(40)
    await hand.do("ack")
    for i in range(RESTARTS):
        if not await hand.at(60 + i * RESTART_EVERY_S):
            return
        await hand.do(f'restart {hand.pool} --because "it is slow"')
        await hand.at(60 + i * RESTART_EVERY_S + 200)
        await hand.do(f"query {SLO_QUERY}")
    await hand.do(f"diagnose {hand.pool} engine_hang --p 0.6")


async def scale_first(session: Session, briefed: Briefed) -> None:
    """Ask for more replicas at once, then for still more, and blame the autoscaler."""
    hand = Hand(session)
    await hand.at(40)
    await hand.do("ack")
    await hand.do(f'scale {hand.pool} 12 --because "more load than capacity"')
    await hand.at(400)
    await hand.do(f"query {SLO_QUERY}")
    await hand.do(f'scale {hand.pool} 16 --because "still slow"')
    await hand.at(900)
    await hand.do(f"query {SLO_QUERY}")
    await hand.do('status "We added capacity."')
    await hand.do("diagnose autoscaler scaled_in --p 0.7")
