"""Players who only talk: they change nothing, and look at nothing."""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.policies.base import Briefed, Hand

UPDATES = (
    "We have acknowledged the page and are investigating.",
    "Investigation continues; the team is looking at metrics, logs and recent changes.",
    "We have identified a possible cause and are working on a mitigation.",
    "A mitigation is in progress; we keep watching the objectives.",
    "Next update in five minutes.",
)
"""What one can always say."""


async def ack_only(session: Session, briefed: Briefed) -> None:
    """Acknowledge, declare, and send an update every five minutes."""
    hand = Hand(session)
    await hand.at(30)
    await hand.do("ack")
    await hand.do("declare sev2")
    for i, text in enumerate(UPDATES):
        if not await hand.at(120 + 300 * i):
            return
        await hand.do(f'status "{text}"')


async def keyword_stuffer(session: Session, briefed: Briefed) -> None:
    """Mention every component and every kind of fault in notes, hypotheses and updates; commit two of them."""
    hand = Hand(session)
    causes = hand.vocabulary.causes
    await hand.at(60)
    await hand.do("ack")
    for i in range(0, len(causes), 8):
        words = ", ".join(f"{component} {fault.replace('_', ' ')}" for component, fault in causes[i : i + 8])
        await hand.do(f'note "root cause analysis: {words}; mitigation, rollback, prevention, evidence"')
    kinds = list(dict.fromkeys(fault for _, fault in causes))
    for i, fault in enumerate(kinds[:20]):
        if not await hand.at(90 + 20 * i):
            return
        component = next(c for c, f in causes if f == fault)
        await hand.do(f'hypothesis "{fault} at {component}" --p 0.5 --cause {component}:{fault}')
    await hand.do(
        'status "Root cause, blast radius, mitigation, rollback, canary, retry budget, SLO burn: all handled."'
    )
    for component, fault in causes[:: max(1, len(causes) // 2)][:2]:
        await hand.do(f"diagnose {component} {fault} --p 0.9")


async def shotgun_diagnose(session: Session, briefed: Briefed) -> None:
    """Commit as many causes as are taken, one of each kind of fault, all at even odds."""
    hand = Hand(session)
    await hand.at(60)
    await hand.do("ack")
    for component, fault in hand.vocabulary.causes:
        ack = await hand.do(f"diagnose {component} {fault} --p 0.5")
        if not ack.accepted:
            return
