"""Aggregation operators with `by` and `without`; groups come out in the order they first appear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from typing import Final

from incidentsim.telemetry.labels import NAME, NAN, Labels
from incidentsim.telemetry.promql.arithmetic import fold, interpolated_quantile, number_text, root, variance
from incidentsim.telemetry.promql.values import Instant, Vector, VectorPlan


def _least(values: Sequence[float]) -> float:
    numbers = [value for value in values if not isnan(value)]
    return min(numbers) if numbers else NAN


def _greatest(values: Sequence[float]) -> float:
    numbers = [value for value in values if not isnan(value)]
    return max(numbers) if numbers else NAN


REDUCERS: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "sum": fold,
    "avg": lambda values: fold(values) / len(values),
    "min": _least,
    "max": _greatest,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
    "stddev": lambda values: root(variance(values)),
    "stdvar": variance,
}
"""What each plain aggregation makes of the values of one group."""

PARAMETRIC: Final = ("quantile", "topk", "bottomk")
"""Aggregations that take a number first."""

LABELLING: Final = ("count_values",)
"""Aggregations that take the name of a label first."""

AGGREGATIONS: Final = (*REDUCERS, *PARAMETRIC, *LABELLING)
"""Every aggregation operator that can be evaluated."""


class Grouping:
    """Maps a series' labels to those of its group; remembers what it worked out."""

    __slots__ = ("_groups", "_labels", "_without")

    def __init__(self, labels: Sequence[str], *, without: bool) -> None:
        self._labels = (*labels, NAME) if without else tuple(labels)
        self._without = without
        self._groups: dict[Labels, Labels] = {}

    def of(self, labels: Labels) -> Labels:
        """Return the group's labels."""
        group = self._groups.get(labels)
        if group is None:
            group = self._groups[labels] = self.part(labels)
        return group

    def part(self, labels: Labels) -> Labels:
        """Return the same without remembering it, for labels that change all the time."""
        return tuple(pair for pair in labels if (pair[0] in self._labels) != self._without)


def aggregate(operator: str, grouping: Grouping, argument: VectorPlan) -> VectorPlan:
    """Compile one of `REDUCERS`."""
    reduce = REDUCERS[operator]
    evaluate = argument.run
    group_of = grouping.of

    def run(at: Instant) -> Vector:
        groups: dict[Labels, list[float]] = {}
        for labels, value in evaluate(at):
            group = group_of(labels)
            members = groups.get(group)
            if members is None:
                groups[group] = [value]
            else:
                members.append(value)
        return [(labels, reduce(values)) for labels, values in groups.items()]

    return VectorPlan(run)


def aggregate_with(
    operator: str, parameter: Callable[[Instant], float], grouping: Grouping, argument: VectorPlan
) -> VectorPlan:
    """Compile one of `PARAMETRIC`; `topk` and `bottomk` keep elements, best first, ties in series order."""
    evaluate = argument.run

    def run(at: Instant) -> Vector:
        number = parameter(at)
        groups: dict[Labels, Vector] = {}
        for element in evaluate(at):
            groups.setdefault(grouping.of(element[0]), []).append(element)
        if operator == "quantile":
            return [(key, interpolated_quantile(number, [v for _, v in rows])) for key, rows in groups.items()]
        if not number >= 1:
            return []
        sign = -1.0 if operator == "topk" else 1.0
        out: Vector = []
        for rows in groups.values():
            ordered = sorted(rows, key=lambda row: (isnan(row[1]), sign * row[1]))
            out.extend(ordered[: int(min(number, len(ordered)))])
        return out

    return VectorPlan(run)


def count_values(label: str, grouping: Grouping, argument: VectorPlan) -> VectorPlan:
    """Compile `count_values`: how many elements of each group have each value, told apart by `label`.

    With `by`, `grouping` must name `label` too.
    """

    def run(at: Instant) -> Vector:
        counts: dict[Labels, float] = {}
        for labels, value in argument.run(at):
            kept = [pair for pair in labels if pair[0] != label]
            key = grouping.part(tuple(sorted((*kept, (label, number_text(value))))))
            counts[key] = counts.get(key, 0.0) + 1.0
        return list(counts.items())

    return VectorPlan(run)
