"""Float operators as Go defines them, without libm: the same bits on every platform."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from math import isnan

from incidentsim.exact import det_exp, det_log
from incidentsim.telemetry.labels import NAN

_INF = float("inf")

_LARGEST_EXPONENT = 1 << 31
"""Above this an integer exponent gives 0, 1 or infinity anyway, and squaring would take too long."""


def fold(values: Iterable[float]) -> float:
    """Return the sum in the given order (the builtin changed its rounding in Python 3.12)."""
    total = 0.0
    for value in values:
        total += value
    return total


def divide(a: float, b: float) -> float:
    """Return a / b with IEEE 754 results for a zero divisor."""
    if b != 0:
        return a / b
    if a == 0 or isnan(a):
        return NAN
    return math.copysign(_INF, math.copysign(1.0, a) * math.copysign(1.0, b))


def modulo(a: float, b: float) -> float:
    """Return the remainder with the sign of `a`, exact, NaN where there is none."""
    if b == 0 or a in (_INF, -_INF) or isnan(a) or isnan(b):
        return NAN
    return math.fmod(a, b)


def power(base: float, exponent: float) -> float:
    """Return base to the power of exponent: squaring for whole exponents, else exp(y·log x)."""
    if exponent == 0 or base == 1:
        return 1.0
    if isnan(base) or isnan(exponent):
        return NAN
    if exponent in (_INF, -_INF) or abs(exponent) >= _LARGEST_EXPONENT:
        size = abs(base)
        if size == 1:
            return 1.0
        return _INF if (size > 1) == (exponent > 0) else 0.0
    if exponent == int(exponent):
        return _whole_power(base, int(exponent))
    if base < 0:
        return NAN if base != -_INF else (_INF if exponent > 0 else 0.0)
    if base in (0.0, _INF):
        return _INF if (base == _INF) == (exponent > 0) else 0.0
    size = exponent * det_log(base)
    if size > 1400:
        return _INF
    if size < -1500:
        return 0.0
    # det_exp covers |x| <= 700; results near the limits come from the square of half the exponent
    half = det_exp(size / 2)
    return half * half if abs(size) > 700 else det_exp(size)


def _whole_power(base: float, exponent: int) -> float:
    result, square, left = 1.0, base, abs(exponent)
    while left:
        if left & 1:
            result *= square
        square *= square
        left >>= 1
    return divide(1.0, result) if exponent < 0 else result


def floor(value: float) -> float:
    """Return the largest whole number not above `value`; infinities and NaN stay."""
    return float(math.floor(value)) if math.isfinite(value) else value


def ceil(value: float) -> float:
    """Return the smallest whole number not below `value`; infinities and NaN stay."""
    return float(math.ceil(value)) if math.isfinite(value) else value


def interpolated_quantile(q: float, values: Iterable[float]) -> float:
    """Return the q-quantile with linear interpolation between ranks, as Prometheus' `quantile`."""
    ordered = sorted(values, key=lambda v: (not isnan(v), v))
    if not ordered or isnan(q):
        return NAN
    if q < 0:
        return -_INF
    if q > 1:
        return _INF
    rank = q * (len(ordered) - 1)
    lower = int(rank)
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - lower
    return ordered[lower] * (1 - weight) + ordered[upper] * weight


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "%": modulo,
    "^": power,
}

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
