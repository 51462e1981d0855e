"""The flow-control queue of the gateway: who waits, and who goes next.

Tiers have strict priority. Inside a tier: with admission by requests, first come first served over all
tenants; with admission by tokens, the tenant with the fewest tokens in flight goes first (max-min fair), and
a request that does not fit may be passed by later ones of its tenant that do (backfill).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from incidentsim.world.stack.requests import Attempt

TIERS: Final = ("interactive", "standard", "batch")
"""Tiers, the first served first."""

BACKFILL_DEPTH: Final = 32
"""How many requests of one tenant are looked at for one that fits; bounds the work per dispatch."""


class FlowQueue:
    """Queued attempts by tier and tenant, each in arrival order."""

    def __init__(self, tenants: tuple[str, ...]) -> None:
        self._tenants = tenants
        self._queues: dict[str, dict[str, deque[Attempt]]] = {tier: {t: deque() for t in tenants} for tier in TIERS}
        self.sizes = dict.fromkeys(tenants, 0)
        self.total = 0

    def push(self, attempt: Attempt, tier: str) -> None:
        """Add at the end."""
        attempt.queued = True
        tenant = attempt.request.tenant.id
        self._queues[tier][tenant].append(attempt)
        self.sizes[tenant] += 1
        self.total += 1

    def remove(self, attempt: Attempt) -> None:
        """Take out one that gave up; it is dropped lazily from its deque."""
        if attempt.queued:
            attempt.queued = False
            self.sizes[attempt.request.tenant.id] -= 1
            self.total -= 1

    def retier(self, tenant: str, tier: str) -> None:
        """Move a tenant's queued requests to another tier, keeping their order."""
        waiting = [a for queues in self._queues.values() for a in queues[tenant] if a.queued]
        for queues in self._queues.values():
            queues[tenant].clear()
        waiting.sort(key=lambda a: (a.queued_us, a.request.index))
        self._queues[tier][tenant].extend(waiting)

    def oldest(self) -> Iterator[Attempt]:
        """Yield the head of every queue, live ones only."""
        for queues in self._queues.values():
            for queue in queues.values():
                while queue and not queue[0].queued:
                    queue.popleft()
                if queue:
                    yield queue[0]

    def waiting_since(self, limit: int) -> list[Attempt]:
        """Return all that began to wait at `limit` or before."""
        out: list[Attempt] = []
        for queues in self._queues.values():
            for queue in queues.values():
                for attempt in queue:
                    if attempt.queued_us > limit:
                        break
                    if attempt.queued:
                        out.append(attempt)
        return out

    def next_by_requests(self) -> Attempt | None:
        """Return the first-come request of the best tier, without taking it."""
        for queues in self._queues.values():
            best: Attempt | None = None
            for queue in queues.values():
                while queue:
                    head = queue[0]
                    if head.queued:
                        if best is None or head.received_us < best.received_us:
                            best = head
                        break
                    queue.popleft()
            if best is not None:
                return best
        return None

    def next_by_tokens(
        self, in_flight: dict[str, int], fits: Callable[[Attempt], bool]
    ) -> Attempt | None:  # fmt: skip
        """Return the next request that fits, by tier, then fewest tokens in flight, without taking it."""
        for queues in self._queues.values():
            order = sorted((in_flight[t], i) for i, t in enumerate(self._tenants) if queues[t])
            for _, i in order:
                looked = 0
                for attempt in queues[self._tenants[i]]:
                    if attempt.queued:
                        if fits(attempt):
                            return attempt
                        looked += 1
                        if looked >= BACKFILL_DEPTH:
                            break
        return None

    def compact(self) -> None:
        """Drop those that left from the middle of the deques; called now and then."""
        for queues in self._queues.values():
            for tenant, queue in queues.items():
                if len(queue) > 2 * self.sizes[tenant] + 64:
                    queues[tenant] = deque(a for a in queue if a.queued)
