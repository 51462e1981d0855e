"""The question before leaving the program."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from incidentsim.tui.presenters.rows import row, span
from incidentsim.tui.safe import set_titles
from incidentsim.tui.widgets.rows_view import RowsView


class LeaveScreen(ModalScreen[bool]):
    """Asks once; the session is kept either way."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter,q,ctrl+q", "answer(True)", show=False, priority=True),
        Binding("n,escape", "answer(False)", show=False, priority=True),
    ]

    def __init__(self, kept_as: str) -> None:
        super().__init__()
        self._kept_as = kept_as

    def compose(self) -> ComposeResult:
        """Build the question."""
        with Vertical(id="leave-pane", classes="pane"):
            yield RowsView(id="leave-text")

    def on_mount(self) -> None:
        """Show the question."""
        set_titles(self.query_one("#leave-pane"), "Leave incidentsim?")
        rows = [row(span(" y ", "key"), " leave   ", span(" n ", "key"), " stay")]
        if self._kept_as:
            rows = [
                row("The session is kept and can be resumed from the home screen."),
                row(span(self._kept_as, "dim")),
                row(),
                *rows,
            ]
        self.query_one("#leave-text", RowsView).show(rows)

    def action_answer(self, leave: bool) -> None:
        """Tell the answer."""
        self.dismiss(leave)
