"""The geometry of the timeline, shared by the interactive and the static drawing: strips one below the other.

What users felt comes first, then what was wrong, what alerted and what was done, then what dashboards showed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from incidentsim.report.model import Chart, Moment, Panel, Span
from incidentsim.report.phrases import short_number

TITLE_PX = 22
"""Room above a strip for its title."""

LANE_PX = 20
"""Height of one lane of spans or moments."""

_BURN_PX, _CREDIT_PX, _SIGNAL_PX = 110, 90, 64
"""Heights of the strips: burn and credit are read closely, signals are context."""

_PERSON_LANES = (("look", "looks"), ("thought", "thoughts"), ("word", "words"))

FEW_MINUTES = (1, 2, 5, 10, 15, 30, 60)
"""Distances of ticks, in minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One strip: its kind, title, top and height in pixels, and the one of the three that it draws."""

    kind: Literal["panel", "spans", "credit", "person"]
    title: str
    top: int
    height: int
    panel: Panel | None = None
    lanes: tuple[tuple[Span, ...], ...] = ()
    moments: tuple[tuple[str, tuple[Moment, ...]], ...] = ()


def strips_of(chart: Chart) -> tuple[tuple[Strip, ...], int]:
    """Return the strips of a chart from top to bottom, and the height of all."""
    burn = [panel for panel in chart.panels if panel.key.startswith("burn-")]
    signals = [panel for panel in chart.panels if not panel.key.startswith("burn-")]
    causes = _lanes([span for span in chart.spans if span.lane != "alert"])
    alerts = _lanes([span for span in chart.spans if span.lane == "alert"])
    actions = tuple(moment for moment in chart.moments if moment.lane == "action")
    person = tuple((title, tuple(m for m in chart.moments if m.lane == lane)) for lane, title in _PERSON_LANES)
    wanted = [Strip(kind="panel", title=_titled(p), top=0, height=_BURN_PX, panel=p) for p in burn]
    if causes:
        wanted.append(Strip(kind="spans", title="What was wrong", top=0, height=LANE_PX * len(causes), lanes=causes))
    if alerts:
        wanted.append(Strip(kind="spans", title="Alerts", top=0, height=LANE_PX * len(alerts), lanes=alerts))
    if actions:
        measured = any(moment.credit is not None for moment in actions)
        title = "Credit of each action" if measured else "Actions"
        height = _CREDIT_PX if measured else 2 * LANE_PX
        wanted.append(Strip(kind="credit", title=title, top=0, height=height, moments=(("actions", actions),)))
    person = tuple((title, found) for title, found in person if found)
    if person:
        title, height = "Looks, thoughts and words", LANE_PX * len(person)
        wanted.append(Strip(kind="person", title=title, top=0, height=height, moments=person))
    wanted += [Strip(kind="panel", title=_titled(p), top=0, height=_SIGNAL_PX, panel=p) for p in signals]
    out: list[Strip] = []
    bottom = 0
    for strip in wanted:
        out.append(replace(strip, top=bottom + TITLE_PX))
        bottom += TITLE_PX + strip.height
    return tuple(out), bottom


def action_labels(chart: Chart, moments: Sequence[Moment]) -> tuple[str, ...]:
    """Return the label of each action: `3: +14.7k`, the number alone where nothing changed or nothing is known.

    Numbers that would lie on each other share one label; the later of them get none.
    """
    near_us = (chart.end_us - chart.start_us) // 30
    labels: list[str] = []
    leader = -1
    for place, moment in enumerate(moments):
        if moment.credit:
            sign = "+" if moment.credit > 0 else "−"
            labels.append(f"{moment.number}: {sign}{short_number(abs(moment.credit))}")
        elif leader >= 0 and moment.t_us - moments[leader].t_us < near_us:
            labels[leader] += f", {moment.number}"
            labels.append("")
        else:
            labels.append(str(moment.number))
            leader = place
    return tuple(labels)


def minute_step(start_us: int, end_us: int, most: int = 8) -> int:
    """Return the distance of ticks in minutes, so that there are at most `most`."""
    minutes = (end_us - start_us) // 60_000_000
    return next((step for step in FEW_MINUTES if minutes // step <= most), -(-minutes // most))


def _titled(panel: Panel) -> str:
    return panel.title + (f" ({panel.unit})" if panel.unit else "")


def _lanes(spans: list[Span]) -> tuple[tuple[Span, ...], ...]:
    """Return spans in lanes, those of one label in one."""
    lanes: dict[str, list[Span]] = {}
    for span in spans:
        lanes.setdefault(span.label, []).append(span)
    return tuple(tuple(lane) for lane in lanes.values())
