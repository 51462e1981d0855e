"""Functions of instant vectors and scalars, by name; each builder takes its compiled arguments."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import NAN, Labels, without_name
from incidentsim.telemetry.promql.arithmetic import (
    ceil,
    divide,
    exponential,
    floor,
    log2,
    log10,
    logarithm,
    root,
    sign,
)
from incidentsim.telemetry.promql.values import Instant, ScalarPlan, Vector, VectorPlan

PI: Final = 3.141592653589793

ScalarFn = Callable[[Instant], float]


def mapped(vector: VectorPlan, function: Callable[[float], float]) -> VectorPlan:
    """Compile a function of each value; the metric name goes."""
    evaluate = vector.run
    return VectorPlan(lambda at: [(without_name(labels), function(value)) for labels, value in evaluate(at)])


def clamp(vector: VectorPlan, low: ScalarFn, high: ScalarFn) -> VectorPlan:
    """Compile `clamp` and its one-sided forms; nothing comes out when the bounds cross."""

    def run(at: Instant) -> Vector:
        least, most = low(at), high(at)
        if least > most:
            return []
        if isnan(least) or isnan(most):
            return [(without_name(labels), NAN) for labels, _ in vector.run(at)]
        # a NaN value fails both comparisons and stays
        return [
            (without_name(labels), least if value < least else most if value > most else value)
            for labels, value in vector.run(at)
        ]

    return VectorPlan(run)


def rounded(vector: VectorPlan, nearest: ScalarFn) -> VectorPlan:
    """Compile `round`: to the nearest multiple, ties upwards."""

    def run(at: Instant) -> Vector:
        inverse = divide(1.0, nearest(at))
        rows = vector.run(at)
        return [(without_name(labels), divide(floor(value * inverse + 0.5), inverse)) for labels, value in rows]

    return VectorPlan(run)


def scalar(vector: VectorPlan) -> ScalarPlan:
    """Compile `scalar`: the value of a vector with one element, else NaN."""

    def run(at: Instant) -> float:
        rows = vector.run(at)
        return rows[0][1] if len(rows) == 1 else NAN

    return ScalarPlan(run)


def absent(vector: VectorPlan) -> VectorPlan:
    """Compile `absent`: 1 with the labels asked for when the vector is empty, else nothing."""
    return VectorPlan(lambda at: [] if vector.run(at) else [(vector.equalities, 1.0)])


def timestamp(vector: VectorPlan) -> VectorPlan:
    """Compile `timestamp`: when a selector's samples were taken; anything computed is of this moment."""
    stamps = vector.stamps
    if stamps is not None:
        return VectorPlan(lambda at: [(without_name(labels), seconds) for labels, seconds in stamps(at)])
    return VectorPlan(lambda at: [(without_name(labels), at.t_us / 1_000_000) for labels, _ in vector.run(at)])


def in_order(vector: VectorPlan, *, descending: bool) -> VectorPlan:
    """Compile `sort` and `sort_desc`; NaN comes last, ties keep series order."""
    sign = -1.0 if descending else 1.0
    return VectorPlan(lambda at: sorted(vector.run(at), key=lambda row: (isnan(row[1]), sign * row[1])))


def check_unique(vector: Vector) -> None:
    """Raise QueryError when two elements have the same labels, as Prometheus does."""
    seen: dict[Labels, None] = {}
    for labels, _ in vector:
        if labels in seen:
            raise QueryError(
                f"two results have the same labels {dict(labels)}; aggregate them, or select one metric name"
            )
        seen[labels] = None


VALUE_FUNCTIONS: Final[dict[str, Callable[[float], float]]] = {
    "abs": abs,
    "ceil": ceil,
    "deg": lambda value: value * 180 / PI,
    "exp": exponential,
    "floor": floor,
    "ln": logarithm,
    "log10": log10,
    "log2": log2,
    "rad": lambda value: value * PI / 180,
    "sgn": sign,
    "sqrt": root,
}
"""Functions that map each value on its own."""
