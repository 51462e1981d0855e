"""Numbers for people, as Prometheus' template functions of the same names write them (template/template.go)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from incidentsim.telemetry.labels import format_value
from incidentsim.telemetry.promql.arithmetic import number_text

_LARGE: Final = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
_BINARY: Final = ("", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL: Final = ("", "m", "u", "n", "p", "f", "a", "z", "y")

_FIRST_EXPONENT: Final = 6
"""From 1e6 on Go's %v writes an exponent."""


def default_text(value: float) -> str:
    """Return a value as Go's %v: shortest digits, with an exponent below 1e-4 and from 1e6 on."""
    if not math.isfinite(value):
        return format_value(value)
    exact = Decimal(repr(value))
    sign, digits, _ = exact.normalize().as_tuple()
    exponent = exact.adjusted() if value else 0
    if -5 < exponent < _FIRST_EXPONENT:
        return number_text(value)
    tail = "".join(str(digit) for digit in digits[1:])
    mantissa = f"{digits[0]}.{tail}" if tail else str(digits[0])
    return f"{'-' if sign else ''}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _short(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else format_value(value)


def _divided(value: float, base: int, prefixes: tuple[str, ...]) -> str:
    place = 0
    while abs(value) >= base and place < len(prefixes) - 1:
        value, place = value / base, place + 1
    return f"{_short(value)}{prefixes[place]}"


def _multiplied(value: float) -> str:
    place = 0
    while abs(value) < 1 and place < len(_SMALL) - 1:
        value, place = value * 1000, place + 1
    return f"{_short(value)}{_SMALL[place]}"


def humanize(value: float) -> str:
    """Return the value with four digits and a metric prefix."""
    if value == 0 or not math.isfinite(value):
        return _short(value)
    return _divided(value, 1000, _LARGE) if abs(value) >= 1 else _multiplied(value)


def humanize_1024(value: float) -> str:
    """Return the value with four digits and a binary prefix."""
    if abs(value) <= 1 or not math.isfinite(value):
        return _short(value)
    return _divided(value, 1024, _BINARY)


def humanize_duration(value: float) -> str:
    """Return seconds as days to seconds, or with four digits below a minute."""
    if not math.isfinite(value):
        return _short(value)
    if value == 0:
        return "0s"
    if abs(value) < 1:
        return f"{_multiplied(value)}s"
    sign, size = ("-", -value) if value < 0 else ("", value)
    whole = int(size)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{_short(size)}s"


def humanize_percentage(value: float) -> str:
    """Return a ratio as a percentage with four digits."""
    return f"{_short(value * 100)}%"


HUMANIZERS: Final[dict[str, Callable[[float], str]]] = {
    "humanize": humanize,
    "humanize1024": humanize_1024,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": humanize_percentage,
}
"""The functions by their names in templates."""
