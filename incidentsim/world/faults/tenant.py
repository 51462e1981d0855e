"""Faults of tenants: what customers suddenly do."""

from __future__ import annotations

from incidentsim.exact import Draws, QuantileTable
from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.clients.agent import AgentFeature, AgentPlan
from incidentsim.world.stack.clients.loops import LoopPlan, RunawayLoop, Wave
from incidentsim.world.stack.clients.tenant import TenantState


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
        self.tenant.demand.surge_ppm = 1_000_000 + extra


class PrefixBroken(_OfTenant):
    """Something that differs each time stands at the head of every prompt, so that no beginning is shared."""

    def apply(self, strength_ppm: int) -> None:
        """Break the beginnings, or mend them."""
        self.tenant.prefix_broken = strength_ppm > 0


class RetryBug(_OfTenant):
    """The client retries more often, and without jitter."""

    def apply(self, strength_ppm: int) -> None:
        """Switch the client's retry settings."""
        client = self.tenant.spec.client
        on = strength_ppm > 0
        self.tenant.attempts = self.params["attempts"] if on else client.attempts
        self.tenant.jitter_ppm = 0 if on else client.jitter


class LengthShift(_OfTenant):
    """A share of the tenant's requests is of another length: a few documents among short questions."""

    def apply(self, strength_ppm: int) -> None:
        """Draw the lengths of a share of all requests from the fault's table."""
        if strength_ppm == 0:
            self.tenant.lengths = None
            return
        share = self.params["share"] * strength_ppm // 1_000_000
        table = QuantileTable(self.params["prompt"])
        which = Draws(self.stack.seed, self.id, "which")
        length = Draws(self.stack.seed, self.id, "length")

        def lengths(index: int, prompt: int) -> int:
            return length.quantile(index, table) if which.below(index, 1_000_000) < share else prompt

        self.tenant.lengths = lengths


class HistoryNotTrimmed(_OfTenant):
    """The application no longer trims its conversations: they grow until the model's context is full."""

    def apply(self, strength_ppm: int) -> None:
        """Let conversations grow, or begin anew those that are too long."""
        if self.tenant.sessions is not None:
            self.tenant.sessions.trims = strength_ppm == 0


class RunawayAgent(_OfTenant):
    """Agents of the tenant run in a loop, each in one conversation, without a cap on steps or money."""

    loops: tuple[RunawayLoop, ...] = ()

    def apply(self, strength_ppm: int) -> None:
        """Start the loops, or end each after its turn in progress."""
        if not self.loops:
            p = self.params
            plan = LoopPlan(first_prompt=p["first_prompt"], growth=QuantileTable(p["growth"]),
                            output=QuantileTable(p["output"]), max_prompt=p["max_prompt"],
                            pause_us=p["pause"])  # fmt: skip
            draws = Draws(self.stack.seed, f"tenant.{self.tenant.id}", f"loop/{self.id}")
            self.loops = tuple(RunawayLoop(self.stack.kernel, self.tenant, plan, draws, i) for i in range(p["loops"]))
        for loop in self.loops:
            if strength_ppm > 0:
                loop.start()
            else:
                loop.stop()

    @property
    def removed(self) -> bool:
        """Whether every loop has ended: stopped by its owner, or terminated."""
        return self.started and not any(loop.alive for loop in self.loops)

    def state(self) -> list[object]:
        """Return what defines the fault, its loops included."""
        return [*super().state(), [loop.state() for loop in self.loops]]


class InjectionWave(_OfTenant):
    """Attackers send prompt injections through the tenant's product."""

    wave: Wave | None = None

    def apply(self, strength_ppm: int) -> None:
        """Scale the rate of the attack."""
        if self.wave is None:
            p = self.params
            self.wave = Wave(self.stack.kernel, self.tenant, self.stack.seed, self.id, rate_milli=p["rate"] // 1_000,
                             prompt=QuantileTable(p["prompt"]), output=QuantileTable(p["output"]))  # fmt: skip
        self.wave.strength_ppm = strength_ppm

    def state(self) -> list[object]:
        """Return what defines the fault, its wave included."""
        return [*super().state(), self.wave.state() if self.wave is not None else None]
