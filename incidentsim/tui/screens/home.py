"""The home screen: what can be played, what can be resumed, what was played last."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from incidentsim.tui.presenters.pages import gallery_detail, gallery_rows, recent_rows
from incidentsim.tui.presenters.rows import Row, Span, span
from incidentsim.tui.provider import GalleryEntry, HomeProvider
from incidentsim.tui.safe import set_titles
from incidentsim.tui.widgets.bars import KeyHints
from incidentsim.tui.widgets.plot import RowPanel
from incidentsim.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from incidentsim.tui.app import IncidentApp


class HomeScreen(Screen[None]):
    """Gallery, detail of the scenario under the cursor, and sessions on disk."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "app.help", show=False),
        Binding("q", "app.leave", show=False),
    ]

    def __init__(self, provider: HomeProvider) -> None:
        super().__init__()
        self.provider = provider
        self._busy = ""
        self._entries: tuple[GalleryEntry, ...] = ()

    def compose(self) -> ComposeResult:
        """Build the three lists."""
        yield RowPanel(id="home-title")
        with Horizontal(id="home-body"):
            with Vertical(id="gallery-pane", classes="pane"):
                yield RowsView(id="gallery", wraps=False, cursor=True, empty="No scenario found: see `scenario list`.")
            with Vertical(id="detail-pane", classes="pane"):
                yield RowsView(id="detail", focusable=False, empty="Choose a scenario.")
        with Vertical(id="recent-pane", classes="pane"):
            yield RowsView(id="recent", wraps=False, cursor=True, empty="No session yet: yours will be listed here.")
        yield KeyHints(id="hints")

    def on_mount(self) -> None:
        """Focus the gallery."""
        self.query_one("#gallery").focus()
        self.call_after_refresh(self.reload)

    def on_screen_resume(self) -> None:
        """Show new results when someone comes back."""
        self.call_after_refresh(self.reload)

    def on_resize(self) -> None:
        """Lay the columns out for the new width."""
        self.call_after_refresh(self.reload)

    def reload(self) -> None:
        """Read gallery and sessions again and show them."""
        self.busy(self._busy)
        set_titles(self.query_one("#gallery-pane"), "Scenarios")
        set_titles(self.query_one("#recent-pane"), "Your sessions")
        gallery = self.query_one("#gallery", RowsView)
        self._entries = self.provider.gallery()
        gallery.show(gallery_rows(self._entries, gallery.size.width))
        self.query_one("#recent", RowsView).show(recent_rows(self.provider.recent()))
        self._describe(gallery.cursor_key)
        self.query_one(KeyHints).update(
            (
                ("Enter", "play or resume"),
                ("↑ ↓", "choose"),
                ("Tab", "next list"),
                ("?", "help"),
                ("q", "quit"),
            )
        )

    def busy(self, what: str) -> None:
        """Say in the title what is being done, when that takes seconds; empty text when it is done."""
        self._busy = what
        about = Span("  live incidents in an LLM serving stack", "dim")
        title = (Span(" incidentsim ", "key"), span(f"  … {what}", "warn") if what else about)
        if self.is_mounted:
            self.query_one("#home-title", RowPanel).show([Row(spans=title)])

    def _describe(self, key: str) -> None:
        for entry in self._entries:
            if entry.id == key:
                set_titles(self.query_one("#detail-pane"), entry.id)
                self.query_one("#detail", RowsView).show(gallery_detail(entry))

    def on_rows_view_moved(self, event: RowsView.Moved) -> None:
        """Describe the scenario under the cursor."""
        if event.view.id == "gallery":
            self._describe(event.key)

    def on_rows_view_chosen(self, event: RowsView.Chosen) -> None:
        """Start a scenario or resume a session."""
        app: IncidentApp = self.app  # type: ignore[assignment]
        if event.view.id == "gallery":
            app.start_scenario(event.key)
        elif event.view.id == "recent":
            app.resume_session(event.key)
