"""Two futures of one incident, side by side: what happened, and what happened after somebody took over from a moment.

Called by the debrief of a session that was rewound. Pure: both outcomes come from re-simulation on common random
numbers, so their difference is what was done differently, and nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.exact import format_clock
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import burn_curve
from incidentsim.scoring.protocol import Mark, Outcome
from incidentsim.scoring.section import Line, Section

MINUTE_US = 60_000_000

BARS = " ▁▂▃▄▅▆▇█"
"""Shares of bad requests from none to all, in eighths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Future:
    """One future from the moment on: bad requests of each objective, the worst objective's share of bad requests by
    minute, when users were well again for two minutes (None: never), and what it cost."""

    bad: tuple[tuple[str, int], ...]
    shares: tuple[float, ...]
    calm_us: int | None
    cost_microdollars: int


def future(outcome: Outcome, scenario: Scenario, from_us: int) -> Future:
    """Return what an outcome was like from `from_us` to the scenario's end."""
    end_us = scenario.duration
    bad = []
    for slo in scenario.slos:
        marks = outcome.series.get(slo.id, ())
        bad.append((slo.id, _at(marks, end_us)[2] - _at(marks, from_us)[2]))
    shares = []
    for start_us in range(from_us, end_us, MINUTE_US):
        worst = 0.0
        for slo in scenario.slos:
            marks = outcome.series.get(slo.id, ())
            before, after = _at(marks, start_us), _at(marks, min(start_us + MINUTE_US, end_us))
            offered = after[1] - before[1]
            worst = max(worst, (after[2] - before[2]) / offered if offered else 0.0)
        shares.append(worst)
    calm_us = burn_curve(outcome.series, scenario).calm_from_us(from_us)
    return Future(
        bad=tuple(bad), shares=tuple(shares), cost_microdollars=outcome.cost_microdollars,
        calm_us=calm_us if calm_us is not None and calm_us <= end_us else None,
    )  # fmt: skip


def two_futures(before: Future, now: Future, from_us: int) -> Section:
    """Return the comparison as a section of a debrief."""
    lines = [Line(text=f"You took over at {format_clock(from_us)}; until then both are the same.")]
    for (slo, was), (_, is_now) in zip(before.bad, now.bad, strict=True):
        text = f"Bad requests of {slo} from then on: {was:,} before, {is_now:,} now{_change(was, is_now)}."
        lines.append(Line(text=text))
    lines.append(Line(text=f"Users well again: {_time(before.calm_us)} before, {_time(now.calm_us)} now."))
    dollars = (now.cost_microdollars - before.cost_microdollars) / 1_000_000
    if round(dollars, 2):
        lines.append(Line(text=f"Cost: {'+' if dollars > 0 else '−'}${abs(dollars):,.2f} against before."))
    lines.append(Line(text=f"Bad share by minute, before: {bars(before.shares)}"))
    lines.append(Line(text=f"Bad share by minute, now:    {bars(now.shares)}"))
    return Section(title="Two futures", lines=tuple(lines))


def bars(shares: Sequence[float]) -> str:
    """Return one bar a share; any bad request at all shows."""
    steps = len(BARS) - 1
    return "".join(BARS[0 if share <= 0 else max(1, min(steps, round(share * steps)))] for share in shares)


def _at(marks: Sequence[Mark], t_us: int) -> Mark:
    """Return the last mark at or before a time; nothing offered before the first."""
    i = bisect_right([mark[0] for mark in marks], t_us) - 1
    return marks[i] if i >= 0 else (t_us, 0, 0)


def _change(was: int, is_now: int) -> str:
    if was == is_now:
        return ", the same"
    if not was:
        return ""
    percent = round(100 * (is_now - was) / was)
    return f" ({'+' if percent > 0 else '−'}{abs(percent)} %)" if percent else ""


def _time(t_us: int | None) -> str:
    return "not by the end" if t_us is None else format_clock(t_us)
