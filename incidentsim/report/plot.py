"""The timeline as a plotly figure: zoom, hover, and a click on an action that leads to its row.

Called by `as_html`. plotly checks every property here; the page draws it with the bundled plotly.js.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from incidentsim.exact import format_clock
from incidentsim.report.model import Chart, Curve, Moment, Panel
from incidentsim.report.palette import LIGHT
from incidentsim.report.phrases import short_number
from incidentsim.report.strips import LANE_PX, Strip, action_labels, minute_step, strips_of

_FOOT_PX = 34
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_MINUTE_US = 60_000_000
_DASHES = {"recorded": "solid", "continued": "dot", "nothing": "dash"}
_PERSON_SYMBOLS = {"looks": "circle-open", "thoughts": "diamond-open", "words": "square-open"}


def figure(chart: Chart) -> dict[str, Any]:
    """Return the figure as plotly's JSON: `data` and `layout`."""
    strips, height = strips_of(chart)
    drawn = go.Figure()
    total = height + _FOOT_PX
    annotations: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for place, strip in enumerate(strips, start=1):
        suffix = "" if place == 1 else str(place)
        top, bottom = 1 - strip.top / height, 1 - (strip.top + strip.height) / height
        axes[f"yaxis{suffix}"] = {**_axis(strip), "domain": [max(0.0, bottom), top], "anchor": "x"}
        annotations.append({
            "text": f"<b>{_safe(strip.title)}</b>", "xref": "paper", "yref": "paper", "x": 0, "y": top,
            "xanchor": "left", "yanchor": "bottom", "showarrow": False, "font": {"size": 12, "color": LIGHT["ink"]},
        })  # fmt: skip
        for trace in _traces(chart, strip):
            drawn.add_trace(go.Scatter(**trace, xaxis="x", yaxis=f"y{suffix}", cliponaxis=strip.kind == "panel"))
        if strip.kind == "credit":
            _bars(drawn, strip, f"y{suffix}", chart)
        if strip.kind == "spans":
            annotations += _span_labels(chart, strip, f"y{suffix}")
    drawn.update_layout(
        height=total, margin={"l": 54, "r": 12, "t": 4, "b": _FOOT_PX}, paper_bgcolor=LIGHT["paper"],
        plot_bgcolor=LIGHT["paper"], font={"family": _FONT, "size": 12, "color": LIGHT["ink"]}, showlegend=False,
        hovermode="closest", bargap=0, annotations=annotations, dragmode="zoom", shapes=_shapes(chart),
        hoverlabel={"bgcolor": LIGHT["paper"], "font": {"color": LIGHT["ink"]}, "align": "left"},
        xaxis=_time_axis(chart, len(strips)), template=None, **axes,
    )  # fmt: skip
    found: dict[str, Any] = drawn.to_plotly_json()
    return {"data": [dict(trace) for trace in found["data"]], "layout": found["layout"]}


def _time_axis(chart: Chart, strips: int) -> dict[str, Any]:
    ends = [chart.start_us / _MINUTE_US, chart.end_us / _MINUTE_US]
    return {
        "range": ends, "anchor": "y" if strips < 2 else f"y{strips}",
        "title": {"text": "minutes after the page", "font": {"size": 11}, "standoff": 4},
        "dtick": minute_step(chart.start_us, chart.end_us), "gridcolor": LIGHT["grid"], "zeroline": False,
        "tickfont": {"size": 11, "color": LIGHT["soft"]}, "showspikes": True, "spikemode": "across",
        "spikethickness": 1, "spikedash": "dot", "spikecolor": LIGHT["soft"], "spikesnap": "cursor",
    }  # fmt: skip


def _axis(strip: Strip) -> dict[str, Any]:
    """Return the value axis of a strip. Values are not zoomed: time is."""
    base = {"fixedrange": True, "zeroline": False, "gridcolor": LIGHT["grid"],
            "tickfont": {"size": 10, "color": LIGHT["soft"]}, "nticks": 4}  # fmt: skip
    match strip.kind:
        case "spans":
            return {**base, "range": [len(strip.lanes) - 0.5, -0.5], "showticklabels": False, "showgrid": False}
        case "person":
            names = [name for name, _ in strip.moments]
            return {**base, "range": [len(names) - 0.5, -0.5], "tickmode": "array", "showgrid": False,
                    "tickvals": list(range(len(names))), "ticktext": names}  # fmt: skip
        case "credit":
            low, high = credit_range(strip.moments[0][1])
            return {**base, "range": [low, high], "zeroline": True, "zerolinecolor": LIGHT["limit"],
                    "showticklabels": high > low and any(m.credit for m in strip.moments[0][1])}  # fmt: skip
        case _:
            assert strip.panel is not None
            return {**base, "range": [0, panel_top(strip.panel)]}


def panel_top(panel: Panel) -> float:
    """Return the top of a panel's scale: its highest value with some air, at least twice its line if that is near."""
    values = [value for curve in panel.curves for _, value in curve.points if value is not None]
    highest = max(values, default=1.0)
    near = panel.line if panel.line is not None and panel.line < 4 * max(highest, 1e-9) else 0.0
    return 1.1 * max(highest, near) or 1.0


def credit_range(moments: tuple[Moment, ...]) -> tuple[float, float]:
    """Return the scale of credits, zero in it, with room for labels."""
    values = [moment.credit or 0.0 for moment in moments]
    low, high = min(0.0, *values), max(0.0, *values)
    reach = (high - low) or 1.0
    return low - 0.3 * reach, high + 0.35 * reach


def _traces(chart: Chart, strip: Strip) -> list[dict[str, Any]]:
    if strip.panel is not None:
        return _panel_traces(chart, strip.panel)
    if strip.kind == "spans":
        return [_span_trace(chart, lane, place) for place, lane in enumerate(strip.lanes)]
    if strip.kind == "person":
        return [_marks(name, found, place) for place, (name, found) in enumerate(strip.moments)]
    return []


def _panel_traces(chart: Chart, panel: Panel) -> list[dict[str, Any]]:
    ends = [chart.start_us / _MINUTE_US, chart.end_us / _MINUTE_US]
    quiet = {"hoverinfo": "skip", "showlegend": False}
    traces: list[dict[str, Any]] = []
    if panel.band is not None and panel.band[1] > panel.band[0]:
        low, high = panel.band
        traces.append({**quiet, "x": [*ends, *reversed(ends)], "y": [low, low, high, high], "fill": "toself",
                       "mode": "lines", "line": {"width": 0}, "fillcolor": LIGHT["band"]})  # fmt: skip
    if panel.line is not None:
        traces.append({**quiet, "x": ends, "y": [panel.line] * 2, "mode": "lines",
                       "line": {"width": 1, "color": LIGHT["limit"], "dash": "dash"}})  # fmt: skip
    order = {"nothing": 0, "continued": 1, "recorded": 2}
    return traces + [_curve(panel, curve) for curve in sorted(panel.curves, key=lambda c: order[c.kind])]


def _curve(panel: Panel, curve: Curve) -> dict[str, Any]:
    unit = f" {panel.unit}" if panel.unit not in ("", "ratio") else ""
    told = [f"{format_clock(t)} {_safe(curve.title)}: {short_number(v)}{_safe(unit)}" if v is not None else ""
            for t, v in curve.points]  # fmt: skip
    return {
        "x": [round(t / _MINUTE_US, 4) for t, _ in curve.points], "name": _safe(f"{panel.title}, {curve.title}"),
        "y": [None if v is None else round(v, 6) for _, v in curve.points], "mode": "lines", "text": told,
        "hoverinfo": "text", "connectgaps": False,
        "line": {"width": 2 if curve.kind != "nothing" else 1.5, "dash": _DASHES[curve.kind],
                 "color": LIGHT["nothing" if curve.kind == "nothing" else "played"]},
    }  # fmt: skip


def _span_trace(chart: Chart, lane: Any, place: int) -> dict[str, Any]:
    xs: list[float | None] = []
    texts: list[str | None] = []
    for span in lane:
        first, last = max(span.start_us, chart.start_us), min(span.end_us, chart.end_us)
        steps = [first, (first + last) // 2, last]
        xs += [*(t / _MINUTE_US for t in steps), None]
        texts += [_safe(span.text)] * 3 + [None]
    return {"x": xs, "y": [place] * len(xs), "mode": "lines", "text": texts, "hoverinfo": "text",
            "name": _safe(lane[0].label), "line": {"width": LANE_PX - 5, "color": LIGHT[lane[0].lane]}}  # fmt: skip


def _span_labels(chart: Chart, strip: Strip, axis: str) -> list[dict[str, Any]]:
    out = []
    for place, lane in enumerate(strip.lanes):
        start = max(lane[0].start_us, chart.start_us)
        late = start > (chart.start_us + 2 * chart.end_us) // 3
        where = max(min(lane[-1].end_us, chart.end_us), start) if late else start
        out.append({"text": _safe(lane[0].label), "x": where / _MINUTE_US, "xref": "x", "y": place, "yref": axis,
                    "xanchor": "right" if late else "left", "yanchor": "middle", "showarrow": False, "xshift": 0,
                    "font": {"size": 11, "color": LIGHT["ink"]}})  # fmt: skip
    return out


def _marks(name: str, found: tuple[Moment, ...], place: int) -> dict[str, Any]:
    return {
        "x": [m.t_us / _MINUTE_US for m in found], "y": [place] * len(found), "mode": "markers", "name": name,
        "text": [_wrapped(m.text) for m in found], "hoverinfo": "text",
        "customdata": [f"seq-{m.seqs[0]}" if m.seqs else "" for m in found],
        "marker": {"symbol": _PERSON_SYMBOLS[name], "size": 8, "color": LIGHT["played"],
                   "line": {"width": 1.5, "color": LIGHT["played"]}},
    }  # fmt: skip


def _bars(drawn: go.Figure, strip: Strip, axis: str, chart: Chart) -> None:
    """Draw each action's credit as a bar from zero, with its number of the table."""
    found = strip.moments[0][1]
    width = (chart.end_us - chart.start_us) / _MINUTE_US / 110
    xs = [m.t_us / _MINUTE_US for m in found]
    colours = [LIGHT["neutral" if not m.credit else "saved" if m.credit > 0 else "harmed"] for m in found]
    told, link = [_wrapped(m.text) for m in found], [f"action-{m.number}" for m in found]
    drawn.add_trace(go.Bar(
        x=xs, y=[m.credit or 0.0 for m in found], width=[width] * len(found), marker={"color": colours},
        hovertext=told, hoverinfo="text", customdata=link, name="actions", xaxis="x", yaxis=axis,
    ))  # fmt: skip
    drawn.add_trace(go.Scatter(
        x=xs, y=[m.credit or 0.0 for m in found], mode="markers+text", xaxis="x", yaxis=axis, cliponaxis=False,
        text=list(action_labels(chart, found)), customdata=link, hovertext=told, hoverinfo="text", name="numbers",
        textposition=["bottom center" if (m.credit or 0) < 0 else "top center" for m in found],
        textfont={"size": 11, "color": LIGHT["ink"]}, marker={"size": 6, "color": colours},
    ))  # fmt: skip


def _shapes(chart: Chart) -> list[dict[str, Any]]:
    """Mark the page and the end of the record through all strips."""
    ends = [0] + ([chart.recorded_us] if chart.recorded_us < chart.end_us else [])
    return [
        {"type": "line", "xref": "x", "yref": "paper", "x0": t / _MINUTE_US, "x1": t / _MINUTE_US, "y0": 0, "y1": 1,
         "line": {"width": 1, "dash": "solid" if t == 0 else "dot", "color": LIGHT["soft"]}}
        for t in ends
    ]  # fmt: skip


def _wrapped(text: str, width: int = 60) -> str:
    """Return text in lines that fit a hover label, made safe for plotly's own small markup."""
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "<br>".join(_safe(part) for part in (*lines, line))


def _safe(text: str) -> str:
    """Return text that plotly shows literally: it reads a small subset of HTML in every label."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
