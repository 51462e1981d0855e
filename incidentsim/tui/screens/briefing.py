"""The briefing: everything a person may know before the pager, while the minutes before it are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from incidentsim.client_api import Session
from incidentsim.tui.presenters.pages import briefing_rows, prelude_progress, progress_row
from incidentsim.tui.safe import set_titles
from incidentsim.tui.widgets.bars import KeyHints
from incidentsim.tui.widgets.plot import RowPanel
from incidentsim.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from incidentsim.tui.app import IncidentApp


class BriefingScreen(Screen[None]):
    """The page, the stack, the objectives, the team, the rules. Enter takes the pager."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", show=False, priority=True),
        Binding("left", "slide(-1)", show=False),
        Binding("right", "slide(1)", show=False),
        Binding("question_mark", "app.help", show=False),
        Binding("escape,q", "app.home", show=False),
    ]

    def __init__(self, session: Session, *, hz: float) -> None:
        super().__init__()
        self.session = session
        self._hz = hz

    def compose(self) -> ComposeResult:
        """Build text, progress and hints."""
        with Vertical(id="briefing-pane", classes="pane"):
            yield RowsView(id="briefing")
        yield RowPanel(id="progress")
        yield KeyHints(id="hints")

    def on_mount(self) -> None:
        """Show the text and start the ticker."""
        info = self.session.info()
        set_titles(self.query_one("#briefing-pane"), f"Briefing: {info.scenario}")
        self.query_one("#briefing", RowsView).show(briefing_rows(info))
        self.query_one("#briefing").focus()
        self.set_interval(1 / self._hz, self.tick)
        self.call_after_refresh(self.tick)

    def tick(self) -> None:
        """Show how much of the prelude is simulated."""
        panel = self.query_one("#progress", RowPanel)
        share = prelude_progress(self.session.info(), self.session.snapshot())
        text = "simulating the minutes before the page" if share < 1 else "ready: Enter to take the pager"
        panel.draw(lambda width, _: [progress_row(share, text, width)])
        aside = (("← →", "drawing"),) if self.query_one("#briefing", RowsView).wide else ()
        self.query_one(KeyHints).update((("Enter", "take the pager"), ("↑ ↓", "read"), *aside, ("Esc", "back home")))

    def action_slide(self, step: int) -> None:
        """Move a wide drawing sideways."""
        self.query_one("#briefing", RowsView).slide(step)

    def action_take(self) -> None:
        """Take the pager: the clock runs from here."""
        app: IncidentApp = self.app  # type: ignore[assignment]
        app.take_pager()
