"""What every tab of the live screen has."""

from __future__ import annotations

from typing import ClassVar

from textual.containers import Container
from textual.message import Message
from textual.widget import Widget

from incidentsim.tui.feed import LiveFeed
from incidentsim.tui.widgets.prompt import Prompt


class Tab(Container):
    """One tab. `NAME` is what `view_opened` records, `HINTS` are the keys that work in it.

    `sync` is called by the ticker only while the tab is in front, and must repaint only what changed.
    """

    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    SHORT: ClassVar[str] = ""
    """The title where the screen is narrow."""
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = ()

    class Looked(Message):
        """A person looked at something that is to be recorded as a look command; `keep` shows the answer."""

        def __init__(self, command: str, *, keep: bool = False) -> None:
            super().__init__()
            self.command, self.keep = command, keep

    class Offered(Message):
        """A line was chosen that a person may want to run; it goes to the command line, never straight to the world."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    def __init__(self, feed: LiveFeed) -> None:
        super().__init__(id=f"tab-{self.NAME}", classes="tab")
        self.feed = feed

    def sync(self) -> None:
        """Show what the feed holds now."""
        raise NotImplementedError

    def main(self) -> Widget:
        """Return the widget that takes the focus when the tab comes to the front."""
        raise NotImplementedError

    def box(self) -> Prompt | None:
        """Return the tab's own prompt, which `/` focuses."""
        return None
