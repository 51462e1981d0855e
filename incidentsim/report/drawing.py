"""The timeline as a static SVG: what paper shows, and a page whose script doesn't run.

Called by `as_html`. Same strips as the interactive figure; colours are classes, so that the page's theme and its
print style set them.
"""

from __future__ import annotations

from html import escape

from incidentsim.report.model import Chart, Curve, Moment, Panel
from incidentsim.report.phrases import short_number
from incidentsim.report.plot import credit_range, panel_top
from incidentsim.report.strips import LANE_PX, Strip, action_labels, minute_step, strips_of

WIDTH = 760
"""Width of the drawing in its own units; the page scales it."""

_LEFT, _RIGHT, _FOOT = 52, 12, 30


def svg(chart: Chart) -> str:
    """Return the drawing as one `<svg>` element, hidden from screen readers: the table beside it tells the same."""
    strips, height = strips_of(chart)
    out = [
        f'<svg class="drawing" viewBox="0 0 {WIDTH} {height + _FOOT}" xmlns="http://www.w3.org/2000/svg" '
        'aria-hidden="true" focusable="false">'
    ]
    out += _grid(chart, strips, height)
    for strip in strips:
        out.append(_text(_LEFT, strip.top - 6, strip.title, "title"))
        match strip.kind:
            case "panel":
                assert strip.panel is not None
                out += _panel(chart, strip, strip.panel)
            case "spans":
                out += _spans(chart, strip)
            case "credit":
                out += _credits(chart, strip)
            case "person":
                out += _person(chart, strip)
    out.append("</svg>")
    return "\n".join(out)


def _x(chart: Chart, t_us: int) -> float:
    inside = min(max(t_us, chart.start_us), chart.end_us)
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * (inside - chart.start_us) / (chart.end_us - chart.start_us)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x0: float, y0: float, x1: float, y1: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_n(x0)}" y1="{_n(y0)}" x2="{_n(x1)}" y2="{_n(y1)}"/>'


def _grid(chart: Chart, strips: tuple[Strip, ...], height: int) -> list[str]:
    step = 60_000_000 * minute_step(chart.start_us, chart.end_us, most=12)
    out = []
    for t_us in range(-(-chart.start_us // step) * step, chart.end_us + 1, step):
        x = _x(chart, t_us)
        out += [_line(x, strip.top, x, strip.top + strip.height, "grid") for strip in strips]
        out.append(_text(x, height + 14, f"{t_us // 60_000_000}", "tick", "middle"))
    out.append(_text(WIDTH / 2, height + 27, "minutes after the page", "tick", "middle"))
    out.append(_line(_x(chart, 0), 0, _x(chart, 0), height, "page"))
    if chart.recorded_us < chart.end_us:
        out.append(_line(_x(chart, chart.recorded_us), 0, _x(chart, chart.recorded_us), height, "ended"))
    return out


def _panel(chart: Chart, strip: Strip, panel: Panel) -> list[str]:
    top, bottom = panel_top(panel), strip.top + strip.height

    def y(value: float) -> float:
        return bottom - strip.height * min(max(value, 0.0), top) / top

    out = []
    if panel.band is not None and panel.band[1] > panel.band[0]:
        low, high = y(panel.band[0]), y(panel.band[1])
        out.append(f'<rect class="band" x="{_LEFT}" y="{_n(high)}" width="{WIDTH - _LEFT - _RIGHT}" '
                   f'height="{_n(max(low - high, 0.5))}"/>')  # fmt: skip
    out.append(_line(_LEFT, bottom, WIDTH - _RIGHT, bottom, "axis"))
    highest = top / 1.1
    out.append(_text(_LEFT - 5, y(highest) + 4, short_number(highest), "tick", "end"))
    out.append(_text(_LEFT - 5, bottom, "0", "tick", "end"))
    if panel.line is not None and panel.line <= top:
        out.append(_line(_LEFT, y(panel.line), WIDTH - _RIGHT, y(panel.line), "limit"))
        if y(panel.line) - y(highest) > 12 and bottom - y(panel.line) > 10:
            out.append(_text(_LEFT - 5, y(panel.line) + 4, short_number(panel.line), "tick", "end"))
    for curve in sorted(panel.curves, key=lambda c: c.kind != "nothing"):
        for run in _runs(curve):
            points = " ".join(f"{_n(_x(chart, t))},{_n(y(value))}" for t, value in run)
            out.append(f'<polyline class="{curve.kind}" points="{points}"/>')
    return out


def _runs(curve: Curve) -> list[list[tuple[int, float]]]:
    """Return the curve cut at its gaps."""
    runs: list[list[tuple[int, float]]] = [[]]
    for t_us, value in curve.points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((t_us, value))
    return [run for run in runs if run]


def _spans(chart: Chart, strip: Strip) -> list[str]:
    out = []
    for place, lane in enumerate(strip.lanes):
        top = strip.top + place * LANE_PX
        for span in lane:
            left, right = _x(chart, span.start_us), _x(chart, span.end_us)
            out.append(f'<rect class="{span.lane}" x="{_n(left)}" y="{top + 2}" width="{_n(max(right - left, 2))}" '
                       f'height="{LANE_PX - 4}"/>')  # fmt: skip
        left, right = _x(chart, lane[0].start_us), _x(chart, lane[-1].end_us)
        late = left > WIDTH * 2 / 3
        out.append(_text(right - 4 if late else left + 4, top + LANE_PX / 2 + 4, lane[0].label, "label",
                         "end" if late else "start"))  # fmt: skip
    return out


def _credits(chart: Chart, strip: Strip) -> list[str]:
    found = strip.moments[0][1]
    low, high = credit_range(found)

    def y(value: float) -> float:
        return strip.top + strip.height * (high - value) / (high - low)

    out = [_line(_LEFT, y(0.0), WIDTH - _RIGHT, y(0.0), "axis")]
    for moment, label in zip(found, action_labels(chart, found), strict=True):
        x, value = _x(chart, moment.t_us), moment.credit or 0.0
        kind = "neutral" if not value else "saved" if value > 0 else "harmed"
        top, bottom = min(y(0.0), y(value)), max(y(0.0), y(value))
        size = f'width="6" height="{_n(max(bottom - top, 1))}"'
        out.append(f'<rect class="{kind}" x="{_n(x - 3)}" y="{_n(top)}" {size}/>')
        out.append(f'<circle class="{kind}" cx="{_n(x)}" cy="{_n(y(value))}" r="3"/>')
        out.append(_text(x, y(value) + (14 if value < 0 else -6), label, "label", "middle"))
    return out


def _person(chart: Chart, strip: Strip) -> list[str]:
    out = []
    for place, (name, found) in enumerate(strip.moments):
        middle = strip.top + place * LANE_PX + LANE_PX / 2
        out.append(_text(_LEFT - 5, middle + 4, name, "tick", "end"))
        out += [_mark(chart, moment, middle) for moment in found]
    return out


def _mark(chart: Chart, moment: Moment, middle: float) -> str:
    x = _x(chart, moment.t_us)
    if moment.lane == "look":
        return f'<circle class="mark" cx="{_n(x)}" cy="{_n(middle)}" r="3.5"/>'
    if moment.lane == "word":
        return f'<rect class="mark" x="{_n(x - 3.5)}" y="{_n(middle - 3.5)}" width="7" height="7"/>'
    path = f"M{_n(x)} {_n(middle - 4.5)} l4.5 4.5 l-4.5 4.5 l-4.5 -4.5 z"
    return f'<path class="mark" d="{path}"/>'
