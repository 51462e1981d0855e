"""Alerts, changes, topology and the hypothesis ledger as rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.client_api import AlertRow, ChangeRow, ComponentRow, HypothesisRow
from incidentsim.exact import format_clock
from incidentsim.tui.presenters.numbers import clock, clock_or_ago
from incidentsim.tui.presenters.rows import HEALTH_GLYPH, HEALTH_WORD, Row, Span, fit, row, span

DAY_US = 86_400_000_000
"""From this long before the page on, days and hours say more than a clock with three figures of hours."""

_STATE_RANK = {"firing": 0, "pending": 1}
_STATE_LOOK = {"firing": ("✖", "bad"), "pending": ("▲", "warn")}


def alert_rows(alerts: tuple[AlertRow, ...], *, inactive: bool = False) -> list[Row]:
    """Return firing alerts, then pending ones (then inactive ones); pages first in each group, then the newest."""
    shown = [a for a in alerts if inactive or a.state in _STATE_RANK]
    shown.sort(key=lambda a: (_STATE_RANK.get(a.state, 2), a.severity != "page", -a.since_us, a.name))
    rows: list[Row] = []
    for alert in shown:
        glyph, role = _STATE_LOOK.get(alert.state, ("●", "ok"))
        parts = [
            span(f"{glyph} ", role),
            span(f"{clock(alert.since_us)} ", "dim"),
            span(alert.name, "strong"),
        ]
        parts.append(span(f" {alert.state} {alert.severity}", role))
        if alert.silenced:
            parts.append(Span(" silenced", "dim"))
        if alert.summary:
            parts.append(span(f"  {alert.summary}"))
        rows.append(Row(spans=tuple(parts), key=alert.name, indent=2))
    return rows


def alerts_title(alerts: tuple[AlertRow, ...]) -> str:
    """Return the pane's title with counts by state."""
    firing = sum(a.state == "firing" for a in alerts)
    pending = sum(a.state == "pending" for a in alerts)
    return f"Alerts  {firing} firing" + (f", {pending} pending" if pending else "")


def change_rows(changes: tuple[ChangeRow, ...]) -> list[Row]:
    """Return changes, newest first."""
    return [
        row(
            span(f"{clock_or_ago(c.t_us):>6} ", "dim"),
            span(f"{c.id:<9} ", "accent"),
            span(f"{fit(c.kind, 7)} ", "dim"),
            span("" if c.target.rpartition(".")[2] in c.summary else f"{c.target}: ", "strong"),
            c.summary,
            span(f"  by {c.actor}", "dim"),
            key=c.id,
            indent=25,
        )
        for c in sorted(changes, key=lambda c: (-c.t_us, c.id))
    ]


def change_detail(change: ChangeRow) -> list[Row]:
    """Return one change in full; lines of its diff are marked by their sign."""
    when = format_clock(change.t_us) if change.t_us > -DAY_US else f"T{clock_or_ago(change.t_us)}"
    rows = [
        row(span(f"{change.id}  ", "accent"), span(change.summary, "heading"), indent=2),
        row(span(f"{when}  {change.kind} on {change.target}, by {change.actor}", "dim")),
        row(),
    ]
    for line in change.detail:
        role = "ok" if line.startswith("+") else "bad" if line.startswith("-") else "plain"
        rows.append(row(span(line, role), indent=2))
    if not change.detail:
        rows.append(row(span("The record has no further detail.", "dim")))
    return rows


KIND_CELLS = 10
"""Width of the column with what a component is: `autoscaler`, the longest of those that every stack has."""


def topology_rows(components: tuple[ComponentRow, ...]) -> list[Row]:
    """Return each component with health by glyph and word, its summary, and where it sends traffic.

    They come in the order of the traffic, tenants first; the replicas of a pool are below it, each with its share.
    """
    nested = _replicas(components)
    inside = {name for names in nested.values() for name in names}
    by = {c.name: c for c in components}
    width = max((len(c.name) + (3 if c.name in inside else 0) for c in components), default=0)
    rows: list[Row] = []
    for component in _in_order(components):
        if component.name in inside:
            continue
        replicas = nested.get(component.name, ())
        onward = tuple((target, rate) for target, rate in component.edges if target not in replicas)
        rows += _component_rows(component, component.name, onward, "", width)
        for name, rate in component.edges:
            if name in replicas:
                branch = "└─ " if name == replicas[-1] else "├─ "
                rows += _component_rows(by[name], branch + name, by[name].edges, rate, width)
    return rows


def _component_rows(
    component: ComponentRow, shown: str, edges: Sequence[tuple[str, str]], share: str, width: int
) -> list[Row]:
    word = f"{HEALTH_WORD[component.health]:<7}"
    only = edges[0] if len(edges) == 1 else None
    onward = (span(f" ─▶ {only[0]}", "dim"), span(f" {only[1]}", "accent")) if only else ()
    first = row(
        span(f"{HEALTH_GLYPH[component.health]} {word} ", component.health),
        span(f"{shown:<{width}} ", "strong"),
        span(f"{component.kind:<{KIND_CELLS}} ", "dim"),
        component.summary,
        span(f"  {share}" if share else "", "accent"),
        *onward,
        key=component.name,
        indent=10,
    )
    rows = [first]
    for place, (target, rate) in enumerate(() if only else edges):
        branch = "└─▶" if place == len(edges) - 1 else "├─▶"
        text = f"          {branch} {target}"
        rows.append(row(span(text, "dim"), span(f"  {rate}", "accent"), key=component.name, indent=14))
    return rows


def _replicas(components: tuple[ComponentRow, ...]) -> dict[str, tuple[str, ...]]:
    """Return the replicas that each pool sends traffic to; one that two pools claim stands by itself."""
    replicas = {c.name for c in components if c.kind == "replica"}
    pools = {c.name: tuple(t for t, _ in c.edges if t in replicas) for c in components if c.kind == "pool"}
    claimed = [name for names in pools.values() for name in names]
    return {pool: tuple(n for n in names if claimed.count(n) == 1) for pool, names in pools.items()}


def _in_order(components: tuple[ComponentRow, ...]) -> list[ComponentRow]:
    """Return the components along the traffic: from those that tenants reach on, depth first; the rest after."""
    by = {c.name: c for c in components}
    out: dict[str, ComponentRow] = {c.name: c for c in components if c.kind == "tenant"}
    fed = {target for c in components for target, _ in c.edges}
    aside = [c.name for c in components if c.kind != "tenant" and c.name not in fed]
    starts = [target for c in out.values() for target, _ in c.edges]
    waiting = [*reversed([*starts, *aside, *by])]
    while waiting:
        name = waiting.pop()
        if name in by and name not in out:
            out[name] = by[name]
            waiting += [target for target, _ in reversed(by[name].edges)]
    return list(out.values())


def hypothesis_rows(hypotheses: tuple[HypothesisRow, ...]) -> list[Row]:
    """Return the ledger: number, probability as bar and figure, state, statement, named cause."""
    rows: list[Row] = []
    for entry in hypotheses:
        open_ = entry.state == "open"
        role = "accent" if entry.state == "committed" else "plain" if open_ else "dim"
        filled = min(10, max(0, round(entry.p * 10)))
        rows.append(
            row(
                span(f"{entry.number:>2} ", "strong"),
                span("█" * filled + "░" * (10 - filled), role),
                span(f" {entry.p * 100:>3.0f} %  ", role),
                span(f"{entry.state:<10} ", "accent" if entry.state == "committed" else "dim"),
                span(entry.statement, role),
                span(f"  [{entry.cause}]", "accent") if entry.cause else span("  [no --cause named]", "dim"),
                span(f"  {clock(entry.t_us)}", "dim"),
                key=str(entry.number),
                indent=31,
            )
        )
    return rows
