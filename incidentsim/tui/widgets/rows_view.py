"""A scrolling list of styled rows, drawn line by line: alerts, timeline, changes, answers, pages of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from incidentsim.tui.presenters.rows import Row, beside, cut, row, span, wrap
from incidentsim.tui.widgets.styled import Styled

SHIFT_CELLS = 8
"""How far one arrow key moves drawings sideways."""


class RowsView(Styled, ScrollView, can_focus=True):
    """Shows rows; repaints only when they differ from those shown.

    `wraps` folds long rows, else they are cut with an ellipsis. With `cursor` the arrow keys move a line
    cursor over rows that have a key, and Enter or a click chooses one; else they scroll. With `follow` the
    end stays in view until someone scrolls up. `empty` explains an empty list. Drawings wider than the list
    are moved sideways with `slide`; `wide` is whether there is one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
        Binding("enter", "choose", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """A row was chosen with Enter or a click."""

        view: RowsView
        key: str

        @property
        def control(self) -> RowsView:
            """Return the list, so that handlers can select by its id."""
            return self.view

    @dataclass
    class Moved(Message):
        """The cursor moved to another row."""

        view: RowsView
        key: str

        @property
        def control(self) -> RowsView:
            """Return the list, so that handlers can select by its id."""
            return self.view

        def can_replace(self, message: Message) -> bool:
            """Only the latest position matters."""
            return isinstance(message, RowsView.Moved) and message.view is self.view

    def __init__(
        self,
        *,
        id: str | None = None,
        classes: str | None = None,
        wraps: bool = True,
        cursor: bool = False,
        follow: bool = False,
        focusable: bool = True,
        empty: str = "",
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.can_focus = focusable
        self.wraps, self.has_cursor, self.follow = wraps, cursor, follow
        self._empty = row(span(empty, "dim"))
        self._rows: tuple[Row, ...] = ()
        self._lines: list[tuple[int, Row]] = []
        self._strips: dict[tuple[int, bool], Strip] = {}
        self._laid_width = -1
        self._at_end = True
        self._revealed = ""
        self.cursor = 0
        self._shift = 0
        self._widest = 0

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; the cursor stays on the row with the same key."""
        new = tuple(rows)
        if new == self._rows and self._laid_width >= 0:
            return
        key = self.cursor_key
        self._rows = new
        if key:
            self.cursor = next((i for i, r in enumerate(new) if r.key == key), self.cursor)
        self._lay_out()
        self._keep_end()

    def _keep_end(self) -> None:
        if self._revealed:
            self.reveal(self._revealed)
        elif self.follow and self._at_end:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def reveal(self, key: str) -> None:
        """Put the row with `key` at the top, or the end in view when less than a page follows it."""
        self._revealed = key
        for place, (owner, _) in enumerate(self._lines):
            if self._rows and self._rows[owner].key == key:
                y = min(place, self.max_scroll_y)
                self._at_end = y >= self.max_scroll_y
                self.scroll_to(y=y, animate=False, immediate=True)
                return

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the rows shown."""
        return self._rows

    @property
    def below(self) -> int:
        """Return how many lines lie below those in view."""
        return max(0, len(self._lines) - self.scroll_offset.y - self.size.height)

    @property
    def cursor_key(self) -> str:
        """Return the key of the row under the cursor, empty when there is none."""
        if self.has_cursor and 0 <= self.cursor < len(self._rows):
            return self._rows[self.cursor].key
        return ""

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        self._strips.clear()
        self._laid_width = width
        source = self._rows or (self._empty,)
        self._widest = max((cell_len(r.text) for r in source if r.drawing), default=0)
        self._shift = min(self._shift, max(0, self._widest - width))
        if self.has_cursor and (self.cursor >= len(source) or not source[self.cursor].key):
            self.cursor = next((i for i, r in enumerate(source) if r.key), 0)
        self._lines = [(number, line) for number, r in enumerate(source) for line in self._folded(r, width)]
        self.virtual_size = Size(width, len(self._lines))
        self.call_after_refresh(self._fit_width)
        self.refresh()

    def _folded(self, line: Row, width: int) -> list[Row]:
        if line.drawing:
            return [beside(line, self._shift, width)]
        return wrap(line, width) if self.wraps else [Row(spans=cut(line.spans, width), key=line.key)]

    @property
    def wide(self) -> bool:
        """Return whether a drawing does not fit."""
        return self._widest > self._laid_width > 0

    def slide(self, step: int) -> None:
        """Move drawings sideways by so many steps."""
        shift = min(max(0, self._widest - self._laid_width), max(0, self._shift + step * SHIFT_CELLS))
        if shift != self._shift:
            self._shift = shift
            self._lay_out()

    def _fit_width(self) -> None:
        """Fold again when a scrollbar came or went, which takes a column without a resize."""
        width = self.scrollable_content_region.width
        if width and width != self._laid_width:
            self._lay_out()
            self._keep_end()

    def notify_style_update(self) -> None:
        """Forget cached strips: colours changed."""
        super().notify_style_update()
        self._strips.clear()

    def on_resize(self, _: events.Resize) -> None:
        """Fold the rows anew when the width changed."""
        if (self.scrollable_content_region.width or self.size.width) != self._laid_width:
            self._lay_out()
        self._keep_end()

    def render_line(self, y: int) -> Strip:
        """Return one visible line, from the cache when it was drawn before."""
        place = self.scroll_offset.y + y
        width = self.size.width
        if place >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        number, line = self._lines[place]
        marked = self.has_cursor and self.has_focus and number == self.cursor and bool(line.key)
        strip = self._strips.get((place, marked))
        if strip is None or strip.cell_length != width:
            strip = self.strip_of(line, width, marked="cursor" if marked else "")
            self._strips[place, marked] = strip
        return strip

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def action_move(self, step: int) -> None:
        """Move the cursor to the next row with a key, or scroll."""
        if not self.has_cursor:
            self._scroll_by(step)
            return
        keyed = [i for i, r in enumerate(self._rows) if r.key]
        if not keyed:
            return
        wanted = sum(i < self.cursor for i in keyed) + step
        self._set_cursor(keyed[min(len(keyed) - 1, max(0, wanted))])
        if not 0 <= wanted < len(keyed):
            self._scroll_by(step)  # what can't be chosen can still be read

    def action_page(self, step: int) -> None:
        """Scroll by a page; the cursor goes to a row that is in view then, so that nothing is passed over unread."""
        self._scroll_by(step * max(1, self.size.height - 1))
        if not self.has_cursor:
            return
        top = self.scroll_offset.y
        keyed = [owner for owner, line in self._lines[top : top + self.size.height] if line.key]
        at_end = top == (self.max_scroll_y if step > 0 else 0)
        if keyed and (at_end or self.cursor not in keyed):
            self._set_cursor(keyed[-1] if (step > 0) == at_end else keyed[0])

    def _scroll_by(self, step: int) -> None:
        self._revealed = ""
        y = min(self.max_scroll_y, max(0, self.scroll_offset.y + step))
        self._at_end = y >= self.max_scroll_y
        self.scroll_to(y=y, animate=False, immediate=True)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back; a list that follows its end stops doing so."""
        event.stop()
        self._scroll_by(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll forward."""
        event.stop()
        self._scroll_by(3)

    def _set_cursor(self, number: int) -> None:
        if number == self.cursor:
            return
        self.cursor = number
        places = [place for place, (owner, _) in enumerate(self._lines) if owner == number]
        top, height = self.scroll_offset.y, self.size.height
        if places and places[0] < top:
            self.scroll_to(y=places[0], animate=False)
        elif places and places[-1] >= top + height:
            self.scroll_to(y=places[-1] - height + 1, animate=False)
        self.refresh()
        self.post_message(self.Moved(self, self.cursor_key))

    def action_choose(self) -> None:
        """Tell that the row under the cursor was chosen."""
        if self.cursor_key:
            self.post_message(self.Chosen(self, self.cursor_key))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the clicked row; a click on the row it is on chooses it."""
        place = self.scroll_offset.y + event.get_content_offset_capture(self).y
        if not self.has_cursor or not 0 <= place < len(self._lines):
            return
        number, line = self._lines[place]
        if not line.key or not self._rows:
            return
        if number == self.cursor:
            self.action_choose()
        else:
            self._set_cursor(number)
