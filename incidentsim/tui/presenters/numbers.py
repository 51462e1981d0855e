"""How numbers are written on screen: short, with units, never longer than their place. Pure."""

from __future__ import annotations

import math

from incidentsim.exact import format_clock

_SECONDS = ("s", "sec", "second", "seconds")
_RATIO = ("ratio", "%", "percent")

SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Pacing factors that + and - step through; after the last comes 0, as fast as possible."""


def format_number(value: float) -> str:
    """Return at most five characters for any magnitude: 0.012, 4.2, 312, 41.3k, 1.2M."""
    if math.isnan(value) or math.isinf(value):
        return "–"
    size = abs(value)
    if size >= 1e12:
        return f"{value:.0e}"
    for limit, divisor, suffix in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if size >= limit:
            return f"{_three(value / divisor)}{suffix}"
    return _three(value)


def _three(value: float) -> str:
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 0.1:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.3f}".rstrip("0").rstrip(".") if size >= 0.001 else f"{value:.0e}"


def format_value(value: float | None, unit: str) -> str:
    """Return a value with its unit; `no data` for None."""
    if value is None or math.isnan(value):
        return "no data"
    if unit in _SECONDS:
        return f"{format_number(value * 1000)} ms" if abs(value) < 1 else f"{format_number(value)} s"
    if unit in _RATIO:
        return f"{format_number(value * 100 if unit == 'ratio' else value)} %"
    return f"{format_number(value)} {unit.removeprefix('1')}".rstrip()


def trend_glyph(trend: float) -> str:
    """Return an arrow for the sign of a trend."""
    return "↗" if trend > 0 else "↘" if trend < 0 else "→"


def clock(t_us: int) -> str:
    """Return scenario time without its leading T: `+04:12`."""
    return format_clock(t_us)[1:]


def clock_or_ago(t_us: int) -> str:
    """Return scenario time, and before the last two hours a rounded distance: `-26 h`, `-12 d`."""
    hours = -t_us / 3_600_000_000
    if hours < 2:
        return clock(t_us)
    return f"-{hours:.0f} h" if hours < 72 else f"-{hours / 24:.0f} d"


def clock_tenths(t_us: int) -> str:
    """Return scenario time with tenths of a second, as log lines show it: `+04:12.3`."""
    return f"{clock(t_us)}.{abs(t_us) % 1_000_000 // 100_000}"


def minutes(duration_us: int) -> str:
    """Return a duration as `30 min` or `1 h 30 min`."""
    whole = round(duration_us / 60_000_000)
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60:02d} min".replace(" 00 min", "")


def speed_text(speed: float) -> str:
    """Return a speed factor; 0 means as fast as possible."""
    return "max" if speed == 0 else f"×{format_number(speed)}"


def next_speed(speed: float, step: int) -> float:
    """Return the next higher (`step` 1) or lower (-1) of `SPEEDS`, from any speed."""
    if step > 0:
        return next((s for s in SPEEDS if s > speed), 0.0) if speed else 0.0
    return next((s for s in reversed(SPEEDS) if s < speed or not speed), SPEEDS[0])
