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
    """The moment at which an expression is evaluated."""

    store: SeriesStore
    t_us: int
    lookback_us: int


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

    `equalities` are the labels that a plain selector asks for with `=`; only `absent` uses them.
    """

    run: Callable[[Instant], Vector]
    equalities: Labels = ()


@dataclass(frozen=True, slots=True)
class TextPlan:
    """A string literal; only functions take it."""

    text: str
