"""Routes: which stages and lanes one kind of request passes."""

from __future__ import annotations

from incidentsim.scenario.parts import RoutePart
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.stack.component import Component, ComponentState, Stage
from incidentsim.world.stack.lane import Lane
from incidentsim.world.stack.requests import Attempt


class Route(Component):
    """One kind of request. `lanes` in the order of the part's pools; the first serves."""

    def __init__(self, part: RoutePart, stages: tuple[Stage, ...], lanes: tuple[Lane, ...]) -> None:
        super().__init__(f"route.{part.id}")
        self.path = part.path
        self.stages = stages
        self.lanes = lanes

    def lane_of(self, attempt: Attempt) -> Lane | None:
        """Return the lane that is to serve an attempt, None when the last stage answers it."""
        return self.lanes[0] if self.lanes else None

    def status(self) -> list[str]:
        """Return its way."""
        way = [*(s.id for s in self.stages), *(lane.pool.id for lane in self.lanes[:1])]
        return [f"path = {self.path}", f"way: {' -> '.join(way)}"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Routes are configuration; the topology shows what they connect."""
        return None
