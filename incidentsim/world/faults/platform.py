"""Faults of what pods need to come up: the weights registry, the control plane."""

from __future__ import annotations

from incidentsim.specs.knobs import UNLIMITED
from incidentsim.world.faults.base import Fault
from incidentsim.world.stack.pools.control_plane import ControlPlane
from incidentsim.world.stack.pools.registry_store import WeightsRegistry


class RegistryThrottled(Fault):
    """The vendor's registry answers 429 beyond a few pulls a minute."""

    @property
    def registry(self) -> WeightsRegistry:
        """The registry it hits."""
        found = self.stack.components[self.component]
        assert isinstance(found, WeightsRegistry)
        return found

    def apply(self, strength_ppm: int) -> None:
        """Throttle, or stop throttling."""
        self.registry.throttled_to = int(self.params["pulls"]) if strength_ppm else UNLIMITED
        self.registry.apply_limit()

    @property
    def removed(self) -> bool:
        """Whether the vendor stopped, or replicas don't depend on it any more."""
        return self.started and (super().removed or self.registry.text_knob("source") == "mirror")


class _OfControlPlane(Fault):
    @property
    def control(self) -> ControlPlane:
        """The control plane it hits."""
        found = self.stack.components[self.component]
        assert isinstance(found, ControlPlane)
        return found


class WebhookCertExpired(_OfControlPlane):
    """The admission webhook goes on serving a certificate that has expired; the renewed one lies in its secret."""

    def apply(self, strength_ppm: int) -> None:
        """Let it expire, or renew it."""
        self.control.certificate_expired = strength_ppm > 0

    @property
    def removed(self) -> bool:
        """Whether the webhook serves a valid certificate again."""
        return self.started and (super().removed or self.control.text_knob("webhook_certificate") == "watched")


class TelemetryAgentOverload(_OfControlPlane):
    """A telemetry agent on every host of the fleet asks the API servers for more than they can answer."""

    def apply(self, strength_ppm: int) -> None:
        """Have the agents that are rolled out so far ask."""
        self.control.set_agents(int(self.params["requests"]) * strength_ppm // 1_000_000)

    def reverted(self, *, again: bool) -> None:
        """The rollback is a deploy: it goes through the API servers, as soon as they answer."""
        self.control.when_reachable(lambda: self.set_strength(1_000_000 if again else 0))
