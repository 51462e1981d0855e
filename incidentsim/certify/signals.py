"""When the evidence of a root cause first shows: the incident beside a world that has its decoys and not its causes.

Called by `runs` for certificates. Both worlds share seed, cast and draws, so that before the incident they are the same
to the bit. An item of evidence shows

- `metric:`: when a curve of it has been outside the range of the other world's curve, widened on both sides by a
  quarter of it (by a twentieth of the value where the range is a point), for 30 s, or is there for 30 s where the other
  world has none, or the other way round. Counters are taken as rates over a minute, histograms as their rate and their
  mean over a minute, per series, or summed by the label that the evidence names. The first sixth of the prelude and the
  minute after it are warm-up.
- `logs:`: with the first line of a kind (level and message, numbers left out) that the other world's service never
  writes, or with the minute in which there are ten or more lines of a kind and more than three times as many as in the
  other world's busiest minute.
- `change:`: when it is in the change log. `ask:`: after the time that the team-mate takes to come and to answer.
- `inspect:` and `trace`: as soon as the cause's fault is there. `runbook:`: at once.

No time is before T+0, when the person on call comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from incidentsim.certify.courses import MINUTE_US, Watched
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.evidence import metric_family, parse_signal
from incidentsim.scenario.healthy import healthy_twin
from incidentsim.scenario.load import with_own_digest
from incidentsim.scenario.model import RootCause, Scenario, TimelineEntry
from incidentsim.telemetry.logs import LogStore
from incidentsim.telemetry.store import Series, SeriesStore

HOLD_US = 30_000_000
"""A curve must stay outside for so long: two or more scrapes, and what a person takes for more than a twitch."""

WIDER = 0.25
"""Share of the other world's range by which it is widened on both sides: its own next hour would go as far."""

POINT = 0.05
"""Where the other world's curve never moves, this share of its value is left on both sides."""

MORE_LINES = 3
"""A kind of line is clearly more frequent from so many times the other world's busiest minute."""

LEAST_LINES = 10
"""Fewer lines of a kind in a minute show nothing by their number."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")

Point = tuple[int, float]
Curves = dict[tuple[str, ...], list[Point]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a curve did in the other world: its extent."""

    low: float
    high: float

    def outside(self, value: float) -> bool:
        """Return whether a value lies clearly outside."""
        room = WIDER * (self.high - self.low) or POINT * abs(self.high)
        return value < self.low - room or value > self.high + room


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What the other world showed of the items that are asked for: it need not be kept itself."""

    metrics: Mapping[str, Mapping[tuple[str, ...], Range]]
    kinds: Mapping[str, Mapping[tuple[str, str], int]]
    """Service -> kind of line -> lines in its busiest minute."""


def decoy_faults(scenario: Scenario) -> tuple[TimelineEntry, ...]:
    """Return the planted faults beside the point: their place is in no cause's chain and not in the causal graph."""
    own = {place for edge in scenario.causal_graph for place in edge}
    for cause in scenario.root_causes:
        own |= {cause.component, *(component for component, _ in cause.aliases)}
        own |= {place for edge in cause.chain for place in edge}
    changes = {item.partition(":")[2] for cause in scenario.root_causes for wanted in cause.evidence for item in wanted}
    return tuple(
        entry for entry in scenario.timeline
        if entry.fault is not None and entry.when is None and entry.fault.component not in own
        and entry.fault.with_change not in changes - {""}
    )  # fmt: skip


def decoy_world(scenario: Scenario) -> Scenario:
    """Return the healthy twin with the scenario's decoys in it: changes without effect, and faults beside the point."""
    twin, decoys = healthy_twin(scenario), decoy_faults(scenario)
    if not decoys:
        return twin
    return with_own_digest(twin.model_copy(update={"timeline": (*twin.timeline, *decoys)}))


def evidence_items(scenario: Scenario) -> tuple[str, ...]:
    """Return every item of evidence, each once."""
    return tuple(dict.fromkeys(i for cause in scenario.root_causes for wanted in cause.evidence for i in wanted))


def usual(watched: Watched, items: Iterable[str], cast: Cast) -> Usual:
    """Return what the world of the decoys shows of `items`."""
    metrics: dict[str, Mapping[tuple[str, ...], Range]] = {}
    kinds: dict[str, Mapping[tuple[str, str], int]] = {}
    for item in items:
        signal = parse_signal(item)
        if signal.kind == "metric":
            curves = _curves(watched.world.metrics, signal.name, signal.label, _from_us(watched.scenario))
            metrics[item] = {
                key: Range(low=min(v for _, v in points), high=max(v for _, v in points))
                for key, points in curves.items() if points
            }  # fmt: skip
        elif signal.kind == "logs":
            kinds[item] = _busiest(watched.world.logs, cast.shown(signal.name))
    return Usual(metrics=metrics, kinds=kinds)


def first_shown(
    watched: Watched, cause: RootCause, items: Iterable[str], known: Usual, cast: Cast
) -> dict[str, int | None]:
    """Return item -> when it first shows the cause, in µs from T+0; None when it never does."""
    scenario, world = watched.scenario, watched.world
    begun_us = max(0, _begins_us(scenario, cause))
    changes = {entry.id: entry.t_us for entry in world.changes()}
    found: dict[str, int | None] = {}
    for item in items:
        signal = parse_signal(item)
        at: int | None
        match signal.kind:
            case "metric":
                curves = _curves(world.metrics, signal.name, signal.label, _from_us(scenario))
                at = _differs(curves, known.metrics[item])
            case "logs":
                at = _new_line(world.logs, cast.shown(signal.name), known.kinds[item], _from_us(scenario))
            case "change":
                at = changes.get(signal.name)
            case "ask":
                mates = [mate for mate in scenario.team if mate.role == signal.name]
                at = min((mate.arrives_in + mate.answers_in for mate in mates), default=None)
            case "runbook":
                at = 0
            case _:
                at = begun_us
        found[item] = None if at is None else max(0, at)
    return found


def complete_at(wanted: Sequence[str], shown: Mapping[str, int | None]) -> int | None:
    """Return when the last signal of a set shows; None when one never does."""
    times = [shown[item] for item in wanted]
    known = [t_us for t_us in times if t_us is not None]
    return max(known) if len(known) == len(times) else None


def measured(wanted: Sequence[str]) -> bool:
    """Return whether a set holds a metric or a log, whose time is measured."""
    return any(item.startswith(("metric:", "logs:")) for item in wanted)


def _from_us(scenario: Scenario) -> int:
    """Return when warm-up is over."""
    return -scenario.prelude + scenario.prelude // 6 + MINUTE_US


def _begins_us(scenario: Scenario, cause: RootCause) -> int:
    """Return when the cause's fault is planted; T+0 for one that was always there."""
    names = {(cause.component, cause.fault), *cause.aliases}
    times = [e.at for e in scenario.timeline if e.fault is not None and (e.fault.component, e.fault.kind) in names]
    return min(times, default=0)


def _curves(store: SeriesStore, name: str, label: str, from_us: int) -> Curves:
    """Return the curves of a metric: key -> points from `from_us` on."""
    spec = metric_family(name)
    kind = spec.type if spec is not None else "gauge"
    family = spec.name if spec is not None else name
    by = "" if label == "le" else label
    if kind == "histogram":
        counts = _rates(_grouped(store.series(f"{family}_count"), by))
        sums = _rates(_grouped(store.series(f"{family}_sum"), by))
        curves = {("rate", *key): points for key, points in counts.items()}
        for key, points in counts.items():
            total = dict(sums.get(key, ()))
            curves["mean", *key] = [(t, total[t] / rate) for t, rate in points if rate > 0 and t in total]
    elif kind == "counter":
        curves = _rates(_grouped(store.series(family), by))
    else:
        curves = _grouped(store.series(family), by, mean=True)
    return {key: [point for point in points if point[0] >= from_us] for key, points in curves.items()}


def _grouped(series: Sequence[Series], by: str, *, mean: bool = False) -> Curves:
    """Return the series, each by its labels, or added up (or averaged) by the values of one label."""
    sums: dict[tuple[str, ...], dict[int, tuple[float, int]]] = {}
    for one in series:
        labels = dict(one.bare)
        key = (labels.get(by, ""),) if by else tuple(f"{k}={v}" for k, v in one.bare)
        points = sums.setdefault(key, {})
        for place, value in enumerate(one.values):
            if not isnan(value):
                t_us = one.times[one.first + place]
                total, count = points.get(t_us, (0.0, 0))
                points[t_us] = (total + value, count + 1)
    return {
        key: [(t, total / count if mean else total) for t, (total, count) in sorted(points.items())]
        for key, points in sums.items()
    }


def _rates(curves: Curves) -> Curves:
    """Return increases per second over the last minute; a fall (a restart) gives no point."""
    out: Curves = {}
    for key, points in curves.items():
        rates: list[Point] = []
        back = 0
        for t_us, value in points:
            while back + 1 < len(points) and points[back + 1][0] <= t_us - MINUTE_US:
                back += 1
            then_us, before = points[back]
            if t_us - then_us >= MINUTE_US and value >= before:
                rates.append((t_us, (value - before) * 1_000_000 / (t_us - then_us)))
        out[key] = rates
    return out


def _differs(curves: Curves, known: Mapping[tuple[str, ...], Range]) -> int | None:
    """Return when a curve has clearly left the other world's for HOLD_US, or came or went where that has none."""
    times = [
        at for key, points in curves.items()
        if (at := _held_since(points, known.get(key))) is not None
    ]  # fmt: skip
    last = max((points[-1][0] for points in curves.values() if points), default=None)
    if last is not None:
        gone = [curves[key][-1][0] if curves.get(key) else 0 for key in known]
        times += [end + HOLD_US for end in gone if end + HOLD_US < last]
    return min(times, default=None)


def _held_since(points: Sequence[Point], known: Range | None) -> int | None:
    start: int | None = None
    for t_us, value in points:
        if known is not None and not known.outside(value):
            start = None
        elif start is None:
            start = t_us
        elif t_us - start >= HOLD_US:
            return t_us
    return None


def _lines(logs: LogStore, service: str) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield time and kind of every line of a service that is kept."""
    masked: dict[str, str] = {}
    for index in range(logs.first_index, logs.next_index):
        record = logs.get(index)
        if record is not None and record.service == service:
            message = record.message
            kind = masked.get(message)
            if kind is None:
                kind = masked[message] = _NUMBER.sub("#", message)
            yield record.t_us, (record.level, kind)


def _busiest(logs: LogStore, service: str) -> dict[tuple[str, str], int]:
    counts: dict[tuple[tuple[str, str], int], int] = {}
    most: dict[tuple[str, str], int] = {}
    for t_us, kind in _lines(logs, service):
        slot = (kind, t_us // MINUTE_US)
        counts[slot] = counts.get(slot, 0) + 1
        most[kind] = max(most.get(kind, 0), counts[slot])
    return most


def _new_line(logs: LogStore, service: str, known: Mapping[tuple[str, str], int], from_us: int) -> int | None:
    counts: dict[tuple[tuple[str, str], int], int] = {}
    times = []
    for t_us, kind in _lines(logs, service):
        if t_us < from_us:
            continue
        slot = (kind, t_us // MINUTE_US)
        counts[slot] = counts.get(slot, 0) + 1
        if kind not in known or counts[slot] >= max(LEAST_LINES, MORE_LINES * known[kind] + 1):
            times.append(t_us)
            break
    return min(times, default=None)
