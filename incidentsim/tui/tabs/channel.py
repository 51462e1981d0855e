"""Channel: pages, questions and answers, status updates; and who can be reached."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from incidentsim.tui.presenters.pages import reach_text
from incidentsim.tui.presenters.rows import row, span
from incidentsim.tui.presenters.timeline import channel_rows
from incidentsim.tui.safe import set_titles
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.widgets.rows_view import RowsView


class ChannelTab(Tab):
    """Messages above, the team below."""

    NAME, TITLE, SHORT = "channel", "Channel", "Chan"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ((": ask", "a team-mate"), (": status", "update"))

    def compose(self) -> ComposeResult:
        """Build messages and team."""
        with Vertical(id="channel-pane", classes="pane"):
            yield RowsView(id="channel-list", follow=True, empty="Nobody has written yet.")
        with Vertical(id="team-pane", classes="pane"):
            yield RowsView(id="team-list", empty="You are alone on call.")

    def main(self) -> Widget:
        """Return the messages."""
        return self.query_one("#channel-list", RowsView)

    def sync(self) -> None:
        """Show messages; they count as read now."""
        self.feed.unread = 0
        set_titles(self.query_one("#channel-pane"), "Incident channel")
        set_titles(self.query_one("#team-pane"), 'Team: ask NAME "question", page NAME, status "text"')
        self.query_one("#channel-list", RowsView).show(channel_rows(self.feed.items))
        self.query_one("#team-list", RowsView).show(
            [
                row(span(f"{name:<16} ", "strong"), role, span(f"  {reach_text(name, how)}", "dim"), indent=17)
                for name, role, how in self.feed.info.team
            ]
        )
