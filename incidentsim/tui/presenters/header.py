"""The status line: severity, clock, speed, SLO burn, health, budget, cost. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from incidentsim.client_api import ComponentRow, Health, SessionInfo, Snapshot
from incidentsim.exact import format_clock
from incidentsim.tui.presenters.numbers import format_number, speed_text
from incidentsim.tui.presenters.rows import HEALTH_GLYPH, HEALTH_WORD, Row, Span, cut, pad_between, span

WIDE = 116
"""From this width everything fits in one line; below it the health goes to a second one."""

_ORDER = {"bad": 0, "warn": 1, "unknown": 2, "ok": 3}


def burn_role(burn: float | None) -> str:
    """Return the role of a burn rate: 1 spends the budget exactly in its period, 6 pages (SRE workbook)."""
    if burn is None:
        return "unknown"
    return "bad" if burn >= 6 else "warn" if burn >= 1 else "ok"


def _state(snapshot: Snapshot) -> tuple[Span, ...]:
    if snapshot.phase == "ended":
        return (Span("■ over", "heading"),)
    if snapshot.phase == "prelude":
        return (Span("… before the page", "dim"),)
    if snapshot.paused:
        return (Span("⏸ PAUSED", "warn"),)
    return (Span(f"{speed_text(snapshot.speed)} ▶", "ok"),)


def health_spans(components: tuple[ComponentRow, ...], width: int) -> tuple[Span, ...]:
    """Return glyph and name of each component, worst first.

    Where not all fit, the ok ones are a count, and others of one kind and health are counted together.
    """
    ordered = sorted(components, key=lambda c: _ORDER[c.health])
    spans = [_health(c.health, c.name) for c in ordered]
    if sum(len(s.text) for s in spans) > width:
        bad = [c for c in ordered if c.health != "ok"]
        groups: dict[tuple[Health, str], list[str]] = {}
        for c in bad:
            groups.setdefault((c.health, c.kind), []).append(c.name)
        named = [
            _health(health, names[0] if len(names) == 1 else f"{len(names)} {kind}s")
            for (health, kind), names in groups.items()
        ]
        count = len(ordered) - len(bad)
        tail = f"● {count} ok" if count else ""
        spans = []
        for place, one in enumerate(named):
            more = f"+{len(named) - place} more  "
            used = sum(len(s.text) for s in spans) + len(one.text) + len(tail)
            if used > width - (len(more) if place < len(named) - 1 else 0):
                spans.append(Span(more, one.role))
                break
            spans.append(one)
        spans.append(Span(tail, "ok"))
    return cut(spans, width)


def _health(health: Health, name: str) -> Span:
    word = "" if health == "ok" else f" {HEALTH_WORD[health]}"
    return span(f"{HEALTH_GLYPH[health]} {name}{word}  ", health)


def _cells(spans: Sequence[Span]) -> int:
    return sum(len(s.text) for s in spans)


def header_rows(info: SessionInfo, snapshot: Snapshot, width: int) -> list[Row]:
    """Return one row when `width` allows, else two; budget and cost are left out whole where they don't fit."""
    severity = snapshot.severity.upper() if snapshot.severity else "SEV?"
    left = [Span(f" {severity} ", "key"), span(f" {info.scenario} ", "strong")]
    left += [Span(f" {format_clock(snapshot.t_us)} ", "heading"), *_state(snapshot)]
    if snapshot.phase == "live" and not snapshot.acknowledged:
        left.append(Span("  ☎ not acked", "bad"))
    burn = "no data" if snapshot.burn is None else f"{format_number(snapshot.burn)}×"
    left += [Span("  burn ", "dim"), Span(burn, burn_role(snapshot.burn))]
    right: list[Span] = []
    if snapshot.budget_left is not None:
        share = snapshot.budget_left
        role = "bad" if share < 0.25 else "warn" if share < 0.5 else "ok"
        right += [Span("budget ", "dim"), Span(f"{share * 100:.0f} %", role), Span("  ")]
    cost = Span(f"${snapshot.cost_per_hour:,.0f}/h ", "plain")
    if width < WIDE:
        right = next((some for some in ([*right, cost], right, []) if _cells(left) + _cells(some) < width), [])
        health = Row(spans=(Span(" "), *health_spans(snapshot.components, width - 2)))
        return [Row(spans=pad_between(left, right, width)), health]
    right.append(cost)
    room = width - _cells(left) - _cells(right) - 4
    middle = health_spans(snapshot.components, room) if room > 8 else ()
    return [Row(spans=pad_between([*left, Span("   "), *middle], right, width))]
