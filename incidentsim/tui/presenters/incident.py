"""Alerts, changes, topology and the hypothesis ledger as rows. Pure."""

from __future__ import annotations

from incidentsim.client_api import AlertRow, ChangeRow, ComponentRow, HypothesisRow
from incidentsim.exact import format_clock
from incidentsim.tui.presenters.numbers import clock, clock_or_ago
from incidentsim.tui.presenters.rows import HEALTH_GLYPH, HEALTH_WORD, Row, Span, fit, row, span

_STATE_RANK = {"firing": 0, "pending": 1}
_STATE_LOOK = {"firing": ("✖", "bad"), "pending": ("▲", "warn")}


def alert_rows(alerts: tuple[AlertRow, ...], *, inactive: bool = False) -> list[Row]:
    """Return firing alerts, then pending ones (then inactive ones), newest first in each group."""
    shown = [a for a in alerts if inactive or a.state in _STATE_RANK]
    shown.sort(key=lambda a: (_STATE_RANK.get(a.state, 2), -a.since_us, a.name))
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
    rows = [
        row(span(f"{change.id}  ", "accent"), span(change.summary, "heading"), indent=2),
        row(span(f"{format_clock(change.t_us)}  {change.kind} on {change.target}, by {change.actor}", "dim")),
        row(),
    ]
    for line in change.detail:
        role = "ok" if line.startswith("+") else "bad" if line.startswith("-") else "plain"
        rows.append(row(span(line, role), indent=2))
    if not change.detail:
        rows.append(row(span("The record has no further detail.", "dim")))
    return rows


def topology_rows(components: tuple[ComponentRow, ...]) -> list[Row]:
    """Return each component with health by glyph and word, its summary, and where it sends traffic."""
    width = max((len(c.name) for c in components), default=0)
    rows: list[Row] = []
    for component in components:
        word = f"{HEALTH_WORD[component.health]:<7}"
        only = component.edges[0] if len(component.edges) == 1 else None
        onward = (span(f"  ─▶ {only[0]}", "dim"), span(f"  {only[1]}", "accent")) if only else ()
        rows.append(
            row(
                span(f"{HEALTH_GLYPH[component.health]} {word} ", component.health),
                span(f"{component.name:<{width}} ", "strong"),
                span(f"{component.kind:<12} ", "dim"),
                component.summary,
                *onward,
                key=component.name,
                indent=10,
            )
        )
        for place, (target, rate) in enumerate(() if only else component.edges):
            branch = "└─▶" if place == len(component.edges) - 1 else "├─▶"
            text = f"          {branch} {target}"
            rows.append(row(span(text, "dim"), span(f"  {rate}", "accent"), key=component.name, indent=14))
    return rows


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
