"""Requests, shares and numbers of things in a record, as figures that a postmortem's are held against.

Called by `ledger`. Everything is counted from checkpoints, over all tenants and for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.numbers import whole_total
from incidentsim.scoring.play import Play
from incidentsim.scoring.postmortem.known import Known, stems_of
from incidentsim.scoring.postmortem.stems import stems
from incidentsim.transcript.model import Record

MINUTE_US = 60_000_000

AT_FIRST_US = 120_000_000
"""What a tenant is used to is taken from the first two minutes of the prelude, before most faults begin."""

LEAST_HARM_PPM = 10_000
"""Share of bad requests in a minute below which nobody is harmed, whatever is usual: 1 %."""

_SLO_WORDS: dict[str, str] = {
    "ttft": "late slow first token ttft latency wait objective slo bad affected harmed delayed",
    "availability": "fail error timeout unanswered availability refused rejected 5xx bad slo unavailable",
    "quality": "quality wrong random irrelevant odd recommendation bad slo answer unrelated",
    "safety": "unsafe safety injection bad slo", "residency": "residency region bad slo",
    "privacy": "privacy leak personal bad slo",
}  # fmt: skip

_NOUNS: dict[str, str] = {
    "customer": "customer tenant", "replica": "replica pod engine", "alert": "alert", "status": "status update",
    "command": "command action step change",
}  # fmt: skip


def counts(records: Sequence[Record], play: Play, scenario: Scenario, cast: Cast) -> Iterable[Known]:
    """Yield requests by objective and tenant, shares of them, and how many there were of what can be counted."""
    tables = [(r.t_us, {k: (int(v[0]), int(v[1])) for k, v in r.body.get("sli", {}).items()}, r.seq)
              for r in records if r.type == "checkpoint"]  # fmt: skip
    if tables:
        last, page = tables[-1], next((t for t in tables if t[0] >= 0), tables[0])
        for slo in scenario.slos:
            tenants = [t.id for t in scenario.tenants]
            peak = _peak([(t, table) for t, table, _ in tables], slo.id, tenants)
            for some in ([*tenants], *([t] for t in tenants)):
                named = frozenset() if len(some) > 1 else frozenset(stems(" ".join(_called(some[0], cast))))
                offered, bad = _total(last[1], slo.id, some)
                since = (offered - _total(page[1], slo.id, some)[0], bad - _total(page[1], slo.id, some)[1])
                about = stems_of(_SLO_WORDS[slo.kind])
                only = (about, named) if named else (about,)
                who = "" if len(some) > 1 else f" of {cast.shown(some[0])}"
                for value, what in ((bad, "bad"), (since[1], "bad since the page")):
                    yield Known(kind="count", value=value * 1000, text=f"{value:,} {what} by {slo.id}{who}",
                                heads=stems_of("request answer token call recommendation"), tails=about | named,
                                must=only, seqs=(last[2],))  # fmt: skip
                yield Known(kind="count", value=offered * 1000, text=f"{offered:,} requests{who}", strict=False,
                            heads=stems_of("request answer call"), must=only[1:], seqs=(last[2],))  # fmt: skip
                shares = [(bad, offered, "of all"), (since[1], since[0], "since the page")]
                for part, whole, what in shares:
                    if whole:
                        yield Known(kind="share", value=part * 1_000_000 // whole, seqs=(last[2],),
                                    text=f"{part * 100 / whole:.1f} % bad by {slo.id}{who}, {what}",
                                    heads=about, must=only)  # fmt: skip
            if peak is not None:
                worst = f"{peak / 10_000:.1f} % bad by {slo.id} in the worst minute"
                yield Known(kind="share", value=peak, text=worst, must=(stems_of(_SLO_WORDS[slo.kind]),), strict=False,
                            heads=stems_of("worst peak height top maximum up"))  # fmt: skip
        dollars = int(next(r for r in reversed(records) if r.type == "checkpoint").body.get("cost_microdollars", 0))
        yield Known(kind="count", value=dollars // 1000, text=f"${dollars / 1e6:.2f} spent", strict=False,
                    heads=stems_of("cost spend dollar spent bill"))  # fmt: skip
    said = [s for s in play.said if s.kind == "status"]
    pools = scenario.stack.pools
    for number, noun in (
        (len(scenario.tenants), "customer"), (len(said), "status"),
        (len({str(r.body["alert"]) for r in records if r.type == "alert_fired"}), "alert"),
        (len(play.given()), "command"),
    ):  # fmt: skip
        yield Known(kind="count", value=number * 1000, text=f"{number} {_NOUNS[noun].split()[0]}s",
                    heads=stems_of(_NOUNS[noun]), strict=False)  # fmt: skip
    for pool in pools:
        text = scenario.overrides.get(pool.id, {}).get("replicas", pool.knobs.get("replicas", "8"))
        if str(text).isdigit():
            yield Known(kind="count", value=int(str(text)) * 1000, text=f"{text} replicas of {pool.id} at the start",
                        heads=stems_of(_NOUNS["replica"]), strict=False)  # fmt: skip


def harmed(records: Sequence[Record], scenario: Scenario, cast: Cast) -> dict[str, bool | None]:
    """Return of each tenant, by shown name, whether users of it were harmed; None where it can be argued.

    Harmed: in some minute an objective failed more often than it allows, or twice as often as at first. Not harmed:
    never half as often again as at first.
    """
    tables = [
        (r.t_us, {k: (int(v[0]), int(v[1])) for k, v in r.body.get("sli", {}).items()})
        for r in records if r.type == "checkpoint"
    ]  # fmt: skip
    at_first = [table for t_us, table in tables if t_us <= tables[0][0] + AT_FIRST_US]
    out: dict[str, bool | None] = {}
    for tenant in scenario.tenants:
        verdicts: list[bool | None] = []
        for slo in scenario.slos:
            peak = _peak(tables, slo.id, [tenant.id]) or 0
            offered, bad = _total(at_first[-1], slo.id, [tenant.id]) if at_first else (0, 0)
            usual = max(bad * 1_000_000 // offered if offered else 0, LEAST_HARM_PPM)
            over = peak > min(1_000_000 - slo.objective, 2 * usual)
            verdicts.append(True if over else False if peak * 2 <= usual * 3 else None)
        out[cast.shown(tenant.id)] = True if True in verdicts else None if None in verdicts else False
    return out


def _peak(tables: Sequence[tuple[int, dict[str, tuple[int, int]]]], slo: str, tenants: Sequence[str]) -> int | None:
    """Return the largest share of bad requests over any minute, in ppm."""
    best: int | None = None
    for i, (t_us, table) in enumerate(tables):
        before = next((b for b in reversed(tables[:i]) if b[0] <= t_us - MINUTE_US), None)
        if before is None:
            continue
        offered, bad = _total(table, slo, tenants)
        was = _total(before[1], slo, tenants)
        if offered > was[0]:
            best = max(best or 0, (bad - was[1]) * 1_000_000 // (offered - was[0]))
    return best


def _total(table: dict[str, tuple[int, int]], slo: str, tenants: Sequence[str]) -> tuple[int, int]:
    counts = [table.get(f"{slo}/{tenant}", (0, 0)) for tenant in tenants]
    return whole_total(c[0] for c in counts), whole_total(c[1] for c in counts)


def _called(tenant_id: str, cast: Cast) -> tuple[str, ...]:
    tenant = cast.tenants.get(tenant_id)
    return (tenant_id,) if tenant is None else (tenant.slug, tenant.name)
