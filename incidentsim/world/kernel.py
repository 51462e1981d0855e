"""The event kernel: integer microseconds, fixed priorities and a counted budget.

All components schedule plain callbacks through `Kernel.after`; there are no generator processes on hot paths,
since their state can't be inspected or digested. Ties at one instant are broken by priority, then by the order
of scheduling, as in SimPy, whose environment `world.environment` puts on top of a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final

from incidentsim.errors import BudgetExceeded
from incidentsim.world.call import Call

STEP_END: Final = 0
"""Priority of an engine's step end: first at its instant, so that naive and macro engines agree on ties."""

COMMAND: Final = 1
"""Priority of a person's command: after the step ends of the tick, before everything else."""

NORMAL: Final = 2
"""Priority of arrivals, timers, faults."""

OBSERVE: Final = 8
"""Priority of scrapes, rules and checkpoints: they see the instant complete and change nothing."""

_SECOND_US: Final = 1_000_000

MAX_EVENTS_PER_SECOND: Final = 100_000
"""Most events scheduled in one scenario second (world.md §5: events at one instant <= 100k)."""

MAX_SUSTAINED: Final = 20_000
"""Most events per scenario second, averaged over SUSTAINED_S seconds (world.md §5)."""

SUSTAINED_S: Final = 30
"""Seconds over which MAX_SUSTAINED is averaged."""


class Kernel:
    """Time and the event queue of one world. `now` is scenario time in µs; T+0 = 0.

    The queue is a heap of (time, priority, number, Call), as SimPy's is one of events. Failure rule: exceeding the
    event budget raises BudgetExceeded out of `advance`; the world is then dead.
    """

    __slots__ = ("_history", "_limit", "_queue", "now", "scheduled")

    def __init__(self, start_us: int) -> None:
        self.now = start_us
        self.scheduled = 0
        # entries are tuples; not said, since compiled code would take every one apart to check it
        self._queue: list[Any] = []
        self._limit = MAX_EVENTS_PER_SECOND
        self._history = [0]
        self.after(_SECOND_US, self._heartbeat, None)

    def after(self, delay_us: int, function: Callable[[Call], None], argument: Any, priority: int = NORMAL) -> None:
        """Call `function(call)` in `delay_us` microseconds (integer, >= 0), with `call.argument = argument`."""
        self.scheduled = number = self.scheduled + 1
        if number > self._limit:
            raise self._too_many()
        call = Call()
        call.function = function
        call.argument = argument
        heappush(self._queue, (self.now + delay_us, priority, number, call))

    def at(self, t_us: int, function: Callable[[Call], None], argument: Any, priority: int = NORMAL) -> None:
        """Call `function(call)` at scenario time `t_us`, which must not lie in the past."""
        self.after(t_us - self.now, function, argument, priority)

    def push(self, t_us: int, call: Call, priority: int) -> None:
        """Put a Call that is not on the queue at `t_us`, now or later: for who keeps one Call for many events."""
        self.scheduled = number = self.scheduled + 1
        if number > self._limit:
            raise self._too_many()
        heappush(self._queue, (t_us, priority, number, call))

    def step(self) -> None:
        """Process the next event, whenever it is."""
        entry = heappop(self._queue)
        self.now = entry[0]
        call: Call = entry[3]
        call.function(call)

    @property
    def next_us(self) -> int:
        """When the next event happens."""
        when: int = self._queue[0][0]  # the heartbeat is always there
        return when

    @property
    def ahead(self) -> int:
        """How many events are on the queue."""
        return len(self._queue)

    def advance(self, to_us: int) -> None:
        """Process every event with time <= `to_us`; afterwards `now == to_us`. Going back does nothing."""
        queue = self._queue
        entry = heappop(queue)  # the heartbeat keeps the queue from ever being empty
        while entry[0] <= to_us:
            self.now = entry[0]
            call: Call = entry[3]
            call.function(call)
            entry = heappop(queue)
        heappush(queue, entry)
        self.now = max(self.now, to_us)

    def agenda(self) -> list[tuple[int, int, str]]:
        """Return what is scheduled: times in µs, priorities, and the names of the methods called."""
        return sorted((entry[0], entry[1], _name(entry[3].function)) for entry in self._queue)

    def _too_many(self) -> BudgetExceeded:
        return BudgetExceeded(
            f"more than {MAX_EVENTS_PER_SECOND} events in one scenario second near {self.now} µs, most of those "
            f"ahead are {self._most_ahead()}; some part of the world feeds on itself"
        )

    def _most_ahead(self) -> str:
        """Return the callback that most events on the queue will call, with their number."""
        counts: dict[str, int] = {}
        for entry in self._queue:
            name = getattr(entry[3].function, "__qualname__", "unnamed")
            counts[name] = counts.get(name, 0) + 1
        # the heartbeat itself may be the one that looks
        name = max(counts, key=counts.__getitem__, default="none")
        return f"{name} ({counts.get(name, 0)})"

    def _heartbeat(self, _: Call) -> None:
        history = self._history
        history.append(self.scheduled)
        if len(history) > SUSTAINED_S:
            first = history.pop(0)
            if self.scheduled - first > MAX_SUSTAINED * SUSTAINED_S:
                raise BudgetExceeded(
                    f"more than {MAX_SUSTAINED} events per scenario second, sustained over {SUSTAINED_S} s, "
                    f"near {self.now} µs, most of those ahead are {self._most_ahead()}; lower the demand or the number "
                    "of components"
                )
        self._limit = self.scheduled + MAX_EVENTS_PER_SECOND
        self.after(_SECOND_US, self._heartbeat, None)


def _name(function: Callable[[Call], None]) -> str:
    """Return the name of a callback: the same whether the world is compiled or not, where closures have other names."""
    owner = getattr(function, "__self__", None)
    return "closure" if owner is None else f"{type(owner).__name__}.{function.__name__}"
