"""Service-level indicators over user requests: what users got, counted once per request.

`ttft`: decided when the first token comes, or when the threshold has passed without one. `availability`:
decided at the request's end. The other kinds (`quality`, `safety`, `residency`, `privacy`) are judged by the
components that know. Offered demand is counted on arrival, so refusing users is bad too. An attacker is no user:
requests of an attack count only where `safety` is judged, so that blocking them costs nothing.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from incidentsim.scenario.model import Slo
from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.requests import UserRequest

COMPLAIN_AT_PPM: Final = 150_000
"""Share of bad requests, by any objective, over the last minutes at which a customer writes to support."""


class _Tally:
    """What is known of one objective and tenant: the counters that are shown, and the bad ones so far."""

    __slots__ = ("bad", "decided", "failed")

    def __init__(self, decided: Counter, failed: Counter) -> None:
        self.decided = decided
        self.failed = failed
        self.bad = 0

    def fail(self) -> None:
        """Count a bad request."""
        self.bad += 1
        self.failed.value += 1


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
        self._slos = slos
        self._tallies: dict[str, dict[str, _Tally]] = {}
        for slo in slos:
            tallies = self._tallies[slo.id] = {}
            for tenant in tenants:
                labels = {"slo": slo.id, "tenant": shown[tenant]}
                decided = registry.counter("slo_requests_total", labels, target="gateway")
                failed = registry.counter("slo_bad_requests_total", labels, target="gateway")
                tallies[tenant] = _Tally(decided, failed)
        self._available = [self._tallies[slo.id] for slo in self._availability]
        self._judging = {kind: [self._tallies[name] for name in names] for kind, names in self._judged.items()}
        self._queues = list(self._pending.values())
        self._marked = self._before = self._latency_counts()
        self._bad_marked = self._bad_before = self._bad_counts()

    def arrived(self, request: UserRequest) -> None:
        """Count a new user request as offered."""
        self.offered[request.tenant.id] += 1
        if request.hostile:
            return
        for queue in self._queues:
            queue.append(request)

    def ended(self, request: UserRequest, ok: bool) -> None:
        """Count the end of a user request."""
        if request.hostile:
            return
        for tallies in self._available:
            tally = tallies[request.tenant.id]
            tally.decided.value += 1
            if not ok:
                tally.fail()

    def judged(self, kind: str, tenant: str, *, bad: bool) -> None:
        """Count what a component knows of a request: whether it met the objectives of this kind."""
        for tallies in self._judging.get(kind, ()):
            tally = tallies[tenant]
            tally.decided.value += 1
            if bad:
                tally.fail()

    def sweep(self, now: int) -> None:
        """Decide every pending ttft objective that can be decided. Called several times a second."""
        for slo in self._ttft:
            pending, tallies, threshold = self._pending[slo.id], self._tallies[slo.id], slo.threshold
            while pending:
                request = pending[0]
                created = request.created_us
                if created + threshold > now:
                    break
                pending.popleft()
                tally = tallies[request.tenant.id]
                tally.decided.value += 1
                if request.first_us == NEVER or request.first_us - created > threshold:
                    tally.fail()

    def mark(self) -> None:
        """Remember the present counts; called once a minute, for what is recent."""
        self._before = self._marked
        self._marked = self._latency_counts()
        self._bad_before = self._bad_marked
        self._bad_marked = self._bad_counts()

    def recent_worst_ppm(self) -> dict[str, int]:
        """Return, by tenant, the worst share of bad requests of any objective over the last one to two minutes."""
        worst = {}
        counts = self._bad_counts()
        for tenant, offered in self.offered.items():
            bad = max(counts[s.id, tenant] - self._bad_before[s.id, tenant] for s in self._slos)
            worst[tenant] = bad * 1_000_000 // max(1, offered - self._before[tenant][0])
        return worst

    def complaining(self) -> list[str]:
        """Return the tenants that have enough harm to write to support."""
        return [tenant for tenant, share in self.recent_worst_ppm().items() if share >= COMPLAIN_AT_PPM]

    def recent_bad_ppm(self) -> int:
        """Return the share of late or failed requests over the last one to two minutes."""
        offered = bad = 0
        for tenant, (now_offered, now_bad) in self._latency_counts().items():
            offered += now_offered - self._before[tenant][0]
            bad += now_bad - self._before[tenant][1]
        return bad * 1_000_000 // max(1, offered)

    def _bad_counts(self) -> dict[tuple[str, str], int]:
        return {(s.id, t): self._tallies[s.id][t].bad for s in self._slos for t in self.offered}

    def _latency_counts(self) -> dict[str, tuple[int, int]]:
        slo = (self._ttft or list(self._slos))[0].id
        tallies = self._tallies[slo]
        return {tenant: (n, tallies[tenant].bad) for tenant, n in self.offered.items()}

    def totals(self) -> dict[str, list[int]]:
        """Return `slo/tenant` -> [offered, bad] so far."""
        return {f"{s.id}/{t}": [n, self._tallies[s.id][t].bad] for s in self._slos for t, n in self.offered.items()}
