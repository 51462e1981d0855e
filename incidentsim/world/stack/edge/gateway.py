"""The gateway: limits, shedding, stages, admission, timeouts, retries, fallbacks, and what it tells about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.edge.fallback import Fallback
from incidentsim.world.stack.edge.gateway_metrics import GatewayMetrics
from incidentsim.world.stack.edge.guards import Guards
from incidentsim.world.stack.edge.hedging import Hedging, join
from incidentsim.world.stack.edge.limits import RouteRule, Shedder
from incidentsim.world.stack.edge.losses import lost
from incidentsim.world.stack.edge.regions import ROUND_TRIP_US, Regions
from incidentsim.world.stack.edge.retry_budget import RetryBudget
from incidentsim.world.stack.edge.sweeping import sweep
from incidentsim.world.stack.engine.sequence import NEVER
from incidentsim.world.stack.requests import Attempt

if TYPE_CHECKING:
    from incidentsim.world.journal import Journal
    from incidentsim.world.stack.edge.billing import Billing
    from incidentsim.world.stack.edge.certificates import Certificates
    from incidentsim.world.stack.edge.lane import Lane
    from incidentsim.world.stack.edge.route import Route

CLIENT_CLOSED: Final = 499
"""nginx's code for a client that hung up; Envoy logs it as DC."""


class Gateway(Component):
    """The only door to the models. Every attempt gets exactly one answer, through `TenantState.answered`."""

    def __init__(
        self, kernel: Kernel, lanes: Sequence[Lane], routes: tuple[str, ...], metrics: GatewayMetrics,
        journal: Journal, seed: int, *, regions: Regions, billing: Billing, certificates: Certificates,
    ) -> None:  # fmt: skip
        super().__init__("gateway")
        self._kernel = kernel
        self.metrics = metrics
        self._journal = journal
        self.lanes = tuple(lanes)
        self.routes: dict[str, Route] = {}
        self.rules: dict[str, RouteRule] = {}
        self.shedder = Shedder(seed)
        self.regions = regions
        self.billing = billing
        self.certificates = certificates
        self.guards = Guards(billing)
        self.hedging = Hedging()
        self.fallback = Fallback(seed, metrics.registry, routes, self._join, self.answered)
        self.gateway_retries_in_flight = 0
        self.retries_refusals = self._idempotent = False
        self.on_answer: list[Callable[[Attempt, int], None]] = [billing.answered]
        self._client_budget = RetryBudget(kernel.now)
        self.changed("admission")
        self.changed("breaker_open_time")
        metrics.watch(self)

    # -- settings and readings ------------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Take a new setting; it holds for every request from now on."""
        knob = self.int_knob
        self.retries_refusals = bool(knob("retry_non_retryable"))
        self._idempotent = bool(knob("idempotency_keys"))
        if name.startswith("hedge"):
            self.hedging.configure(knob("hedge_after"), knob("hedge_budget"), self.lanes)
        by_tokens = self.text_knob("admission") == "tokens"
        for lane in self.lanes:
            if name.startswith("breaker"):
                lane.breaker.configure(
                    requests=knob("breaker_max_requests"), pending=knob("breaker_max_pending"),
                    failures=knob("breaker_consecutive_5xx"), open_time_us=knob("breaker_open_time"),
                )  # fmt: skip
            lane.by_tokens = by_tokens
            lane.most_requests = -1 if by_tokens else knob("max_inflight_requests")
            lane.most_tokens = knob("max_inflight_tokens") if by_tokens else -1
            lane.dispatch()

    def put_rule(self, rule: RouteRule | None, selector: str) -> None:
        """Add, replace or (None) remove the routing rule of a selector."""
        if rule is None:
            self.rules.pop(selector, None)
        else:
            self.rules[selector] = rule
        lanes = {lane.pool.id: lane for lane in self.lanes}
        for route in self.routes.values():
            route.obey(self.rules, lanes)

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
        lines += [f"route {rule.selector} -> {rule.pool}" for rule in self.rules.values()]
        lines += [f"terminated conversation {key}" for key in self.guards.killed]
        lines += [f"{lane.pool.id}: circuit open" for lane in self.lanes
                  if lane.breaker.on and lane.breaker.is_open(lane.requests_in_flight, self._kernel.now)]  # fmt: skip
        return [*lines, *self.certificates.status(),
                f"in flight: {self.requests_in_flight} requests, queued: {self.queued}"]  # fmt: skip

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

    def held(self) -> int:
        """Return who waits, and the accounts of what was spent."""
        return self.queued + self.billing.accounts

    def state(self) -> list[object]:
        """Return what defines the gateway."""
        return [
            *super().state(), self.gateway_retries_in_flight, [lane.state() for lane in self.lanes],
            self._client_budget.state(), self.hedging.in_flight, self.guards.state(), self.regions.state(),
            self.billing.state(), self.certificates.state(),
            [[r.tenant, r.tier, r.prompt_over, r.share_ppm] for r in self.shedder.rules.values()],
            [[r.tenant, r.tier, r.prompt_over, r.pool] for r in self.rules.values()],
        ]  # fmt: skip

    # -- a request's way in ---------------------------------------------------------------------------------

    def receive(self, attempt: Attempt) -> None:
        """Take one HTTP request from a client."""
        request = attempt.request
        tenant = request.tenant
        now = self._kernel.now
        if not self.certificates.listener_valid:
            attempt.ended = True
            self.certificates.refused()
            tenant.answered(attempt, 503, final=False)  # SDKs retry a connection error like a 503
            return
        tenant.open += 1
        retry = attempt.number > 1
        self.metrics.received(tenant.id, request.prompt, retry=retry)
        if not retry:
            self._client_budget.first(now)
        elif request.running is not None and self._rejoin(attempt, request.running, now):
            return
        elif not self._client_budget.allows(self.int_knob("client_retry_budget"), now):
            self.answer(attempt, 429, final=True, reason="client retry budget exhausted")
            return
        self._journal.begin(attempt)
        key = request.index << 6 | tenant.number
        if self.guards.on and (refusal := self.guards.refusal(attempt)) is not None:
            self.metrics.limited(tenant.id)
            self.answer(attempt, refusal.code, final=refusal.final, reason=refusal.reason)
        elif self.shedder.rules and self.shedder.refuses(tenant.id, tenant.priority, request.prompt, key):
            self._refuse(attempt, "shed")
        elif not (tenant.request_bucket.take(1, now) and tenant.token_bucket.take(attempt.tokens, now)):
            self._refuse(attempt, "rate limit exceeded")
        else:
            self.passed(attempt)

    def _rejoin(self, attempt: Attempt, running: Attempt, now: int) -> bool:
        request = attempt.request
        request.running = None
        if not self._idempotent or not join(attempt, running):
            return False
        self.metrics.joined(request.tenant.id)
        self._journal.begin(attempt)
        if attempt.first_us != NEVER:
            attempt.first_us = now
            if request.first_us == NEVER:
                request.first_us = now
        return True

    def passed(self, attempt: Attempt) -> None:
        """A stage is done with an attempt: on to the next, or to a pool."""
        if attempt.ended:
            return
        route = attempt.request.route
        number = attempt.stage
        if number < len(route.stages):
            attempt.stage = number + 1
            stage = attempt.at = route.stages[number]
            attempt.entered_us = self._kernel.now
            stage.enter(attempt)
            return
        attempt.at = None
        lane = route.lane_of(attempt)
        if lane is None:
            self.answered(attempt)
        else:
            self._join(attempt, lane)

    def answered(self, attempt: Attempt, fallback: str = "") -> None:
        """A stage answers an attempt itself, well, or a `fallback` does."""
        attempt.at = None
        request = attempt.request
        if request.first_us == NEVER:
            request.first_us = self._kernel.now
        self.answer(attempt, 200, reason=fallback and f"fallback: {fallback}")

    def failed(self, attempt: Attempt, code: int, reason: str, *, final: bool = False) -> None:
        """A stage answers an attempt itself: refused or broken."""
        attempt.at = None
        self.answer(attempt, code, final=final, reason=reason)

    def _join(self, attempt: Attempt, lane: Lane) -> None:
        regions = self.regions
        if regions.on and regions.crosses(attempt.request.tenant, lane):
            attempt.lane = None
            regions.crossed(attempt.request, lane, self._kernel.now)
            self._kernel.after(ROUND_TRIP_US, self._arrived, (attempt, lane))
        else:
            self._admit(attempt, lane)

    def _arrived(self, call: Call) -> None:
        attempt, lane = call.argument
        if not attempt.ended:
            self._admit(attempt, lane)

    def _admit(self, attempt: Attempt, lane: Lane) -> None:
        attempt.lane = lane
        breaker = lane.breaker
        if breaker.on and (why := breaker.refuses(lane.requests_in_flight, self._kernel.now)):
            lane.metrics.refused(severed=breaker.severed)
            self.cannot(attempt, lane, 503, why)
        elif attempt.prompt >= lane.pool.max_model_len:
            self._too_long(attempt, lane)
        elif lane.enter(attempt):
            pass
        elif lane.flow.total >= self.int_knob("max_queue"):
            self.cannot(attempt, lane, 503, "flow-control queue full")
        elif breaker.on and breaker.full(lane.flow.total):
            lane.metrics.pending_overflow.value += 1
            self.cannot(attempt, lane, 503, "upstream connect error or disconnect/reset before headers. "
                         "reset reason: overflow")  # fmt: skip
        elif lane.pool.routable or not self.fallback.divert(attempt, lane):
            lane.wait(attempt, attempt.request.tenant.priority)

    def _too_long(self, attempt: Attempt, lane: Lane) -> None:
        if self.fallback.divert(attempt, lane, pools_only=True):
            return
        if self.retries_refusals:
            lane.metrics.retried_refusal(self.int_knob("retry_attempts"))  # refused the same way each time
        self.answer(attempt, 400, final=not self.retries_refusals,
                     reason="prompt exceeds the maximum context length")  # fmt: skip

    def cannot(self, attempt: Attempt, lane: Lane, code: int, reason: str) -> None:
        """A pool can't serve an attempt: another way, or the error."""
        if not self.fallback.divert(attempt, lane):
            self.answer(attempt, code, reason=reason)

    def dispatch(self) -> None:
        """Let queued requests through while there is room."""
        for lane in self.lanes:
            if lane.flow.total:
                lane.dispatch()

    # -- its way out ----------------------------------------------------------------------------------------

    def first_token(self, sequence: Attempt, now: int) -> None:
        """An engine produced the first token; the client sees it, if it still listens."""
        attempt: Attempt | None = sequence
        if sequence.carries is not None or sequence.carrier is not None:
            attempt = self.hedging.first(sequence, now)
        if attempt is None or attempt.ended:
            return
        request = attempt.request
        self.metrics.first_token(request.tenant.id, now - attempt.received_us)
        if request.first_us == NEVER:
            request.first_us = now

    def finished(self, sequence: Attempt, now: int) -> None:
        """An engine finished the sequence."""
        lane = sequence.lane
        assert lane is not None
        lane.leave(sequence)
        if sequence.carries is not None:
            attempt = self.hedging.part(sequence)
            assert attempt is not None
            attempt.served, attempt.output = sequence.served, sequence.output
            attempt.dispatched_us, attempt.admitted_us = sequence.dispatched_us, sequence.admitted_us
            self.answer(attempt, 200)
        else:
            self.answer(sequence, 200)
        if lane.flow.total:
            lane.dispatch()

    def lost(self, attempts: list[Attempt]) -> None:
        """A replica dropped these; retry within the budget, else fall back, else tell the client 503."""
        lost(self, attempts)

    def hung_up(self, attempt: Attempt) -> None:
        """The client closed the connection."""
        propagate = bool(self.int_knob("cancel_propagation"))
        if self._idempotent and not propagate:
            attempt.request.running = attempt.carrier or attempt
        self.abandon(attempt, propagate=propagate)
        self.answer(attempt, CLIENT_CLOSED, reason="client closed the connection")
        self.dispatch()

    def sweep(self, now: int) -> None:
        """Enforce timeouts, hedge, fall back; called several times a second."""
        sweep(self, now)

    def abandon(self, attempt: Attempt, *, propagate: bool) -> None:
        """Take an attempt out of wherever it is; with `propagate`, abort the work for it too."""
        lane, pod = attempt.lane, attempt.pod
        self.hedging.drop(attempt, cancel=propagate)
        if lane is not None:
            lane.flow.remove(attempt)
            if pod is not None and propagate:
                lane.leave(attempt)
                pod.cancel(attempt)
        elif attempt.at is not None:
            attempt.at.leave(attempt)
            attempt.at = None

    def _refuse(self, attempt: Attempt, reason: str) -> None:
        self.metrics.limited(attempt.request.tenant.id)
        self.answer(attempt, 429, reason=reason)

    def answer(self, attempt: Attempt, code: int, *, final: bool = False, reason: str = "") -> None:
        """Answer an attempt, once; `final` tells the client not to retry."""
        if attempt.ended:
            return
        attempt.ended = True
        if attempt.gateway_retries:
            self.gateway_retries_in_flight -= 1
        request = attempt.request
        request.tenant.open -= 1
        self.metrics.answered(request.tenant.id, code)
        lane = attempt.lane or self.lanes[0]
        lane.metrics.classes[code // 100].value += 1
        if lane.breaker.on and attempt.served is not None and lane.breaker.heard(code, self._kernel.now):
            self._journal.emit("warn", "gateway", "gateway-0", "outlier detection: ejected, consecutive_5xx",
                               {"cluster": lane.pool.id})  # fmt: skip
        for listen in self.on_answer:
            listen(attempt, code)
        self._journal.access(attempt, code, reason)
        request.tenant.answered(attempt, code, final)
