"""The home screen: what can be played, what can be resumed, what was played last."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Input

from incidentsim.specs.levels import LEVELS
from incidentsim.tui.presenters.pages import gallery_detail, gallery_rows, matching, recent_rows
from incidentsim.tui.presenters.rows import Row, Span, span
from incidentsim.tui.provider import GalleryEntry, HomeProvider
from incidentsim.tui.safe import set_titles
from incidentsim.tui.widgets.bars import KeyHints
from incidentsim.tui.widgets.line_input import LineInput
from incidentsim.tui.widgets.plot import RowPanel
from incidentsim.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from incidentsim.tui.app import IncidentApp


_NONE = "No scenario: none has all the words of the filter (Esc shows all), or none was found (see `scenario list`)."


class FilterLine(LineInput):
    """The line that filters scenarios; arrows and Enter lead back to the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,up", "screen.focus('gallery')", show=False),
    ]


class HomeScreen(Screen[None]):
    """Gallery, detail of the scenario under the cursor, and sessions on disk."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "app.help", show=False),
        Binding("q", "app.leave", show=False),
        Binding("slash", "filter", show=False),
        Binding("l", "preset", show=False),
        Binding("escape", "unfilter", show=False),
    ]

    def __init__(self, provider: HomeProvider) -> None:
        super().__init__()
        self.provider = provider
        self._busy = ""
        self._entries: tuple[GalleryEntry, ...] = ()
        self._preset = ""

    def compose(self) -> ComposeResult:
        """Build the three lists."""
        yield RowPanel(id="home-title")
        with Horizontal(id="home-body"):
            with Vertical(id="gallery-pane", classes="pane"):
                yield RowsView(id="gallery", wraps=False, cursor=True, empty=_NONE)
                yield FilterLine(id="filter", placeholder="words: title, level, skill, exercise, new", compact=True)
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
        set_titles(self.query_one("#recent-pane"), "Your sessions")
        self.query_one(KeyHints).update((
            ("Enter", "play or resume"), ("↑ ↓", "choose"), ("/", "filter"), ("l", "level"), ("?", "help"),
            ("Tab", "next list"), ("q", "quit"),
        ))  # fmt: skip
        self._entries = self.provider.gallery()
        self._show_gallery()
        self.query_one("#recent", RowsView).show(recent_rows(self.provider.recent()))

    def _show_gallery(self) -> None:
        """Show the scenarios that the filter leaves, and what is known of the one under the cursor."""
        gallery, wanted = self.query_one("#gallery", RowsView), self.query_one(FilterLine).value
        found = matching(self._entries, wanted)
        gallery.show(gallery_rows(found, gallery.size.width))
        count = f"{len(found)} of {len(self._entries)}" if wanted.strip() else str(len(found))
        set_titles(self.query_one("#gallery-pane"), f"Scenarios  {count}", f"level: {self._preset or 'as written'}")
        self._describe(gallery.cursor_key)

    def action_filter(self) -> None:
        """Open the filter line, or go to it."""
        line = self.query_one(FilterLine)
        line.display = True
        line.focus()

    def action_unfilter(self) -> None:
        """Show all scenarios again."""
        line = self.query_one(FilterLine)
        line.value, line.display = "", False
        self._show_gallery()
        self.query_one("#gallery").focus()

    def action_preset(self) -> None:
        """Take the next level preset for the next play; after the last comes none."""
        presets = ["", *LEVELS]
        self._preset = presets[(presets.index(self._preset) + 1) % len(presets)]
        self._show_gallery()

    def on_input_changed(self, _: Input.Changed) -> None:
        """Filter as somebody types."""
        self._show_gallery()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Go on to the list with what was found."""
        self.query_one("#gallery").focus()

    def busy(self, what: str) -> None:
        """Say in the title what is being done, when that takes seconds; empty text when it is done."""
        self._busy = what
        about = Span("  live incidents in an LLM serving stack", "dim")
        title = (Span(" incidentsim ", "key"), span(f"  … {what}", "warn") if what else about)
        if self.is_mounted:
            self.query_one("#home-title", RowPanel).show([Row(spans=title)])

    def _describe(self, key: str) -> None:
        entry = next((entry for entry in self._entries if entry.id == key), None)
        set_titles(self.query_one("#detail-pane"), key)
        self.query_one("#detail", RowsView).show(gallery_detail(entry, self._preset) if entry else [])

    def on_rows_view_moved(self, event: RowsView.Moved) -> None:
        """Describe the scenario under the cursor."""
        if event.view.id == "gallery":
            self._describe(event.key)

    def on_rows_view_chosen(self, event: RowsView.Chosen) -> None:
        """Start a scenario or resume a session."""
        app: IncidentApp = self.app  # type: ignore[assignment]
        if event.view.id == "gallery":
            app.start_scenario(event.key, level=self._preset or None)
        elif event.view.id == "recent":
            app.resume_session(event.key)
