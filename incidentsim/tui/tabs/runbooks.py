"""Runbooks: the team's own; one opened is recorded as a look, and its commands go to the command line with Enter."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from incidentsim.tui.presenters.pages import with_commands
from incidentsim.tui.presenters.rows import markdown_rows, row
from incidentsim.tui.safe import set_titles
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.widgets.rows_view import RowsView


class RunbooksTab(Tab):
    """A list of names and the runbook that was opened."""

    NAME, TITLE, SHORT = "runbooks", "Runbooks", "Books"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("↑ ↓", "choose"), ("Enter", "open"), ("Tab", "its text; Enter there takes a command"),
    )  # fmt: skip

    def compose(self) -> ComposeResult:
        """Build list and text."""
        with Vertical(id="runbook-pane", classes="pane list"):
            yield RowsView(id="runbook-list", cursor=True, empty="The team has no runbook for this stack.")
        with Vertical(id="runbook-text-pane", classes="pane detail"):
            yield RowsView(id="runbook-text", cursor=True, empty="Enter opens a runbook.")

    def main(self) -> Widget:
        """Return the list."""
        return self.query_one("#runbook-list", RowsView)

    def sync(self) -> None:
        """Show the names."""
        books = self.feed.snapshot.runbooks
        set_titles(self.query_one("#runbook-pane"), f"Runbooks  {len(books)}")
        self.query_one("#runbook-list", RowsView).show([row(name, key=name) for name, _ in books])

    def on_rows_view_chosen(self, event: RowsView.Chosen) -> None:
        """Open a runbook, or offer the command of a line of one."""
        event.stop()
        if event.view.id == "runbook-text":
            self.post_message(self.Offered(event.key.partition(" ")[2]))
            return
        for name, text in self.feed.snapshot.runbooks:
            if name == event.key:
                set_titles(self.query_one("#runbook-text-pane"), name)
                self.query_one("#runbook-text", RowsView).show(with_commands(markdown_rows(text)))
                self.post_message(self.Looked(f"runbook {name}"))
