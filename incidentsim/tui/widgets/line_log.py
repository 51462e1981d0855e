"""The log pane: a ring of records of which only the visible lines are ever drawn.

Several panes may show one `LogBuffer`. Scrolling up stops following, never the clock; the number of lines
that came since then is kept for the pane's title.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from incidentsim.client_api import LogLine
from incidentsim.tui.presenters.logs import LogBuffer, log_row
from incidentsim.tui.presenters.rows import row, span
from incidentsim.tui.widgets.styled import Styled

SHIFT_CELLS = 24
"""How far one arrow key moves the lines sideways: about a field."""


class LineLog(Styled, ScrollView, can_focus=True):
    """Shows a log buffer with a line cursor. Following means that the cursor stays on the newest line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "first", show=False),
        Binding("end", "follow", show=False),
        Binding("enter", "choose", show=False),
        Binding("left", "shift(-1)", show=False),
        Binding("right", "shift(1)", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """A line was chosen: a person wants to see all of it."""

        line: LogLine

    def __init__(self, buffer: LogBuffer, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.buffer = buffer
        self.following = True
        self.cursor = 0
        """Number of the current line, counted like `LogBuffer.end`."""
        self.needle = ""
        self.shift = 0
        """Cells of each message hidden at the left, to read the end of long lines."""
        self._seen = (-1, -1, -1)
        self._unfollowed_at = 0
        self._strips: LRUCache[tuple[int, int, bool], Strip] = LRUCache(1024)

    @property
    def new_lines(self) -> int:
        """Return how many lines came since following stopped."""
        return 0 if self.following else max(0, self.buffer.end - self._unfollowed_at)

    @property
    def current(self) -> LogLine | None:
        """Return the line under the cursor."""
        place = self.cursor - self.buffer.base
        return self.buffer.lines[place] if 0 <= place < len(self.buffer.lines) else None

    def sync(self) -> None:
        """Take in what the buffer got since the last call; repaint when anything changed."""
        buffer = self.buffer
        seen = (buffer.generation, buffer.base, buffer.end)
        if seen == self._seen:
            if self.following and self.scroll_offset.y < self.max_scroll_y:
                self.scroll_end(animate=False, immediate=True)  # it had no size when the lines came
            return
        if seen[0] != self._seen[0]:
            self._strips.clear()
            self.following = True
        dropped = max(0, buffer.base - max(0, self._seen[1]))
        self._seen = seen
        self.virtual_size = Size(self.size.width, len(buffer.lines))
        if self.following:
            self.cursor = max(0, buffer.end - 1)
            self.scroll_end(animate=False, immediate=True)
        elif dropped:
            self.cursor = max(self.cursor, buffer.base)
            self.scroll_to(y=max(0, self.scroll_offset.y - dropped), animate=False, immediate=True)
        self.refresh()

    def mark(self, needle: str) -> None:
        """Mark every place where `needle` stands."""
        self.needle = needle
        self._strips.clear()
        self.refresh()

    def go_to(self, position: int) -> None:
        """Put the cursor on the line at `position` of the buffer ; only on the last line it follows."""
        count = len(self.buffer.lines)
        if not count:
            return
        position = min(count - 1, max(0, position))
        was_following, self.following = self.following, position == count - 1
        if was_following and not self.following:
            self._unfollowed_at = self.buffer.end
        self.cursor = self.buffer.base + position
        top, height = self.scroll_offset.y, self.size.height
        if position < top:
            self.scroll_to(y=position, animate=False, immediate=True)
        elif position >= top + height:
            self.scroll_to(y=position - height + 1, animate=False, immediate=True)
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget cached strips: colours changed."""
        super().notify_style_update()
        self._strips.clear()

    def on_resize(self, _: events.Resize) -> None:
        """Keep the end in view while following."""
        self.virtual_size = Size(self.size.width, len(self.buffer.lines))
        if self.following:
            self.scroll_end(animate=False, immediate=True)

    def render_line(self, y: int) -> Strip:
        """Return one visible line."""
        place = self.scroll_offset.y + y
        width = self.size.width
        lines = self.buffer.lines
        if place >= len(lines):
            if y == 0 and not lines:
                return self.strip_of(row(span("No line matches yet.", "dim")), width)
            return Strip.blank(width, self.rich_style)
        number = self.buffer.base + place
        marked = number == self.cursor and self.has_focus
        key = (number, width, marked)
        strip = self._strips.get(key)
        if strip is None:
            strip = self.strip_of(
                log_row(lines[place], self.needle, self.shift), width, marked="cursor" if marked else ""
            )
            self._strips[key] = strip
        return strip

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def action_move(self, step: int) -> None:
        """Move the line cursor."""
        self.go_to(self.cursor - self.buffer.base + step)

    def action_page(self, step: int) -> None:
        """Move the line cursor by a page."""
        self.action_move(step * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """Go to the oldest line kept."""
        self.go_to(0)

    def action_follow(self) -> None:
        """Go to the newest line and follow again."""
        self.go_to(len(self.buffer.lines) - 1)

    def action_shift(self, step: int) -> None:
        """Show what is further right, or go back."""
        self.shift = max(0, self.shift + step * SHIFT_CELLS)
        self._strips.clear()
        self.refresh()

    def action_choose(self) -> None:
        """Tell that the current line was chosen."""
        if (line := self.current) is not None:
            self.post_message(self.Chosen(line))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked line."""
        self.go_to(self.scroll_offset.y + event.get_content_offset_capture(self).y)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back; this stops following."""
        event.stop()
        self.action_move(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll forward."""
        event.stop()
        self.action_move(3)
