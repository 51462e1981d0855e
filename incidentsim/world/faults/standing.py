"""Standing faults: facts of the configuration that do harm only when something else disturbs."""

from __future__ import annotations

from incidentsim.world.faults.base import Fault


class Standing(Fault):
    """Nothing to apply: whether it is there is a condition on the configuration (`removed_when`)."""

    def apply(self, strength_ppm: int) -> None:
        """Change nothing."""
