"""Regions: what crossing from one to another takes, and which requests did so against their contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.world.stack.requests import UserRequest
from incidentsim.world.stack.sli import SliBook

if TYPE_CHECKING:
    from incidentsim.world.stack.clients.tenant import TenantState
    from incidentsim.world.stack.edge.lane import Lane

ROUND_TRIP_US: Final = 90_000
"""Round trip between regions on two continents, added before the first token (about 90 ms between the east of
North America and western Europe, as cloud providers' latency tables show)."""

BREACH_SHOWN_US: Final = 60_000_000
"""A breach counts as going on for this long after the last request that left its region."""


class Regions:
    """Counts requests served outside their tenant's region; judges the residency of each user request once."""

    def __init__(self, book: SliBook, registry: Registry, tenants: Iterable[str], pools: Iterable[str]) -> None:
        self._book = book
        self._counters: dict[tuple[str, str], Counter] = {}
        self.breached: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._homes = tuple(dict.fromkeys(r for r in tenants if r))
        for home in self._homes:
            for there in dict.fromkeys(r for r in pools if r and r != home):
                labels = {"region": there, "tenant_region": home}
                self._counters[home, there] = registry.counter(
                    "gateway_cross_region_requests_total", labels, target="gateway"
                )

    @property
    def on(self) -> bool:
        """Whether any tenant and pool lie in different regions."""
        return bool(self._counters)

    def crosses(self, tenant: TenantState, lane: Lane) -> bool:
        """Whether serving this tenant there leaves its region."""
        return (tenant.spec.region, lane.pool.part.region) in self._counters

    def crossed(self, request: UserRequest, lane: Lane, now: int) -> None:
        """A request's prompt has left its tenant's region."""
        spec = request.tenant.spec
        self._counters[spec.region, lane.pool.part.region].value += 1
        if spec.resident:
            self._last[spec.id] = now
            if not request.abroad:
                request.abroad = True
                self.breached[spec.id] = self.breached.get(spec.id, 0) + 1
                self._book.judged("residency", spec.id, bad=True)

    def ended(self, request: UserRequest) -> None:
        """A resident tenant's request ended without ever leaving the region."""
        if not request.abroad:
            self._book.judged("residency", request.tenant.id, bad=False)

    def violations(self, now: int) -> list[str]:
        """Return which tenants' data left their region within the last minute."""
        return [f"{tenant}: requests left their region" for tenant, t in self._last.items()
                if now - t <= BREACH_SHOWN_US]  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines the count of breaches."""
        return [[tenant, count] for tenant, count in self.breached.items()]
