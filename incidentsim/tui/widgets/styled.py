"""Roles to theme colours, for widgets that draw rows with the Line API."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from incidentsim.tui.presenters.rows import ROLES, Row

ROLE_CLASSES = {f"role--{role}" for role in ROLES}
"""The component classes of every role; app.tcss gives them their look."""


class Styled(Widget):
    """A widget that turns rows into strips. The rich style of each role is looked up once per theme."""

    COMPONENT_CLASSES = ROLE_CLASSES

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._role_styles: dict[str, Style] = {}

    def notify_style_update(self) -> None:
        """Forget the styles looked up: the theme or the state of the widget changed."""
        super().notify_style_update()
        self._role_styles.clear()

    def role_style(self, role: str) -> Style:
        """Return the rich style of a role over this widget's own style."""
        style = self._role_styles.get(role)
        if style is None:
            partial = self.get_component_rich_style(f"role--{role}", partial=True)
            style = self._role_styles[role] = self.rich_style + partial
        return style

    def strip_of(self, line: Row, width: int, *, marked: str = "") -> Strip:
        """Return `line` as a strip of exactly `width` cells; `marked` is a role laid over all of it."""
        base = self.rich_style
        segments = [Segment(part.text, self.role_style(part.role)) for part in line.spans]
        strip = Strip(segments).adjust_cell_length(width, base)
        if marked:
            over = self.get_component_rich_style(f"role--{marked}", partial=True)
            strip = Strip(Segment.apply_style(strip, post_style=over), width)
        return strip
