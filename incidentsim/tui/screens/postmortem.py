"""The postmortem's editor beside what a check found in it. Opened from the debrief."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from incidentsim.client_api import Session
from incidentsim.errors import IncidentSimError
from incidentsim.tui.presenters.postmortem import report_rows, unchecked_rows
from incidentsim.tui.provider import HomeProvider, PostmortemDraft
from incidentsim.tui.safe import notify, set_titles
from incidentsim.tui.widgets.bars import KeyHints
from incidentsim.tui.widgets.editor import Editor, cleaned
from incidentsim.tui.widgets.rows_view import RowsView

KEEP_S = 10.0
"""Seconds between two times that a changed text is written down by itself."""


class PostmortemScreen(Screen[None]):
    """Text on one side, findings on the other. The text is written down on saving, on leaving and in between; a text
    that can't be written stays on screen."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "check", show=False),
        Binding("escape", "back", show=False),
    ]

    def __init__(self, provider: HomeProvider, session: Session, draft: PostmortemDraft) -> None:
        super().__init__()
        self.provider, self.session, self.draft = provider, session, draft
        self._kept = cleaned(draft.text)
        self._checked: str | None = None
        self._editor = Editor(self._kept, id="editor", show_line_numbers=True, compact=True)

    def compose(self) -> ComposeResult:
        """Build editor, findings and hints."""
        with Horizontal(id="postmortem-body"):
            with Vertical(id="editor-pane", classes="pane"):
                yield self._editor
            with Vertical(id="findings-pane", classes="pane"):
                yield RowsView(id="findings", cursor=True)
        yield KeyHints(id="hints")

    def on_mount(self) -> None:
        """Show what was left, the cursor where writing begins."""
        set_titles(self.query_one("#editor-pane"), f"Postmortem: {self.session.info().scenario}", self.draft.path)
        set_titles(self.query_one("#findings-pane"), "Findings")
        self.query_one("#findings", RowsView).show(unchecked_rows())
        editor = self._editor
        editor.focus()
        if not self.draft.saved:
            headings = [i for i, line in enumerate(self._kept.split("\n"), 1) if line.startswith("## ")]
            editor.to_line(headings[0] + 1 if headings else 1)
        self.set_interval(KEEP_S, self.keep)
        self.call_after_refresh(self._hint)

    def on_resize(self) -> None:
        """Show the hints for the new width."""
        self.call_after_refresh(self._hint)

    def _hint(self) -> None:
        self.query_one(KeyHints).update(
            (
                ("Ctrl+S", "save and check"),
                ("Esc", "back, saved"),
                ("Tab", "findings"),
                ("Enter", "on one: its line"),
                ("F1", "help"),
            )
        )

    def keep(self) -> bool:
        """Write the text down when it differs from what is kept; return whether it is kept now."""
        text = self._editor.text
        if text == self._kept:
            return True
        try:
            self.provider.keep_postmortem(self.session, text)
        except IncidentSimError as error:
            notify(self, str(error), severity="error", timeout=20)
            return False
        self._kept = text
        return True

    def action_check(self) -> None:
        """Save, then check."""
        if self.keep():
            self.check(self._editor.text)

    @work(exclusive=True)
    async def check(self, text: str) -> None:
        """Ask for the findings and show them."""
        try:
            report = await self.provider.check_postmortem(self.session, text)
        except IncidentSimError as error:
            notify(self, str(error), severity="error", timeout=20)
            return
        self._checked = text
        self._tell()
        self.query_one("#findings", RowsView).show(report_rows(report, self.draft.prove))

    def _tell(self) -> None:
        """Say whether the findings are of the text as it is."""
        told = ""
        if self._checked is not None:
            told = "of this text" if self._checked == self._editor.text else "of an earlier text"
        set_titles(self.query_one("#findings-pane"), "Findings", told)

    def on_text_area_changed(self) -> None:
        """Say that the findings are of an earlier text."""
        self._tell()

    def on_rows_view_chosen(self, event: RowsView.Chosen) -> None:
        """Go to the line that a finding is about."""
        self._editor.to_line(int(event.key))

    def action_back(self) -> None:
        """Keep the text and go back to the debrief; stay when it can't be kept."""
        if self.keep():
            self.dismiss()

    def on_unmount(self) -> None:
        """Keep the text when the whole program is left from here."""
        self.keep()
