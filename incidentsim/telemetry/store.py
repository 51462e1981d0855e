"""The reported layer: what scrapes saw, in columns, for queries, alert rules and metric-driven components.

The world scrapes into it; PromQL, alert rules, the autoscaler and the screens read it. All scraped series
share one list of scrape times, so a sample costs eight bytes. A series that a scrape did not see has ended
at that scrape (Prometheus' stale marker); a gap is filled with NaN if it comes back.
"""

from __future__ import annotations

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan
from operator import call

from incidentsim.telemetry.labels import NAN, Labels, format_series, make_labels, without_name
from incidentsim.telemetry.registry import Registry


class Series:
    """One column of samples: `values[i]` was taken at `times[first + i]`.

    `times` is the store's shared axis, or an own list for recorded series. NaN is a stale marker. `scan`
    fills `resets` (indexes into `values` at which it fell) and `last_gap` (index of the last NaN, or -1).
    """

    __slots__ = (
        "_previous",
        "bare",
        "checked",
        "first",
        "labels",
        "last_gap",
        "name",
        "resets",
        "times",
        "values",
    )

    def __init__(self, name: str, labels: Labels, times: list[int], first: int) -> None:
        self.name = name
        self.labels = labels
        self.bare = without_name(labels)
        self.times = times
        self.first = first
        self.values = array("d")
        self.resets = array("i")
        self.last_gap = -1
        self.checked = 0
        self._previous = float("-inf")

    def scan(self) -> None:
        """Look at the samples that came since the last scan, for falls and gaps."""
        values = self.values
        previous = self._previous
        for index in range(self.checked, len(values)):
            value = values[index]
            if value < previous:
                self.resets.append(index)
            if value == value:  # noqa: PLR0124 - NaN test; isnan() costs more here
                previous = value
            else:
                self.last_gap = index
        self._previous = previous
        self.checked = len(values)

    def forget(self) -> None:
        """Start scanning anew, after a sample was replaced."""
        self.resets = array("i")
        self.last_gap = -1
        self.checked = 0
        self._previous = float("-inf")


@dataclass(slots=True, kw_only=True)
class _Plan:
    """How to scrape one registry in one version: readers, the columns they fill, and the frame's packing."""

    registry: Registry
    version: int
    only: frozenset[str] | None
    collectors: list[Callable[[list[float]], None]]
    series: list[Series]
    appends: list[Callable[[float], None]]
    packing: struct.Struct


class SeriesStore:
    """All samples of one world, append only.

    `generation` rises when a series appears, so that a query can keep its selection. `samples` counts all that are
    kept, stale markers included. Times are scenario µs
    and must rise from scrape to scrape (ValueError otherwise).
    """

    def __init__(self) -> None:
        self.times: list[int] = []
        self.generation = 0
        self.samples = 0
        self._series: dict[Labels, Series] = {}
        self._by_name: dict[str, list[Series]] = {}
        self._plan: _Plan | None = None

    def scrape(self, t_us: int, registry: Registry, *, only: frozenset[str] | None = None) -> bytes:
        """Store one sample of every reachable series; return the frame for the telemetry digest.

        `only` restricts to metric families, for runs without telemetry: histograms of others forget what they are
        told. The frame holds the series that came
        and went since the last scrape, the time, and all values in order, little-endian.
        """
        if self.times and t_us <= self.times[-1]:
            raise ValueError(f"scrape at {t_us} µs is not after the last one at {self.times[-1]} µs")
        plan = self._plan
        changes = b""
        if plan is None or plan.version != registry.version or plan.registry is not registry or plan.only != only:
            plan, changes = self._replan(registry, only)
        values: list[float] = []
        for collect in plan.collectors:
            collect(values)
        for _ in map(call, plan.appends, values):
            pass
        self.times.append(t_us)
        self.samples += len(values)
        return len(changes).to_bytes(4, "little") + changes + plan.packing.pack(t_us, *values)

    def record(self, name: str, labels: Mapping[str, str], t_us: int, value: float) -> None:
        """Store a sample of a series that no target exposes (a rule's result, ALERTS); NaN ends it.

        Such a series has its own times, which may not fall; a second sample at one time replaces the first.
        """
        key = make_labels(labels, name)
        series = self._series.get(key) or self._create(name, key, [], 0)
        if series.times is self.times:
            raise ValueError(f"{format_series(key)} is scraped and can't be recorded as well")
        if series.times and t_us < series.times[-1]:
            raise ValueError(f"{format_series(key)} already has a sample after {t_us} µs")
        value = NAN if isnan(value) else value
        if series.times and t_us == series.times[-1]:
            series.values[-1] = value
            series.forget()
            return
        series.times.append(t_us)
        series.values.append(value)
        self.samples += 2  # its time is its own

    def latest(self, name: str, labels: Mapping[str, str]) -> float | None:
        """Return what the last scrape saw of a series, or None when it saw none."""
        series = self._series.get(make_labels(labels, name))
        if series is None or series.first + len(series.values) != len(series.times):
            return None
        value = series.values[-1]
        return None if isnan(value) else value

    def growth(self, name: str, labels: Mapping[str, str], over_us: int) -> float | None:
        """Return by how much a counter grew over the last `over_us` µs, as scraped; None when the last scrape saw none.

        After a reset it is what was counted since; where it is younger than `over_us`, since it came. A gap at the
        beginning is skipped.
        """
        last = self.latest(name, labels)
        if last is None:
            return None
        series = self._series[make_labels(labels, name)]
        index = max(bisect_left(self.times, self.times[-1] - over_us) - series.first, 0)
        while isnan(series.values[index]):  # ends at the last one, which is a number
            index += 1
        before = series.values[index]
        return last - before if before <= last else last

    def series(self, name: str) -> list[Series]:
        """Return the series called `name`, in order of appearance. Don't change the list."""
        return self._by_name.get(name, [])

    @property
    def count(self) -> int:
        """Return how many series there are."""
        return len(self._series)

    def names(self) -> list[str]:
        """Return every metric name seen, sorted."""
        return sorted(self._by_name)

    def label_names(self, name: str) -> list[str]:
        """Return the label names that series called `name` have, sorted."""
        seen = {key: None for series in self.series(name) for key, _ in series.bare}
        return sorted(seen)

    def label_values(self, label: str, name: str = "") -> list[str]:
        """Return the values of `label` over all series, or those called `name`, sorted."""
        pool = self.series(name) if name else list(self._series.values())
        return sorted({value: None for series in pool for key, value in series.labels if key == label})

    def sample_bytes(self) -> int:
        """Return the memory that the samples take, for the world's budget."""
        columns = (sys.getsizeof(s.values) + sys.getsizeof(s.resets) for s in self._series.values())
        total = 0
        for size in columns:
            total += size
        return total

    def _create(self, name: str, labels: Labels, times: list[int], first: int) -> Series:
        series = Series(name, labels, times, first)
        self._series[labels] = series
        self._by_name.setdefault(name, []).append(series)
        self.generation += 1
        return series

    def _column(self, name: str, labels: Labels) -> Series:
        """Return the scraped series, made or padded with stale markers so that its next value is now."""
        here = len(self.times)
        series = self._series.get(labels)
        if series is None:
            return self._create(name, labels, self.times, here)
        if series.times is not self.times:
            raise ValueError(f"{format_series(labels)} is recorded by a rule and can't be scraped as well")
        missing = here - series.first - len(series.values)
        series.values.extend([NAN] * missing)
        self.samples += missing
        return series

    def _replan(self, registry: Registry, only: frozenset[str] | None) -> tuple[_Plan, bytes]:
        before = self._plan.series if self._plan else []
        registry.listen(only)
        collectors: list[Callable[[list[float]], None]] = []
        series: list[Series] = []
        if only is None or "up" in only:
            ups = registry.up_series()
            series.extend(self._column(*key) for key, _ in ups)
            collectors.append(_constants([value for _, value in ups]))
        for entry in registry.reachable():
            if only is None or entry.family in only:
                collectors.append(entry.instrument.collect)
                series.extend(self._column(*key) for key in entry.series)
        plan = self._plan = _Plan(
            registry=registry,
            version=registry.version,
            only=only,
            collectors=collectors,
            series=series,
            appends=[s.values.append for s in series],
            packing=struct.Struct(f"<q{len(series)}d"),
        )
        old = {s.labels: None for s in before}
        new = {s.labels: None for s in series}
        lines = [f"-{format_series(labels)}" for labels in old if labels not in new]
        lines += [f"+{format_series(labels)}" for labels in new if labels not in old]
        return plan, "\n".join(lines).encode()


def _constants(values: list[float]) -> Callable[[list[float]], None]:
    def collect(out: list[float]) -> None:
        out.extend(values)

    return collect
