"""Metrics: a PromQL box and one large chart with a time cursor, marks and a comparison."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget

from incidentsim.client_api import Series, Tile
from incidentsim.commands.complete import complete
from incidentsim.commands.items import Completion
from incidentsim.tui.feed import LiveFeed, curve_of
from incidentsim.tui.presenters.explorer import (
    COMPARE_US,
    MARKS,
    WINDOWS_US,
    ChartModel,
    chart_rows,
    legend_rows,
    step_for,
    window_title,
)
from incidentsim.tui.presenters.plot import MAX_SERIES, Curve
from incidentsim.tui.presenters.rows import row, span
from incidentsim.tui.presenters.timeline import marker_legend, markers
from incidentsim.tui.safe import set_titles
from incidentsim.tui.tabs.base import Tab
from incidentsim.tui.widgets.plot import BraillePlot
from incidentsim.tui.widgets.prompt import Prompt
from incidentsim.tui.widgets.rows_view import RowsView

_PREFIX = "query "


class MetricsTab(Tab):
    """The metrics explorer. It evaluates again when a new step of scenario time has begun."""

    NAME, TITLE, SHORT = "metrics", "Metrics", "Metr"
    HINTS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("/", "query"), ("[ ]", "tile"), ("← →", "cursor"), ("w c", "window, compare"),
    )  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "tile(-1)", show=False),
        Binding("right_square_bracket", "tile(1)", show=False),
        Binding("left", "move_cursor(-1)", show=False),
        Binding("right", "move_cursor(1)", show=False),
        Binding("shift+left", "move_cursor(-10)", show=False),
        Binding("shift+right", "move_cursor(10)", show=False),
        Binding("backspace", "drop_cursor", show=False),
        Binding("w", "window", show=False),
        Binding("c", "compare", show=False),
    ]

    def __init__(self, feed: LiveFeed) -> None:
        super().__init__(feed)
        self.expression = ""
        self._queries: list[str] = []
        self._tile = 0
        self._window = 1
        self._compare = False
        self._cursor: int | None = None
        self._problem = ""
        self._evaluated: tuple[object, ...] = ()
        self._series: tuple[Series, ...] = ()
        self._curves: tuple[Curve, ...] = ()
        self._former: tuple[Curve, ...] = ()
        self._start_us = self._end_us = 0

    def compose(self) -> ComposeResult:
        """Build box, chart and legend."""
        yield Prompt(
            "PromQL",
            completer=self._complete,
            history=lambda: self._queries,
            placeholder="an expression, for example sum by (tenant) (rate(gateway_tokens_total[1m]))",
            clears=False,
            id="promql",
        )
        with Vertical(id="chart-pane", classes="pane"):
            yield BraillePlot(id="chart")
        yield RowsView(id="legend", empty="No series: the expression has no samples in this window.")

    def _complete(self, text: str, cursor: int) -> Completion:
        shift = len(_PREFIX)
        made = complete(_PREFIX + text, cursor + shift, self.feed.vocabulary, [])
        return Completion(
            start=max(0, made.start - shift),
            end=max(0, made.end - shift),
            items=tuple(i for i in made.items if i.kind != "option"),
            usage="Enter draws it and records the query",
            problem=made.problem,
        )

    def main(self) -> Widget:
        """Return the legend: its keys move the time cursor too."""
        return self.query_one("#legend", RowsView)

    def box(self) -> Prompt:
        """Return the PromQL box."""
        return self.query_one("#promql", Prompt)

    def _current_tile(self) -> Tile | None:
        tiles = self.feed.snapshot.tiles
        return next((t for t in tiles if t.promql == self.expression), None)

    def sync(self) -> None:
        """Evaluate when due and draw."""
        if not self.expression and self.feed.snapshot.tiles:
            self._choose(self.feed.snapshot.tiles[0].promql)
        chart = self.query_one(BraillePlot)
        width, height = chart.content_size
        if not self.expression or width <= 0:
            return
        self._evaluate(width)
        span_us = max(1, self._end_us - self._start_us)
        share = None if self._cursor is None else (self._cursor - self._start_us) / span_us
        if share is not None and not 0 <= share <= 1:
            self._cursor = share = None
        tile = self._current_tile()
        model = ChartModel(
            start_us=self._start_us,
            end_us=self._end_us,
            curves=self._curves,
            band=tile.band if tile else None,
            objective=tile.objective if tile else None,
            markers=tuple(markers(self.feed.items, self._start_us, self._end_us)),
            cursor=share,
        )
        drawn = model
        if self._compare and self._former:
            quiet = (*self._curves[:1], *self._former[:1])
            drawn = ChartModel(
                start_us=model.start_us, end_us=model.end_us, curves=quiet, band=model.band,
                objective=model.objective, markers=model.markers, cursor=share,
            )  # fmt: skip
        chart.show(chart_rows(drawn, width, height))
        title = window_title(self.expression, WINDOWS_US[self._window], compare=self._compare, cursor_us=self._cursor)
        set_titles(self.query_one("#chart-pane"), title)
        rows = legend_rows(
            self._series, model, unit=tile.unit if tile else "", former=self._former if self._compare else ()
        )
        if self._problem:
            rows = [row(span(f"✖ {self._problem}", "bad"))]
        self.query_one("#legend", RowsView).show([*rows, marker_legend()] if rows else [])

    def _evaluate(self, width: int) -> None:
        window = WINDOWS_US[self._window]
        step = max(5_000_000, step_for(window, width))
        end = self.feed.snapshot.t_us // step * step
        wanted = (self.expression, window, step, end, self._compare)
        if wanted == self._evaluated:
            return
        self._evaluated = wanted
        start = end - window // step * step
        self._series, self._problem = self.feed.chart(self.expression, start, end, step)
        self._curves = tuple(
            curve_of(one, start, end, step, mark=MARKS[number]) for number, one in enumerate(self._series[:MAX_SERIES])
        )
        self._former = ()
        if self._compare and not self._problem:
            past, _ = self.feed.chart(self.expression, start - COMPARE_US, end - COMPARE_US, step)
            self._former = tuple(
                curve_of(one, start - COMPARE_US, end - COMPARE_US, step, mark="−") for one in past[:MAX_SERIES]
            )
        self._start_us, self._end_us = start, end

    def _choose(self, expression: str) -> None:
        self.expression = expression
        self.query_one("#promql", Prompt).set_line(expression, quiet=True)

    def on_prompt_submitted(self, event: Prompt.Submitted) -> None:
        """Draw an expression and record the query."""
        event.stop()
        if not event.text:
            return
        self._choose(event.text)
        if event.text not in self._queries:
            self._queries.append(event.text)
        self.post_message(self.Looked(f"query {event.text}"))
        self.query_one("#legend", RowsView).focus()
        self.sync()

    def action_tile(self, step: int) -> None:
        """Draw the next or former tile's expression."""
        tiles = self.feed.snapshot.tiles
        if tiles:
            self._tile = (self._tile + step) % len(tiles)
            self._choose(tiles[self._tile].promql)
            self.sync()

    def action_move_cursor(self, step: int) -> None:
        """Move the time cursor by so many columns."""
        width = max(2, self.query_one(BraillePlot).content_size.width)
        column = max(1, (self._end_us - self._start_us) // width)
        at = self._end_us if self._cursor is None else self._cursor
        self._cursor = min(self._end_us, max(self._start_us, at + step * column))
        self.sync()

    def action_drop_cursor(self) -> None:
        """Show the newest values again."""
        self._cursor = None
        self.sync()

    def action_window(self) -> None:
        """Show the next window: 5, 15, 30, 60 min."""
        self._window = (self._window + 1) % len(WINDOWS_US)
        self.sync()

    def action_compare(self) -> None:
        """Compare with ten minutes before, or stop comparing."""
        self._compare = not self._compare
        self.sync()
