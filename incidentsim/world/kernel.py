"""The event kernel: SimPy with integer microseconds, fixed priorities and a counted budget.

All components schedule plain callbacks through `Kernel.after`; there are no generator processes on hot
paths, since their state can't be inspected or digested. Ties at one instant are broken by priority, then by
the order of scheduling.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy
from simpy.events import Event

from incidentsim.errors import BudgetExceeded

STEP_END = 0
"""Priority of an engine's step end: first at its instant, so that naive and macro engines agree on ties."""

COMMAND = 1
"""Priority of a person's command: after the step ends of the tick, before everything else."""

NORMAL = 2
"""Priority of arrivals, timers, faults."""

OBSERVE = 8
"""Priority of scrapes, rules and checkpoints: they see the instant complete and change nothing."""

_STOP = 99
_SECOND_US = 1_000_000

MAX_EVENTS_PER_SECOND = 100_000
"""Most events scheduled in one scenario second (world.md §5: events at one instant <= 100k)."""

MAX_SUSTAINED = 20_000
"""Most events per scenario second, averaged over SUSTAINED_S seconds (world.md §5)."""

SUSTAINED_S = 30
"""Seconds over which MAX_SUSTAINED is averaged."""


class Call(Event):
    """A callback on the queue. The function is called with the Call itself; `argument` is what it was given."""

    def __init__(self, env: simpy.Environment, function: Callable[[Call], None], argument: Any) -> None:
        self.env = env
        self.callbacks = [function]
        self.argument = argument
        self._value = None
        self._ok = True


class Kernel:
    """Time and the event queue of one world. `now` is scenario time in µs; T+0 = 0.

    Failure rule: exceeding the event budget raises BudgetExceeded out of `advance`; the world is then dead.
    """

    __slots__ = ("_env", "_history", "_limit", "_push", "scheduled")

    def __init__(self, start_us: int) -> None:
        self._env = simpy.Environment(initial_time=start_us)
        self._push = self._env.schedule
        self.scheduled = 0
        self._limit = MAX_EVENTS_PER_SECOND
        self._history = [0]
        self.after(_SECOND_US, self._heartbeat, None, NORMAL)

    @property
    def now(self) -> int:
        """Scenario time in µs."""
        return self._env.now  # type: ignore[no-any-return]

    def after(self, delay_us: int, function: Callable[[Call], None], argument: Any, priority: int = NORMAL) -> None:
        """Call `function(call)` in `delay_us` microseconds (integer, >= 0), with `call.argument = argument`."""
        self.scheduled += 1
        if self.scheduled > self._limit:
            raise BudgetExceeded(
                f"more than {MAX_EVENTS_PER_SECOND} events in one scenario second near {self.now} µs; "
                "some part of the world feeds on itself"
            )
        self._push(Call(self._env, function, argument), priority, delay_us)

    def at(self, t_us: int, function: Callable[[Call], None], argument: Any, priority: int = NORMAL) -> None:
        """Call `function(call)` at scenario time `t_us`, which must not lie in the past."""
        self.after(t_us - self._env.now, function, argument, priority)

    def advance(self, to_us: int) -> None:
        """Process every event with time <= `to_us`; afterwards `now == to_us`. Going back does nothing."""
        delay = to_us - self._env.now
        if delay < 0:
            return
        stop = Call(self._env, _nothing, None)
        self._push(stop, _STOP, delay)
        self._env.run(until=stop)

    def _heartbeat(self, _: Call) -> None:
        history = self._history
        history.append(self.scheduled)
        if len(history) > SUSTAINED_S:
            first = history.pop(0)
            if self.scheduled - first > MAX_SUSTAINED * SUSTAINED_S:
                raise BudgetExceeded(
                    f"more than {MAX_SUSTAINED} events per scenario second, sustained over {SUSTAINED_S} s, "
                    f"near {self.now} µs; lower the demand or the number of components"
                )
        self._limit = self.scheduled + MAX_EVENTS_PER_SECOND
        self.after(_SECOND_US, self._heartbeat, None, NORMAL)


def _nothing(_: Call) -> None:
    """Do nothing: the stop event only ends a run."""
