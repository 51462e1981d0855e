"""Braille line charts as a pure function: series in, rows of characters out. Called by the plot widget.

Each cell is 2 x 4 dots. All geometry is integer once values are mapped to dots, so the same input always
gives the same rows and a widget can compare them to know whether it must repaint.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.tui.presenters.rows import Row, Span

_BITS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""Braille dot bits by column (left, right) and height from the bottom (Unicode block U+2800)."""

MAX_SERIES = 6
"""More curves than this can't be told apart; the legend says how many were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One curve: values at equal steps, the last one newest; None where there is no sample."""

    values: tuple[float | None, ...]
    mark: str = ""
    """One letter drawn at the newest value, so that curves differ by more than colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Something that happened at `at` (0 = left edge, 1 = right edge): its glyph stands in the bottom row."""

    at: float
    glyph: str
    role: str = "accent"


def auto_range(
    curves: Sequence[Curve],
    *,
    objective: float | None = None,
    band: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """Return a y range that shows every value, from zero when values are near it, with headroom."""
    values = [v for c in curves for v in c.values if v is not None and math.isfinite(v)]
    if objective is not None and math.isfinite(objective):
        values.append(objective)
    if band is not None:
        values.extend(v for v in band if math.isfinite(v))
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if 0 <= low < high * 0.6 or low == high >= 0:
        low = 0.0
    if high <= low:
        spread = max(1.0, abs(low) * 0.1)
        return low - spread, low + spread
    return low, high + (high - low) * 0.05


def layout(
    series: Sequence[Curve],
    width: int,
    height: int,
    y_range: tuple[float, float],
    *,
    band: tuple[float, float] | None = None,
    objective: float | None = None,
    markers: Sequence[Marker] = (),
    cursor: float | None = None,
) -> list[Row]:
    """Return exactly `height` rows of exactly `width` cells (none when either is not positive).

    Curves are drawn over the baseline `band`, the dashed `objective` line and the `cursor` column (0 to 1).
    The newest value is at the right edge; a curve with fewer values than dots is stretched to the width.
    """
    if width <= 0 or height <= 0:
        return []
    bits = [[0] * width for _ in range(height)]
    roles = [["band" if inside else "plain"] * width for inside in _band_rows(band, y_range, height)]
    chars: dict[tuple[int, int], tuple[str, str]] = {}
    for y, inside in enumerate(_band_rows(band, y_range, height)):
        if inside:
            for x in range(0, width, 2):
                chars[y, x] = ("·", "band")
    if objective is not None and (dot := _dot(objective, y_range, height)) is not None:
        y = height - 1 - dot // 4
        for x in range(width):
            chars[y, x] = ("╌", "objective")
    if cursor is not None and math.isfinite(cursor):
        x = int(min(1.0, max(0.0, cursor)) * (width - 1) + 0.5)
        for y in range(height):
            chars[y, x] = ("│", "axis")
    for number, curve in enumerate(series[:MAX_SERIES]):
        _draw(curve, f"series-{number}", bits, roles, y_range)
    for number, curve in enumerate(series[:MAX_SERIES]):
        last = curve.values[-1] if curve.values else None
        dot = None if last is None else _dot(last, y_range, height)
        if curve.mark and dot is not None:
            y = height - 1 - dot // 4
            bits[y][width - 1] = 0
            chars[y, width - 1] = (curve.mark[0], f"series-{number}")
    for marker in markers:
        if math.isfinite(marker.at) and 0 <= marker.at <= 1:
            x = int(marker.at * (width - 1) + 0.5)
            bits[height - 1][x] = 0
            chars[height - 1, x] = (marker.glyph[:1] or "•", marker.role)
    return [_row(y, bits[y], roles[y], chars) for y in range(height)]


def _dot(value: float, y_range: tuple[float, float], height: int) -> int | None:
    """Return the dot row (0 = bottom) of a value, clamped into the chart; None when it can't be placed."""
    low, high = y_range
    if not (math.isfinite(value) and math.isfinite(low) and math.isfinite(high)) or high <= low:
        return None
    share = (value - low) / (high - low)
    if math.isnan(share):
        return None
    top = height * 4 - 1
    return int(min(1.0, max(0.0, share)) * top + 0.5)


def _band_rows(band: tuple[float, float] | None, y_range: tuple[float, float], height: int) -> list[bool]:
    if band is None:
        return [False] * height
    low, high = _dot(band[0], y_range, height), _dot(band[1], y_range, height)
    if low is None or high is None:
        return [False] * height
    return [low // 4 <= height - 1 - y <= high // 4 for y in range(height)]


def _draw(curve: Curve, role: str, bits: list[list[int]], roles: list[list[str]], y_range: tuple[float, float]) -> None:
    height, width = len(bits), len(bits[0])
    columns = width * 2
    values = curve.values
    previous: int | None = None
    for column in range(columns):
        if len(values) >= columns:
            value = values[len(values) - columns + column]
        elif not values:
            return
        else:
            value = values[min(len(values) - 1, column * len(values) // columns)]
        dot = None if value is None else _dot(value, y_range, height)
        if dot is None:
            previous = None
            continue
        low, high = (dot, dot) if previous is None else (min(previous, dot), max(previous, dot))
        if previous is not None and high - low > 1:
            low, high = (low + 1, high) if dot == high else (low, high - 1)
        x, side = divmod(column, 2)
        for d in range(low, high + 1):
            y = height - 1 - d // 4
            bits[y][x] |= _BITS[side][d % 4]
            roles[y][x] = role
        previous = dot


def _row(y: int, bits: list[int], roles: list[str], chars: dict[tuple[int, int], tuple[str, str]]) -> Row:
    spans: list[Span] = []
    text: list[str] = []
    current = ""
    for x, dots in enumerate(bits):
        if dots:
            char, role = chr(0x2800 + dots), roles[x]
        else:
            char, role = chars.get((y, x), (" ", "plain"))
        if role != current and text:
            spans.append(Span("".join(text), current))
            text = []
        current = role
        text.append(char)
    spans.append(Span("".join(text), current))
    return Row(spans=tuple(spans))
