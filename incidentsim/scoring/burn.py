"""Error-budget burn of a run, from cumulative counts every 10 s.

Called by `timeline`, `communication` and `baseline`. Burn is the share of bad requests over the last minute,
divided by the share the objective allows: below 1 the budget lasts. All comparisons are between integers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.numbers import whole_total
from incidentsim.scoring.protocol import Mark, Outcome
from incidentsim.transcript.model import Record

WINDOW_US = 60_000_000
"""Burn is taken over the last 60 s: six marks, enough requests to be stable at a few a second."""

RECURRENCE_US = 300_000_000
"""Shortest stretch of the hidden run-on over which harm counts as come back: half of it."""

SUSTAINED_US = 120_000_000
"""How long burn must stay below 1 before users count as helped: 120 s (scoring.md §2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnCurve:
    """Whether any objective burned faster than allowed, at each mark: `over` (bad share above the allowed
    one)."""

    times_us: tuple[int, ...]
    over: tuple[bool, ...]

    def burning(self, t_us: int) -> bool:
        """Return whether the last mark at or before `t_us` burned faster than allowed."""
        i = bisect_right(self.times_us, t_us) - 1
        return i >= 0 and self.over[i]

    def onset_us(self) -> int | None:
        """Return the first mark with burn above 1, None when there is none."""
        for t_us, over in zip(self.times_us, self.over, strict=True):
            if over:
                return t_us
        return None

    def calm_from_us(self, start_us: int) -> int | None:
        """Return the first mark at or after `start_us` from which burn stays at or below 1 for 120 s.

        None when there is none, or the curve ends before the 120 s are over.
        """
        since: int | None = None
        for t_us, over in zip(self.times_us, self.over, strict=True):
            if t_us < start_us or over:
                since = None
                continue
            since = t_us if since is None else since
            if t_us - since >= SUSTAINED_US:
                return since
        return None


def burn_curve(series: Mapping[str, Sequence[Mark]], scenario: Scenario) -> BurnCurve:
    """Return the curve over all objectives of the scenario that `series` has."""
    over: dict[int, bool] = {}
    for slo in scenario.slos:
        marks = series.get(slo.id, ())
        times = [mark[0] for mark in marks]
        for t_us, offered, bad in marks:
            start = bisect_right(times, t_us - WINDOW_US) - 1
            before = marks[start] if start >= 0 else (0, 0, 0)
            requests, bad_requests = offered - before[1], bad - before[2]
            hot = bad_requests * 1_000_000 > requests * (1_000_000 - slo.objective)
            over[t_us] = over.get(t_us, False) or hot
    times_us = tuple(sorted(over))
    return BurnCurve(times_us=times_us, over=tuple(over[t] for t in times_us))


def overspent(series: Mapping[str, Sequence[Mark]], scenario: Scenario, start_us: int, end_us: int) -> bool:
    """Return whether, in some RECURRENCE_US between two times, any objective had more bad requests than it allows.

    Of a shorter stretch the whole counts. A minute of a healthy system may burn a little faster than allowed.
    """
    for slo in scenario.slos:
        marks = [mark for mark in series.get(slo.id, ()) if start_us <= mark[0] <= end_us]
        for i, (t_us, offered, bad) in enumerate(marks):
            since = max((m for m in marks[:i] if m[0] <= t_us - RECURRENCE_US), default=None)
            if since is None and t_us == marks[-1][0] and t_us - marks[0][0] < RECURRENCE_US:
                since = marks[0]
            if since is None:
                continue
            requests, bad_requests = offered - since[1], bad - since[2]
            if bad_requests * 1_000_000 > requests * (1_000_000 - slo.objective):
                return True
    return False


def recorded_series(records: Sequence[Record]) -> dict[str, tuple[Mark, ...]]:
    """Return the marks of each objective from a transcript's checkpoints, summed over tenants."""
    marks: dict[str, list[Mark]] = {}
    for r in records:
        if r.type != "checkpoint":
            continue
        totals: dict[str, tuple[int, int]] = {}
        for key, (offered, bad) in sorted(r.body.get("sli", {}).items()):
            slo = key.partition("/")[0]
            so_far = totals.get(slo, (0, 0))
            totals[slo] = (so_far[0] + int(offered), so_far[1] + int(bad))
        for slo, (offered, bad) in totals.items():
            marks.setdefault(slo, []).append((r.t_us, offered, bad))
    return {slo: tuple(points) for slo, points in marks.items()}


def agrees(outcome: Outcome, recorded: Mapping[str, Sequence[Mark]]) -> bool:
    """Return whether a re-simulation equals the recording at every recorded mark that it has, too."""
    for slo, marks in sorted(recorded.items()):
        run = {t_us: (offered, bad) for t_us, offered, bad in outcome.series.get(slo, ())}
        for t_us, offered, bad in marks:
            if run.get(t_us, (offered, bad)) != (offered, bad):
                return False
    return True


def bad_by_slo(outcome: Outcome, scenario: Scenario) -> tuple[tuple[str, int], ...]:
    """Return the bad requests of each objective over all tenants, in the scenario's order."""
    return tuple(
        (slo.id, whole_total(bad for key, (_, bad) in outcome.sli.items() if key.partition("/")[0] == slo.id))
        for slo in scenario.slos
    )


def bad_saved_between(before: Outcome, after: Outcome, scenario: Scenario) -> tuple[tuple[str, int], ...]:
    """Return the bad requests of each objective that `after` has fewer than `before`."""
    rest = dict(bad_by_slo(after, scenario))
    return tuple((slo, bad - rest[slo]) for slo, bad in bad_by_slo(before, scenario))
