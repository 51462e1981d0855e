"""A line that somebody types or pastes into: what every one-line input of ours begins with."""

from __future__ import annotations

from textual.widgets import Input

from incidentsim.text import clean


class LineInput(Input):
    """Textual's input without control and invisible characters."""

    def validate_value(self, value: str) -> str:
        """Keep control and invisible characters out of the line, pasted ones too."""
        return clean(value)
