"""One pool's lane at the gateway: who waits for it, who is in it, who goes next."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.edge.breaker import Breaker
from incidentsim.world.stack.edge.flow import FlowQueue
from incidentsim.world.stack.edge.gateway_metrics import ClusterMetrics
from incidentsim.world.stack.pools.router import Router
from incidentsim.world.stack.requests import Attempt

if TYPE_CHECKING:
    from incidentsim.world.stack.pools.pod import Pod
    from incidentsim.world.stack.pools.pool import Pool


class Lane:
    """Admission to one pool. `sent` holds what was let through, oldest first, ended ones dropped lazily.

    `most_requests` and `most_tokens` bound what a replica may have in flight, -1 = no bound. `number` counts the
    lanes of a gateway. `hedgeable` holds what may get a second attempt, None while nothing may.
    """

    def __init__(
        self, kernel: Kernel, router: Router, pool: Pool, tenants: tuple[str, ...], metrics: ClusterMetrics,
        number: int = 0,
    ) -> None:  # fmt: skip
        self.pool = pool
        self.number = number
        self.breaker = Breaker()
        self.hedgeable: deque[Attempt] | None = None
        self.flow = FlowQueue(tenants)
        self.metrics = metrics
        self.tokens_in_flight = dict.fromkeys(tenants, 0)
        self.requests_in_flight = 0
        self.by_tokens = False
        self.most_requests = self.most_tokens = -1
        self._kernel = kernel
        self._router = router
        self._engine_ids = 0
        self.sent: deque[Attempt] = deque()

    @property
    def now(self) -> int:
        """Scenario time in µs."""
        return self._kernel.now

    def state(self) -> list[object]:
        """Return what defines the lane."""
        return [self.requests_in_flight, self.flow.total, list(self.flow.sizes.values()),
                list(self.tokens_in_flight.values()), self._engine_ids, *self.breaker.state()]  # fmt: skip

    def enter(self, attempt: Attempt) -> bool:
        """Send an attempt to a replica at once when nobody waits and there is room."""
        return self.flow.total == 0 and self._send(attempt)

    def wait(self, attempt: Attempt, tier: str) -> None:
        """Queue an attempt."""
        attempt.queued_us = self._kernel.now
        self.flow.push(attempt, tier)
        if self.by_tokens:
            self.dispatch()

    def dispatch(self) -> None:
        """Let queued requests through while there is room."""
        flow = self.flow
        while flow.total:
            if self.by_tokens:
                attempt = flow.next_by_tokens(self.tokens_in_flight, self._has_room)
            else:
                attempt = flow.next_by_requests()
            if attempt is None or not self._send(attempt):
                return

    def leave(self, attempt: Attempt) -> None:
        """Take an attempt off its pod's account."""
        pod = attempt.pod
        if pod is None:
            return
        pod.requests -= 1
        pod.tokens -= attempt.tokens
        attempt.pod = None
        self.requests_in_flight -= 1
        self.tokens_in_flight[attempt.request.tenant.id] -= attempt.tokens

    def _has_room(self, attempt: Attempt) -> bool:
        return self._choose(attempt) is not None

    def _choose(self, attempt: Attempt) -> Pod | None:
        return self._router.choose(self.pool, attempt, self.most_requests, self.most_tokens)

    def _send(self, attempt: Attempt) -> bool:
        pod = self._choose(attempt)
        if pod is None:
            return False
        self.flow.remove(attempt)
        self.place(attempt, pod)
        self.sent.append(attempt)
        if self.hedgeable is not None:
            self.hedgeable.append(attempt)
        pod.submit(attempt)
        return True

    def place(self, attempt: Attempt, pod: Pod) -> None:
        """Put an attempt on a pod's account, about to be submitted there."""
        now = self._kernel.now
        self._engine_ids += 1
        attempt.id = self._engine_ids
        attempt.arrived_us = attempt.dispatched_us = now
        output, room = attempt.request.output, self.pool.max_model_len - attempt.prompt
        attempt.output = attempt.o = output if output < room else room
        attempt.pod = attempt.served = pod
        pod.requests += 1
        pod.tokens += attempt.tokens
        self.requests_in_flight += 1
        self.tokens_in_flight[attempt.request.tenant.id] += attempt.tokens
        self.metrics.upstream.value += 1
