"""Changes: deploys, configuration, flags, waivers; one expanded is recorded as a look."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from incidentsim.tui.presenters.incident import change_detail, change_rows
from incidentsim.tui.safe import set_titles
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.widgets.rows_view import RowsView


class ChangesTab(Tab):
    """A list, newest first, and the change that was opened."""

    NAME, TITLE, SHORT = "changes", "Changes", "Change"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (("↑ ↓", "choose"), ("Enter", "expand"))

    def compose(self) -> ComposeResult:
        """Build list and detail."""
        with Vertical(id="change-pane", classes="pane list"):
            yield RowsView(id="change-list", wraps=False, cursor=True, empty="No change is on record.")
        with Vertical(id="change-detail-pane", classes="pane detail"):
            yield RowsView(id="change-detail", empty="Enter expands a change: its diff, its remarks.")

    def main(self) -> Widget:
        """Return the list."""
        return self.query_one("#change-list", RowsView)

    def sync(self) -> None:
        """Show the change log."""
        changes = self.feed.snapshot.changes
        set_titles(self.query_one("#change-pane"), f"Changes  {len(changes)}")
        set_titles(self.query_one("#change-detail-pane"), "Change")
        self.query_one("#change-list", RowsView).show(change_rows(changes))

    def on_rows_view_chosen(self, event: RowsView.Chosen) -> None:
        """Expand a change."""
        event.stop()
        for change in self.feed.snapshot.changes:
            if change.id == event.key:
                self.query_one("#change-detail", RowsView).show(change_detail(change))
                self.post_message(self.Looked(f"changes {change.id}"))
