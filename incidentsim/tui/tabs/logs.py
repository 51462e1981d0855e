"""Logs: filter box, chips, histogram, lines, and all fields of the line under the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget

from incidentsim.commands.complete import complete
from incidentsim.commands.items import Completion
from incidentsim.tui.feed import LiveFeed
from incidentsim.tui.presenters.logs import chips, detail_rows, histogram_label
from incidentsim.tui.presenters.rows import Row, Span, span
from incidentsim.tui.safe import set_titles
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.widgets.line_log import LineLog
from incidentsim.tui.widgets.log_pane import LogPane
from incidentsim.tui.widgets.plot import RowPanel
from incidentsim.tui.widgets.prompt import Prompt
from incidentsim.tui.widgets.rows_view import RowsView

_PREFIX = "logs "


class LogsTab(Tab):
    """The log explorer. A filter hides lines on the server's side; a search only marks them."""

    NAME, TITLE, SHORT = "logs", "Logs", "Logs"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("/", "filter"), ("s", "search"), ("e n", "next error, hit"), ("y", "copy"),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "search", show=False),
        Binding("i", "narrow('')", show=False),
        Binding("o", "narrow('-')", show=False),
        Binding("w", "warnings", show=False),
        Binding("c", "clear", show=False),
    ]

    def __init__(self, feed: LiveFeed) -> None:
        super().__init__(feed)
        self._filters: list[str] = []
        self._searching = False

    def compose(self) -> ComposeResult:
        """Build box, chips, log and detail."""
        yield Prompt(
            "filter",
            completer=self._complete,
            history=lambda: self._filters,
            placeholder="level>=warn svc:gateway text -text; empty shows all",
            clears=False,
            id="log-filter",
        )
        yield RowPanel(id="chips")
        with Vertical(id="log-main", classes="pane"):
            yield LogPane(self.feed)
        with Vertical(id="log-detail", classes="pane"):
            yield RowsView(id="log-fields", empty="Enter on a line shows all of its fields here.")

    def _complete(self, text: str, cursor: int) -> Completion:
        if self._searching:
            return Completion(start=cursor, end=cursor, usage="search: marks lines, n and N go to them")
        shift = len(_PREFIX)
        made = complete(_PREFIX + text, cursor + shift, self.feed.vocabulary, [])
        usage = "terms are joined by and: level>=warn, svc:NAME, tenant:NAME, text, -text"
        return Completion(
            start=max(0, made.start - shift),
            end=max(0, made.end - shift),
            items=tuple(i for i in made.items if i.kind != "option"),
            usage=usage,
            problem=made.problem,
        )

    def main(self) -> Widget:
        """Return the lines."""
        return self.query_one(LineLog)

    def box(self) -> Prompt:
        """Return the filter box, in filter mode."""
        self._searching = False
        prompt = self.query_one("#log-filter", Prompt)
        prompt.set_line(self.feed.log_filter, quiet=True)
        return prompt

    def sync(self) -> None:
        """Show new lines, the chips and the bars' label."""
        pane = self.query_one(LogPane)
        pane.sync()
        set_titles(self.query_one("#log-main"), pane.title(), pane.subtitle())
        set_titles(self.query_one("#log-detail"), "Line")
        label = histogram_label(self.feed.logs.buckets, self.feed.snapshot.t_us)
        needle = pane.log_view.needle
        searched = (Span("  search ", "dim"), span(f" {needle} ", "hit")) if needle else ()
        line = Row(spans=(*chips(self.feed.log_filter), *searched, span(f"   {label}", "dim")))
        self.query_one("#chips", RowPanel).show([line])

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """Apply the filter or the search."""
        event.stop()
        if self._searching:
            self.query_one(LogPane).log_view.mark(event.text)
            self.query_one(LineLog).focus()
            self.query_one(LogPane).action_jump(-1, False) if event.text else None
            self.sync()
            return
        self._apply(event.text)

    def _apply(self, text: str) -> None:
        problem = self.feed.set_log_filter(text)
        if problem:
            self.query_one("#log-filter", Prompt).tell((span(problem, "bad"),))
            return
        if text:
            if text not in self._filters:
                self._filters.append(text)
            self.post_message(self.Looked(f"logs {text}"))
        self.query_one("#log-filter", Prompt).set_line(text, quiet=True)
        self.query_one(LineLog).focus()
        self.sync()

    def action_search(self) -> None:
        """Type a text to mark."""
        self._searching = True
        self.query_one("#log-filter", Prompt).focus_line("")

    def action_narrow(self, sign: str) -> None:
        """Filter the current line's service in (or out, by its name)."""
        line = self.query_one(LineLog).current
        if line is not None:
            term = f"{sign}svc:{line.service}"
            kept = [t for t in self.feed.log_filter.split() if t != term]
            self._apply(" ".join((*kept, term)))

    def action_warnings(self) -> None:
        """Show warnings and worse only, or everything again."""
        terms = self.feed.log_filter.split()
        term = "level>=warn"
        self._apply(" ".join([t for t in terms if t != term] if term in terms else [term, *terms]))

    def action_clear(self) -> None:
        """Show all lines, without marks."""
        self.query_one(LineLog).mark("")
        self._apply("")

    def on_line_log_chosen(self, event: LineLog.Chosen) -> None:
        """Show every field of a line."""
        event.stop()
        self.query_one("#log-detail").add_class("-open")
        self.query_one("#log-fields", RowsView).show(detail_rows(event.line))
