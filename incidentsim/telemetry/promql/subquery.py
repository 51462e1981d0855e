"""Subqueries: an instant expression evaluated at regular steps, read as a range."""

from __future__ import annotations

from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import Labels, without_name
from incidentsim.telemetry.promql.values import Instant, Shift, VectorPlan, Window

_DEFAULT_STEP_US: Final = 15_000_000
"""Step of `[5m:]`: the default evaluation interval of alert rules."""

_MOST_STEPS: Final = 1_000
"""Evaluations in one subquery; more would stall the session that asks."""


class Subquery:
    """`expr[range:step]`: evaluated at every multiple of the step in (t - range, t]."""

    __slots__ = ("inner", "range_us", "shift", "step_us")

    def __init__(self, inner: VectorPlan, range_us: int, step_us: int | None, shift: Shift) -> None:
        self.inner = inner
        self.range_us = range_us
        self.step_us = step_us or _DEFAULT_STEP_US
        self.shift = shift
        if range_us // self.step_us > _MOST_STEPS:
            raise QueryError(f"a subquery may have at most {_MOST_STEPS} steps; use a longer step")

    def bounds(self, at: Instant) -> tuple[int, int]:
        """Return start (exclusive) and end (inclusive) of the interval."""
        end = self.shift.of(at)
        return end - self.range_us, end

    def windows(self, at: Instant) -> list[Window]:
        """Return the windows that hold at least one sample."""
        start, end = self.bounds(at)
        columns: dict[Labels, tuple[list[int], list[float]]] = {}
        for t_us in range((start // self.step_us + 1) * self.step_us, end + 1, self.step_us):
            for labels, value in self.inner.run(at.moved(t_us)):
                times, values = columns.setdefault(labels, ([], []))
                times.append(t_us)
                values.append(value)
        return [Window(labels, without_name(labels), *column) for labels, column in columns.items()]
