"""The query engine: parse once, evaluate at an instant or over a range."""

from __future__ import annotations

import difflib
from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import Labels
from incidentsim.telemetry.promql.compile import compile_text, metric_names
from incidentsim.telemetry.promql.functions import check_unique
from incidentsim.telemetry.promql.values import Instant, RangeSeries, Sample, ScalarPlan, Vector, VectorPlan
from incidentsim.telemetry.store import SeriesStore

LOOKBACK_US: Final = 300_000_000
"""How old a sample may be and still count as the present value: five minutes, Prometheus' default."""

_MOST_STEPS: Final = 11_000
"""Points per series in one range query (Prometheus' own limit)."""

_MOST_PLANS: Final = 500
"""Plans kept; a person types a few dozen queries, rules and tiles are a few dozen more."""


class PromQL:
    """Evaluates PromQL over a store, as Prometheus 3 does: ranges and lookback exclude their left end.

    Plans are kept by their text. `time()` is scenario seconds since T+0. Raises QueryError for a query that
    can't be parsed, is not supported, or matches ambiguously.
    """

    def __init__(self, *, lookback_us: int = LOOKBACK_US) -> None:
        self.lookback_us = lookback_us
        self._plans: dict[str, ScalarPlan | VectorPlan] = {}

    def check(self, expr: str) -> None:
        """Raise QueryError when `expr` can't be evaluated, whatever the data."""
        self._plan(expr)

    def vector(self, store: SeriesStore, expr: str, t_us: int) -> Vector:
        """Return the result as (labels, value) rows in series order; a scalar is one row without labels."""
        return self._run(self._plan(expr), Instant(store, t_us, self.lookback_us, t_us, t_us))

    @staticmethod
    def _run(plan: ScalarPlan | VectorPlan, at: Instant) -> Vector:
        if isinstance(plan, ScalarPlan):
            return [((), plan.run(at))]
        rows = plan.run(at)
        check_unique(rows)
        return rows

    def instant(self, store: SeriesStore, expr: str, t_us: int) -> list[Sample]:
        """Evaluate `expr` at one moment."""
        return [Sample(labels=dict(labels), value=value) for labels, value in self.vector(store, expr, t_us)]

    def range(self, store: SeriesStore, expr: str, start_us: int, end_us: int, step_us: int) -> list[RangeSeries]:
        """Evaluate `expr` at start, start + step, ... up to end; series come sorted by their labels."""
        if step_us <= 0:
            raise QueryError("the step of a range query must be positive")
        if (end_us - start_us) // step_us >= _MOST_STEPS:
            raise QueryError(f"a range query may have at most {_MOST_STEPS} points; use a longer step")
        plan = self._plan(expr)
        curves: dict[Labels, list[tuple[int, float]]] = {}
        for t_us in range(start_us, end_us + 1, step_us):
            for labels, value in self._run(plan, Instant(store, t_us, self.lookback_us, start_us, end_us)):
                points = curves.get(labels)
                if points is None:
                    curves[labels] = [(t_us, value)]
                else:
                    points.append((t_us, value))
        return [RangeSeries(labels=dict(labels), points=tuple(curves[labels])) for labels in sorted(curves)]

    def _plan(self, expr: str) -> ScalarPlan | VectorPlan:
        plan = self._plans.get(expr)
        if plan is None:
            plan = compile_text(expr)
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[expr] = plan
        return plan


def unknown_metrics(expr: str, store: SeriesStore) -> list[tuple[str, str]]:
    """Return (name, closest known name or "") of the metrics in `expr` that the store has never seen.

    An unknown metric is no error, in Prometheus as here: the result is empty. This tells a person why.
    """
    known = store.names()
    known_set = dict.fromkeys(known)
    unknown = [name for name in metric_names(expr) if name not in known_set]
    closest = [(difflib.get_close_matches(name, known, n=1) or [""])[0] for name in unknown]
    return list(zip(unknown, closest, strict=True))
