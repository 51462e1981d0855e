"""Players who are told the truth by the harness: the reference solution in several hands, and two who cheat."""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.policies.base import SECOND_US, Briefed, Crash, Hand, follow, is_act

SPEEDS = (1.0, 0.5, 4.0)
"""Paces that the slow-clock reference goes through."""


async def reference(session: Session, briefed: Briefed) -> None:
    """Follow the scenario's first reference solution to the letter."""
    await follow(session, briefed.script)


async def slow_clock_reference(session: Session, briefed: Briefed) -> None:
    """Do the same while pausing and changing the pace all the time: scenario time is what counts."""
    for i, (t_us, command) in enumerate(briefed.script):
        if not await session.wait_until(t_us):
            return
        await session.control("pause")
        await session.control("speed", SPEEDS[i % len(SPEEDS)])
        await session.submit(command)
        await session.control("resume")
        await session.control("speed", 0)


async def crash_resume_reference(session: Session, briefed: Briefed) -> None:
    """Do the same, with the machine dying after half of the lines; then send all again, with the same nonces.

    What was acknowledged before is answered with its first acknowledgement and not done twice.
    """
    crashed = any(event.type == "recovered" for event in session.events())
    for i, (t_us, command) in enumerate(briefed.script):
        if not crashed and i == len(briefed.script) // 2:
            raise Crash
        if not await session.wait_until(t_us):
            return
        await session.submit(command, nonce=f"line-{i}")


async def lucky_guess(session: Session, briefed: Briefed) -> None:
    """Issue the reference's first act command at once, without a look, and name a right cause with certainty."""
    hand = Hand(session)
    await hand.at(40)
    for _, command in briefed.script:
        if is_act(command):
            await hand.do(command)
            break
    await hand.at(60)
    for component, fault in briefed.truth[:1]:
        await hand.do(f"diagnose {component} {fault} --p 1")


async def oracle_cheat(session: Session, briefed: Briefed) -> None:
    """Know everything: all acts of the reference in the first minute, every cause with certainty, not one look."""
    await session.wait_until(10 * SECOND_US)
    for component, fault in briefed.truth:
        await session.submit(f"diagnose {component} {fault} --p 1")
    first = min((t_us for t_us, command in briefed.script if is_act(command)), default=0)
    for t_us, command in briefed.script:
        if is_act(command):
            await session.wait_until(15 * SECOND_US + t_us - first)
            await session.submit(command)
