"""Faults of tenants: what customers suddenly do."""

from __future__ import annotations

from incidentsim.exact import QuantileTable
from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.agent import AgentFeature, AgentPlan
from incidentsim.world.stack.tenant import TenantState


class _OfTenant(Fault):
    @property
    def tenant(self) -> TenantState:
        """The tenant it hits."""
        return self.stack.tenants[self.component.removeprefix("tenant.")]


class ContextGrowth(_OfTenant):
    """A feature sends conversations whose prompts grow turn by turn."""

    feature: AgentFeature | None = None

    def apply(self, strength_ppm: int) -> None:
        """Scale the rate of new conversations."""
        if self.feature is None:
            p = self.params
            plan = AgentPlan(
                conversations_per_minute=p["conversations_per_minute"], turns=p["turns"], think_us=p["think_time"],
                first_prompt=QuantileTable(p["first_prompt"]), growth=QuantileTable(p["growth"]),
                output=QuantileTable(p["output"]), max_prompt=p["max_prompt"], burst=p["burst"],
            )  # fmt: skip
            self.feature = AgentFeature(self.stack.kernel, self.tenant, plan, self.stack.seed, self.id)
        self.feature.set_strength(strength_ppm)

    def state(self) -> list[object]:
        """Return what defines the fault, its feature included."""
        return [*super().state(), self.feature.state() if self.feature is not None else None]


class TrafficSurge(_OfTenant):
    """The tenant's ordinary traffic multiplies, for a while or for good."""

    def apply(self, strength_ppm: int) -> None:
        """Scale the arrival rate between once and `factor` times."""
        extra = (self.params["factor"] - 1_000_000) * strength_ppm // 1_000_000
        self.tenant.surge_ppm = 1_000_000 + extra


class RetryBug(_OfTenant):
    """The client retries more often, and without jitter."""

    def apply(self, strength_ppm: int) -> None:
        """Switch the client's retry settings."""
        client = self.tenant.spec.client
        on = strength_ppm > 0
        self.tenant.attempts = self.params["attempts"] if on else client.attempts
        self.tenant.jitter_ppm = 0 if on else client.jitter
