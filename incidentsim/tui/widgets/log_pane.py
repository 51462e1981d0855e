"""A log with its error histogram, as the overview and the log tab both show it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from incidentsim.tui.feed import LiveFeed
from incidentsim.tui.presenters.logs import evidence_bullet, histogram, plain_text
from incidentsim.tui.safe import notify
from incidentsim.tui.widgets.bars import Histogram
from incidentsim.tui.widgets.line_log import LineLog


class LogPane(Vertical):
    """Histogram above, lines below; jumps to errors and search hits, copies lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "jump(1, True)", show=False),
        Binding("E", "jump(-1, True)", show=False),
        Binding("n", "jump(1, False)", show=False),
        Binding("N", "jump(-1, False)", show=False),
        Binding("y", "copy(False)", show=False),
        Binding("Y", "copy(True)", show=False),
    ]

    def __init__(self, feed: LiveFeed) -> None:
        super().__init__()
        self.feed = feed

    def compose(self) -> ComposeResult:
        """Build histogram and log."""
        yield Histogram(classes="histogram")
        yield LineLog(self.feed.logs)

    @property
    def log_view(self) -> LineLog:
        """Return the lines."""
        return self.query_one(LineLog)

    def title(self) -> str:
        """Return what the pane shows: filter, hidden lines."""
        parts = ["Logs", self.feed.log_filter or "all lines"]
        if self.feed.logs.hidden:
            parts.append(f"{self.feed.logs.hidden:,} hidden")
        return "  ".join(parts)

    def subtitle(self) -> str:
        """Return whether the pane follows, or how much is new below."""
        if self.log_view.following:
            return "FOLLOW"
        new = self.log_view.new_lines
        return f"{new:,} new lines, End follows" if new else "scrolled back, End follows"

    def sync(self) -> None:
        """Take in new lines and redraw the bars."""
        bars = self.query_one(Histogram)
        width = bars.content_size.width
        if width > 0:
            line, starts = histogram(self.feed.logs.buckets, self.feed.snapshot.t_us, width)
            bars.update([line], starts)
        self.log_view.sync()

    def action_jump(self, step: int, errors: bool) -> None:
        """Go to the next or former error or search hit; say so when there is none."""
        log = self.log_view
        if not errors and not log.needle:
            notify(self, "Nothing to search for yet: press s in the Logs tab and type a text.")
            return
        start = log.cursor - log.buffer.base
        found = log.buffer.find(start, step, log.needle, errors=errors)
        if found is None:
            where = "below" if step > 0 else "above"
            other = ("e" if errors else "n") if step < 0 else ("E" if errors else "N")
            what = "error" if errors else "hit"
            notify(self, f"No {what} {where} this line; {other} looks the other way.", timeout=2)
        else:
            log.go_to(found)

    def action_copy(self, as_evidence: bool) -> None:
        """Copy the current line, with its time, or as a bullet for the postmortem."""
        line = self.log_view.current
        if line is None:
            return
        text = evidence_bullet(line) if as_evidence else plain_text(line)
        self.app.copy_to_clipboard(text)
        notify(self, f"Copied: {text}", timeout=2)

    def on_histogram_picked(self, event: Histogram.Picked) -> None:
        """Jump to the time of a bar."""
        event.stop()
        self.log_view.go_to(self.log_view.buffer.position_at(event.t_us))
