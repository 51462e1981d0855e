"""The question from which moment to take over; asked from the debrief."""

from __future__ import annotations

import re
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from incidentsim.exact import format_clock
from incidentsim.tui.presenters.rows import row, span
from incidentsim.tui.safe import set_titles
from incidentsim.tui.widgets.rows_view import RowsView

_MOMENT = re.compile(r"^(?:T?\+)?(?:(\d{1,3})(?::(?=\d\d$)|m(?=\d\d?s$))(\d{1,2})s?|(\d{1,5})(s|m)?)$")

SECOND_US = 1_000_000


def moment_us(text: str) -> int | None:
    """Return the scenario time that `12:30`, `T+12:30`, `12m30s`, `750s` or `12m` means; None for anything else."""
    found = _MOMENT.match(text.strip())
    if found is None:
        return None
    if found[1] is not None:
        return (int(found[1]) * 60 + int(found[2])) * SECOND_US if int(found[2]) < 60 else None
    return int(found[3]) * (60 if found[4] == "m" else 1) * SECOND_US


class RewindScreen(ModalScreen[int | None]):
    """Asks for a moment between T+0 and `end_us`; gives it in µs, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False, priority=True)]

    def __init__(self, proposed_us: int, end_us: int) -> None:
        super().__init__()
        self._proposed_us, self._end_us = max(proposed_us, 0), end_us

    def compose(self) -> ComposeResult:
        """Build the question and the line to answer on."""
        with Vertical(id="rewind-pane", classes="pane"):
            yield RowsView(id="rewind-text")
            yield Input(value=format_clock(self._proposed_us), id="rewind-moment")

    def on_mount(self) -> None:
        """Show the question; the proposed moment is selected, so that typing replaces it."""
        set_titles(self.query_one("#rewind-pane"), "Take over from a moment")
        self._say("")
        field = self.query_one(Input)
        field.focus()
        field.action_select_all()

    def _say(self, problem: str) -> None:
        rows = [
            row("All you did until then happens again; then it is up to you. The debrief compares both futures."),
            row(span("Enter", "key"), " take over   ", span("Esc", "key"), " stay"),
            row(span(problem, "bad"))
            if problem
            else row(span(f"A moment from T+00:00 to {format_clock(self._end_us)}:", "dim")),
        ]
        self.query_one("#rewind-text", RowsView).show(rows)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the moment, or say what is wrong with it."""
        t_us = moment_us(event.value)
        if t_us is None:
            self._say("Write minutes and seconds, such as 12:30, or 12m30s, or 90s.")
        elif not t_us < self._end_us:
            self._say(f"That session ended at {format_clock(self._end_us)}.")
        else:
            self.dismiss(t_us)

    def action_leave(self) -> None:
        """Stay with the debrief."""
        self.dismiss(None)
