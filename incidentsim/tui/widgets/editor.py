"""A text editor for whole documents; what is pasted into it is cleaned first."""

from __future__ import annotations

from textual import events
from textual.widgets import TextArea

from incidentsim.text import clean

MOST_TEXT = 1_000_000
"""Longest text that is taken, in code points: more is no text that somebody wrote."""


def cleaned(text: str) -> str:
    """Return text without control characters; its lines stay, however they ended."""
    return clean(text.replace("\r\n", "\n").replace("\r", "\n"), limit=MOST_TEXT, keep_newlines=True)


class Editor(TextArea):
    """Textual's editor, with numbered lines, in which no control character gets."""

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.move_cursor(
            self.replace(cleaned(event.text), *self.selection, maintain_selection_offset=False).end_location
        )

    def to_line(self, line: int) -> None:
        """Put the cursor at the start of a line, counted from 1, and show it in the middle."""
        self.move_cursor((min(line, self.document.line_count) - 1, 0), center=True)
        self.focus()
