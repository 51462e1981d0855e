"""Routes: which stages and lanes one kind of request passes, and where it goes when its pool can't serve it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from incidentsim.exact import Draws
from incidentsim.scenario.parts import RoutePart
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.stack.component import Component, ComponentState, Stage
from incidentsim.world.stack.edge.lane import Lane
from incidentsim.world.stack.edge.limits import RouteRule
from incidentsim.world.stack.requests import Attempt

_ONE: Final = 1_000_000


class Route(Component):
    """One kind of request. `lanes` in the order of the part's pools, the canary apart.

    A request goes where a rule of the gateway sends it, else the canary's share to the canary, else to the first
    pool in its tenant's region, else to the first.
    """

    def __init__(self, part: RoutePart, stages: tuple[Stage, ...], lanes: tuple[Lane, ...], seed: int) -> None:
        super().__init__(f"route.{part.id}")
        self.path = part.path
        self.part = part
        self.stages = stages
        self.canary = next((lane for lane in lanes if lane.pool.id == part.canary), None)
        self.lanes = tuple(lane for lane in lanes if lane is not self.canary)
        self._rules: dict[str, RouteRule] = {}
        self._all: Mapping[str, Lane] = {}
        self._split = Draws(seed, self.id, "canary")
        self._canary_share = 0
        self.fallback_after_us = 0
        self._plain = len(self.lanes) <= 1

    def obey(self, rules: dict[str, RouteRule], lanes: Mapping[str, Lane]) -> None:
        """Take the gateway's rules, first match first; `lanes` are those of all pools."""
        self._rules, self._all = rules, lanes
        self.changed("rules")

    def changed(self, name: str) -> None:
        """Take a new setting, and note whether there is anything to choose at all."""
        self.fallback_after_us = self.int_knob("fallback_after")
        self._canary_share = self.int_knob("canary_share") if self.canary is not None else 0
        self._plain = len(self.lanes) <= 1 and not self._rules and not self._canary_share

    def lane_of(self, attempt: Attempt) -> Lane | None:
        """Return the lane that is to serve an attempt, None when the last stage answers it."""
        lanes = self.lanes
        if self._plain:
            return lanes[0] if lanes else None
        if not lanes:
            return None
        request = attempt.request
        tenant = request.tenant
        for rule in self._rules.values():
            if rule.matches(tenant.id, tenant.priority, attempt.prompt):
                return self._all[rule.pool]
        share = self._canary_share
        if share and self._split.below(request.index << 6 | tenant.number, _ONE) < share:
            return self.canary
        region = tenant.spec.region
        if region:
            for lane in lanes:
                if lane.pool.part.region == region:
                    return lane
        return lanes[0]

    def others(self, attempt: Attempt) -> tuple[Lane, ...]:
        """Return the lanes that its fallback setting allows, those in the tenant's region first."""
        setting = self.text_knob("fallback_pools")
        if setting == "none":
            return ()
        region = attempt.request.tenant.spec.region
        near = tuple(lane for lane in self.lanes if lane.pool.part.region == region or not region)
        if setting == "same_region":
            return near
        return (*near, *(lane for lane in self.lanes if lane not in near))

    def status(self) -> list[str]:
        """Return its way."""
        way = [*(s.id for s in self.stages), *(lane.pool.id for lane in self.lanes[:1])]
        lines = [f"path = {self.path}", f"way: {' -> '.join(way)}"]
        if len(self.lanes) > 1:
            lines.append(f"pools: {', '.join(_with_region(lane) for lane in self.lanes)}")
        if self.canary is not None:
            lines.append(f"canary: {self.canary.pool.id}")
        return lines

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Routes are configuration; the topology shows what they connect."""
        return None


def _with_region(lane: Lane) -> str:
    region = lane.pool.part.region
    return f"{lane.pool.id} ({region})" if region else lane.pool.id
