"""The gateway: limits, shedding, stages, admission, timeouts, retries, and what it tells about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.journal import Journal
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.gateway_metrics import GatewayMetrics
from incidentsim.world.stack.limits import Shedder
from incidentsim.world.stack.requests import Attempt
from incidentsim.world.stack.sequence import NEVER

if TYPE_CHECKING:
    from incidentsim.world.stack.lane import Lane
    from incidentsim.world.stack.route import Route

RETRY_WINDOW_US = 10_000_000
"""Window over which the client retry budget compares retries with first attempts."""

CLIENT_CLOSED = 499
"""nginx's code for a client that hung up; Envoy logs it as DC."""


class Gateway(Component):
    """The only door to the models. Every attempt gets exactly one answer, through `TenantState.answered`."""

    def __init__(
        self, kernel: Kernel, lanes: Sequence[Lane], tenants: tuple[str, ...], metrics: GatewayMetrics,
        journal: Journal, seed: int,
    ) -> None:  # fmt: skip
        super().__init__("gateway")
        self._kernel = kernel
        self._metrics = metrics
        self._journal = journal
        self.lanes = tuple(lanes)
        self.routes: dict[str, Route] = {}
        self.shedder = Shedder(seed)
        self.gateway_retries_in_flight = 0
        self.on_answer: list[Callable[[Attempt, int], None]] = []
        self._tenants = tenants
        self._first_attempts = [0, 0]
        self._client_retries = [0, 0]
        self._window_us = kernel.now - kernel.now % RETRY_WINDOW_US
        self.changed("admission")
        metrics.watch(self)

    # -- settings and readings ------------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Take a new setting; it holds for every request from now on."""
        by_tokens = self.text_knob("admission") == "tokens"
        for lane in self.lanes:
            lane.by_tokens = by_tokens
            lane.most_requests = -1 if by_tokens else self.int_knob("max_inflight_requests")
            lane.most_tokens = self.int_knob("max_inflight_tokens") if by_tokens else -1
            lane.dispatch()

    @property
    def requests_in_flight(self) -> int:
        """Requests in any pool."""
        return sum(lane.requests_in_flight for lane in self.lanes)  # exact: ints

    @property
    def queued(self) -> int:
        """Requests waiting for any pool."""
        return sum(lane.flow.total for lane in self.lanes)  # exact: ints

    def queued_of(self, tenant: str) -> int:
        """Return how many requests of a tenant wait."""
        return sum(lane.flow.sizes[tenant] for lane in self.lanes)  # exact: ints

    def tokens_of(self, tenant: str) -> int:
        """Return the tokens of a tenant in flight."""
        return sum(lane.tokens_in_flight[tenant] for lane in self.lanes)  # exact: ints

    def retier(self, tenant: str, tier: str) -> None:
        """Move a tenant's queued requests to another tier."""
        for lane in self.lanes:
            lane.flow.retier(tenant, tier)
            lane.dispatch()

    def status(self) -> list[str]:
        """Return the rules and the load, as its admin endpoint would show them."""
        lines = [f"shed {r.selector} {r.share_ppm / 10_000:g}%" for r in self.shedder.rules.values()]
        return [*lines, f"in flight: {self.requests_in_flight} requests, queued: {self.queued}"]

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return its load as reported."""
        active = 0.0
        for lane in self.lanes:
            active += store.latest("envoy_cluster_upstream_rq_active", {"cluster": lane.pool.id}) or 0
        queued = self.queued
        return ComponentState(name=self.id, kind=self.kind, health="warn" if queued > 0 else "ok",
                              summary=f"{active:.0f} in flight, {queued} queued", edges=self._edges())  # fmt: skip

    def _edges(self) -> tuple[tuple[str, str], ...]:
        names = [stage.id for route in self.routes.values() for stage in route.stages]
        return tuple((name, "") for name in dict.fromkeys([*names, "router"]))

    def state(self) -> list[object]:
        """Return what defines the gateway."""
        return [
            *super().state(), self.gateway_retries_in_flight, [lane.state() for lane in self.lanes],
            self._first_attempts, self._client_retries,
            [[r.tenant, r.tier, r.prompt_over, r.share_ppm] for r in self.shedder.rules.values()],
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
        self._journal.begin(attempt)
        key = request.index << 6 | tenant.number
        if self.shedder.refuses(tenant.id, tenant.priority, request.prompt, key):
            self._refuse(attempt, "shed")
        elif not (tenant.request_bucket.take(1, now) and tenant.token_bucket.take(attempt.tokens, now)):
            self._refuse(attempt, "rate limit exceeded")
        else:
            self._advance(attempt)

    def passed(self, attempt: Attempt) -> None:
        """A stage is done with an attempt: on to the next."""
        if not attempt.ended:
            self._advance(attempt)

    def answered(self, attempt: Attempt) -> None:
        """A stage answers an attempt itself, well: a kept answer."""
        attempt.at = None
        request = attempt.request
        if request.first_us == NEVER:
            request.first_us = self._kernel.now
        self._answer(attempt, 200)

    def failed(self, attempt: Attempt, code: int, reason: str, *, final: bool = False) -> None:
        """A stage answers an attempt itself: refused or broken. `final`: the client is told not to retry."""
        attempt.at = None
        self._answer(attempt, code, final=final, reason=reason)

    def _advance(self, attempt: Attempt) -> None:
        route = attempt.request.route
        number = attempt.stage
        if number < len(route.stages):
            attempt.stage = number + 1
            stage = attempt.at = route.stages[number]
            stage.enter(attempt)
            return
        attempt.at = None
        lane = route.lane_of(attempt)
        if lane is None:
            self.answered(attempt)
        else:
            self._join(attempt, lane)

    def _join(self, attempt: Attempt, lane: Lane) -> None:
        attempt.lane = lane
        if attempt.prompt >= lane.pool.max_model_len:
            self._answer(attempt, 400, final=True, reason="prompt exceeds the maximum context length")
        elif lane.enter(attempt):
            pass
        elif lane.flow.total >= self.int_knob("max_queue"):
            self._answer(attempt, 503, reason="flow-control queue full")
        else:
            lane.wait(attempt, attempt.request.tenant.priority)

    def dispatch(self) -> None:
        """Let queued requests through while there is room."""
        for lane in self.lanes:
            if lane.flow.total:
                lane.dispatch()

    # -- its way out ----------------------------------------------------------------------------------------

    def first_token(self, attempt: Attempt, now: int) -> None:
        """An engine produced the first token; the client sees it."""
        request = attempt.request
        self._metrics.first_token(request.tenant.id, now - attempt.received_us)
        if request.first_us == NEVER:
            request.first_us = now

    def finished(self, attempt: Attempt, now: int) -> None:
        """An engine finished the sequence."""
        lane = attempt.lane
        assert lane is not None
        lane.leave(attempt)
        self._answer(attempt, 200)
        if lane.flow.total:
            lane.dispatch()

    def lost(self, attempts: list[Attempt]) -> None:
        """A replica dropped these; retry within the budget, else tell the client 503."""
        for attempt in attempts:
            lane = attempt.lane
            assert lane is not None
            lane.leave(attempt)
            if attempt.ended:
                continue
            retried = attempt.gateway_retries > 0
            in_play = self.requests_in_flight + self.queued + 1  # this one has just left its pod
            allowed = in_play * self.int_knob("retry_budget") // 1_000_000
            if attempt.gateway_retries >= self.int_knob("retry_attempts") or attempt.request.first_us != NEVER:
                self._answer(attempt, 503, reason="upstream reset")
            elif not retried and self.gateway_retries_in_flight >= allowed:
                lane.metrics.retry_overflow.value += 1
                self._answer(attempt, 503, reason="upstream reset, no retry budget")
            else:
                attempt.gateway_retries += 1
                self.gateway_retries_in_flight += not retried
                lane.metrics.retries.value += 1
                attempt.rewind()
                lane.flow.push(attempt, attempt.request.tenant.priority)
        self.dispatch()

    def hung_up(self, attempt: Attempt) -> None:
        """The client closed the connection."""
        self._abandon(attempt, propagate=bool(self.int_knob("cancel_propagation")))
        self._answer(attempt, CLIENT_CLOSED, reason="client closed the connection")
        self.dispatch()

    def sweep(self, now: int) -> None:
        """Enforce queue and request timeouts; called several times a second."""
        limit = now - self.int_knob("queue_timeout")
        for lane in self.lanes:
            self._expire(lane, limit)
        limit = now - self.int_knob("request_timeout")
        for attempt in self._dispatched_before(limit):
            self._abandon(attempt, propagate=True)
            assert attempt.lane is not None
            attempt.lane.metrics.timeouts.value += 1
            self._answer(attempt, 504, reason="upstream request timeout")
        self.dispatch()

    def _expire(self, lane: Lane, limit: int) -> None:
        expired = True
        while expired:
            expired = False
            for attempt in lane.flow.oldest():
                if attempt.received_us <= limit:
                    lane.flow.remove(attempt)
                    self._answer(attempt, 503, reason="flow-control queue timeout")
                    expired = True
        lane.flow.compact()

    def _dispatched_before(self, limit: int) -> list[Attempt]:
        out = []
        for lane in self.lanes:
            sent = lane.sent
            while sent and (sent[0].ended or sent[0].dispatched_us <= limit):
                attempt = sent.popleft()
                if not attempt.ended and attempt.pod is not None and attempt.dispatched_us <= limit:
                    out.append(attempt)
        return out

    def _abandon(self, attempt: Attempt, *, propagate: bool) -> None:
        lane = attempt.lane
        if lane is not None:
            lane.flow.remove(attempt)
            pod = attempt.pod
            if pod is not None and propagate:
                lane.leave(attempt)
                pod.cancel(attempt)
        elif attempt.at is not None:
            attempt.at.leave(attempt)
            attempt.at = None

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
        (attempt.lane or self.lanes[0]).metrics.classes[code // 100].value += 1
        for listen in self.on_answer:
            listen(attempt, code)
        self._journal.access(attempt, code, reason)
        request.tenant.answered(attempt, code, final)

    # -- client retry budget --------------------------------------------------------------------------------

    def _roll_window(self, now: int) -> None:
        if now - self._window_us >= RETRY_WINDOW_US:
            self._window_us = now - now % RETRY_WINDOW_US
            self._first_attempts = [0, self._first_attempts[0]]
            self._client_retries = [0, self._client_retries[0]]

    def _within_client_budget(self) -> bool:
        budget = self.int_knob("client_retry_budget")
        if budget >= 1_000_000:
            return True
        first = self._first_attempts[0] + self._first_attempts[1]
        return (self._client_retries[0] + self._client_retries[1]) * 1_000_000 < first * budget
