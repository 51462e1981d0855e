"""Float operators as Go defines them, without libm: the same bits on every platform."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from math import isnan
from typing import Final

from incidentsim.exact import det_exp, det_log
from incidentsim.telemetry.labels import NAN

_INF: Final = float("inf")

_LN2, _LN10 = 0.6931471805599453, 2.302585092994046

_LARGEST_EXPONENT: Final = 1 << 31
"""Above this an integer exponent gives 0, 1 or infinity anyway, and squaring would take too long."""


def fold(values: Iterable[float]) -> float:
    """Return the sum in the given order (the builtin changed its rounding in Python 3.12)."""
    total = 0.0
    for value in values:
        total += value
    return total


class Compensated:
    """A sum that carries its rounding errors along (Neumaier), as Prometheus' range functions do.

    An infinity is kept as it is: its error term would be NaN.
    """

    __slots__ = ("error", "total")

    def __init__(self) -> None:
        self.total = 0.0
        self.error = 0.0

    def add(self, value: float) -> None:
        """Add one term."""
        total = self.total + value
        if math.isinf(total):
            self.error = 0.0
        elif abs(self.total) >= abs(value):
            self.error += (self.total - total) + value
        else:
            self.error += (value - total) + self.total
        self.total = total

    def value(self) -> float:
        """Return the sum with its correction."""
        return self.total + self.error


def variance(values: Iterable[float]) -> float:
    """Return the population variance of at least one value by Welford's method, compensated."""
    count, mean, squares = 0, Compensated(), Compensated()
    for value in values:
        count += 1
        delta = value - mean.value()
        mean.add(delta / count)
        squares.add(delta * (value - mean.value()))
    return squares.value() / count


def number_text(value: float) -> str:
    """Return a value without an exponent, in the shortest form that reads back: Go's FormatFloat(v, 'f', -1)."""
    if isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value).removesuffix(".0")
    return format(Decimal(text), "f") if "e" in text else text


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
    return exponential(exponent * det_log(base))


def exponential(x: float) -> float:
    """Return e to the power of x; NaN stays, and what a float can't hold is 0 or infinity."""
    if isnan(x):
        return NAN
    if x > 1400:
        return _INF
    if x < -1500:
        return 0.0
    # det_exp covers |x| <= 700; results near the limits come from the square of half the exponent
    if abs(x) > 700:
        half = det_exp(x / 2)
        return half * half
    return det_exp(x)


def logarithm(x: float) -> float:
    """Return the natural logarithm: -Inf at 0, NaN below."""
    if x > 0:
        return _INF if x == _INF else det_log(x)
    return -_INF if x == 0 else NAN


def log2(x: float) -> float:
    """Return the logarithm to base 2, exact for powers of two."""
    if not 0 < x < _INF:
        return logarithm(x)
    fraction, exponent = math.frexp(x)
    return float(exponent - 1) if fraction == 0.5 else det_log(fraction) * (1 / _LN2) + exponent


def log10(x: float) -> float:
    """Return the logarithm to base 10, by way of base 2 as Go does."""
    return log2(x) * (_LN2 / _LN10)


def root(x: float) -> float:
    """Return the square root; NaN below 0."""
    return math.sqrt(x) if x >= 0 else NAN


def sign(x: float) -> float:
    """Return 1, -1 or, for zeros and NaN, the value itself."""
    return 1.0 if x > 0 else -1.0 if x < 0 else x


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


ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": divide,
    "%": modulo,
    "^": power,
}

COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
