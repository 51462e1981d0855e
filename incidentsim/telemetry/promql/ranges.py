"""Changes over a range: `rate`, `increase` and `delta` with Prometheus' extrapolation, `irate` and `idelta`."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, Protocol

from incidentsim.telemetry.promql.selectors import RangeSelector
from incidentsim.telemetry.promql.values import Instant, Vector, VectorPlan, Window

_SECOND_US: Final = 1_000_000

CLOSE: Final = 1.1
"""A series is taken to reach the edge of the range when its first or last sample is nearer than this many
average sample distances (Prometheus, promql/functions.go: extrapolatedRate)."""


class RangeSource(Protocol):
    """A range selector or a subquery."""

    range_us: int

    def bounds(self, at: Instant) -> tuple[int, int]:
        """Return start (exclusive) and end (inclusive) of the interval."""
        ...

    def windows(self, at: Instant) -> list[Window]:
        """Return the windows that hold at least one sample."""
        ...


Edges = tuple[float, float, float, float, float]
"""In seconds: sampled, to extrapolate before and after, from the range's start to the first sample, and the
mean distance of samples. The last two are for comparison with other versions of Prometheus."""


def _edges(first_us: int, last_us: int, count: int, start_us: int, end_us: int) -> Edges:
    """Return what extrapolation needs to know of `count` >= 2 samples."""
    sampled = (last_us - first_us) / _SECOND_US
    average = sampled / (count - 1)
    reach, after = (first_us - start_us) / _SECOND_US, (end_us - last_us) / _SECOND_US
    threshold = average * CLOSE
    before = average / 2 if reach >= threshold else reach
    if after >= threshold:
        after = average / 2
    return sampled, before, after, reach, average


def extrapolated(change: float, first: float, edges: Edges, counter: bool, per_s: float) -> float:
    """Return the change scaled to the whole range; a counter is not extrapolated below zero."""
    sampled, before, after, _, _ = edges
    if counter and change > 0 and first >= 0:
        to_zero = sampled * (first / change)
        before = min(before, to_zero)
    return change * ((sampled + before + after) / sampled / per_s)


def _slow_change(window: Window, counter: bool) -> float:
    values = window.values
    change = values[-1] - values[0]
    if counter:
        previous = values[0]
        for value in values:
            if value < previous:
                change += previous
            previous = value
    return change


def extrapolating(source: RangeSource, *, counter: bool, rate: bool) -> VectorPlan:
    """Compile `rate` (counter, rate), `increase` (counter) or `delta` (neither)."""
    per_s = source.range_us / _SECOND_US if rate else 1.0

    def from_windows(at: Instant) -> Vector:
        start, end = source.bounds(at)
        out: Vector = []
        for window in source.windows(at):
            times = window.times
            if len(times) >= 2:
                edges = _edges(times[0], times[-1], len(times), start, end)
                change = _slow_change(window, counter)
                out.append((window.bare, extrapolated(change, window.values[0], edges, counter, per_s)))
        return out

    if not isinstance(source, RangeSelector):
        return VectorPlan(from_windows)
    selector = source.selector

    def from_columns(at: Instant) -> Vector:
        """The same without copying samples: ends of the window, and the falls in between."""
        store = at.store
        shared = store.times
        start, end = source.bounds(at)
        low, high = bisect_right(shared, start), bisect_right(shared, end) - 1
        known_low = known_high = -1
        edges = (0.0, 0.0, 0.0, 0.0, 0.0)
        out: Vector = []
        for series in selector.series(store):
            values = series.values
            size = len(values)
            if series.checked < size:
                series.scan()
            if series.times is not shared:
                return from_windows(at)
            offset = series.first
            a = low - offset if low > offset else 0
            b = high - offset
            if b >= size:
                b = size - 1
            if b <= a:
                continue
            if series.last_gap >= a:
                return from_windows(at)
            if a + offset != known_low or b + offset != known_high:
                known_low, known_high = a + offset, b + offset
                edges = _edges(shared[known_low], shared[known_high], b - a + 1, start, end)
            change = values[b] - values[a]
            if counter and series.resets:
                resets = series.resets
                for reset in resets[bisect_right(resets, a) : bisect_right(resets, b)]:
                    change += values[reset - 1]
            out.append((series.bare, extrapolated(change, values[a], edges, counter, per_s)))
        return out

    return VectorPlan(from_columns)


def last_two(source: RangeSource, *, counter: bool) -> VectorPlan:
    """Compile `irate` (counter: change per second) or `idelta` (change) of the last two samples."""

    def run(at: Instant) -> Vector:
        out: Vector = []
        for window in source.windows(at):
            if len(window.times) >= 2:
                previous, last = window.values[-2], window.values[-1]
                if counter:
                    change = last if last < previous else last - previous
                    seconds = (window.times[-1] - window.times[-2]) / _SECOND_US
                    out.append((window.bare, change / seconds))
                else:
                    out.append((window.bare, last - previous))
        return out

    return VectorPlan(run)
