"""Overview: six tiles, alerts, the log and the timeline at a glance."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Grid, Vertical
from textual.widget import Widget

from incidentsim.tui.presenters.incident import alert_rows, alerts_title
from incidentsim.tui.presenters.timeline import timeline_rows
from incidentsim.tui.safe import set_titles
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.widgets.line_log import LineLog
from incidentsim.tui.widgets.log_pane import LogPane
from incidentsim.tui.widgets.rows_view import RowsView
from incidentsim.tui.widgets.tile import TilePane

TILES = 6
"""Tiles that fit at the smallest screen; a session that has more shows the first six."""


class OverviewTab(Tab):
    """Tiles and alerts above, log and timeline below; one column on a narrow screen."""

    NAME, TITLE, SHORT = "overview", "Overview", "Over"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (("Enter", "open"), ("z", "zoom pane"))

    def compose(self) -> ComposeResult:
        """Build the panes."""
        with Grid(id="tiles"):
            for number in range(TILES):
                yield TilePane(id=f"tile-{number}", classes="tile")
        with Vertical(id="alerts", classes="pane"):
            yield RowsView(id="alert-list", cursor=True, empty="No alert is firing or pending.")
        with Vertical(id="overview-log", classes="pane"):
            yield LogPane(self.feed)
        with Vertical(id="timeline", classes="pane"):
            yield RowsView(id="timeline-list", follow=True, empty="Nothing has happened yet.")

    def main(self) -> Widget:
        """Return the log."""
        return self.query_one(LineLog)

    def sync(self) -> None:
        """Show the newest snapshot."""
        snapshot = self.feed.snapshot
        panes = list(self.query(TilePane))
        for pane, tile in zip(panes, snapshot.tiles, strict=False):
            pane.update(tile, self.feed.tile_curve(tile.key))
        set_titles(self.query_one("#alerts"), alerts_title(snapshot.alerts))
        self.query_one("#alert-list", RowsView).show(alert_rows(snapshot.alerts))
        set_titles(self.query_one("#timeline"), "Timeline")
        self.query_one("#timeline-list", RowsView).show(timeline_rows(self.feed.items))
        log = self.query_one(LogPane)
        log.sync()
        set_titles(self.query_one("#overview-log"), log.title(), log.subtitle())

    def on_rows_view_chosen(self, event: RowsView.Chosen) -> None:
        """Show the alerts as a recorded look."""
        event.stop()
        if event.view.id == "alert-list":
            self.post_message(self.Looked("alerts", keep=True))
