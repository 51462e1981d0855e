"""The metrics explorer's chart with axes, and its legend. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.client_api import Series
from incidentsim.tui.presenters.numbers import clock, format_number
from incidentsim.tui.presenters.plot import MAX_SERIES, Curve, Marker, auto_range, layout
from incidentsim.tui.presenters.rows import Row, Span, fit, row, span

MARKS = "abcdef"
"""Letters of the curves, drawn at their newest value."""

AXIS_CELLS = 8
"""Width of the value axis: five characters, a space, and the axis line."""

WINDOWS_US = (300_000_000, 900_000_000, 1_800_000_000, 3_600_000_000)
"""How far back a chart can reach: 5, 15, 30, 60 min."""

COMPARE_US = 600_000_000
"""The comparison is with ten minutes ago: before most incidents' first symptoms."""


_AXIS_STEPS = (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)
"""Tops of an axis that waste little room and have a readable half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartModel:
    """Everything a chart shows. `cursor` is a share of the width, None when there is no time cursor."""

    start_us: int
    end_us: int
    curves: tuple[Curve, ...]
    band: tuple[float, float] | None = None
    objective: float | None = None
    markers: tuple[Marker, ...] = ()
    cursor: float | None = None


def step_for(window_us: int, width: int) -> int:
    """Return the step that gives about two points a column, in whole seconds, at least one."""
    return max(1_000_000, window_us // max(2, (width - AXIS_CELLS) * 2) // 1_000_000 * 1_000_000)


def round_up(value: float) -> float:
    """Return the next value that halves well, so that an axis from 0 has readable labels."""
    if value <= 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** math.floor(math.log10(value))
    return next((step * unit for step in _AXIS_STEPS if step * unit >= value), 10 * unit)


def chart_rows(model: ChartModel, width: int, height: int) -> list[Row]:
    """Return the chart with a value axis at the left and a time axis below, exactly `width` x `height`."""
    if width <= AXIS_CELLS + 2 or height <= 2:
        return []
    low, high = auto_range(model.curves, objective=model.objective, band=model.band)
    if low == 0:
        high = round_up(high)
    inner, tall = width - AXIS_CELLS, height - 1
    rows: list[Row] = []
    plot = layout(
        model.curves,
        inner,
        tall,
        (low, high),
        band=model.band,
        objective=model.objective,
        markers=model.markers,
        cursor=model.cursor,
    )
    for y, line in enumerate(plot):
        labelled = y in (0, tall - 1, tall // 2)
        share = 1 - y / max(1, tall - 1)
        label = format_number(low + (high - low) * share) if labelled else ""
        axis = Span(f"{label[: AXIS_CELLS - 2]:>{AXIS_CELLS - 2}} {'┤' if labelled else '│'}", "axis")
        rows.append(Row(spans=(axis, *line.spans)))
    return [*rows, _time_axis(model, width, inner)]


def _time_axis(model: ChartModel, width: int, inner: int) -> Row:
    cells = [" "] * width
    count = max(2, min(6, inner // 14))
    for place in range(count):
        share = place / (count - 1)
        text = "T" + clock(int(model.start_us + (model.end_us - model.start_us) * share))
        at = AXIS_CELLS + int(share * (inner - 1))
        at = min(width - len(text), max(0, at - len(text) // 2))
        cells[at : at + len(text)] = text
    return Row(spans=(Span("".join(cells), "axis"),))


def series_name(labels: dict[str, str]) -> str:
    """Return the labels that tell curves apart, or the metric's name."""
    parts = [f"{k}={v}" for k, v in sorted(labels.items()) if k != "__name__"]
    return ", ".join(parts) or labels.get("__name__", "") or "value"


def legend_rows(
    series: Sequence[Series],
    model: ChartModel,
    *,
    unit: str = "",
    former: Sequence[Curve] = (),
) -> list[Row]:
    """Return one row a curve: letter, labels, value at the cursor (or newest), and ten minutes before it."""
    rows: list[Row] = []
    for number, (one, curve) in enumerate(zip(series[:MAX_SERIES], model.curves, strict=False)):
        at = 1.0 if model.cursor is None else model.cursor
        parts = [span(f"{MARKS[number]} ", f"series-{number}"), span(series_name(one.labels))]
        parts.append(span(f"  {_at(curve, at)} {unit}".rstrip(), "strong"))
        if number < len(former):
            parts.append(span(f"  ten minutes before: {_at(former[number], at)} {unit}".rstrip(), "dim"))
        rows.append(Row(spans=tuple(parts), indent=2))
    if len(series) > MAX_SERIES:
        more = f"{len(series) - MAX_SERIES} more curves are not drawn: narrow the query, or use topk(6, …)."
        rows.append(row(span(more, "warn")))
    return rows


def _at(curve: Curve, share: float) -> str:
    if not curve.values:
        return "no data"
    place = min(len(curve.values) - 1, max(0, int(share * (len(curve.values) - 1) + 0.5)))
    for back in range(place, max(-1, place - 4), -1):
        value = curve.values[back]
        if value is not None:
            return format_number(value)
    return "no data"


def window_title(expression: str, window_us: int, *, compare: bool, cursor_us: int | None) -> str:
    """Return the chart's title: what is drawn, over which time, and where the cursor is."""
    parts = [fit(expression, min(60, len(expression))), f"last {window_us // 60_000_000} min"]
    if compare:
        parts.append("second curve: ten minutes before")
    if cursor_us is not None:
        parts.append(f"cursor at T{clock(cursor_us)}")
    return " · ".join(parts)
