"""F6: nothing is lost, nothing is made: Little's law, exact conservation, known queues."""

from __future__ import annotations

from functools import partial

from incidentsim.bench.figure import Bound, Figure, Settings
from incidentsim.bench.ledger import Ledger, audited_world
from incidentsim.bench.queueing import interval_of, known_queues
from incidentsim.bench.subject import MINUTE_US, incident, send, world_of
from incidentsim.errors import IncidentSimError
from incidentsim.sources import PURE_VARIABLE, compiled
from incidentsim.world.world import World

LITTLE_STAY_US = 60_000_000
"""Queues with less than a minute of waiting in all are too short for a mean."""

LAST_MINUTE, LAST_MINUTE_QUICK = 30, 10

TURBULENCE = (
    (1, "restart {pool}-3"),
    (2, "restart {pool}"),
    (4, "set {pool}.max_num_seqs 64"),
    (6, "drain {pool}-1"),
    (7, "scale {pool} 6"),
    (8, "restart {pool}-0"),
    (14, "set gateway.admission tokens"),
    (18, "scale {pool} 8"),
)
"""Commands by minute, on top of the incident: they kill engines, drain, roll, and change who may enter."""


def turbulent(ledger_of: tuple[World, Ledger], last_minute: int) -> Ledger:
    """Drive an audited world of the incident through TURBULENCE to `last_minute`; return its closed ledger."""
    world, ledger = ledger_of
    pool = world.scenario.stack.pools[0]
    for ref, (minute, line) in enumerate(TURBULENCE, start=1):
        if minute < last_minute:
            world.advance(minute * MINUTE_US - 1)
            send(world, line.format(pool=pool.id), t_us=minute * MINUTE_US, ref=ref)
    world.advance(last_minute * MINUTE_US)
    ledger.close()
    return ledger


def nothing_lost(settings: Settings) -> Figure:
    """Audit a whole incident with restarts, and compare known queues with their formulas.

    Raises IncidentSimError where the world is compiled: the books stand in for methods, which its objects refuse.
    """
    if compiled():
        raise IncidentSimError(f"the world is compiled; {PURE_VARIABLE}=1 incidentsim bench --only F6 audits sources")
    last = settings.pick(LAST_MINUTE, LAST_MINUTE_QUICK)
    settings.tell("audited incident")
    with audited_world(partial(world_of, telemetry=False), incident()) as made:
        ledger = turbulent(made, last)
    queues = ledger.queues(LITTLE_STAY_US)
    little = max(queue.error_pct() for queue in queues)
    outside, words = 0, []
    for queue in known_queues():
        settings.tell(f"known queue {queue.name}")
        interval = interval_of(queue)
        outside += not interval.holds(queue.expected_s)
        words.append(f"{queue.name} {interval.mean:.3g} ± {interval.half:.2g} s for {queue.expected_s:.3g}")
    totals = ", ".join(f"{count} {what}" for what, count in ledger.totals().items())
    return Figure(
        id="F6",
        bounds=(
            Bound(name="littles_law_error_pct", value=little, sense="<=", limit=1),
            Bound(name="conservation_breaks", value=len(ledger.breaks), sense="==", limit=0),
            Bound(name="means_outside_99_pct_interval", value=outside, sense="==", limit=0),
        ),
        how=f"the incident with restarts, to minute {last}, in double-entry books: {ledger.arrived} user requests, "
        f"{ledger.received} attempts, {totals}; requests, tokens and KV blocks audited every 5 s; Little's law "
        f"for {len(queues)} queues, sampled every 20 ms; mean waits: " + "; ".join(words),
    )
