"""The live screen: header, tabs, answers, command line, key hints; and the one ticker that drains it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from incidentsim.client_api import Ack
from incidentsim.errors import CommandError
from incidentsim.tui.feed import LiveFeed
from incidentsim.tui.presenters.help import verb_rows
from incidentsim.tui.presenters.numbers import next_speed, speed_text
from incidentsim.tui.presenters.results import answer_key, answer_line, result_rows
from incidentsim.tui.presenters.rows import span
from incidentsim.tui.presenters.timeline import notice_spans
from incidentsim.tui.safe import set_titles
from incidentsim.tui.screens.help import HelpScreen
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.tabs.changes import ChangesTab
from incidentsim.tui.tabs.channel import ChannelTab
from incidentsim.tui.tabs.hypotheses import HypothesesTab
from incidentsim.tui.tabs.logs import LogsTab
from incidentsim.tui.tabs.metrics import MetricsTab
from incidentsim.tui.tabs.overview import OverviewTab
from incidentsim.tui.tabs.runbooks import RunbooksTab
from incidentsim.tui.tabs.topology import TopologyTab
from incidentsim.tui.widgets.bars import KeyHints, StatusHeader, TabBar
from incidentsim.tui.widgets.command_line import CommandLine
from incidentsim.tui.widgets.prompt import Prompt, PromptInput
from incidentsim.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from incidentsim.tui.app import IncidentApp

TABS: tuple[type[Tab], ...] = (
    OverviewTab, MetricsTab, LogsTab, ChangesTab, TopologyTab, RunbooksTab, ChannelTab, HypothesesTab,
)  # fmt: skip
"""The tabs in the order of their digits."""

_TYPING_HINTS = (
    ("Enter", "run"), ("Tab", "complete"), ("↑ ↓", "history"), ("^r", "search"), ("PgUp PgDn", "answers"),
    ("Esc", "to the panes"), ("F1", "help"),
)  # fmt: skip
_COMMON_HINTS = ((":", "command"), ("?", "help"), ("1-8", "tabs"), ("Space", "pause"), ("+ -", "speed"))
_LINE_HINTS = (
    *_COMMON_HINTS[2:], _COMMON_HINTS[1], ("Tab", "complete"), ("↑", "history"), ("Esc", "to the panes"),
    ("^q", "leave"),
)  # fmt: skip
"""The same while the command line is empty: its own keys, and those it leaves to the screen."""


class LiveScreen(Screen[None]):
    """One incident, live. It only wires: the feed gathers, presenters decide, tabs show."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"tab({n - 1})", show=False) for n in range(1, len(TABS) + 1)),
        Binding("colon", "command", show=False, priority=True),
        Binding("slash", "box", show=False, priority=True),
        Binding("space", "pause", show=False),
        Binding("plus,equals_sign", "speed(1)", show=False),
        Binding("minus", "speed(-1)", show=False),
        Binding("z", "zoom", show=False),
        Binding("v", "results", show=False),
        Binding("escape", "calm", show=False),
        Binding("question_mark", "app.help", show=False),
    ]

    def __init__(self, feed: LiveFeed, *, hz: float) -> None:
        super().__init__()
        self.feed = feed
        self._hz = hz
        self._zoomed: list[Widget] = []
        self._shown_answer = -1
        self._over = False

    def compose(self) -> ComposeResult:
        """Build the frame and every tab."""
        yield StatusHeader(id="status")
        yield TabBar([(tab.NAME, tab.TITLE, tab.SHORT) for tab in TABS], id="tabs")
        with ContentSwitcher(initial=f"tab-{TABS[0].NAME}", id="content"):
            for tab in TABS:
                yield tab(self.feed)
        with Vertical(id="results", classes="pane"):
            yield RowsView(id="result-list", follow=True, empty="Answers to your commands appear here.")
        yield CommandLine(lambda: self.feed.vocabulary, lambda: self.feed.history)
        yield KeyHints(id="hints")

    async def on_mount(self) -> None:
        """Open the first tab and start the ticker."""
        self.feed.drain()
        self.feed.take_notices()
        await self._open(0)
        self.app.call_later(self.command_line.focus_line)  # after the focus that the tab asked for
        self.set_interval(1 / self._hz, self.tick)
        self.call_after_refresh(self.tick)

    @property
    def tab(self) -> Tab:
        """Return the tab in front."""
        current = self.query_one(ContentSwitcher).current
        return self.query_one(f"#{current}", Tab)

    @property
    def command_line(self) -> CommandLine:
        """Return the command line."""
        return self.query_one(CommandLine)

    @property
    def app_(self) -> IncidentApp:
        """Return the app with its own type."""
        return self.app  # type: ignore[return-value]

    def tick(self) -> None:
        """Drain the session and show what changed."""
        if not self.is_mounted or self._over:
            return
        self.feed.drain()
        self.paint()
        for item in self.feed.take_notices():
            self.command_line.mention(notice_spans(item))
        if self.feed.snapshot.phase == "ended":
            self._over = True
            self.app_.incident_over()

    def paint(self) -> None:
        """Show what the feed holds; each widget repaints only when its view model differs."""
        feed, snapshot = self.feed, self.feed.snapshot
        self.query_one(StatusHeader).update(feed.info, snapshot)
        self.tab.sync()
        firing = sum(a.state == "firing" for a in snapshot.alerts)
        self.query_one(TabBar).update(self.tab.NAME, {"channel": feed.unread, "overview": firing})
        results = self.query_one("#results")
        if results.has_class("-open"):
            answers = self.query_one("#result-list", RowsView)
            answers.show(result_rows(feed.results, feed.effects))
            more = f"▼ {answers.below} more · PgDn" if answers.below else "PgUp scrolls back"
            set_titles(results, "Answers", f"{more} · Esc hides")
        self._hint()

    def _hint(self) -> None:
        focused = self.focused
        if not isinstance(focused, PromptInput):
            hints = (*_COMMON_HINTS[:2], *self.tab.HINTS, *_COMMON_HINTS[2:])
        elif focused is self.command_line.input and not focused.value:
            hints = _LINE_HINTS
        else:
            hints = _TYPING_HINTS
        self.query_one(KeyHints).update(hints)

    def on_descendant_focus(self) -> None:
        """Show the keys that work at the new place."""
        if self.is_mounted:
            self._hint()

    async def _open(self, number: int) -> None:
        name = TABS[number].NAME
        self._unzoom()
        self.query_one(ContentSwitcher).current = f"tab-{name}"
        self.tab.main().focus(scroll_visible=False)
        await self.feed.session.view_opened(name)
        self.call_after_refresh(self.paint)

    async def action_tab(self, number: int) -> None:
        """Bring a tab to the front, with all the room; that is recorded."""
        if self.query_one("#results").has_class("-open"):
            self.action_results()
        await self._open(number)

    async def on_tab_bar_picked(self, event: TabBar.Picked) -> None:
        """Bring the clicked tab to the front."""
        await self.action_tab([tab.NAME for tab in TABS].index(event.name))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let `:` and `/` be typed where a line is being edited."""
        if action in ("command", "box") and isinstance(self.focused, PromptInput):
            return False
        return super().check_action(action, parameters)

    def action_command(self) -> None:
        """Go to the command line."""
        self.command_line.focus_line()

    def action_box(self) -> None:
        """Go to the tab's own prompt; where it has none, to the command line."""
        (self.tab.box() or self.command_line).focus_line()

    def before_key(self, event: events.Key) -> None:
        """Make the command line the place of a letter that means nothing where the focus is.

        Called before the key is handed on: what is typed right after it follows it, in order.
        """
        letter = event.character or ""
        if isinstance(self.focused, PromptInput) or not letter.isalpha():
            return
        if event.key not in self.active_bindings:
            self.command_line.focus_line()

    def on_key(self, event: events.Key) -> None:
        """Go to the tab's own prompt with a slash that the empty command line left."""
        if event.key == "slash" and self.focused is self.command_line.input:
            self.action_box()

    def on_paste(self, event: events.Paste) -> None:
        """Paste into the command line from wherever the focus is."""
        event.stop()
        self.command_line.paste(event.text.partition("\n")[0])

    def on_prompt_paged(self, event: Prompt.Paged) -> None:
        """Scroll the answers without leaving the command line."""
        self.query_one("#result-list", RowsView).action_page(event.step)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Hide the answers when they are what Escape can mean, else go back from a prompt to the tab."""
        if event.prompt is self.command_line and self.query_one("#results").has_class("-open"):
            self.action_results()
        else:
            self.tab.main().focus()

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """Submit a command; the tab keeps the focus where it is."""
        if event.prompt is not self.command_line:
            return
        word, _, verb = event.text.strip().partition(" ")
        if word.casefold() == "help":
            self._help(verb.strip())
        else:
            self.run_command(event.text, keep=True)

    def _help(self, verb: str) -> None:
        """Show the help, or that on one command: reading it is no move, and isn't recorded."""
        try:
            self.app.push_screen(HelpScreen(verb_rows(verb) if verb else ()))
        except CommandError as error:
            self.command_line.tell((span(str(error), "bad"),))

    def on_tab_offered(self, event: Tab.Offered) -> None:
        """Put a line into the command line, for a person to run or to change."""
        self.command_line.focus_line(event.line)

    def on_tab_looked(self, event: Tab.Looked) -> None:
        """Record a look that a tab made."""
        self.run_command(event.command, keep=event.keep)

    @work(group="submit")
    async def run_command(self, text: str, *, keep: bool) -> None:
        """Submit a command line, in order with others, and show the answer."""
        ack = await self.feed.submit(text, keep=keep)
        self._answer(ack, keep=keep)

    def _answer(self, ack: Ack, *, keep: bool) -> None:
        if keep:
            self.query_one("#results").add_class("-open")
        if keep or not ack.accepted:
            self.command_line.tell(answer_line(ack))
        self.call_after_refresh(self._show_answer if keep else self.tick)

    def _show_answer(self) -> None:
        self.tick()
        last = answer_key(len(self.feed.results) - 1)
        self.call_after_refresh(self.query_one("#result-list", RowsView).reveal, last)

    async def action_pause(self) -> None:
        """Stop the clock, or let it run on."""
        await self.feed.session.control("resume" if self.feed.snapshot.paused else "pause")
        self.tick()

    async def action_speed(self, step: int) -> None:
        """Take the next higher or lower speed."""
        wanted = next_speed(self.feed.snapshot.speed, step)
        await self.feed.session.control("speed", wanted)
        self.command_line.tell((span(f"speed {speed_text(wanted)}", "dim"),))
        self.tick()

    def action_results(self) -> None:
        """Show or hide the answers; what was said of them goes with them."""
        results = self.query_one("#results")
        if results.toggle_class("-open").has_class("-open") is False:
            self.command_line.tell(())
        self.call_after_refresh(self.paint)

    def action_calm(self) -> None:
        """Escape: leave the zoom, then close the answers."""
        if self._zoomed:
            self._unzoom()
        else:
            self.query_one("#results").remove_class("-open")
        self.call_after_refresh(self.paint)

    def action_zoom(self) -> None:
        """Give the focused pane all the room between tabs and command line, or give it back."""
        if self._zoomed:
            self._unzoom()
        elif self.focused is not None:
            nodes = [n for n in self.focused.ancestors_with_self if isinstance(n, Widget)]
            pane = next((n for n in nodes if n.has_class("pane")), None)
            if pane is not None:
                self._zoom(pane)
        self.call_after_refresh(self.paint)

    def _zoom(self, pane: Widget) -> None:
        rest = {"status", "tabs", "command", "hints"}
        node = pane
        pane.add_class("-zoomed")
        while node is not self and isinstance(node.parent, Widget):
            for sibling in node.parent.children:
                if sibling is not node and sibling.id not in rest and sibling.display:
                    sibling.add_class("zoom-hidden")
                    self._zoomed.append(sibling)
            node = node.parent
        self._zoomed.append(pane)

    def _unzoom(self) -> None:
        for widget in self._zoomed:
            widget.remove_class("zoom-hidden", "-zoomed")
        self._zoomed = []
