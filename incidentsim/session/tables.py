"""Plain-text tables and numbers for views: what a terminal without widgets, or a transcript, can show."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

MAX_CELL = 64
"""Widest cell, in characters; longer text is cut with an ellipsis, except in the last column."""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> tuple[str, ...]:
    """Return the lines of a table with two spaces between columns; columns in `right` are aligned right."""
    last = len(headings) - 1
    cells = [list(headings), *(list(row) for row in rows)]
    cells = [[cell if i == last else _cut(cell) for i, cell in enumerate(row)] for row in cells]
    widths = [max(len(row[i]) for row in cells) for i in range(last + 1)]
    lines = []
    for row in cells:
        parts = [c.rjust(widths[i]) if i in right else c.ljust(widths[i]) for i, c in enumerate(row)]
        lines.append("  ".join(parts).rstrip())
    return tuple(lines)


def number(value: float) -> str:
    """Return a measured value with four significant digits, thousands grouped: `41,250`, `0.9731`, `1.84`."""
    if isnan(value):
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    size = abs(value)
    if size >= 1_000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"
