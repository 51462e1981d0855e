"""Every PromQL function by name, with what it takes: compilation looks calls up here, completion lists them.

A builder gets the compiled arguments of a call that the grammar has already checked for number and type.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.promql import functions, labelling, overtime, ranges
from incidentsim.telemetry.promql.histogram import histogram_quantile
from incidentsim.telemetry.promql.selectors import RangeSelector
from incidentsim.telemetry.promql.subquery import Subquery
from incidentsim.telemetry.promql.values import Instant, ScalarPlan, TextPlan, VectorPlan

Plan = ScalarPlan | VectorPlan | TextPlan | RangeSelector | Subquery
Builder = Callable[[str, list[Plan]], ScalarPlan | VectorPlan]


def as_vector(plan: Plan, where: str) -> VectorPlan:
    """Return an instant-vector plan. Raises QueryError for another kind, as the following do."""
    if isinstance(plan, VectorPlan):
        return plan
    raise QueryError(f"{where} needs an instant vector, such as a metric name")


def as_scalar(plan: Plan, where: str) -> Callable[[Instant], float]:
    """Return what a scalar plan runs."""
    if isinstance(plan, ScalarPlan):
        return plan.run
    raise QueryError(f"{where} needs a number")


def as_text(plan: Plan, where: str) -> TextPlan:
    """Return a text literal."""
    if isinstance(plan, TextPlan):
        return plan
    raise QueryError(f"{where} needs a text in quotes")


def as_range(plan: Plan, where: str) -> RangeSelector | Subquery:
    """Return a range."""
    if isinstance(plan, (RangeSelector, Subquery)):
        return plan
    raise QueryError(f"{where} needs a range, such as name[5m]")


def _rate(name: str, args: list[Plan]) -> VectorPlan:
    return ranges.extrapolating(as_range(args[0], name), counter=name != "delta", rate=name == "rate")


def _last_two(name: str, args: list[Plan]) -> VectorPlan:
    return ranges.last_two(as_range(args[0], name), counter=name == "irate")


def _over_time(name: str, args: list[Plan]) -> VectorPlan:
    return overtime.over_time(name, as_range(args[0], name))


def _moment(name: str, args: list[Plan]) -> VectorPlan:
    return overtime.moment(name, as_range(args[0], name))


def _quantile_over_time(name: str, args: list[Plan]) -> VectorPlan:
    return overtime.quantile_over_time(as_scalar(args[0], name), as_range(args[1], name))


def _predict_linear(name: str, args: list[Plan]) -> VectorPlan:
    return overtime.predict_linear(as_range(args[0], name), as_scalar(args[1], name))


def _smoothed(name: str, args: list[Plan]) -> VectorPlan:
    return overtime.smoothed(as_range(args[0], name), as_scalar(args[1], name), as_scalar(args[2], name))


def _absent_over_time(name: str, args: list[Plan]) -> VectorPlan:
    source = as_range(args[0], name)
    asked = source.selector.equalities() if isinstance(source, RangeSelector) else ()
    return overtime.absent_over_time(source, asked)


def _histogram_quantile(name: str, args: list[Plan]) -> VectorPlan:
    return histogram_quantile(as_scalar(args[0], name), as_vector(args[1], name))


def _mapped(name: str, args: list[Plan]) -> VectorPlan:
    return functions.mapped(as_vector(args[0], name), functions.VALUE_FUNCTIONS[name])


def _clamp(name: str, args: list[Plan]) -> VectorPlan:
    low = as_scalar(args[1], name) if name != "clamp_max" else _constant(-math.inf)
    high = as_scalar(args[-1], name) if name != "clamp_min" else _constant(math.inf)
    return functions.clamp(as_vector(args[0], name), low, high)


def _round(name: str, args: list[Plan]) -> VectorPlan:
    nearest = as_scalar(args[1], name) if len(args) > 1 else _constant(1.0)
    return functions.rounded(as_vector(args[0], name), nearest)


def _vector(name: str, args: list[Plan]) -> VectorPlan:
    number = as_scalar(args[0], name)
    return VectorPlan(lambda at: [((), number(at))])


def _sort(name: str, args: list[Plan]) -> VectorPlan:
    return functions.in_order(as_vector(args[0], name), descending=name == "sort_desc")


def _label_replace(name: str, args: list[Plan]) -> VectorPlan:
    target, template, source, pattern = (as_text(argument, name) for argument in args[1:])
    return labelling.label_replace(as_vector(args[0], name), target, template, source, pattern)


def _label_join(name: str, args: list[Plan]) -> VectorPlan:
    target, separator, *sources = (as_text(argument, name) for argument in args[1:])
    return labelling.label_join(as_vector(args[0], name), target, separator, sources)


def _constant(value: float) -> Callable[[Instant], float]:
    return lambda at: value


BUILDERS: Final[dict[str, Builder]] = {
    "absent": lambda name, args: functions.absent(as_vector(args[0], name)),
    "absent_over_time": _absent_over_time,
    "clamp": _clamp,
    "clamp_max": _clamp,
    "clamp_min": _clamp,
    "delta": _rate,
    "deriv": lambda name, args: overtime.deriv(as_range(args[0], name)),
    "double_exponential_smoothing": _smoothed,
    "histogram_quantile": _histogram_quantile,
    "idelta": _last_two,
    "increase": _rate,
    "irate": _last_two,
    "label_join": _label_join,
    "label_replace": _label_replace,
    "pi": lambda name, args: ScalarPlan(_constant(functions.PI)),
    "predict_linear": _predict_linear,
    "quantile_over_time": _quantile_over_time,
    "rate": _rate,
    "round": _round,
    "scalar": lambda name, args: functions.scalar(as_vector(args[0], name)),
    "sort": _sort,
    "sort_desc": _sort,
    "time": lambda name, args: ScalarPlan(lambda at: at.t_us / 1_000_000),
    "timestamp": lambda name, args: functions.timestamp(as_vector(args[0], name)),
    "vector": _vector,
    **dict.fromkeys(functions.VALUE_FUNCTIONS, _mapped),
    **dict.fromkeys(overtime.OVER_TIME, _over_time),
    **dict.fromkeys(overtime.MOMENTS, _moment),
}
"""How each function is compiled, by its name."""

FUNCTIONS: Final = tuple(sorted(BUILDERS))
"""Every function that can be evaluated."""

_WHY_NOT: Final = {
    **dict.fromkeys(
        ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "sin", "sinh", "tan", "tanh"),
        "trigonometry differs in the last bit between machines, so a replay could not be checked",
    ),
    **dict.fromkeys(
        ("day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"),
        "scenario time counts from T+0 and has no calendar",
    ),
    **dict.fromkeys(
        ("histogram_avg", "histogram_count", "histogram_fraction", "histogram_sum", "histogram_stddev",
         "histogram_stdvar", "histogram_quantiles"),
        "all histograms here are classic ones; use histogram_quantile, or the series _sum and _count",
    ),
    **dict.fromkeys(("sort_by_label", "sort_by_label_desc"), "results come in series order; use sort()"),
    "info": "join with group_left instead",
}  # fmt: skip
"""Functions of Prometheus that are left out, and why or what to use."""


def call(name: str, args: list[Plan]) -> ScalarPlan | VectorPlan:
    """Compile a call. Raises QueryError for a function that is left out."""
    builder = BUILDERS.get(name)
    if builder is not None:
        return builder(name, args)
    close = difflib.get_close_matches(name, FUNCTIONS, n=1)
    reason = _WHY_NOT.get(name, f"functions are {', '.join(FUNCTIONS)}")
    raise QueryError(
        f"{name}() is not supported: {reason}",
        suggestion=close[0] if close and name not in _WHY_NOT else "",
    )
