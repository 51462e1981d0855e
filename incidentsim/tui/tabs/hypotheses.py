"""Hypotheses: the ledger of what was thought when, and notes."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from incidentsim.tui.presenters.incident import hypothesis_rows
from incidentsim.tui.presenters.timeline import thought_rows
from incidentsim.tui.safe import set_titles
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.widgets.rows_view import RowsView


class HypothesesTab(Tab):
    """The ledger above, thoughts and notes in the order they were written below."""

    NAME, TITLE, SHORT = "hypotheses", "Hypotheses", "Hypo"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ((": hypothesis", "state one"), (": diagnose", "commit"))

    def compose(self) -> ComposeResult:
        """Build ledger and notes."""
        with Vertical(id="ledger-pane", classes="pane"):
            yield RowsView(
                id="ledger",
                empty='No hypothesis yet. State one: hypothesis "what you think" --cause COMPONENT:FAULT --p 0.6',
            )
        with Vertical(id="notes-pane", classes="pane"):
            yield RowsView(id="notes", follow=True, empty='No note yet. Write one: note "what you saw"')

    def main(self) -> Widget:
        """Return the ledger."""
        return self.query_one("#ledger", RowsView)

    def sync(self) -> None:
        """Show the ledger and the notes."""
        set_titles(self.query_one("#ledger-pane"), "Hypotheses", "how sure · state · statement [cause]")
        set_titles(self.query_one("#notes-pane"), "What you wrote down")
        self.query_one("#ledger", RowsView).show(hypothesis_rows(self.feed.snapshot.hypotheses))
        self.query_one("#notes", RowsView).show(thought_rows(self.feed.items))
