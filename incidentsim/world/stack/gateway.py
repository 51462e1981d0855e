"""The gateway: limits, shedding, admission, dispatch, timeouts, retries, and what it tells about them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from incidentsim.specs.components import GATEWAY
from incidentsim.specs.knobs import KnobValue, format_value
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.flow import FlowQueue
from incidentsim.world.stack.gateway_metrics import GatewayMetrics
from incidentsim.world.stack.limits import Shedder
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.router import Router
from incidentsim.world.stack.sequence import NEVER

if TYPE_CHECKING:
    from incidentsim.world.stack.pool import Pool

RETRY_WINDOW_US = 10_000_000
"""Window over which the client retry budget compares retries with first attempts."""

CLIENT_CLOSED = 499
"""nginx's code for a client that hung up; Envoy logs it as DC."""


class Gateway:
    """The only door to the pools. Every attempt gets exactly one answer, through `TenantState.answered`."""

    def __init__(
        self, kernel: Kernel, router: Router, pool: Pool, tenants: tuple[str, ...], metrics: GatewayMetrics,
        journal: Journal, seed: int,
    ) -> None:  # fmt: skip
        self.id = "gateway"
        self._kernel = kernel
        self._router = router
        self._pool = pool
        self._metrics = metrics
        self._journal = journal
        self.shedder = Shedder(seed)
        self.flow = FlowQueue(tenants)
        self.tokens_in_flight = dict.fromkeys(tenants, 0)
        self.requests_in_flight = 0
        self.gateway_retries_in_flight = 0
        self._dispatched: deque[Attempt] = deque()
        self._first_attempts = [0, 0]
        self._client_retries = [0, 0]
        self._window_us = kernel.now - kernel.now % RETRY_WINDOW_US
        self._engine_ids = 0
        self._knobs: dict[str, KnobValue] = {k.name: k.default for k in GATEWAY.knobs}
        self._by_tokens = False
        self._most_requests = self._int("max_inflight_requests")
        self._most_tokens = -1
        metrics.watch(self, pool)

    # -- knobs ----------------------------------------------------------------------------------------------

    def on_knob(self, name: str, value: KnobValue) -> None:
        """Take a new setting; it holds for every request from now on."""
        self._knobs[name] = value
        self._by_tokens = self._knobs["admission"] == "tokens"
        self._most_requests = -1 if self._by_tokens else self._int("max_inflight_requests")
        self._most_tokens = self._int("max_inflight_tokens") if self._by_tokens else -1
        self.dispatch()

    def _int(self, name: str) -> int:
        value = self._knobs[name]
        assert isinstance(value, int)
        return value

    def describe(self) -> list[str]:
        """Return its settings and state, as its admin endpoint would show them."""
        lines = [f"{k.name} = {format_value(k, self._knobs[k.name])}" for k in GATEWAY.knobs]
        lines += [f"shed {r.selector} {r.share_ppm / 10_000:g}%" for r in self.shedder.rules.values()]
        lines.append(f"in flight: {self.requests_in_flight} requests, queued: {self.flow.total}")
        return lines

    def state(self) -> list[object]:
        """Return what defines the gateway, for the dyn digest."""
        return [
            self.requests_in_flight, self.gateway_retries_in_flight, self.flow.total, list(self.flow.sizes.values()),
            list(self.tokens_in_flight.values()), self._engine_ids, self._first_attempts, self._client_retries,
            [[r.tenant, r.tier, r.prompt_over, r.share_ppm] for r in self.shedder.rules.values()],
            list(self._knobs.values()),
        ]  # fmt: skip

    # -- a request's way in ---------------------------------------------------------------------------------

    def receive(self, attempt: Attempt) -> None:
        """Take one HTTP request from a client."""
        request = attempt.request
        tenant = request.tenant
        now = self._kernel.now
        retry = attempt.number > 1
        self._metrics.received(tenant.id, request.prompt, retry)
        self._roll_window(now)
        if retry:
            if not self._within_client_budget():
                self._answer(attempt, 429, final=True, reason="client retry budget exhausted")
                return
            self._client_retries[0] += 1
        else:
            self._first_attempts[0] += 1
        key = request.index << 6 | tenant.number
        if self.shedder.refuses(tenant.id, tenant.priority, request.prompt, key):
            self._refuse(attempt, "shed")
        elif not (tenant.request_bucket.take(1, now) and tenant.token_bucket.take(attempt.tokens, now)):
            self._refuse(attempt, "rate limit exceeded")
        elif request.prompt >= self._pool.max_model_len:
            self._answer(attempt, 400, final=True, reason="prompt exceeds the maximum context length")
        elif self.flow.total == 0 and self._dispatch_one(attempt):
            pass
        elif self.flow.total >= self._int("max_queue"):
            self._answer(attempt, 503, reason="flow-control queue full")
        else:
            self.flow.push(attempt, tenant.priority)
            if self._by_tokens:
                self.dispatch()

    def dispatch(self) -> None:
        """Let queued requests through while there is room."""
        flow = self.flow
        while flow.total:
            if self._by_tokens:
                attempt = flow.next_by_tokens(self.tokens_in_flight, self._has_room)
            else:
                attempt = flow.next_by_requests()
            if attempt is None or not self._dispatch_one(attempt):
                return

    def _has_room(self, attempt: Attempt) -> bool:
        return self._router.choose(self._pool.routable, attempt, self._most_requests, self._most_tokens) is not None

    def _dispatch_one(self, attempt: Attempt) -> bool:
        pod = self._router.choose(self._pool.routable, attempt, self._most_requests, self._most_tokens)
        if pod is None:
            return False
        self.flow.remove(attempt)
        now = self._kernel.now
        self._engine_ids += 1
        attempt.id = self._engine_ids
        attempt.arrived_us = attempt.dispatched_us = now
        attempt.output = attempt.o = min(attempt.request.output, self._pool.max_model_len - attempt.prompt)
        attempt.pod = pod
        pod.requests += 1
        pod.tokens += attempt.tokens
        self.requests_in_flight += 1
        self.tokens_in_flight[attempt.request.tenant.id] += attempt.tokens
        self._dispatched.append(attempt)
        self._metrics.upstream.value += 1
        pod.submit(attempt)
        return True

    # -- its way out ----------------------------------------------------------------------------------------

    def first_token(self, attempt: Attempt, now: int) -> None:
        """An engine produced the first token; the client sees it."""
        request = attempt.request
        self._metrics.first_token(request.tenant.id, now - attempt.received_us)
        if request.first_us == NEVER:
            request.first_us = now

    def finished(self, attempt: Attempt, now: int) -> None:
        """An engine finished the sequence."""
        self._leave_pod(attempt)
        self._answer(attempt, 200)
        if self.flow.total:
            self.dispatch()

    def lost(self, attempts: list[Attempt]) -> None:
        """A replica dropped these; retry within the budget, else tell the client 503."""
        for attempt in attempts:
            self._leave_pod(attempt)
            if attempt.ended:
                continue
            retried = attempt.gateway_retries > 0
            in_play = self.requests_in_flight + self.flow.total + 1  # this one has just left its pod
            allowed = in_play * self._int("retry_budget") // 1_000_000
            if attempt.gateway_retries >= self._int("retry_attempts") or attempt.request.first_us != NEVER:
                self._answer(attempt, 503, reason="upstream reset")
            elif not retried and self.gateway_retries_in_flight >= allowed:
                self._metrics.retry_overflow.value += 1
                self._answer(attempt, 503, reason="upstream reset, no retry budget")
            else:
                attempt.gateway_retries += 1
                self.gateway_retries_in_flight += not retried
                self._metrics.retries.value += 1
                attempt.rewind()
                self.flow.push(attempt, attempt.request.tenant.priority)
        self.dispatch()

    def hung_up(self, attempt: Attempt) -> None:
        """The client closed the connection."""
        self._abandon(attempt, propagate=bool(self._int("cancel_propagation")))
        self._answer(attempt, CLIENT_CLOSED, reason="client closed the connection")
        self.dispatch()

    def sweep(self, now: int) -> None:
        """Enforce queue and request timeouts; called several times a second."""
        limit = now - self._int("queue_timeout")
        expired = True
        while expired:
            expired = False
            for attempt in self.flow.oldest():
                if attempt.received_us <= limit:
                    self.flow.remove(attempt)
                    self._answer(attempt, 503, reason="flow-control queue timeout")
                    expired = True
        self.flow.compact()
        limit = now - self._int("request_timeout")
        dispatched = self._dispatched
        while dispatched and (dispatched[0].ended or dispatched[0].dispatched_us <= limit):
            attempt = dispatched.popleft()
            if not attempt.ended and attempt.pod is not None and attempt.dispatched_us <= limit:
                self._abandon(attempt, propagate=True)
                self._metrics.timeouts.value += 1
                self._answer(attempt, 504, reason="upstream request timeout")
        self.dispatch()

    def _abandon(self, attempt: Attempt, *, propagate: bool) -> None:
        self.flow.remove(attempt)
        pod = attempt.pod
        if pod is not None and propagate:
            self._leave_pod(attempt)
            pod.cancel(attempt)

    def _leave_pod(self, attempt: Attempt) -> None:
        pod = attempt.pod
        if pod is None:
            return
        pod.requests -= 1
        pod.tokens -= attempt.tokens
        attempt.pod = None
        self.requests_in_flight -= 1
        self.tokens_in_flight[attempt.request.tenant.id] -= attempt.tokens

    def _refuse(self, attempt: Attempt, reason: str) -> None:
        self._metrics.limited(attempt.request.tenant.id)
        self._answer(attempt, 429, reason=reason)

    def _answer(self, attempt: Attempt, code: int, *, final: bool = False, reason: str = "") -> None:
        if attempt.ended:
            return
        attempt.ended = True
        if attempt.gateway_retries:
            self.gateway_retries_in_flight -= 1
        request = attempt.request
        self._metrics.answered(request.tenant.id, code)
        self._journal.access(attempt, code, reason)
        request.tenant.answered(attempt, code, final)

    # -- client retry budget --------------------------------------------------------------------------------

    def _roll_window(self, now: int) -> None:
        if now - self._window_us >= RETRY_WINDOW_US:
            self._window_us = now - now % RETRY_WINDOW_US
            self._first_attempts = [0, self._first_attempts[0]]
            self._client_retries = [0, self._client_retries[0]]

    def _within_client_budget(self) -> bool:
        budget = self._int("client_retry_budget")
        if budget >= 1_000_000:
            return True
        first = self._first_attempts[0] + self._first_attempts[1]
        return (self._client_retries[0] + self._client_retries[1]) * 1_000_000 < first * budget

