"""Circuit breakers: what the gateway refuses a pool, so that a sick pool fails fast and is left alone.

One a lane. Thresholds on requests in flight and waiting are Envoy's circuit breakers of a cluster; the one on
consecutive server errors is its outlier detection, for the pool as a whole.
"""

from __future__ import annotations

from incidentsim.specs.knobs import UNLIMITED
from incidentsim.world.stack.engine.sequence import NEVER


class Breaker:
    """States: closed; open until `open_until_us` after `most_failures` server errors in a row; then closed on trial,

    where the first further error opens it again and the first success forgets the count. `severed`: the TLS
    certificate towards the pool is no longer valid, so that no connection comes about. `on` is whether anything
    here may refuse, read on the hot path.
    """

    __slots__ = ("_failures", "most_failures", "most_pending", "most_requests", "on", "open_time_us",
                 "open_until_us", "opened", "severed")  # fmt: skip

    def __init__(self) -> None:
        self.most_requests = self.most_pending = UNLIMITED
        self.most_failures = 0
        self.open_time_us = 0
        self.open_until_us = NEVER
        self.opened = 0
        self.severed = self.on = False
        self._failures = 0

    def configure(self, *, requests: int, pending: int, failures: int, open_time_us: int) -> None:
        """Take thresholds: UNLIMITED, or 0 consecutive failures, switch one off."""
        self.most_requests, self.most_pending = requests, pending
        self.most_failures, self.open_time_us = failures, open_time_us
        if not failures:
            self.open_until_us, self._failures = NEVER, 0
        self._note()

    def sever(self, severed: bool) -> None:
        """Break the connections to the pool, or restore them."""
        self.severed = severed
        self._note()

    def _note(self) -> None:
        self.on = bool(self.most_failures or self.severed or self.most_requests >= 0 or self.most_pending >= 0)

    def refuses(self, in_flight: int, now: int) -> str:
        """Return why nothing may go to the pool now, empty when it may; in Envoy's words."""
        if self.severed:
            return ("upstream connect error or disconnect/reset before headers. reset reason: connection failure, "
                    "transport failure reason: TLS error: CERTIFICATE_VERIFY_FAILED: certificate expired")  # fmt: skip
        if now < self.open_until_us:
            return "no healthy upstream"
        if 0 <= self.most_requests <= in_flight:
            return "upstream connect error or disconnect/reset before headers. reset reason: overflow"
        return ""

    def full(self, pending: int) -> bool:
        """Whether no more may wait."""
        return 0 <= self.most_pending <= pending

    def is_open(self, in_flight: int, now: int) -> bool:
        """Whether requests are refused for failures or for their number."""
        return now < self.open_until_us or 0 <= self.most_requests <= in_flight

    def heard(self, code: int, now: int) -> bool:
        """Take an answer that the pool is responsible for; return whether it opened the breaker."""
        if not self.most_failures:
            return False
        if code < 500:
            self._failures = 0
            return False
        self._failures += 1
        if self._failures < self.most_failures or now < self.open_until_us:
            return False
        self._failures = self.most_failures - 1
        self.open_until_us = now + self.open_time_us
        self.opened += 1
        return True

    def state(self) -> list[object]:
        """Return what defines it."""
        return [self._failures, self.open_until_us, self.severed]
