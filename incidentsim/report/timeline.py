"""The timeline of a play as a chart: burn and signals as curves, causes and alerts as spans, actions as moments.

Built for `build.build_report`; drawn by `plot` (interactive) and `drawing` (paper, no script), and told in a
table for whoever can't see either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

from incidentsim.exact import format_clock
from incidentsim.report.felt import burn_points, value_at
from incidentsim.report.inputs import Extras, Signal
from incidentsim.report.model import Chart, Curve, Moment, MoveRow, Panel, Span
from incidentsim.report.phrases import short_number, tidy
from incidentsim.report.records import record_rows
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import Mark
from incidentsim.transcript.model import Record

_BEFORE_US = 120_000_000
"""Shown at least: two minutes before the page."""

_AFTER_US = 120_000_000
"""Shown after the record's end where a re-simulation goes on: two minutes, or a quarter of the session."""

_ROW_US = 60_000_000
"""Distance of the rows of the table."""

_SIGNAL_TITLES = {
    "ttft": "Time to first token, 95th percentile", "tokens": "Tokens generated", "queue": "Requests waiting",
    "kv": "KV cache in use", "preemptions": "Preemptions", "quality": "Answers of no use", "errors": "Failed requests",
}  # fmt: skip
"""Titles for people who don't know the tiles of the terminal."""

_LANES = {"look": "look", "note": "thought", "hypothesis": "thought", "rule_out": "thought", "diagnosis": "thought",
          "status": "word", "ack": "word", "severity": "word", "resolve": "word", "hint": "word"}  # fmt: skip


def chart(
    *, scenario: Scenario, cast: Cast, records: Sequence[Record], recorded: Mapping[str, Sequence[Mark]],
    end_us: int, moves: Sequence[MoveRow], extras: Extras, truth: bool,
) -> Chart:  # fmt: skip
    """Return the chart. Without `truth` it holds what the person could see: alerts and what they did."""
    runs = extras.runs if truth else None
    start_us, stop_us = _window(scenario, records, end_us, longer=runs is not None, truth=truth)
    panels: list[Panel] = []
    if truth:
        for slo in scenario.slos:
            curves = _burn_curves(slo.id, scenario, recorded, runs.played if runs else {}, runs.nothing if runs else {},
                                  end_us)  # fmt: skip
            if any(value is not None for curve in curves for _, value in curve.points):
                clipped = tuple(_clipped(curve, start_us, stop_us) for curve in curves)
                panels.append(Panel(key=f"burn-{slo.id}", title=f"Burn rate: {tidy(slo.title)}", unit="×",
                                    curves=clipped, line=1.0, line_title="just sustainable", band=None))  # fmt: skip
    told = {slo.kind for slo in scenario.slos} if truth else set()
    panels += [
        _signal_panel(signal, start_us, stop_us) for signal in extras.signals
        if _varies(signal) and not (signal.key == "errors" and "availability" in told)
    ]  # fmt: skip
    columns, table = _table(panels, start_us, stop_us)
    return Chart(
        start_us=start_us, end_us=stop_us, recorded_us=end_us, panels=tuple(panels),
        spans=(*(_cause_spans(scenario, cast, records, start_us, stop_us) if truth else ()),
               *_alert_spans(records, start_us, min(end_us, stop_us))),
        moments=(*_action_moments(moves), *_other_moments(records, cast)),
        note=_note(end_us, stop_us, runs is not None, bool(extras.signals), truth=truth),
        table_columns=columns, table=table,
    )  # fmt: skip


def _window(
    scenario: Scenario, records: Sequence[Record], end_us: int, *, longer: bool, truth: bool
) -> tuple[int, int]:
    first = min((r.t_us for r in records if truth and r.type == "fault" and r.t_us > -scenario.prelude), default=0)
    start_us = max(-scenario.prelude, min(-_BEFORE_US, first - _BEFORE_US // 2))
    stop_us = min(scenario.duration, end_us + max(_AFTER_US, end_us // 4)) if longer else end_us
    return start_us, max(stop_us, start_us + _ROW_US)


def _burn_curves(
    slo_id: str, scenario: Scenario, recorded: Mapping[str, Sequence[Mark]], played: Mapping[str, Sequence[Mark]],
    nothing: Mapping[str, Sequence[Mark]], end_us: int,
) -> tuple[Curve, ...]:  # fmt: skip
    slo = next(slo for slo in scenario.slos if slo.id == slo_id)
    curves = [Curve(title="as played", kind="recorded", points=burn_points(recorded.get(slo_id, ()), slo))]
    after = tuple(point for point in burn_points(played.get(slo_id, ()), slo) if point[0] >= end_us)
    if after:
        curves.append(Curve(title="after the session's end", kind="continued", points=after))
    if nothing.get(slo_id):
        alone = burn_points(nothing[slo_id], slo)
        curves.append(Curve(title="had nobody acted", kind="nothing", points=alone))
    return tuple(curves)


def _clipped(curve: Curve, start_us: int, stop_us: int) -> Curve:
    inside = tuple((t, value) for t, value in curve.points if start_us <= t <= stop_us)
    return Curve(title=curve.title, kind=curve.kind, points=inside)


def _signal_panel(signal: Signal, start_us: int, stop_us: int) -> Panel:
    points = tuple((t, None if isnan(value) else value) for t, value in signal.points)
    curve = _clipped(Curve(title="as dashboards showed it", kind="recorded", points=points), start_us, stop_us)
    return Panel(key=f"signal-{signal.key}", title=_SIGNAL_TITLES.get(signal.key, tidy(signal.title)),
                 unit=tidy(signal.unit), curves=(curve,), line=signal.line, line_title=tidy(signal.line_title),
                 band=signal.band)  # fmt: skip


def _varies(signal: Signal) -> bool:
    values = [value for _, value in signal.points if not isnan(value)]
    return bool(values) and min(values) < max(values)


def _cause_spans(
    scenario: Scenario, cast: Cast, records: Sequence[Record], start_us: int, stop_us: int
) -> tuple[Span, ...]:
    """Return when each root cause, and each other planted fault, was there; one without a beginning always was."""
    roots = [(root.component, root.fault) for root in scenario.root_causes]
    planted = list(dict.fromkeys(
        (*roots, *((str(r.body.get("component")), str(r.body.get("kind"))) for r in records if r.type == "fault"))
    ))  # fmt: skip
    spans: list[Span] = []
    for component, kind in planted:
        steps = [r for r in records if r.type == "fault"
                 and (r.body.get("component"), r.body.get("kind")) == (component, kind)]  # fmt: skip
        since: int | None = None if any(r.body.get("state") == "on" for r in steps) else start_us
        lane, label = "cause" if (component, kind) in roots else "fault", tidy(f"{kind} of {cast.shown(component)}")
        begun: tuple[int, ...] = ()
        for r in steps:
            if r.body.get("state") == "on":
                since, begun = (r.t_us if since is None else since), (*begun, r.seq)
            elif since is not None:
                spans.append(_span(lane, label, since, r.t_us, (*begun, r.seq), over=True))
                since, begun = None, ()
        if since is not None:
            spans.append(_span(lane, label, since, stop_us, begun, over=False))
    shown = (span for span in spans if span.end_us >= start_us)
    return tuple(sorted(shown, key=lambda span: (span.lane, span.start_us, span.label)))


def _span(lane: str, label: str, start_us: int, end_us: int, seqs: tuple[int, ...], *, over: bool) -> Span:
    until = f"to {format_clock(end_us)}" if over else "and not removed"
    text = f"{label}, {until}"
    return Span(lane="cause" if lane == "cause" else "fault", label=label, text=text, start_us=start_us, end_us=end_us,
                open=not over, seqs=seqs)  # fmt: skip


def _alert_spans(records: Sequence[Record], start_us: int, stop_us: int) -> tuple[Span, ...]:
    firing: dict[str, Record] = {}
    spans: list[Span] = []
    for r in records:
        if r.type not in ("alert_fired", "alert_cleared"):
            continue
        labels = r.body.get("labels") or {}
        key = f"{r.body.get('alert')} {sorted(labels.items())}"
        if r.type == "alert_fired":
            firing.setdefault(key, r)
        elif key in firing:
            spans.append(_alert(firing.pop(key), r.t_us, (r.seq,), over=True))
    spans += [_alert(fired, stop_us, (), over=False) for fired in firing.values()]
    return tuple(sorted((s for s in spans if s.end_us >= start_us), key=lambda s: (s.start_us, s.label)))


def _alert(fired: Record, end_us: int, cleared: tuple[int, ...], *, over: bool) -> Span:
    name = tidy(fired.body.get("alert", ""), 80)
    until = f"cleared at {format_clock(end_us)}" if over else "still firing at the end"
    text = f"{name} from {format_clock(fired.t_us)}, {until}: {tidy(fired.body.get('summary', ''), 300)}"
    return Span(lane="alert", label=name, text=text, start_us=fired.t_us, end_us=end_us, open=not over,
                seqs=(fired.seq, *cleared))  # fmt: skip


def _action_moments(moves: Sequence[MoveRow]) -> list[Moment]:
    return [
        Moment(lane="action", t_us=m.t_us, label=m.text, text=f"{m.number}. {m.clock} {m.text}: {m.effect}",
               number=m.number, credit=m.credit, seqs=m.seqs)
        for m in moves
    ]  # fmt: skip


def _other_moments(records: Sequence[Record], cast: Cast) -> list[Moment]:
    own = [r for r in records if r.type in _LANES and "c" in r.vis]
    told = {row.seq: row.text for row in record_rows(own, cast, truth=False, private=False)}
    out = []
    for r in own:
        match _LANES[r.type]:
            case "look" | "thought" | "word" as lane:
                text = tidy(told.get(r.seq, r.type), 300)
                out.append(Moment(lane=lane, t_us=r.t_us, label=r.type.replace("_", " "), number=None, credit=None,
                                  text=f"{format_clock(r.t_us)} {text}", seqs=(r.seq,)))  # fmt: skip
    return out


def _note(end_us: int, stop_us: int, continued: bool, signals: bool, *, truth: bool) -> str:
    parts = []
    if continued and end_us < stop_us:
        parts.append(f"The record ends at {format_clock(end_us)}; what follows was run again without further commands.")
    if truth and not continued:
        parts.append("What would have happened without anyone acting is not known: the world could not be run again.")
    if not signals:
        parts.append("Signals are not shown: they are made again from a replay, which this engine could not do.")
    return " ".join(parts)


def _table(panels: Sequence[Panel], start_us: int, stop_us: int) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the curves in rows, one a minute."""
    curves = [(panel, curve) for panel in panels for curve in panel.curves]
    columns = tuple(f"{panel.title}, {curve.title}" + (f" ({panel.unit})" if panel.unit else "")
                    for panel, curve in curves)  # fmt: skip
    rows = []
    first = -(-start_us // _ROW_US) * _ROW_US
    for t_us in range(first, stop_us + 1, _ROW_US):
        cells = [_cell(curve, t_us) for _, curve in curves]
        if any(cells):
            rows.append((format_clock(t_us), *cells))
    return ("time", *columns), tuple(rows)


def _cell(curve: Curve, t_us: int) -> str:
    if not curve.points or not curve.points[0][0] <= t_us <= curve.points[-1][0] + 15_000_000:
        return ""
    value = value_at(curve.points, t_us)
    return "" if value is None else short_number(value)
