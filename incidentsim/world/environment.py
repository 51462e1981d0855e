"""SimPy on top of the kernel: generator processes, timeouts, resources of SimPy, in step with the world's own calls.

Apart from the kernel, since SimPy's classes can't be compiled (`tools.compile_world`). Every world has one, as
`Stack.environment`: for models whose speed doesn't matter.
"""

from __future__ import annotations

from heapq import heappush
from typing import Any

import simpy

from incidentsim.world.call import Call
from incidentsim.world.kernel import NORMAL, Kernel


class Environment(simpy.Environment):
    """A SimPy environment whose events lie on a kernel's queue, among its calls; times are integer microseconds.

    Priorities are the kernel's. Whoever advances the kernel advances this, and the other way round.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        super().__init__(initial_time=kernel.now)

    @property
    def _now(self) -> int:
        """Where SimPy keeps the time: the kernel's."""
        return self.kernel.now

    @_now.setter
    def _now(self, value: int) -> None:
        self.kernel.now = value

    def schedule(self, event: simpy.Event, priority: Any = NORMAL, delay: Any = 0) -> None:
        """Have a SimPy event happen in `delay` microseconds."""
        self.kernel.after(delay, self._fire, event, priority)

    def peek(self) -> int:
        """Return when the kernel's next event happens."""
        return self.kernel.next_us

    def step(self) -> None:
        """Process the kernel's next event: SimPy's `run` goes on by this."""
        self.kernel.step()

    def _fire(self, call: Call) -> None:
        """Let SimPy process its event, as the only one on its own queue."""
        queue: list[Any] = self._queue
        heappush(queue, (self.kernel.now, -1, -1, call.argument))
        super().step()
