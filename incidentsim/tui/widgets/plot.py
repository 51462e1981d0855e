"""A chart or a tile drawn from rows that a presenter laid out for its exact size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.strip import Strip

from incidentsim.tui.presenters.rows import Row
from incidentsim.tui.widgets.styled import Styled


class RowPanel(Styled):
    """Shows exactly the rows it was given, without scrolling; repaints only when they changed."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the rows shown."""
        return self._rows

    def show(self, rows: Sequence[Row]) -> bool:
        """Show these rows; return whether they were new."""
        new = tuple(rows)
        if new == self._rows:
            return False
        self._rows = new
        self.refresh()
        return True

    def draw(self, make: Callable[[int, int], Sequence[Row]]) -> bool:
        """Show what `make(width, height)` returns for the size inside the border."""
        width, height = self.content_size
        return self.show(make(width, height))

    def render_line(self, y: int) -> Strip:
        """Return one line."""
        width = self.content_size.width
        if y >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        return self.strip_of(self._rows[y], width)


class BraillePlot(RowPanel):
    """Curves in braille with axes, a baseline band, an objective line, marks and a time cursor."""
