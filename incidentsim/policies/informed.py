"""Players who are told the truth by the harness: the reference solution, and a guess that happens to be right."""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.policies.base import Briefed, Hand
from incidentsim.specs.verbs import VERBS


async def reference(session: Session, briefed: Briefed) -> None:
    """Follow the scenario's reference solution to the letter."""
    for t_us, command in briefed.script:
        if not await session.wait_until(t_us):
            return
        await session.submit(command)


async def lucky_guess(session: Session, briefed: Briefed) -> None:
    """Issue the reference's first act command at once, without a look, and name a right cause with certainty."""
    hand = Hand(session)
    await hand.at(40)
    for _, command in briefed.script:
        if VERBS[command.split(maxsplit=1)[0]].group == "act":
            await hand.do(command)
            break
    await hand.at(60)
    for component, fault in briefed.truth[:1]:
        await hand.do(f"diagnose {component} {fault} --p 1")
