"""A beginner: looks around, restarts something first, then slices by tenant, else undoes recent changes one by one.

Told nothing. What helps is found by trying, watching the objectives, and taking back what did not help.
"""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.policies.base import SLO_QUERY, Briefed, Hand

TOKENS = "sum by (tenant) (rate(gateway_tokens_total[2m]))"
"""Prompt tokens per second by tenant."""

BEFORE = f"{TOKENS.removesuffix('[2m]))')}[2m] offset 12m))"
"""The same twelve minutes ago."""

GROWN = 2.0
"""A tenant that sends so many times what it sent before is suspected."""

TRIES = 3
"""Changes undone one after the other before giving up."""

BETTER = 0.6
"""A try helped when the share of bad requests fell to this much of what it was."""


async def novice(session: Session, briefed: Briefed) -> None:
    """Look around, restart one replica, follow a suspicion, name one cause, tell the others."""
    hand = Hand(session)
    await hand.at(70)
    await hand.do("ack")
    await hand.at(120)
    await hand.do(f"query {SLO_QUERY}")
    await hand.at(180)
    await hand.do("logs level>=warn")
    await hand.at(240)
    await hand.do("query avg(vllm:kv_cache_usage_perc)")
    await hand.at(270)
    await hand.do('status "We see that users are affected and are looking into it."')
    await hand.at(300)
    replica = hand.vocabulary.replicas[0]
    await hand.do(f'restart {replica} --because "it may be stuck"')
    await hand.at(420)
    await hand.do(f"query {SLO_QUERY}")
    runbooks = hand.vocabulary.runbooks
    if runbooks:
        await hand.at(450)
        await hand.do(f"runbook {runbooks[-1]}")
    await hand.at(510)
    now = await hand.by_label(TOKENS, "tenant")
    before = await hand.by_label(BEFORE, "tenant")
    grown = sorted((before.get(tenant, 0.0) / max(rate, 1e-9), tenant) for tenant, rate in now.items())
    if grown and grown[0][0] * GROWN <= 1.0:
        await _limit(hand, grown[0][1], before.get(grown[0][1], 0.0))
    else:
        await _take_back_changes(hand)


async def _limit(hand: Hand, tenant: str, before: float) -> None:
    """Suspect one tenant, and limit it."""
    await hand.at(540)
    await hand.do(f"inspect tenant.{tenant}")
    await hand.at(560)
    cause = f"tenant.{tenant}:traffic_surge"
    await hand.do(f'hypothesis "{tenant} sends far more tokens than usual" --p 0.6 --cause {cause}')
    await hand.at(620)
    usual = int(before * 60)
    await hand.do(f'limit {tenant} tokens {max(usual * 3, 1000)} --because "three times what it usually sends"')
    await hand.at(740)
    await hand.do(f"query {SLO_QUERY}")
    await hand.at(900)
    await hand.do("changes")
    waiver = hand.vocabulary.waivers
    if waiver:
        await hand.at(960)
        await hand.do(f"changes {waiver[-1]}")
        await hand.at(1020)
        await hand.do("diagnose organisation waiver_without_expiry --p 0.6")
    await hand.do(f"diagnose tenant.{tenant} traffic_surge --p 0.7")
    await hand.at(1080)
    await hand.do(f'status "We limited {tenant}; answers come in time again."')


async def _take_back_changes(hand: Hand) -> None:
    """Undo recent changes, newest first, watching the objectives after each; keep the one that helped."""
    await hand.at(540)
    await hand.do("changes")
    second = 560
    for change in [c for c in hand.changes() if c.id not in hand.vocabulary.waivers][:TRIES]:
        if not await hand.at(second):
            return
        await hand.do(f"changes {change.id}")
        share = await hand.worst_share()
        faults = [fault for component, fault in hand.vocabulary.causes if component == change.target]
        cause = f" --cause {change.target}:{faults[0]}" if faults else ""
        await hand.at(second + 30)
        await hand.do(f'hypothesis "{change.id} on {change.target} did it" --p 0.5{cause}')
        await hand.at(second + 40)
        ack = await hand.do(f'rollback {change.id} --because "it came shortly before"')
        second += 280
        if not ack.accepted:
            continue
        await hand.at(second - 60)
        after = await hand.worst_share()
        if after <= share * BETTER:
            if faults:
                await hand.do(f"diagnose {change.target} {faults[0]} --p 0.6")
            await hand.do(f'status "Rolling back {change.id} helped; we keep watching."')
            return
        await hand.do(f"undo {ack.seq}")
    await hand.at(second)
    await hand.do('status "Undoing recent changes did not help; users are still affected."')
