"""What every fault is: planted once, with a strength that can change, gone when its root is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from incidentsim.world.kernel import Call

if TYPE_CHECKING:
    from incidentsim.world.stack.build import Stack

RAMP_STEP_US = 5_000_000
"""A ramp rises in steps this long."""


class Fault:
    """A disturbance of one component. Subclasses change the component in `apply(strength_ppm)`.

    `strength_ppm` is 0 before the start and after the end, 1,000,000 at full strength.
    """

    def __init__(self, stack: Stack, fault_id: str, component: str, kind: str, params: dict[str, Any]) -> None:
        self.stack = stack
        self.id = fault_id
        self.component = component
        self.kind = kind
        self.params = params
        self.strength_ppm = 0
        self.started = False
        self._goal = 0

    def start(self) -> None:
        """Begin; ramps up if the fault has a ramp."""
        self.started = True
        self._goal = 1_000_000
        ramp = int(self.params.get("ramp", 0))
        if ramp <= 0:
            self._set(self._goal)
        else:
            step = max(1, 1_000_000 * RAMP_STEP_US // ramp)
            self._rise(step)

    def _rise(self, step: int) -> None:
        self._set(min(self._goal, self.strength_ppm + step))
        if self.strength_ppm < self._goal:
            self.stack.kernel.after(RAMP_STEP_US, self._rise_again, step)

    def _rise_again(self, call: Call) -> None:
        if self.strength_ppm < self._goal:
            self._rise(call.argument)

    def set_strength(self, strength_ppm: int) -> None:
        """Weaken or end the fault at its source."""
        self._goal = strength_ppm
        self._set(strength_ppm)

    def _set(self, strength_ppm: int) -> None:
        self.strength_ppm = strength_ppm
        self.apply(strength_ppm)

    def apply(self, strength_ppm: int) -> None:
        """Make the component behave as at this strength."""
        raise TypeError(f"{type(self).__name__} does not say what it does")

    @property
    def removed(self) -> bool:
        """Whether the fault began and is gone at its source."""
        return self.started and self.strength_ppm == 0

    def state(self) -> list[object]:
        """Return what defines the fault."""
        return [self.id, self.strength_ppm, self.started]
