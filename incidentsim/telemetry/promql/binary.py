"""Binary operators: scalars, vectors with scalars, and vectors matched by their labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import Labels, format_series, without_name
from incidentsim.telemetry.promql.aggregation import Grouping
from incidentsim.telemetry.promql.arithmetic import ARITHMETIC, COMPARISONS
from incidentsim.telemetry.promql.values import Instant, ScalarPlan, Vector, VectorPlan

SET_OPERATORS: Final = ("and", "or", "unless")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How two vectors pair up. `card`: one-to-one, many-to-one (group_left), one-to-many (group_right)."""

    on: bool = False
    labels: tuple[str, ...] = ()
    card: str = "one-to-one"
    include: tuple[str, ...] = ()
    return_bool: bool = False

    def signature(self) -> Grouping:
        """Return the mapping from an element's labels to those it is matched by."""
        return Grouping(self.labels, without=not self.on)


def element_operator(operator: str, return_bool: bool) -> Callable[[float, float], float | None]:
    """Return (left, right) -> value, or None where a comparison filters the element out."""
    arithmetic = ARITHMETIC.get(operator)
    if arithmetic is not None:
        return arithmetic
    holds = COMPARISONS[operator]
    if return_bool:
        return lambda a, b: 1.0 if holds(a, b) else 0.0
    return lambda a, b: a if holds(a, b) else None


def scalar_scalar(operator: str, left: ScalarPlan, right: ScalarPlan) -> ScalarPlan:
    """Compile an operator between two scalars; the parser lets comparisons through only with `bool`."""
    arithmetic = ARITHMETIC.get(operator)
    run_left, run_right = left.run, right.run
    if arithmetic is not None:
        return ScalarPlan(lambda at: arithmetic(run_left(at), run_right(at)))
    holds = COMPARISONS[operator]
    return ScalarPlan(lambda at: 1.0 if holds(run_left(at), run_right(at)) else 0.0)


def vector_scalar(
    operator: str, vector: VectorPlan, scalar: ScalarPlan, *, swapped: bool, return_bool: bool
) -> VectorPlan:
    """Compile vector OP scalar, or scalar OP vector when `swapped`. A filter keeps the vector's values."""
    arithmetic = ARITHMETIC.get(operator)
    holds = COMPARISONS.get(operator)
    evaluate, number = vector.run, scalar.run

    def run(at: Instant) -> Vector:
        other = number(at)
        out: Vector = []
        for labels, value in evaluate(at):
            left, right = (other, value) if swapped else (value, other)
            if arithmetic is not None:
                out.append((without_name(labels), arithmetic(left, right)))
            elif holds is not None and return_bool:
                out.append((without_name(labels), 1.0 if holds(left, right) else 0.0))
            elif holds is not None and holds(left, right):
                out.append((labels, value))
        return out

    return VectorPlan(run)


def set_operation(operator: str, left: VectorPlan, right: VectorPlan, matching: Matching) -> VectorPlan:
    """Compile `and`, `or` or `unless`."""
    signature = matching.signature().of

    def run(at: Instant) -> Vector:
        left_rows, right_rows = left.run(at), right.run(at)
        if operator == "or":
            taken = {signature(labels): None for labels, _ in left_rows}
            return left_rows + [row for row in right_rows if signature(row[0]) not in taken]
        there = {signature(labels): None for labels, _ in right_rows}
        return [row for row in left_rows if (signature(row[0]) in there) == (operator == "and")]

    return VectorPlan(run)


def vector_vector(operator: str, left: VectorPlan, right: VectorPlan, matching: Matching) -> VectorPlan:
    """Compile an arithmetic or comparison operator between two vectors."""
    signature = matching.signature().of
    apply = element_operator(operator, matching.return_bool)
    drops_name = operator in ARITHMETIC or matching.return_bool
    one_to_one = matching.card == "one-to-one"
    swapped = matching.card == "one-to-many"

    def result_labels(many: Labels, one: Labels) -> Labels:
        labels = without_name(many) if drops_name else many
        if one_to_one:
            if matching.on:
                return tuple(pair for pair in labels if pair[0] in matching.labels)
            return tuple(pair for pair in labels if pair[0] not in matching.labels)
        if not matching.include:
            return labels
        merged, source = dict(labels), dict(one)
        for name in matching.include:
            merged.pop(name, None)
            if name in source:
                merged[name] = source[name]
        return tuple(sorted(merged.items()))

    def run(at: Instant) -> Vector:
        many_rows, one_rows = (right.run(at), left.run(at)) if swapped else (left.run(at), right.run(at))
        ones: dict[Labels, tuple[Labels, float]] = {}
        for labels, value in one_rows:
            key = signature(labels)
            if key in ones:
                raise QueryError(_many(key, "left" if swapped else "right", ones[key][0], labels))
            ones[key] = (labels, value)
        matched: dict[Labels, None] = {}
        out: Vector = []
        for labels, value in many_rows:
            key = signature(labels)
            partner = ones.get(key)
            if partner is None:
                continue
            result = apply(partner[1], value) if swapped else apply(value, partner[1])
            if result is None:
                continue
            result_of = result_labels(labels, partner[0])
            if (key if one_to_one else result_of) in matched:
                raise QueryError(_multiple(key, one_to_one))
            matched[key if one_to_one else result_of] = None
            out.append((result_of, result))
        return out

    return VectorPlan(run)


def _many(key: Labels, side: str, first: Labels, second: Labels) -> str:
    return (
        f"several series on the {side}-hand side match the group {format_series(key)}:"
        f" {format_series(first)} and {format_series(second)}; aggregate that side, or match on more labels"
    )


def _multiple(key: Labels, one_to_one: bool) -> str:
    if one_to_one:
        return (
            f"several series on the left-hand side match the group {format_series(key)}; say group_left or"
            f" group_right, or match on more labels"
        )
    return f"group {format_series(key)}: the included labels don't tell the results apart; match on more labels"
