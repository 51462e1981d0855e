"""A beginner with patience: reads everything, suspects whoever grew, then takes back recent changes one by one.

Told nothing. Looks where the runbooks say, and does what they say is to be done after a change was taken back. What
helps is found by trying and watching the objectives; why it helped is guessed from the words of the change.
"""

from __future__ import annotations

import re

from incidentsim.client_api import ChangeRow, Session
from incidentsim.policies.base import SLO_QUERY, Briefed, Hand
from incidentsim.policies.books import filled_in, looks_in
from incidentsim.specs.faults import FAULTS

TOKENS = "sum by (tenant) (rate(gateway_tokens_total[2m]))"
"""Prompt tokens per second by tenant."""

BEFORE = f"{TOKENS.removesuffix('[2m]))')}[2m] offset 12m))"
"""The same twelve minutes ago."""

GROWN = 2.0
"""A tenant that sends so many times what it sent before is suspected."""

TRIES = 5
"""Changes taken back one after the other before giving up."""

READS = 6
"""Entries of the change log that are opened, newest first."""

BETTER = 0.7
"""A try helped when the share of bad requests fell to this much of what it was."""

WORSE = 1.1
"""A try hurt when the share of bad requests rose to this much of what it was; only then it is taken back."""

WAIT_S = 150
"""From a try to the look that decides: pods need a minute or two to be replaced."""

STEP_WAIT_S = 300
"""The same after a step of a runbook that starts something, such as a job: nobody said how long it takes."""

READING_S = 15
"""To open and read something."""

_WORD = re.compile(r"[a-z]{4,}")
_NAME = re.compile(r"[a-z][a-z0-9-]{3,}")


async def novice(session: Session, briefed: Briefed) -> None:
    """Look around, follow a suspicion, take back what did not help, name one cause, tell the others."""
    hand = Hand(session)
    second = await _look_around(hand)
    now = await hand.by_label(TOKENS, "tenant")
    before = await hand.by_label(BEFORE, "tenant")
    grown = sorted((before[tenant] / max(rate, 1e-9), tenant) for tenant, rate in now.items() if tenant in before)
    helped = False
    if grown and grown[0][0] * GROWN <= 1.0:
        tenant = grown[0][1]
        second, helped = await _limit(hand, tenant, before[tenant], second)
    if not helped:
        second, helped = await _take_back_changes(hand, second)
    await hand.at(second + 240)
    if helped:
        await hand.do(f"query {SLO_QUERY}")
        await hand.do('status "Users have been better for some minutes; we keep watching."')
    else:
        await hand.do('status "What we tried did not help, users are still affected. We need more hands."')


async def _look_around(hand: Hand) -> int:
    """Acknowledge, look at users, logs, engines, the runbooks and the change log; return the second it is then."""
    await hand.at(70)
    await hand.do("ack")
    await hand.do("declare sev2")
    looks = [f"query {SLO_QUERY}", "logs level>=warn", "query avg(vllm:kv_cache_usage_perc)", "alerts"]
    for name, text in hand.look().runbooks:
        looks += [f"runbook {name}", *looks_in(text)]
    looks += ["changes", *(f"changes {change.id}" for change in _recent(hand)[:READS])]
    second = 100
    for command in dict.fromkeys(looks):
        await hand.at(second)
        await hand.do(command)
        second += READING_S
    await hand.do('status "We see that users are affected and are looking into it."')
    return second


async def _limit(hand: Hand, tenant: str, before: float, second: int) -> tuple[int, bool]:
    """Suspect one tenant, and limit it; return the second it is then, and whether users are better."""
    await hand.at(second)
    await hand.do(f"inspect tenant.{tenant}")
    cause = f"tenant.{tenant}:traffic_surge"
    await hand.do(f'hypothesis "{tenant} sends far more tokens than usual" --p 0.6 --cause {cause}')
    share = await hand.worst_share()
    await hand.at(second + 40)
    usual = int(before * 60)
    ack = await hand.do(
        f'limit {tenant} tokens {max(usual * 3, 1000)} --because "three times what it usually sends"'
    )  # fmt: skip
    second += 40 + WAIT_S
    await hand.at(second)
    if await hand.worst_share() > share * BETTER:
        if ack.accepted:
            await hand.do(f"undo {ack.seq}")
        await hand.do("rule-out 1")
        return second, False
    waiver = hand.vocabulary.waivers
    if waiver:
        await hand.do(f"changes {waiver[-1]}")
        await hand.do("diagnose organisation waiver_without_expiry --p 0.6")
    await hand.do(f"diagnose tenant.{tenant} traffic_surge --p 0.7")
    await hand.do(f'status "We limited {tenant}; answers come in time again."')
    return second, True


async def _take_back_changes(hand: Hand, second: int) -> tuple[int, bool]:
    """Take back recent changes, newest first, until users are better; undo only what made it worse."""
    tried = 0
    for change in _recent(hand):
        if tried == TRIES or not await hand.at(second):
            break
        if not (await hand.do(f"rollback {change.id} --dry-run")).accepted:
            continue
        tried += 1
        await hand.do(f"changes {change.id}")
        if change.target in hand.vocabulary.components:
            await hand.do(f"inspect {change.target}")
            await hand.do(f"logs svc:{change.target}")
        cause = guess(hand.vocabulary.causes, change)
        link = f" --cause {cause[0]}:{cause[1]}" if cause else ""
        await hand.do(f'hypothesis "{change.id} on {change.target} did it" --p 0.5{link}')
        share = await hand.worst_share()
        await hand.at(second + READING_S)
        ack = await hand.do(f'rollback {change.id} --because "it came before this began"')
        steps = _next_steps(hand, change) if ack.accepted else []
        for step in steps:
            await hand.do(f'{step} --because "the runbook says so"')
        second += READING_S + (STEP_WAIT_S if steps else WAIT_S)
        await hand.at(second)
        if not ack.accepted:
            continue
        after = await hand.worst_share()
        if after <= share * BETTER:
            if cause:
                await hand.do(f"diagnose {cause[0]} {cause[1]} --p 0.6")
            await hand.do(f'status "Taking back {change.id} helped; we keep watching."')
            return second, True
        if after > share * WORSE:
            await hand.do(f"undo {ack.seq}")
    return second, False


def _next_steps(hand: Hand, change: ChangeRow) -> list[str]:
    """Return what the runbooks say is to be done with what the change names, such as to run a job again."""
    named = {name: kind for name, kind in hand.vocabulary.components.items() if _names(change, name)}
    return [step for _, text in hand.look().runbooks for step in filled_in(text, named)]


def _names(change: ChangeRow, component: str) -> bool:
    """Return whether a change is to a component, or its text has the component's name (`daily` for `job.daily`)."""
    said = {word for line in (change.summary, *change.detail) for word in _NAME.findall(line)}
    return component == change.target or component.rpartition(".")[2] in said


def _recent(hand: Hand) -> list[ChangeRow]:
    """Return the changes from before the page that are no waivers, newest first."""
    return [c for c in hand.changes() if c.t_us < 0 and c.id not in hand.vocabulary.waivers]


def guess(causes: tuple[tuple[str, str], ...], change: ChangeRow) -> tuple[str, str] | None:
    """Return the cause, at the change's target or at what its text names, whose words are most like the change's.

    Words that few faults share count for more; among equals the target comes first, then the first one listed.
    """
    said = {stem for line in (change.summary, *change.detail) for stem in _stems(line)}
    common = [stem for fault in FAULTS for stem in _words_of(fault)]
    best: tuple[int, tuple[str, str]] | None = None
    for component, fault in sorted(causes, key=lambda cause: cause[0] != change.target):
        if not _names(change, component):
            continue
        alike = [1_000 // max(1, common.count(stem)) for stem in _words_of(fault) if stem in said]
        weight = sum(alike)  # exact: ints
        if best is None or weight > best[0]:
            best = (weight, (component, fault))
    return best[1] if best else None


def _words_of(fault: str) -> list[str]:
    spec = FAULTS.get(fault)
    return _stems(f"{fault.replace('_', ' ')} {spec.help if spec else ''}")


def _stems(text: str) -> list[str]:
    """Return the beginnings of the longer words, each once, in order."""
    return list(dict.fromkeys(word[:6] for word in _WORD.findall(text.lower())))
