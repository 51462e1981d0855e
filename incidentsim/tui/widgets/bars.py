"""One-line bars of the live screen: status header, tab bar, key hints, error histogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from incidentsim.client_api import SessionInfo, Snapshot
from incidentsim.tui.presenters.header import header_rows
from incidentsim.tui.presenters.rows import Row, Span, span
from incidentsim.tui.widgets.plot import RowPanel

MAX_HINTS = 8
"""Keys in the footer; the rest are in the help."""


class StatusHeader(RowPanel):
    """Severity, clock, speed, SLO burn, health, budget and cost, in one line or two."""

    def update(self, info: SessionInfo, snapshot: Snapshot) -> None:
        """Show the newest snapshot."""
        self.draw(lambda width, _: header_rows(info, snapshot, width))
        self.set_class(len(self.rows) > 1, "-two")


class TabBar(RowPanel):
    """The tabs with their digits; a click opens one. `names` are (name, title, short title)."""

    @dataclass
    class Picked(Message):
        """A tab was clicked."""

        name: str

    def __init__(self, names: Sequence[tuple[str, str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names = tuple(names)
        self._starts: list[tuple[int, str]] = []

    def update(self, active: str, badges: dict[str, int]) -> None:
        """Show which tab is in front, and counts of what is new behind the others."""
        width = self.content_size.width
        full = sum(len(title) + 4 for _, title, _ in self._names) + 8 <= width
        spans: list[Span] = []
        self._starts = []
        used = 0
        for number, (name, title, short) in enumerate(self._names, 1):
            shown = title if full or name == active else short
            badge = f"({badges[name]})" if badges.get(name) else ""
            text = span(f" {number} {shown}{badge} ", "key" if name == active else "plain")
            self._starts.append((used, name))
            used += len(text.text)
            spans.append(text)
        self.show([Row(spans=tuple(spans))])

    def on_click(self, event: events.Click) -> None:
        """Open the tab that was clicked."""
        at = event.get_content_offset_capture(self).x
        names = [name for start, name in self._starts if start <= at]
        if names:
            self.post_message(self.Picked(names[-1]))


class KeyHints(RowPanel):
    """The keys that do something now, at most eight."""

    def update(self, hints: Sequence[tuple[str, str]]) -> None:
        """Show these (key, what it does) pairs; one that is too long for what is left makes room for shorter ones."""
        spans: list[Span] = []
        used, width = 0, self.content_size.width
        for key, label in hints[:MAX_HINTS]:
            cells = len(key) + len(label) + 4
            if used + cells > width + 1:
                continue
            spans += [Span(f" {key} ", "key"), Span(f" {label} ", "dim")]
            used += cells
        self.show([Row(spans=tuple(spans))])


class Histogram(RowPanel):
    """Errors per 10 s; a click jumps to that time."""

    @dataclass
    class Picked(Message):
        """A bar was clicked."""

        t_us: int

    def update(self, rows: Sequence[Row], starts: Sequence[int]) -> None:
        """Show the bars; `starts` are the columns' times."""
        self._starts = list(starts)
        self.show(rows)

    def on_click(self, event: events.Click) -> None:
        """Jump to the time of the clicked bar."""
        at = event.get_content_offset_capture(self).x
        if 0 <= at < len(self._starts):
            self.post_message(self.Picked(self._starts[at]))
