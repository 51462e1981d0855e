"""What a kind of component is."""

from __future__ import annotations

from dataclasses import dataclass

from incidentsim.specs.knobs import Knob

S = 1_000_000
"""Microseconds in a second, for the defaults of durations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSpec:
    """One kind of component: what it stands for and which settings it has.

    `stage`: routes may name it as a stage. `pinnable`: `pin` can fix the version of something in it.
    """

    kind: str
    help: str
    knobs: tuple[Knob, ...] = ()
    stage: bool = False
    pinnable: bool = False

    def knob(self, name: str) -> Knob | None:
        """Return the knob called `name`, or None."""
        return next((k for k in self.knobs if k.name == name), None)
