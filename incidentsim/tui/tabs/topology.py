"""Topology: components with health, and where they send traffic."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from incidentsim.tui.presenters.incident import topology_rows
from incidentsim.tui.safe import set_titles
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.widgets.rows_view import RowsView


class TopologyTab(Tab):
    """The stack as monitoring sees it; Enter inspects a component."""

    NAME, TITLE, SHORT = "topology", "Topology", "Topo"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (("↑ ↓", "choose"), ("Enter", "inspect"))

    def compose(self) -> ComposeResult:
        """Build the list."""
        with Vertical(id="topology-pane", classes="pane"):
            yield RowsView(id="topology-list", cursor=True, empty="Monitoring knows no component.")

    def main(self) -> Widget:
        """Return the list."""
        return self.query_one("#topology-list", RowsView)

    def sync(self) -> None:
        """Show components and traffic."""
        set_titles(self.query_one("#topology-pane"), "Stack, as monitoring sees it")
        self.query_one("#topology-list", RowsView).show(topology_rows(self.feed.snapshot.components))

    def on_rows_view_chosen(self, event: RowsView.Chosen) -> None:
        """Inspect a component; the answer joins the results."""
        event.stop()
        self.post_message(self.Looked(f"inspect {event.key}", keep=True))
