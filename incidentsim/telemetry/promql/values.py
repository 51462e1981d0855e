"""The values that PromQL evaluation passes around, and what it returns to callers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from incidentsim.telemetry.labels import Labels
from incidentsim.telemetry.store import SeriesStore

Vector = list[tuple[Labels, float]]
"""An instant vector in series order: (labels with or without the metric name, value)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One element of an instant result. A scalar result is one sample without labels."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeSeries:
    """One curve of a range result: (scenario µs, value) in rising time, steps without a value left out."""

    labels: dict[str, str]
    points: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Instant:
    """The moment at which an expression is evaluated, within a query from `start_us` to `end_us`."""

    store: SeriesStore
    t_us: int
    lookback_us: int
    start_us: int
    end_us: int

    def moved(self, t_us: int) -> Instant:
        """Return another moment of the same query."""
        return Instant(self.store, t_us, self.lookback_us, self.start_us, self.end_us)


@dataclass(frozen=True, slots=True)
class Shift:
    """The modifiers `@` and `offset`. `anchor` is scenario µs, "start", "end", or None without an `@`."""

    offset_us: int = 0
    anchor: int | str | None = None

    def of(self, at: Instant) -> int:
        """Return the moment that a selector reads when its expression is evaluated at `at`."""
        if self.anchor is None:
            return at.t_us - self.offset_us
        if isinstance(self.anchor, int):
            return self.anchor - self.offset_us
        return (at.start_us if self.anchor == "start" else at.end_us) - self.offset_us


@dataclass(frozen=True, slots=True)
class Window:
    """The samples of one series in a range, at least one, without stale markers."""

    labels: Labels
    bare: Labels
    times: Sequence[int]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class ScalarPlan:
    """A compiled expression that gives one number."""

    run: Callable[[Instant], float]


@dataclass(frozen=True, slots=True)
class VectorPlan:
    """A compiled expression that gives an instant vector.

    Only plain selectors have the rest: `equalities` are the labels asked for with `=` (for `absent`), and
    `stamps` gives the samples' own times in seconds instead of their values (for `timestamp`).
    """

    run: Callable[[Instant], Vector]
    equalities: Labels = ()
    stamps: Callable[[Instant], Vector] | None = None


@dataclass(frozen=True, slots=True)
class TextPlan:
    """A string literal; only functions take it."""

    text: str
