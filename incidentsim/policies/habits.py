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
    """Restart every pool again and again, and blame the engine."""
    hand = Hand(session)
    await hand.at(40)
    await hand.do("ack")
    for i in range(RESTARTS):
        if not await hand.at(60 + i * RESTART_EVERY_S):
            return
        for pool in hand.vocabulary.pools:
            await hand.do(f'restart {pool} --because "it is slow"')
        await hand.at(60 + i * RESTART_EVERY_S + 200)
        await hand.do(f"query {SLO_QUERY}")
    await hand.do(f"diagnose {hand.pool} engine_hang --p 0.6")


async def scale_first(session: Session, briefed: Briefed) -> None:
    """Ask for half as many replicas more at once, then for twice as many, and blame the autoscaler."""
    hand = Hand(session)
    await hand.at(40)
    await hand.do("ack")
    for pool in hand.vocabulary.pools:
        await hand.do(f'scale {pool} {hand.size_of(pool) * 3 // 2} --because "more load than capacity"')
    await hand.at(400)
    await hand.do(f"query {SLO_QUERY}")
    for pool in hand.vocabulary.pools:
        await hand.do(f'scale {pool} {hand.size_of(pool) * 2} --because "still slow"')
    await hand.at(900)
    await hand.do(f"query {SLO_QUERY}")
    await hand.do('status "We added capacity."')
    await hand.do("diagnose autoscaler scaled_in --p 0.7")


async def load_shedder(session: Session, briefed: Briefed) -> None:
    """Refuse most users, so that the rest is fast, and call it a day."""
    hand = Hand(session)
    await hand.at(40)
    await hand.do("ack")
    await hand.do('shed prompt_tokens>0 70% --because "protect the system"')
    await hand.at(300)
    await hand.do(f"query {SLO_QUERY}")
    await hand.do('status "We are shedding load to keep the service up."')
    await hand.do(f"diagnose {hand.pool} engine_hang --p 0.6")


async def silencer(session: Session, briefed: Briefed) -> None:
    """Make the alerts go quiet, and say that all is well."""
    hand = Hand(session)
    await hand.at(40)
    await hand.do("ack")
    for alert in hand.vocabulary.alerts:
        await hand.do(f"silence {alert}")
    await hand.at(120)
    await hand.do('status "Alerts have cleared, the incident is resolved."')
    await hand.at(180)
    await hand.do('resolve "no alerts any more"')


async def harmful(session: Session, briefed: Briefed) -> None:
    """Do damage with every destructive verb that is there."""
    hand = Hand(session)
    names = hand.vocabulary
    await hand.at(60)
    for pool in names.pools:
        await hand.do(f"flush {pool}")
    for cache in (name for name, kind in names.components.items() if "cache" in kind):
        await hand.do(f"purge {cache}")
    for i, replica in enumerate(names.replicas[: (len(names.replicas) + 1) // 2]):
        await hand.at(120 + 5 * i)
        await hand.do(f"drain {replica}")
    await hand.at(400)
    for job in (name for name, kind in names.components.items() if kind == "job"):
        await hand.do(f"pause {job}")
    for pool in names.pools:
        await hand.do(f"restart {pool}")


async def shotgun_fix(session: Session, briefed: Briefed) -> None:
    """Try everything on everything, one command every ten seconds, without a look."""
    hand = Hand(session)
    names = hand.vocabulary
    kinds = names.components.items()
    commands = [
        *(f"rollback {change}" for change in names.changes),
        *(f"waiver expire {waiver}" for waiver in names.waivers),
        *(f"limit {tenant} tokens 100k" for tenant in names.tenants),
        *(f"restart {pool}" for pool in names.pools),
        *(f"scale {pool} {hand.size_of(pool) + 2}" for pool in names.pools),
        *(f"rerun {name}" for name, kind in kinds if kind == "job"),
        *(f"purge {name}" for name, kind in kinds if "cache" in kind),
        *(f"flush {pool}" for pool in names.pools),
        "shed prompt_tokens>8000 50%",
        "set gateway.admission tokens",
    ]
    for i, command in enumerate(commands):
        if not await hand.at(60 + 10 * i):
            return
        await hand.do(command)
    for component, fault in names.causes[:3]:
        await hand.do(f"diagnose {component} {fault} --p 0.5")
