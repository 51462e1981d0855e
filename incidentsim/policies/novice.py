"""A beginner with the runbook: slow, restarts something first, then finds the tenant by slicing, misses a cause."""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.policies.base import SLO_QUERY, Briefed, Hand

TOKENS = "sum by (tenant) (rate(gateway_tokens_total[2m]))"
"""Prompt tokens per second by tenant."""

BEFORE = f"{TOKENS.removesuffix('[2m]))')}[2m] offset 12m))"
"""The same twelve minutes ago."""


async def novice(session: Session, briefed: Briefed) -> None:
    """Look around, restart one replica, follow the runbook, limit the tenant that grew most, name one cause."""
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
    await hand.do('status "We see slow answers and are looking into it."')
    await hand.at(300)
    replica = hand.vocabulary.replicas[0]
    await hand.do(f'restart {replica} --because "its cache is full"')
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
    if not grown:
        return
    tenant = grown[0][1]
    await hand.at(540)
    await hand.do(f"inspect tenant.{tenant}")
    await hand.at(560)
    cause = f"tenant.{tenant}:traffic_surge"
    await hand.do(f'hypothesis "{tenant} sends far more tokens than usual" --p 0.6 --cause {cause}')
    await hand.at(620)
    usual = int(before.get(tenant, 0.0) * 60)
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
