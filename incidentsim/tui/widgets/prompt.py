"""One line of input with a usage line, a dropdown of completions, history and reverse search.

The command line, the PromQL box and the log filter are all prompts; what they complete is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from incidentsim.commands.items import Completion, CompletionItem
from incidentsim.text import clean
from incidentsim.tui.presenters.completion import accepted, completion_rows, usage_spans
from incidentsim.tui.presenters.rows import Row, Span, span, wrap
from incidentsim.tui.widgets.line_input import LineInput
from incidentsim.tui.widgets.plot import RowPanel

Completer = Callable[[str, int], Completion]
"""Text and cursor to completion; must never raise."""

DROPDOWN_ROWS = 8
"""Completions shown at once: a third of the smallest supported screen."""


MESSAGE_ROWS = 2
"""Rows that what is said of a line may take; what is said while typing stays in one, so that nothing jumps."""


class PromptInput(LineInput):
    """The editable line itself; keys that are not editing are passed to its prompt.

    While the line is empty it leaves the keys in `passes` to the screen: a digit then opens a tab. Its own keys are
    answered at once, before the next one is typed: Textual lets them rise to the app first, and on a slow machine what
    was typed after Enter would join the line that Enter submits.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "ask('up')", show=False),
        Binding("down", "ask('down')", show=False),
        Binding("tab", "ask('tab')", show=False),
        Binding("ctrl+r", "ask('search')", show=False),
        Binding("escape", "ask('escape')", show=False),
        Binding("pageup", "ask('pageup')", show=False),
        Binding("pagedown", "ask('pagedown')", show=False),
    ]

    def __init__(
        self, *, placeholder: str, passes: frozenset[str], entered: Callable[[], None], asked: Callable[[str], None]
    ) -> None:
        super().__init__(placeholder=placeholder, compact=True, select_on_focus=False)
        self.passes, self._entered, self._asked = passes, entered, asked

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Take every printable key, but for those that are the screen's while nothing is typed."""
        return not self._leaves(key) and super().check_consume_key(key, character)

    async def on_key(self, event: events.Key) -> None:
        """Keep the line's own handler from typing a key that is the screen's; answer the line's own keys."""
        if self._leaves(event.key):
            event.prevent_default()
            return
        found = None if event.is_printable else self.screen.active_bindings.get(event.key)
        if found is not None and found.node is self and found.enabled:
            event.stop()
            event.prevent_default()
            await self.run_action(found.binding.action)

    def _leaves(self, key: str) -> bool:
        return not self.value and key in self.passes

    def action_ask(self, what: str) -> None:
        """Pass a key on."""
        self._asked(what)

    async def action_submit(self) -> None:
        """Enter the line as it stands."""
        self._entered()


class Prompt(Vertical):
    """A prompt. Enter submits the line as it stands; `clears` empties it then.

    States: typing, choosing from the dropdown, walking through history, searching history (ctrl+r).
    """

    @dataclass
    class Submitted(Message):
        """A line was entered."""

        prompt: Prompt
        text: str

        @property
        def control(self) -> Prompt:
            """Return the prompt, so that handlers can select by its id."""
            return self.prompt

    @dataclass
    class Left(Message):
        """Escape was pressed with nothing left to close."""

        prompt: Prompt

    @dataclass
    class Paged(Message):
        """A page key was pressed, which a line of input has no use for: -1 up, 1 down."""

        step: int

    def __init__(
        self,
        label: str,
        *,
        completer: Completer | None = None,
        history: Callable[[], Sequence[str]] = tuple,
        placeholder: str = "",
        clears: bool = True,
        passes: frozenset[str] = frozenset(),
        id: str | None = None,
    ) -> None:
        super().__init__(id=id, classes="prompt")
        self._label, self._passes = label, passes
        self._completer, self._history, self._clears = completer, history, clears
        self._placeholder = placeholder
        self._completion: Completion | None = None
        self._items: tuple[CompletionItem, ...] = ()
        self._chosen = 0
        self._walk: int | None = None
        self._searching = False
        self._told: tuple[Span, ...] = ()
        self._quiet: str | None = None
        self._answered: str | None = None
        """the line at an Enter that did not submit it: what Enter said of it stays until the line is another"""

    def compose(self) -> ComposeResult:
        """Build dropdown, message line and input."""
        yield RowPanel(classes="prompt--dropdown")
        yield RowPanel(classes="prompt--message")
        with Horizontal(classes="prompt--line"):
            yield RowPanel(classes="prompt--label")
            yield PromptInput(
                placeholder=self._placeholder, passes=self._passes, entered=self._entered, asked=self._answer_key
            )

    def on_mount(self) -> None:
        """Show the label; the cursor doesn't blink, which saves repaints."""
        label = self.query_one(".prompt--label", RowPanel)
        label.styles.width = len(self._label) + 1
        label.show([Row(spans=(span(self._label, "accent"),))])
        self.input.cursor_blink = False

    @property
    def input(self) -> PromptInput:
        """Return the editable line."""
        return self.query_one(PromptInput)

    @property
    def is_open(self) -> bool:
        """Say whether the dropdown shows."""
        return bool(self._items)

    @property
    def items(self) -> tuple[CompletionItem, ...]:
        """Return what the dropdown offers."""
        return self._items

    def focus_line(self, text: str | None = None) -> None:
        """Focus the line at once, so that keys already typed reach it, with `text` in it when given."""
        self.screen.set_focus(self.input)
        if text is not None:
            self.set_line(text)

    def set_line(self, text: str, *, quiet: bool = False) -> None:
        """Replace the line; `quiet` without opening the dropdown."""
        if quiet and text != self.input.value:
            self._quiet = clean(text)
        self.input.value = text
        self.input.cursor_position = len(self.input.value)

    def paste(self, text: str) -> None:
        """Focus the line and put `text` at its cursor."""
        self.screen.set_focus(self.input)
        self.input.insert_text_at_cursor(text)

    def tell(self, spans: Sequence[Span]) -> None:
        """Show a message until the next key."""
        self._told = tuple(spans)
        self._show_message()

    def mention(self, spans: Sequence[Span]) -> None:
        """Show a message, unless a line is being typed: then its usage stays."""
        if not self.input.value:
            self.tell(spans)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Complete what was typed."""
        event.stop()
        if event.value != self.input.value or event.value == self._answered:
            return  # a newer change is on its way, or Enter has answered this text already
        self._answered = None
        quiet, self._quiet = self._quiet == event.value, None
        if quiet:
            self._close()
            return
        self._told = ()
        self.edited()
        self._walk = None
        self._offer(show=bool(event.value))

    def edited(self) -> None:
        """Hook: the line changed."""

    def _offer(self, *, show: bool) -> None:
        line = self.input
        if self._searching:
            needle = line.value.lower()
            found = [h for h in reversed(self._history()) if needle in h.lower()]
            items = tuple(CompletionItem(text=h, kind="history") for h in dict.fromkeys(found))
            self._completion = Completion(start=0, end=len(line.value), items=items)
        elif self._completer is not None:
            self._completion = self._completer(line.value, line.cursor_position)
        self._items = self._completion.items if self._completion is not None and show else ()
        self._chosen = 0
        self._show_dropdown()
        self._show_message()

    def _close(self) -> None:
        self._items, self._chosen, self._searching = (), 0, False
        self._show_dropdown()
        self._show_message()

    def _show_dropdown(self) -> None:
        panel = self.query_one(".prompt--dropdown", RowPanel)
        count = min(DROPDOWN_ROWS, len(self._items))
        if count:
            width = max(20, self.size.width)
            panel.show(completion_rows(self._items, self._chosen, width, count))
            if panel.styles.height is None or panel.styles.height.value != count:
                panel.styles.height = count
                panel.styles.offset = (0, -count)
        panel.set_class(bool(count), "-open")

    def _show_message(self) -> None:
        spans = self._told
        if not spans and self._searching:
            spans = (Span("history search: ", "accent"), Span("Enter takes it, Esc leaves", "dim"))
        elif not spans and self._completion is not None and self.input.value:
            spans = usage_spans(self._completion)
        rows = wrap(Row(spans=spans), max(20, self.size.width))[:MESSAGE_ROWS] if spans and self._told else []
        tall = len(rows) > 1
        self.set_class(tall, "-tall")
        self.query_one(".prompt--message", RowPanel).show(rows if tall else [Row(spans=spans)])

    def _answer_key(self, what: str) -> None:
        handlers: dict[str, Callable[[], None]] = {
            "up": self._up,
            "down": self._down,
            "tab": self._tab,
            "search": self._search,
            "escape": self._escape,
            "pageup": partial(self._page, -1),
            "pagedown": partial(self._page, 1),
        }
        handlers[what]()

    def _up(self) -> None:
        if self._items and self._chosen > 0:
            self._chosen -= 1
            self._show_dropdown()
            return
        self._walk_history(-1)

    def _down(self) -> None:
        if self._items and self._walk is None:
            self._chosen = min(len(self._items) - 1, self._chosen + 1)
            self._show_dropdown()
            return
        self._walk_history(1)

    def _walk_history(self, step: int) -> None:
        lines = list(self._history())
        if not lines or (self._walk is None and step > 0):
            return
        place = len(lines) if self._walk is None else self._walk
        place = max(0, place + step)
        if place >= len(lines):
            self._walk = None
            self.set_line("", quiet=True)
        else:
            self.set_line(lines[place], quiet=True)
            self._walk = place

    def _tab(self) -> None:
        if not self._items:
            self._offer(show=True)
            if len(self._items) != 1:
                return
        self._take(self._items[self._chosen])

    def _take(self, item: CompletionItem) -> None:
        if self._completion is None:
            return
        self._searching = False
        text, cursor = accepted(self.input.value, self._completion, item)
        self.input.value = text
        self.input.cursor_position = cursor

    def _search(self) -> None:
        self._searching = True
        self._offer(show=True)

    def _page(self, step: int) -> None:
        self.post_message(self.Paged(step))

    def _escape(self) -> None:
        self._answered = None
        if self.cancelled():
            return
        if self._items or self._searching:
            self._close()
        else:
            self.post_message(self.Left(self))

    def cancelled(self) -> bool:
        """Hook: Escape was pressed; return True when that closed something."""
        return False

    def _entered(self) -> None:
        """Submit the line, unless it is a search, whose best match is taken into the line."""
        line = self.input.value
        if self._searching:
            if self._items:
                self._take(self._items[self._chosen])
            self._close()
            return
        text = line.strip()
        self._close()
        if not self.confirmed(text):
            self._answered = line
            return
        self._walk = self._answered = None
        if self._clears:
            self.set_line("", quiet=True)
            self._completion = None
        self.post_message(self.Submitted(self, text))

    def confirmed(self, text: str) -> bool:
        """Hook: return whether `text` may be submitted now."""
        return bool(text) or not self._clears

    def on_descendant_blur(self, _: events.DescendantBlur) -> None:
        """Close the dropdown when the focus goes elsewhere."""
        self._close()
