"""One tile of the overview: number, trend, health by glyph, word and colour, and a small curve. Pure."""

from __future__ import annotations

from incidentsim.client_api import Tile
from incidentsim.tui.presenters.numbers import format_value, trend_glyph
from incidentsim.tui.presenters.plot import Curve, auto_range, layout
from incidentsim.tui.presenters.rows import HEALTH_GLYPH, HEALTH_WORD, Row, Span, pad_between


def tile_rows(tile: Tile, curve: Curve, width: int, height: int) -> list[Row]:
    """Return the rows inside a tile's border: the figures first, then as much curve as fits."""
    if width <= 0 or height <= 0:
        return []
    health = Span(f"{HEALTH_GLYPH[tile.health]} {HEALTH_WORD[tile.health]}", tile.health)
    figure = [Span(format_value(tile.value, tile.unit), "strong")]
    if tile.value is not None:
        figure.append(Span(f" {trend_glyph(tile.trend)}", "dim"))
    rows = [Row(spans=pad_between(figure, [health], width))]
    if height >= 4 and (note := _reference(tile, width)):
        rows.append(Row(spans=(Span(note, "dim"),)))
    room = height - len(rows)
    if room > 0:
        low, high = auto_range((curve,), objective=tile.objective, band=tile.band)
        rows += layout((curve,), width, room, (low, high), band=tile.band, objective=tile.objective)
    return rows[:height]


def _reference(tile: Tile, width: int) -> str:
    """Return the usual range and the objective in words, as far as they fit."""
    parts: list[str] = []
    if tile.objective is not None:
        parts.append(f"{tile.line} < {format_value(tile.objective, tile.unit)}")
    if tile.band is not None:
        low, high = (format_value(v, tile.unit) for v in tile.band)
        number, _, unit = low.partition(" ")
        both = high if low == high else f"{number if high.endswith(unit) else low}–{high}"
        parts.append(f"usual {both}")
    while parts and len(" · ".join(parts)) > width:
        parts.pop()
    return " · ".join(parts)
