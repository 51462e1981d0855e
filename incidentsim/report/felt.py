"""What users felt, from cumulative counts every 10 s: burn rates over time, and counts between two moments.

Called by the summary and the chart. Burn is the share of bad requests over the last minute divided by the
share that the objective allows, as in `scoring.burn`; 1 is just sustainable.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from incidentsim.scenario.model import Scenario
from incidentsim.scenario.parts import Slo
from incidentsim.scoring.burn import WINDOW_US
from incidentsim.scoring.protocol import MARK_US, Mark
from incidentsim.transcript.model import Record

_PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """One objective over a stretch of time: requests offered, bad ones, worst burn and when, time spent above 1."""

    slo: Slo
    offered: int
    bad: int
    worst: float
    worst_us: int
    over_us: int


def burn_points(marks: Sequence[Mark], slo: Slo) -> tuple[tuple[int, float | None], ...]:
    """Return (µs, burn) at every mark; None where the last minute had no request."""
    times = [mark[0] for mark in marks]
    allowed_ppm = _PPM - slo.objective
    points: list[tuple[int, float | None]] = []
    for t_us, offered, bad in marks:
        before = _at(marks, times, t_us - WINDOW_US)
        requests, bad_requests = offered - before[1], bad - before[2]
        known = requests > 0 and allowed_ppm > 0
        points.append((t_us, bad_requests * _PPM / (requests * allowed_ppm) if known else None))
    return tuple(points)


def felt_between(series: Mapping[str, Sequence[Mark]], scenario: Scenario, start_us: int, end_us: int) -> list[Felt]:
    """Return what users felt of each objective in (start, end]; objectives without requests are left out."""
    out: list[Felt] = []
    for slo in scenario.slos:
        marks = series.get(slo.id, ())
        times = [mark[0] for mark in marks]
        first, last = _at(marks, times, start_us), _at(marks, times, end_us)
        if last[1] <= first[1]:
            continue
        inside = [(t, burn) for t, burn in burn_points(marks, slo) if start_us < t <= end_us and burn is not None]
        worst_us, worst = max(inside, key=lambda point: point[1], default=(start_us, 0.0))
        over = len([1 for _, burn in inside if burn > 1])
        out.append(Felt(slo=slo, offered=last[1] - first[1], bad=last[2] - first[2], worst=worst,
                        worst_us=worst_us, over_us=over * MARK_US))  # fmt: skip
    return out


def by_tenant(records: Sequence[Record], start_us: int, end_us: int) -> dict[str, dict[str, tuple[int, int]]]:
    """Return (offered, bad) in (start, end] of each objective and tenant, by stable ids."""
    first: dict[str, list[int]] = {}
    last: dict[str, list[int]] = {}
    for record in records:
        if record.type != "checkpoint" or record.t_us > end_us:
            continue
        last = record.body.get("sli", {})
        if record.t_us <= start_us:
            first = last
    out: dict[str, dict[str, tuple[int, int]]] = {}
    for key, (offered, bad) in sorted(last.items()):
        slo, _, tenant = key.partition("/")
        before = first.get(key, [0, 0])
        out.setdefault(slo, {})[tenant] = (int(offered) - int(before[0]), int(bad) - int(before[1]))
    return out


def value_at(points: Sequence[tuple[int, float | None]], t_us: int) -> float | None:
    """Return the last value at or before `t_us`."""
    place = bisect_right([t for t, _ in points], t_us) - 1
    return points[place][1] if place >= 0 else None


def _at(marks: Sequence[Mark], times: Sequence[int], t_us: int) -> Mark:
    place = bisect_right(times, t_us) - 1
    return marks[place] if place >= 0 else (t_us, 0, 0)
