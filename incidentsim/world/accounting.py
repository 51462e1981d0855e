"""The budget of bytes: what a world keeps, counted and priced, never asked of the operating system.

`World` checks it every scenario second and monitoring after every scrape. Counts are exact; prices are what a
64-bit CPython takes, rounded up, so that the same world stops at the same moment everywhere. What is handed to
others and may be fetched at any time (facts) is left out, since it depends on who fetches when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from incidentsim.errors import BudgetExceeded
from incidentsim.exact import format_clock
from incidentsim.world.stack.component import Component

if TYPE_CHECKING:
    from incidentsim.world.stack.build import Stack

MAX_BYTES: Final = 512_000_000
"""Most bytes that one world may keep (world.md §5)."""

SAMPLE_BYTES: Final = 8
"""One sample of a series: a double in a column."""

SERIES_BYTES: Final = 1_000
"""One series beside its samples: labels, column, index entries."""

LOG_BYTES: Final = 500
"""One log record, kept or on its way through the collector."""

TRACE_BYTES, SPAN_BYTES = 400, 350
"""One trace without its spans, and one span with its attributes."""

EVENT_BYTES: Final = 250
"""One event ahead: entry of the queue, call, argument."""

RECORD_BYTES: Final = 1_000
"""One thing that a component holds: a request with its attempt, a session, an answer, an account."""

NAMED: Final = 4
"""What holds most is named in the message, so many of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """So many things of one kind, and what they are taken to cost. `less` says how to have fewer."""

    what: str
    count: int
    each: int
    less: str

    @property
    def size(self) -> int:
        """Return the bytes of all of them."""
        return self.count * self.each

    def __str__(self) -> str:
        return f"{self.what} {self.size // 1_000_000} MB ({self.count:,})"


class Accounts:
    """What one world holds. `check` raises BudgetExceeded once that is more than MAX_BYTES; the world is then dead."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._holders: list[Callable[[], int]] = []
        self._components = 0

    def holdings(self) -> Iterator[Holding]:
        """Yield everything that can grow."""
        stack = self._stack
        store, spans, shipper = stack.store, stack.spans, stack.journal.shipper
        scrapes = "raise observability.scrape_interval or shorten the incident"
        yield Holding(what="metric samples", count=store.samples, each=SAMPLE_BYTES, less=scrapes)
        yield Holding(what="metric series", count=store.count, each=SERIES_BYTES, less="have fewer replicas or tenants")
        logs = len(stack.logs) + (shipper.held if shipper is not None else 0)
        yield Holding(what="log records", count=logs, each=LOG_BYTES, less="lower observability.access_log_sampling")
        sampling = "lower observability.trace_sampling"
        yield Holding(what="traces", count=len(spans), each=TRACE_BYTES, less=sampling)
        yield Holding(what="spans", count=spans.spans, each=SPAN_BYTES, less=sampling)
        yield Holding(what="events ahead", count=stack.kernel.ahead, each=EVENT_BYTES, less="lower the demand")
        for name, component in stack.components.items():
            count = component.held()
            if count:
                yield Holding(what=name, count=count, each=RECORD_BYTES, less="lower the demand, or its limits")

    def check(self) -> None:
        """Raise BudgetExceeded when the world keeps too much, saying what that is."""
        stack = self._stack
        if self._components != len(stack.components):
            self._components = len(stack.components)
            own = [c for c in stack.components.values() if type(c).held is not Component.held]
            self._holders = [component.held for component in own]
        # the sum of all holdings, without making them: this is asked all the time
        store, spans, shipper = stack.store, stack.spans, stack.journal.shipper
        records = 0
        for count in self._holders:
            records += count()
        logs = len(stack.logs) + (shipper.held if shipper is not None else 0)
        total = (
            store.samples * SAMPLE_BYTES + store.count * SERIES_BYTES + logs * LOG_BYTES + len(spans) * TRACE_BYTES
            + spans.spans * SPAN_BYTES + stack.kernel.ahead * EVENT_BYTES + records * RECORD_BYTES
        )  # fmt: skip
        if total <= MAX_BYTES:
            return
        held = list(self.holdings())
        held.sort(key=lambda holding: -holding.size)
        listed = ", ".join(str(holding) for holding in held[:NAMED])
        raise BudgetExceeded(
            f"the world keeps more than {MAX_BYTES // 1_000_000} MB at {format_clock(self._stack.kernel.now)}: "
            f"{listed}; {held[0].less}"
        )
