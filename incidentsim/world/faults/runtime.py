"""Faults of the inference runtime in a pool."""

from __future__ import annotations

from incidentsim.world.faults.base import Fault


class EngineHang(Fault):
    """One engine stops making steps; its process, its probes and its gauges stay as they were."""

    def apply(self, strength_ppm: int) -> None:
        """Hang the engine of the chosen replica."""
        pods = self.stack.pools[self.component].pods
        index = self.params["replica"]
        if strength_ppm > 0 and index < len(pods):
            pods[index].hang()

    @property
    def removed(self) -> bool:
        """Whether that replica was restarted since."""
        pods = self.stack.pools[self.component].pods
        return self.started and not (self.params["replica"] < len(pods) and pods[self.params["replica"]].hung)
