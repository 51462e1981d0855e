"""TLS certificates of the gateway: the one its clients see, and the client certificate towards each pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel

if TYPE_CHECKING:
    from incidentsim.world.stack.edge.lane import Lane

LISTENER: Final = "listener"
"""Name of the certificate that clients see."""

LIFETIME_US: Final = 90 * 86_400_000_000
"""A new certificate is valid for 90 days (Let's Encrypt; cert-manager's default)."""

_LOG_EVERY_US: Final = 1_000_000
"""Handshake errors are logged at most once a second."""


class Certificates:
    """Validity by certificate, `listener` or a pool's id. With the listener's expired no request comes in at all."""

    def __init__(self, kernel: Kernel, registry: Registry, journal: Journal, lanes: tuple[Lane, ...]) -> None:
        self._kernel = kernel
        self._journal = journal
        self._lanes = {lane.pool.id: lane for lane in lanes}
        third = LIFETIME_US * 2 // 3
        self.not_after: dict[str, int] = dict.fromkeys((LISTENER, *self._lanes), kernel.now + third)
        self.listener_valid = True
        self._logged_us = kernel.now
        self._errors: Counter = registry.counter("envoy_listener_ssl_connection_error", {}, target="gateway")
        registry.gauge("envoy_server_days_until_first_cert_expiring", {}, self._days, target="gateway")

    def _days(self) -> float:
        left = min(self.not_after.values()) - self._kernel.now
        return float(max(0, left) // 86_400_000_000)

    def expire(self, name: str) -> None:
        """The certificate's time is over."""
        self.not_after[name] = min(self.not_after[name], self._kernel.now)
        self._note(name)

    def renew(self, name: str) -> None:
        """Put a new certificate in force."""
        self.not_after[name] = self._kernel.now + LIFETIME_US
        self._note(name)

    def valid(self, name: str) -> bool:
        """Whether it is valid now."""
        return self.not_after[name] > self._kernel.now

    def _note(self, name: str) -> None:
        valid = self.valid(name)
        if name == LISTENER:
            self.listener_valid = valid
        else:
            self._lanes[name].breaker.sever(not valid)

    def refused(self) -> None:
        """A client broke off the handshake."""
        self._errors.value += 1
        now = self._kernel.now
        if now - self._logged_us >= _LOG_EVERY_US:
            self._logged_us = now
            self._journal.emit("error", "gateway", "gateway-0", "TLS_error:|268436501:SSL routines:OPENSSL_internal:"
                               "SSLV3_ALERT_CERTIFICATE_EXPIRED:TLS_error_end", {"listener": "https"})  # fmt: skip

    def status(self) -> list[str]:
        """Return how long each is valid."""
        now = self._kernel.now
        return [f"certificate {name}: " + (f"{(end - now) // 86_400_000_000} days left" if end > now else "expired")
                for name, end in self.not_after.items()]  # fmt: skip

    def state(self) -> list[object]:
        """Return what defines them."""
        return list(self.not_after.values())
