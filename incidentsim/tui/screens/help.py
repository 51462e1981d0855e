"""Help, generated from the registry of verbs; and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from incidentsim.tui.presenters.help import help_rows
from incidentsim.tui.presenters.rows import Row
from incidentsim.tui.safe import set_titles
from incidentsim.tui.widgets.rows_view import RowsView


class HelpScreen(ModalScreen[None]):
    """All keys and all commands, with their danger, or other `rows`. The clock runs on behind it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,question_mark", "dismiss", show=False)]

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        """Build the text."""
        with Vertical(id="help-pane", classes="pane"):
            yield RowsView(id="help-text")

    def on_mount(self) -> None:
        """Show the text."""
        set_titles(self.query_one("#help-pane"), "Help", "Esc closes")
        self.query_one("#help-text", RowsView).show(self._rows or help_rows())
        self.query_one("#help-text").focus()
