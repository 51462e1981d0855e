"""One tile of the overview."""

from __future__ import annotations

from incidentsim.client_api import Tile
from incidentsim.tui.presenters.plot import Curve
from incidentsim.tui.presenters.tiles import tile_rows
from incidentsim.tui.safe import set_titles
from incidentsim.tui.widgets.plot import RowPanel


class TilePane(RowPanel):
    """Number, trend, health by glyph, word and colour, and a small curve; its border has the title."""

    def update(self, tile: Tile, curve: Curve) -> None:
        """Show a tile; its border takes the class of its health."""
        set_titles(self, tile.title)
        for health in ("ok", "warn", "bad", "unknown"):
            self.set_class(tile.health == health, f"-{health}")
        self.draw(lambda width, height: tile_rows(tile, curve, width, height))
