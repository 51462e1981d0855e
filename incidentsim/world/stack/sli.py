"""Service-level indicators over user requests: what users got, counted once per request.

`ttft`: decided when the first token comes, or when the threshold has passed without one. `availability`:
decided at the request's end. The other kinds (`quality`, `safety`, `residency`, `privacy`) are judged by the
components that know. Offered demand is counted on arrival, so refusing users is bad too. An attacker is no user:
requests of an attack count only where `safety` is judged, so that blocking them costs nothing.
"""

from __future__ import annotations

from collections import deque

from incidentsim.scenario.model import Slo
from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.requests import UserRequest


class SliBook:
    """Counts per objective and tenant."""

    def __init__(self, slos: tuple[Slo, ...], tenants: tuple[str, ...], shown: dict[str, str], registry: Registry):
        self._ttft = [s for s in slos if s.kind == "ttft"]
        self._availability = [s for s in slos if s.kind == "availability"]
        self._judged: dict[str, list[str]] = {}
        for slo in slos:
            if slo.kind not in ("ttft", "availability"):
                self._judged.setdefault(slo.kind, []).append(slo.id)
        self._pending: dict[str, deque[UserRequest]] = {s.id: deque() for s in self._ttft}
        self.offered = dict.fromkeys(tenants, 0)
        self.bad: dict[tuple[str, str], int] = {(s.id, t): 0 for s in slos for t in tenants}
        self._slos = slos
        self._marked = self._before = self._latency_counts()
        self._requests: dict[tuple[str, str], Counter] = {}
        self._bad_counters: dict[tuple[str, str], Counter] = {}
        for slo in slos:
            for tenant in tenants:
                labels = {"slo": slo.id, "tenant": shown[tenant]}
                self._requests[slo.id, tenant] = registry.counter("slo_requests_total", labels, target="gateway")
                self._bad_counters[slo.id, tenant] = registry.counter(
                    "slo_bad_requests_total", labels, target="gateway"
                )

    def arrived(self, request: UserRequest) -> None:
        """Count a new user request as offered."""
        self.offered[request.tenant.id] += 1
        if request.hostile:
            return
        for slo in self._ttft:
            self._pending[slo.id].append(request)

    def ended(self, request: UserRequest, ok: bool) -> None:
        """Count the end of a user request."""
        if request.hostile:
            return
        for slo in self._availability:
            self._decide(slo.id, request.tenant.id, bad=not ok)

    def judged(self, kind: str, tenant: str, *, bad: bool) -> None:
        """Count what a component knows of a request: whether it met the objectives of this kind."""
        for slo in self._judged.get(kind, ()):
            self._decide(slo, tenant, bad=bad)

    def sweep(self, now: int) -> None:
        """Decide every pending ttft objective that can be decided. Called several times a second."""
        for slo in self._ttft:
            pending = self._pending[slo.id]
            while pending:
                request = pending[0]
                if request.created_us + slo.threshold > now:
                    break
                pending.popleft()
                late = request.first_us == NEVER or request.first_us - request.created_us > slo.threshold
                self._decide(slo.id, request.tenant.id, bad=late)

    def _decide(self, slo: str, tenant: str, *, bad: bool) -> None:
        self._requests[slo, tenant].value += 1
        if bad:
            self.bad[slo, tenant] += 1
            self._bad_counters[slo, tenant].value += 1

    def mark(self) -> None:
        """Remember the present counts; called once a minute, for `recent_bad_ppm`."""
        self._before = self._marked
        self._marked = self._latency_counts()

    def recent_bad_ppm(self) -> dict[str, int]:
        """Return, by tenant, the share of late or failed requests over the last one to two minutes."""
        shares = {}
        for tenant, (offered, bad) in self._latency_counts().items():
            offered_before, bad_before = self._before[tenant]
            shares[tenant] = (bad - bad_before) * 1_000_000 // max(1, offered - offered_before)
        return shares

    def recent_bad_ppm_total(self) -> int:
        """Return the same over all tenants."""
        offered = bad = 0
        for tenant, (now_offered, now_bad) in self._latency_counts().items():
            offered += now_offered - self._before[tenant][0]
            bad += now_bad - self._before[tenant][1]
        return bad * 1_000_000 // max(1, offered)

    def _latency_counts(self) -> dict[str, tuple[int, int]]:
        slo = (self._ttft or list(self._slos))[0].id
        return {tenant: (n, self.bad[slo, tenant]) for tenant, n in self.offered.items()}

    def totals(self) -> dict[str, list[int]]:
        """Return `slo/tenant` -> [offered, bad] so far."""
        return {f"{s.id}/{t}": [n, self.bad[s.id, t]] for s in self._slos for t, n in self.offered.items()}
