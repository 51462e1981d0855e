"""Functions of a range's samples: the `_over_time` family, `changes`, `resets`, and trends by least squares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isinf, isnan
from typing import Final

from incidentsim.errors import QueryError
from incidentsim.telemetry.labels import NAN
from incidentsim.telemetry.promql.arithmetic import (
    Compensated,
    fold,
    interpolated_quantile,
    root,
    variance,
)
from incidentsim.telemetry.promql.ranges import RangeSource
from incidentsim.telemetry.promql.values import Instant, Vector, VectorPlan, Window

_SECOND_US: Final = 1_000_000


def _least(values: Sequence[float]) -> float:
    least = values[0]
    for value in values:
        if value < least or isnan(least):
            least = value
    return least


def _greatest(values: Sequence[float]) -> float:
    greatest = values[0]
    for value in values:
        if value > greatest or isnan(greatest):
            greatest = value
    return greatest


def _deviation(values: Sequence[float]) -> float:
    """Return the median distance from the median."""
    median = interpolated_quantile(0.5, values)
    return interpolated_quantile(0.5, [abs(value - median) for value in values])


def _changes(values: Sequence[float]) -> float:
    count = 0
    for previous, value in pairwise(values):
        if value != previous and not (isnan(value) and isnan(previous)):
            count += 1
    return float(count)


def _resets(values: Sequence[float]) -> float:
    count = 0
    for previous, value in pairwise(values):
        if value < previous:
            count += 1
    return float(count)


OVER_TIME: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "avg_over_time": lambda values: fold(values) / len(values),
    "min_over_time": _least,
    "max_over_time": _greatest,
    "sum_over_time": fold,
    "count_over_time": lambda values: float(len(values)),
    "last_over_time": lambda values: values[-1],
    "first_over_time": lambda values: values[0],
    "present_over_time": lambda values: 1.0,
    "stddev_over_time": lambda values: root(variance(values)),
    "stdvar_over_time": variance,
    "mad_over_time": _deviation,
    "changes": _changes,
    "resets": _resets,
}
"""What each function makes of a window's values."""

_KEEP_NAME: Final = ("last_over_time", "first_over_time")
"""They choose a sample instead of computing one, so the metric keeps its name."""


def over_time(name: str, source: RangeSource) -> VectorPlan:
    """Compile one of `OVER_TIME`."""
    reduce = OVER_TIME[name]
    if name in _KEEP_NAME:
        return VectorPlan(lambda at: [(w.labels, reduce(w.values)) for w in source.windows(at)])
    return VectorPlan(lambda at: [(w.bare, reduce(w.values)) for w in source.windows(at)])


def _latest_with(window: Window, best: Callable[[Sequence[float]], float]) -> int:
    """Return the index of the latest sample that has the best value."""
    wanted = best(window.values)
    index = len(window.values) - 1
    while index > 0 and window.values[index] != wanted and not isnan(wanted):
        index -= 1
    return index


MOMENTS: Final[dict[str, Callable[[Window], int]]] = {
    "ts_of_first_over_time": lambda window: 0,
    "ts_of_last_over_time": lambda window: len(window.values) - 1,
    "ts_of_max_over_time": lambda window: _latest_with(window, _greatest),
    "ts_of_min_over_time": lambda window: _latest_with(window, _least),
}
"""Which sample's time each function gives."""


def moment(name: str, source: RangeSource) -> VectorPlan:
    """Compile one of `MOMENTS`: seconds of scenario time."""
    index = MOMENTS[name]
    return VectorPlan(lambda at: [(w.bare, w.times[index(w)] / _SECOND_US) for w in source.windows(at)])


def quantile_over_time(q: Callable[[Instant], float], source: RangeSource) -> VectorPlan:
    """Compile `quantile_over_time`."""

    def run(at: Instant) -> Vector:
        level = q(at)
        return [(w.bare, interpolated_quantile(level, w.values)) for w in source.windows(at)]

    return VectorPlan(run)


def _line(window: Window, zero_us: int) -> tuple[float, float]:
    """Return slope per second and value at `zero_us` of the least-squares line through the samples."""
    first = window.values[0]
    if all(value == first for value in window.values):
        return (NAN, NAN) if isinf(first) else (0.0, first)
    n = float(len(window.values))
    xs, ys, xys, xxs = Compensated(), Compensated(), Compensated(), Compensated()
    for t_us, y in zip(window.times, window.values, strict=True):
        x = (t_us - zero_us) / _SECOND_US
        xs.add(x)
        ys.add(y)
        xys.add(x * y)
        xxs.add(x * x)
    x_sum, y_sum = xs.value(), ys.value()
    slope = (xys.value() - x_sum * y_sum / n) / (xxs.value() - x_sum * x_sum / n)
    return slope, y_sum / n - slope * x_sum / n


def deriv(source: RangeSource) -> VectorPlan:
    """Compile `deriv`: the slope per second, for series with at least two samples."""
    return VectorPlan(lambda at: [(w.bare, _line(w, w.times[0])[0]) for w in source.windows(at) if len(w.times) >= 2])


def predict_linear(source: RangeSource, ahead_s: Callable[[Instant], float]) -> VectorPlan:
    """Compile `predict_linear`: the line's value some seconds after the moment of evaluation."""

    def run(at: Instant) -> Vector:
        seconds = ahead_s(at)
        out: Vector = []
        for window in source.windows(at):
            if len(window.times) >= 2:
                slope, here = _line(window, at.t_us)
                out.append((window.bare, slope * seconds + here))
        return out

    return VectorPlan(run)


def smoothed(source: RangeSource, level: Callable[[Instant], float], trend: Callable[[Instant], float]) -> VectorPlan:
    """Compile `double_exponential_smoothing` (`holt_winters` before Prometheus 3).

    Both factors lie between 0 and 1, exclusive; a query with others raises QueryError when it runs.
    """

    def smooth(values: Sequence[float], of_level: float, of_trend: float) -> float:
        smooth_0, smooth_1 = 0.0, values[0]
        slope = values[1] - values[0]
        for index in range(1, len(values)):
            if index > 1:
                slope = of_trend * (smooth_1 - smooth_0) + (1 - of_trend) * slope
            smooth_0, smooth_1 = smooth_1, of_level * values[index] + (1 - of_level) * (smooth_1 + slope)
        return smooth_1

    def run(at: Instant) -> Vector:
        of_level, of_trend = level(at), trend(at)
        if not (0 < of_level < 1 and 0 < of_trend < 1):
            raise QueryError("double_exponential_smoothing() needs two factors between 0 and 1, such as 0.5")
        windows = [window for window in source.windows(at) if len(window.values) >= 2]
        return [(window.bare, smooth(window.values, of_level, of_trend)) for window in windows]

    return VectorPlan(run)


def absent_over_time(source: RangeSource, equalities: tuple[tuple[str, str], ...]) -> VectorPlan:
    """Compile `absent_over_time`: 1 with the labels asked for when no series has a sample, else nothing."""
    return VectorPlan(lambda at: [] if source.windows(at) else [(equalities, 1.0)])
