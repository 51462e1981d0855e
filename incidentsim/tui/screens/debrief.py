"""The debrief: what the session was worth, why, and what to try next. Links open the transcript line."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from incidentsim.client_api import ClientEvent, Session
from incidentsim.errors import IncidentSimError
from incidentsim.tui.presenters.pages import debrief_rows, evidence_rows, progress_row
from incidentsim.tui.presenters.rows import Row, row, span
from incidentsim.tui.presenters.timeline import record_text
from incidentsim.tui.provider import HomeProvider
from incidentsim.tui.safe import notify, set_titles
from incidentsim.tui.screens.postmortem import PostmortemScreen
from incidentsim.tui.screens.rewind import RewindScreen
from incidentsim.tui.widgets.bars import KeyHints
from incidentsim.tui.widgets.plot import RowPanel
from incidentsim.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from incidentsim.tui.app import IncidentApp


BEFORE_US = 5_000_000
"""Time before the chosen event from which taking over is proposed: enough to do otherwise."""


class DebriefScreen(Screen[None]):
    """Waits for the scorer with progress, then shows its debrief. Scoring that fails says why, and stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "again", show=False),
        Binding("t", "take_over", show=False),
        Binding("p", "postmortem", show=False),
        Binding("h,escape", "app.home", show=False),
        Binding("question_mark", "app.help", show=False),
        Binding("q", "app.leave", show=False),
    ]

    def __init__(self, provider: HomeProvider, session: Session) -> None:
        super().__init__()
        self.provider, self.session = provider, session

    def compose(self) -> ComposeResult:
        """Build text, evidence and hints."""
        with Vertical(id="debrief-pane", classes="pane"):
            yield RowsView(id="debrief", cursor=True, empty="The debrief is being made.")
        with Vertical(id="evidence-pane", classes="pane"):
            yield RowsView(id="evidence", empty="Enter on a line with a number shows what the transcript holds.")
        yield RowPanel(id="progress")
        yield KeyHints(id="hints")

    def on_mount(self) -> None:
        """Start scoring."""
        set_titles(self.query_one("#debrief-pane"), f"Debrief: {self.session.info().scenario}")
        set_titles(self.query_one("#evidence-pane"), "Evidence")
        self.query_one("#debrief").focus()
        self.score()
        self.call_after_refresh(self._hint)

    def on_resize(self) -> None:
        """Show the hints for the new width."""
        self.call_after_refresh(self._hint)

    def _hint(self) -> None:
        self.query_one(KeyHints).update(
            (
                ("Enter", "show"),
                ("p", "postmortem"),
                ("t", "take over"),
                ("r", "again"),
                ("h", "home"),
                ("?", "help"),
                ("q", "quit"),
            )
        )

    @work(exclusive=True)
    async def score(self) -> None:
        """Ask for the debrief and show it."""
        try:
            debrief = await self.provider.debrief(self.session, self._progress)
        except IncidentSimError as error:
            rows = [row(span("✖ It can't be scored: ", "bad"), str(error), indent=4)]
            rows.append(row(f"The transcript is kept: {self.session.info().transcript_path}", indent=4))
            self.query_one("#debrief", RowsView).show(rows)
            return
        self._progress(1.0, "done")
        self.query_one("#debrief", RowsView).show(debrief_rows(debrief))

    def _progress(self, share: float, text: str) -> None:
        if self.is_mounted:
            self.query_one("#progress", RowPanel).draw(
                lambda width, _: [progress_row(min(1.0, max(0.0, share)), text, width)] if share < 1 else []
            )

    def on_rows_view_chosen(self, event: RowsView.Chosen) -> None:
        """Show the transcript lines behind the numbers of a line."""
        rows: list[Row] = []
        for seq in (int(number) for number in event.key.split()):
            found = self._event(seq)
            text = record_text(found) if found is not None else ""
            rows += evidence_rows(seq, text, found.t_us if found is not None else None)
        self.query_one("#evidence", RowsView).show(rows)

    def _event(self, seq: int) -> ClientEvent | None:
        return next((e for e in self.session.events(seq - 1) if e.seq == seq), None)

    def action_again(self) -> None:
        """Play the same scenario again."""
        app: IncidentApp = self.app  # type: ignore[assignment]
        app.start_scenario(self.session.info().scenario)

    def action_take_over(self) -> None:
        """Ask for a moment, just before the line under the cursor happened, and take over from there."""
        key = self.query_one("#debrief", RowsView).cursor_key
        found = self._event(int(key.split()[0])) if key else None
        proposed_us = found.t_us - BEFORE_US if found is not None else 0
        self.app.push_screen(RewindScreen(proposed_us, self.session.snapshot().t_us), self._taken_over)

    def action_postmortem(self) -> None:
        """Open the editor with the text as it was left, or the form."""
        try:
            draft = self.provider.postmortem(self.session)
        except IncidentSimError as error:
            notify(self, str(error), severity="error", timeout=20)
            return
        self.app.push_screen(PostmortemScreen(self.provider, self.session, draft))

    def _taken_over(self, t_us: int | None) -> None:
        app: IncidentApp = self.app  # type: ignore[assignment]
        if t_us is not None:
            app.rewind(t_us)
