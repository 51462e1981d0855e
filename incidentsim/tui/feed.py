"""What the live screen shows, gathered from a session by one ticker. No Textual in here.

`drain` is called a few times a second and takes in whatever happened; widgets then ask for view models and
repaint only those that changed. Charts are evaluated again only when a new sample can be in them.
"""

from __future__ import annotations

from dataclasses import dataclass

from incidentsim.client_api import Ack, Series, Session, Snapshot
from incidentsim.errors import QueryError
from incidentsim.tui.presenters.logs import LogBuffer
from incidentsim.tui.presenters.plot import Curve
from incidentsim.tui.presenters.timeline import Item, command_text, describe

TILE_WINDOW_US = 720_000_000
"""How far back a tile's curve reaches: 12 min shows the minutes before a page beside what followed."""

TILE_STEP_US = 10_000_000
"""Step of a tile's curve: 72 points, about two for each of a tile's columns at the reference size."""

_CHARTS_PER_DRAIN = 2
"""Tile curves evaluated in one drain, so that no single repaint waits for all six."""

_LOG_LIMIT = 2_000
"""Log lines taken in one drain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One command a person submitted and its answer; the effects that followed are in `LiveFeed.effects`."""

    command: str
    ack: Ack


def curve_of(series: Series, start_us: int, end_us: int, step_us: int, mark: str = "") -> Curve:
    """Return a series on the steps of [start, end], None where it has no point."""
    count = max(1, (end_us - start_us) // step_us + 1)
    values: list[float | None] = [None] * count
    for t_us, value in series.points:
        place = (t_us - start_us + step_us // 2) // step_us
        if 0 <= place < count:
            values[place] = value
    return Curve(values=tuple(values), mark=mark)


class LiveFeed:
    """Everything drained so far from one session, as one client of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.info = session.info()
        self.vocabulary = session.vocabulary()
        self.snapshot: Snapshot = session.snapshot()
        self.items: list[Item] = []
        self.results: list[Result] = []
        self.effects: dict[int, list[Item]] = {}
        self.history: list[str] = []
        self.logs = LogBuffer()
        self.log_filter = ""
        self.log_problem = ""
        self.unread = 0
        self._notices: list[Item] = []
        self._last_seq = -1
        self._next_log = self._last_log = -1
        self._tiles: dict[str, tuple[int, Curve]] = {}

    def drain(self) -> None:
        """Take in the newest snapshot, events, log lines and at most two tile curves."""
        self.snapshot = self.session.snapshot()
        self.vocabulary = self.session.vocabulary()
        self._drain_events()
        self._drain_logs()
        self._drain_tiles()

    def _drain_events(self) -> None:
        for event in self.session.events(self._last_seq):
            self._last_seq = max(self._last_seq, event.seq)
            if event.type == "accepted" and not self.results:
                self.history.append(command_text(event.body))  # of a session that was resumed
            item = describe(event)
            if item is None or self._is_history(item):
                continue
            self.items.append(item)
            if item.group == "message":
                self.unread += 1
            if item.group == "message" or (item.group == "effect" and item.role != "dim"):
                self._notices.append(item)
            if item.ref:
                self.effects.setdefault(item.ref, []).append(item)

    def _is_history(self, item: Item) -> bool:
        """Say whether a change is older than the record, which gives it its first moment: see Changes."""
        return item.group == "change" and item.t_us <= -self.info.prelude_us

    def take_notices(self) -> list[Item]:
        """Return the messages and finished effects that came since the last call."""
        taken, self._notices = self._notices, []
        return taken

    def _drain_logs(self) -> None:
        try:
            page = self.session.logs(self.log_filter, after=self._next_log, limit=_LOG_LIMIT)
        except QueryError as error:
            self.log_problem = str(error)
            return
        self._next_log = page.next_index
        self.logs.hidden += page.hidden
        fresh = tuple(line for line in page.lines if line.index > self._last_log)
        if fresh:
            self._last_log = fresh[-1].index
            self.logs.extend(fresh)

    def set_log_filter(self, text: str) -> str:
        """Show only matching lines from now on; return a problem, empty when the filter is fine."""
        try:
            self.session.logs(text, limit=1)
        except QueryError as error:
            self.log_problem = str(error)
            return self.log_problem
        self.log_filter, self.log_problem = text, ""
        self.logs.reset()
        self._next_log = self._last_log = -1
        self._drain_logs()
        return ""

    def _drain_tiles(self) -> None:
        slot = self.snapshot.t_us // TILE_STEP_US
        stale = [tile for tile in self.snapshot.tiles if self._tiles.get(tile.key, (None,))[0] != slot]
        first = not self._tiles
        stale.sort(key=lambda tile: self._tiles.get(tile.key, (-(1 << 60),))[0])
        for tile in stale if first else stale[:_CHARTS_PER_DRAIN]:
            end_us = slot * TILE_STEP_US
            start_us = end_us - TILE_WINDOW_US
            series, _ = self.chart(tile.promql, start_us, end_us, TILE_STEP_US)
            curve = curve_of(series[0], start_us, end_us, TILE_STEP_US) if series else Curve(values=())
            self._tiles[tile.key] = (slot, curve)

    def tile_curve(self, key: str) -> Curve:
        """Return a tile's curve as last evaluated."""
        return self._tiles.get(key, (0, Curve(values=())))[1]

    def chart(self, promql: str, start_us: int, end_us: int, step_us: int) -> tuple[tuple[Series, ...], str]:
        """Return the series of a range query and a problem, one of them empty."""
        try:
            return self.session.chart(promql, start_us, end_us, step_us), ""
        except QueryError as error:
            return (), str(error)

    async def submit(self, text: str, *, keep: bool = True) -> Ack:
        """Submit a command line; with `keep` it joins the history and the results."""
        ack = await self.session.submit(text)
        if keep:
            if not self.history or self.history[-1] != text:
                self.history.append(text)
            self.results.append(Result(command=text, ack=ack))
        return ack
