"""Selectors: which series, and which of their samples, an expression reads."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from math import isnan

from incidentsim.telemetry.labels import NAME, Labels
from incidentsim.telemetry.promql.regex import compile_anchored
from incidentsim.telemetry.promql.values import Instant, Shift, Vector, Window
from incidentsim.telemetry.store import Series, SeriesStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One label condition: `op` is =, !=, =~ or !~. A label that is absent counts as empty."""

    label: str
    op: str
    value: str
    regex: re.Pattern[str] | None = None

    @classmethod
    def make(cls, label: str, op: str, value: str) -> Matcher:
        """Return the matcher with its regex compiled. Raises QueryError for a bad regex."""
        regex = compile_anchored(value) if op.endswith("~") else None
        return cls(label=label, op=op, value=value, regex=regex)

    def holds(self, value: str) -> bool:
        """Return whether a label value satisfies the condition."""
        if self.regex is not None:
            return (self.regex.fullmatch(value) is not None) == (self.op == "=~")
        return (value == self.value) == (self.op == "=")


class Selector:
    """A set of series, kept between evaluations until the store has new ones.

    `name` is the metric name asked for with `=`, empty when there is none; then all names are tried.
    """

    __slots__ = ("_generation", "_selected", "_store", "matchers", "name", "shift")

    def __init__(self, name: str, matchers: tuple[Matcher, ...], shift: Shift) -> None:
        self.name = name
        self.matchers = matchers
        self.shift = shift
        self._store: SeriesStore | None = None
        self._generation = -1
        self._selected: list[Series] = []

    def series(self, store: SeriesStore) -> list[Series]:
        """Return the matching series in order of appearance; with an open name, name by name."""
        if self._store is store and self._generation == store.generation:
            return self._selected
        names = [self.name] if self.name else store.names()
        for matcher in self.matchers:
            if matcher.label == NAME:
                names = [name for name in names if matcher.holds(name)]
        rest = [matcher for matcher in self.matchers if matcher.label != NAME]
        chosen = []
        for name in names:
            for series in store.series(name):
                labels = dict(series.labels)
                if all(matcher.holds(labels.get(matcher.label, "")) for matcher in rest):
                    chosen.append(series)
        self._store, self._generation, self._selected = store, store.generation, chosen
        return chosen

    def equalities(self) -> Labels:
        """Return the labels that are asked for with `=` and by no other condition."""
        conditions: dict[str, list[Matcher]] = {}
        for matcher in self.matchers:
            conditions.setdefault(matcher.label, []).append(matcher)
        return tuple(
            sorted(
                (label, found[0].value)
                for label, found in conditions.items()
                if label != NAME and len(found) == 1 and found[0].op == "=" and found[0].value
            )
        )

    def instant(self, at: Instant) -> Vector:
        """Return each series' newest sample, unless it is stale or older than the lookback."""
        store = at.store
        t_us = self.shift.of(at)
        oldest = t_us - at.lookback_us
        shared = store.times
        last = bisect_right(shared, t_us) - 1
        fresh = last >= 0 and shared[last] > oldest
        out: Vector = []
        for series in self.series(store):
            values = series.values
            if series.times is shared:
                index = last - series.first
                if not fresh or index < 0 or index >= len(values):
                    continue
            else:
                index = bisect_right(series.times, t_us) - 1
                if index < 0 or series.times[index] <= oldest:
                    continue
            value = values[index]
            if value == value:  # noqa: PLR0124 - NaN test; isnan() costs more here
                out.append((series.labels, value))
        return out

    def stamps(self, at: Instant) -> Vector:
        """Return when each sample of `instant` was taken, in seconds, for every series that has one."""
        store = at.store
        t_us = self.shift.of(at)
        out: Vector = []
        for series in self.series(store):
            last = bisect_right(series.times, t_us) - 1
            index = min(last - series.first, len(series.values) - 1)
            if index < 0:
                continue
            taken = series.times[series.first + index]
            ended = series.times is store.times and index < last - series.first
            if not ended and taken > t_us - at.lookback_us and not isnan(series.values[index]):
                out.append((series.labels, taken / 1_000_000))
        return out


class RangeSelector:
    """The samples of a selector in the half-open interval (t - range, t]."""

    __slots__ = ("range_us", "selector")

    def __init__(self, selector: Selector, range_us: int) -> None:
        self.selector = selector
        self.range_us = range_us

    def bounds(self, at: Instant) -> tuple[int, int]:
        """Return start (exclusive) and end (inclusive) of the interval."""
        end = self.selector.shift.of(at)
        return end - self.range_us, end

    def windows(self, at: Instant) -> list[Window]:
        """Return the windows that hold at least one sample."""
        start, end = self.bounds(at)
        shared = at.store.times
        shared_low, shared_high = bisect_right(shared, start), bisect_right(shared, end)
        out: list[Window] = []
        for series in self.selector.series(at.store):
            times, values = series.times, series.values
            if times is shared:
                low, high = shared_low - series.first, shared_high - series.first
            else:
                low, high = bisect_right(times, start), bisect_right(times, end)
            low, high = max(low, 0), min(high, len(values))
            if low >= high:
                continue
            if series.checked < len(values):
                series.scan()
            window_times = times[low + series.first : high + series.first]
            window = values[low:high]
            if series.last_gap < low:
                out.append(Window(series.labels, series.bare, window_times, window))
                continue
            kept = [i for i, value in enumerate(window) if not isnan(value)]
            if kept:
                out.append(
                    Window(series.labels, series.bare, [window_times[i] for i in kept], [window[i] for i in kept])
                )
        return out
