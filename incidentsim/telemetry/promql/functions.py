"""Functions of instant vectors and scalars, by name; each builder takes its compiled arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isnan

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import NAN, Labels, without_name
from incidentsim.telemetry.promql.arithmetic import ceil, divide, floor
from incidentsim.telemetry.promql.regex import compile_anchored
from incidentsim.telemetry.promql.values import Instant, ScalarPlan, TextPlan, Vector, VectorPlan

_INF = float("inf")

ScalarFn = Callable[[Instant], float]

_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})", re.ASCII)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


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
        return [
            (without_name(labels), divide(floor(value * inverse + 0.5), inverse)) for labels, value in rows
        ]

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


def in_order(vector: VectorPlan, *, descending: bool) -> VectorPlan:
    """Compile `sort` and `sort_desc`; NaN comes last, ties keep series order."""
    sign = -1.0 if descending else 1.0
    return VectorPlan(lambda at: sorted(vector.run(at), key=lambda row: (isnan(row[1]), sign * row[1])))


def label_replace(
    vector: VectorPlan, target: TextPlan, template: TextPlan, source: TextPlan, pattern: TextPlan
) -> VectorPlan:
    """Compile `label_replace`: where the anchored pattern matches, set the target label; empty removes it."""
    regex = compile_anchored(pattern.text)
    name = target.text
    if not _LABEL.fullmatch(name):
        raise QueryError(f"label_replace: {name!r} is not a valid label name")

    def expanded(match: re.Match[str]) -> str:
        def group(reference: re.Match[str]) -> str:
            key = reference[1] or reference[2]
            if key is None:
                return "$"
            try:
                return match[int(key) if key.isdecimal() else key] or ""
            except IndexError:
                return ""

        return _REFERENCE.sub(group, template.text)

    def run(at: Instant) -> Vector:
        out: Vector = []
        for labels, value in vector.run(at):
            named = dict(labels)
            match = regex.fullmatch(named.get(source.text, ""))
            if match is not None:
                named.pop(name, None)
                if new := expanded(match):
                    named[name] = new
                labels = tuple(sorted(named.items()))
            out.append((labels, value))
        check_unique(out)
        return out

    return VectorPlan(run)


def check_unique(vector: Vector) -> None:
    """Raise QueryError when two elements have the same labels, as Prometheus does."""
    seen: dict[Labels, None] = {}
    for labels, _ in vector:
        if labels in seen:
            raise QueryError(
                f"two results have the same labels {dict(labels)}; aggregate them, or select one metric name"
            )
        seen[labels] = None


VALUE_FUNCTIONS: dict[str, Callable[[float], float]] = {"abs": abs, "ceil": ceil, "floor": floor}
"""Functions that map each value on its own."""
