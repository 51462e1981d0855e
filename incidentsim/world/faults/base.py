"""What every fault is: planted once, with a strength that can change, gone when its root is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from incidentsim.exact import Draws
from incidentsim.scenario.model import FaultPlan
from incidentsim.world.call import Call

if TYPE_CHECKING:
    from incidentsim.world.stack.build import Stack

RAMP_STEP_US: Final = 5_000_000
"""A ramp rises in steps this long."""

_FULL: Final = 1_000_000


class Fault:
    """A disturbance of one component. Subclasses change the component in `apply(strength_ppm)`.

    `strength_ppm` is 0 before the start, while it pauses, and after the end, 1,000,000 at full strength.
    `came_with` is the change that brought it, empty when none did.
    """

    def __init__(self, stack: Stack, plan: FaultPlan) -> None:
        self.stack = stack
        self.id = plan.id
        self.component = plan.component
        self.kind = plan.kind
        self.params: dict[str, Any] = plan.params
        self.came_with = plan.with_change
        self.strength_ppm = 0
        self.started = False
        self.ended = False
        self._goal = 0
        self._times = 0
        self._course = Draws(stack.seed, plan.id, "course")

    def start(self) -> None:
        """Begin: ramps up if it has a ramp, goes away after `lasts`, comes back after `every`."""
        if self.ended:
            return
        self.started = True
        self._times += 1
        lasts, every = int(self.params.get("lasts", 0)), int(self.params.get("every", 0))
        if lasts:
            self.stack.kernel.after(lasts, self._pause, self._times)
        if every:
            quarter = every // 4
            wait = every - quarter + self._course.below(self._times, 2 * quarter + 1)
            self.stack.kernel.after(wait, self._again, None)
        self._aim(_FULL)

    def _aim(self, goal: int) -> None:
        self._goal = goal
        ramp = int(self.params.get("ramp", 0))
        if ramp <= 0 or goal == 0:
            self._set(goal)
        else:
            self._rise(max(1, _FULL * RAMP_STEP_US // ramp))

    def _rise(self, step: int) -> None:
        self._set(min(self._goal, self.strength_ppm + step))
        if self.strength_ppm < self._goal:
            self.stack.kernel.after(RAMP_STEP_US, self._rise_again, step)

    def _rise_again(self, call: Call) -> None:
        if self.strength_ppm < self._goal:
            self._rise(call.argument)

    def _pause(self, call: Call) -> None:
        if self.ended or call.argument != self._times:
            return
        if self.params.get("every", 0):
            self._aim(0)
        else:
            self.set_strength(0)

    def _again(self, _: Call) -> None:
        self.start()

    def set_strength(self, strength_ppm: int) -> None:
        """Weaken or end the fault at its source; at 0 it does not come back by itself."""
        self.ended = strength_ppm == 0
        self._goal = strength_ppm
        self._set(strength_ppm)

    def _set(self, strength_ppm: int) -> None:
        self.strength_ppm = strength_ppm
        self.apply(strength_ppm)

    def reverted(self, *, again: bool) -> None:
        """The change it came with was rolled back, or with `again` applied anew."""
        self.set_strength(_FULL if again else 0)

    def apply(self, strength_ppm: int) -> None:
        """Make the component behave as at this strength."""
        raise TypeError(f"{type(self).__name__} does not say what it does")

    @property
    def removed(self) -> bool:
        """Whether the fault began and is gone at its source, not merely masked or pausing."""
        return self.started and self.strength_ppm == 0 and (self.ended or not self.params.get("every", 0))

    def state(self) -> list[object]:
        """Return what defines the fault."""
        return [self.id, self.strength_ppm, self.started, self.ended, self._times]
