"""A tenant: its users' demand, its SDK's patience and retries, its contract at the gateway."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from incidentsim.exact import Draws, QuantileTable
from incidentsim.scenario.model import Tenant
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.call import Call
from incidentsim.world.kernel import Kernel
from incidentsim.world.stack.clients.demand import Demand
from incidentsim.world.stack.clients.sessions import Sessions
from incidentsim.world.stack.component import Component, ComponentState
from incidentsim.world.stack.edge.limits import TokenBucket
from incidentsim.world.stack.engine.sequence import NEVER, Prefix
from incidentsim.world.stack.requests import Attempt, Turns, UserRequest
from incidentsim.world.stack.sli import SliBook

if TYPE_CHECKING:
    from incidentsim.world.stack.edge.gateway import Gateway
    from incidentsim.world.stack.edge.route import Route

RETRYABLE: Final = (429, 499, 500, 502, 503, 504)
"""Codes that SDKs retry: rate limits, server errors, and their own timeouts (OpenAI and Anthropic clients)."""

MINUTE_US: Final = 60_000_000

WARN_SHARE: Final = 0.02
BAD_SHARE: Final = 0.1
"""Shares of a tenant's requests without an answer from which the map marks it."""

FIRST_ASN: Final = 64_496
"""Tenants' networks in the logs: autonomous system numbers reserved for documentation (RFC 5398)."""

USER_AGENTS: Final = ("openai-python/1.99.9", "openai-node/5.12.2", "langchain/0.3.27", "curl-java/17")
"""What clients say they are, by tenant."""

AGENT_INDEX: Final = 1 << 32
"""Request indexes of agent conversations start here, away from those of ordinary arrivals."""


class TenantState(Component):
    """One customer in the world. Every user request ends exactly once: answered, or given up by the client."""

    def __init__(
        self, kernel: Kernel, gateway: Gateway, book: SliBook, tenant: Tenant, number: int, seed: int,
    ) -> None:  # fmt: skip
        super().__init__(f"tenant.{tenant.id}")
        self.id = tenant.id
        self.number = number
        self.spec = tenant
        self.priority = tenant.priority
        self.token_bucket = TokenBucket(tenant.token_limit)
        self.request_bucket = TokenBucket(tenant.request_limit)
        self.demand = Demand(seed, tenant.id, tenant.workload, kernel.now)
        self.sessions = Sessions(seed, tenant.id, tenant.workload) if tenant.workload.sessions else None
        self.lengths: Callable[[int, int], int] | None = None
        self.open = 0
        self.client_fields = {"asn": f"AS{FIRST_ASN + number % 8}", "user_agent": USER_AGENTS[number % 4]}
        self._template: Prefix | None = None
        if tenant.workload.template:
            self._template = ((f"{tenant.id}/template", tenant.workload.template),)
        self.attempts = tenant.client.attempts
        self.jitter_ppm = tenant.client.jitter
        self.requests = self.retries = self.failed = 0
        self._kernel = kernel
        self._gateway = gateway
        self._book = book
        self.prefix_broken = False
        self._patience: deque[Attempt] = deque()
        self._deadlines: deque[Attempt] = deque()
        self._prompts = QuantileTable(tenant.workload.prompt)
        self._outputs = QuantileTable(tenant.workload.output)
        entity = f"tenant.{tenant.id}"
        self._gap = Draws(seed, entity, "gap")
        self._prompt = Draws(seed, entity, "prompt")
        self._output = Draws(seed, entity, "output")
        self._backoff = Draws(seed, entity, "backoff")
        self._mix = _mix(tenant.workload.routes, gateway)
        self._route = Draws(seed, entity, "route")
        self._arrivals = 0
        self._await_next()

    # -- knobs ----------------------------------------------------------------------------------------------

    def changed(self, name: str) -> None:
        """Take a new limit or tier."""
        now = self._kernel.now
        if name == "priority":
            self.priority = self.text_knob("priority")  # type: ignore[assignment]
            self._gateway.retier(self.id, self.priority)
        elif name == "token_limit":
            self.token_bucket.set_rate(self.int_knob(name), now)
        elif name == "request_limit":
            self.request_bucket.set_rate(self.int_knob(name), now)
        else:
            self._gateway.guards.note(self)

    def status(self) -> list[str]:
        """Return what the gateway has of the tenant."""
        gateway = self._gateway
        lines = [self.spec.about] if self.spec.about else []
        if self.spec.region:
            bound = ", and by contract must stay there" if self.spec.resident else ""
            lines.append(f"region = {self.spec.region}{bound}")
        if self.sessions is not None:
            lines.append(f"sessions = {self.spec.workload.sessions}, template = {self.spec.workload.template} tokens")
        return [*lines, f"spent: ${gateway.billing.spent[self.id] / 1e9:.2f}",
                f"tokens in flight: {gateway.tokens_of(self.id)}, "
                        f"queued requests: {gateway.queued_of(self.id)}"]  # fmt: skip

    def view(self, store: SeriesStore) -> ComponentState | None:
        """Return its demand, and which share of its requests had no answer in the last minute, as reported."""
        share = self._gateway.metrics.fail_share(self.id, store, MINUTE_US)
        return ComponentState(
            name=self.id, kind=self.kind, edges=(("gateway", f"{self.rate_milli() / 1000:.0f} req/s"),),
            health="bad" if share >= BAD_SHARE else "warn" if share >= WARN_SHARE else "ok",
            summary=f"priority {self.priority}" + (f", {share:.0%} fail" if share >= WARN_SHARE else ""),
        )  # fmt: skip

    def held(self) -> int:
        """Return its attempts that may still be running, and its users' sessions."""
        return len(self._deadlines) + (self.sessions.count if self.sessions is not None else 0)

    def state(self) -> list[object]:
        """Return what defines the tenant."""
        return [self._arrivals, self.requests, self.retries, self.failed, self.priority, self.token_bucket.state(),
                self.request_bucket.state(), self.demand.state(), self.attempts, self.open,
                self.sessions.state() if self.sessions is not None else None]  # fmt: skip

    # -- demand ---------------------------------------------------------------------------------------------

    def rate_milli(self) -> int:
        """Return the present arrival rate in thousandths per second."""
        return self.demand.rate_milli(self._kernel.now)

    def _await_next(self) -> None:
        rate = self.demand.rate_milli(self._kernel.now)
        if rate > 0:
            gap = int(self._gap.exponential(self._arrivals) * (1_000_000_000 / rate))
            self._kernel.after(gap, self._arrive, None)
        else:
            self._kernel.after(1_000_000, self._look_again, None)

    def _look_again(self, _: Call) -> None:
        self._await_next()

    def _arrive(self, _: Call) -> None:
        index = self._arrivals
        self._arrivals = index + 1
        if self.demand.surge_ppm > 0:
            workload = self.spec.workload
            prompt = self._prompt.quantile(index, self._prompts)
            if self.lengths is not None:
                prompt = self.lengths(index, prompt)
            output = self._output.quantile(index, self._outputs)
            if self.sessions is not None:
                turn = self.sessions.next_turn(index, prompt)
                self.ask(index, turn.prompt, output, workload.max_tokens, session=turn.session, key=turn.key,
                         turn=turn.turn, prefix=turn.prefix)  # fmt: skip
            else:
                self.ask(index, prompt + workload.template, output, workload.max_tokens, prefix=self._template)
        self._await_next()

    def ask(
        self, index: int, prompt: int, output: int, max_tokens: int, conversation: Turns | None = None, *,
        session: int = -1, key: str = "", turn: int = 0, prefix: Prefix | None = None, hostile: bool = False,
    ) -> None:  # fmt: skip
        """Begin a user request; `conversation` hears of its end."""
        if self.prefix_broken and prefix is not None:
            prefix = tuple((f"{index}/{segment}", upto) for segment, upto in prefix)
        output = output if output < max_tokens else max_tokens  # not min(): a call costs more
        if prompt < 1:
            prompt, prefix = 1, None  # nothing of an empty prompt is shared
        request = UserRequest(self, index, self._kernel.now, prompt, output if output > 0 else 1,
                              max_tokens, conversation, route=self._route_of(index), session=session, key=key,
                              turn=turn, prefix=prefix, hostile=hostile)  # fmt: skip
        self.requests += 1
        self._book.arrived(request)
        self._try(request)

    def _route_of(self, index: int) -> Route:
        mix = self._mix
        if len(mix) > 1:
            draw = self._route.below(index, 1_000_000)
            for upto, route in mix:
                if draw < upto:
                    return route
        return mix[-1][1]

    # -- the SDK --------------------------------------------------------------------------------------------

    def _try(self, request: UserRequest) -> None:
        request.attempts += 1
        attempt = Attempt(request, request.attempts, self._kernel.now)
        self._patience.append(attempt)
        self._deadlines.append(attempt)
        self._gateway.receive(attempt)

    def answered(self, attempt: Attempt, code: int, final: bool) -> None:
        """Take the gateway's answer: done, try again later, or give up."""
        request = attempt.request
        request.code = code
        if code == 200:
            self._end(request, ok=True)
        elif final or request.attempts >= self.attempts or not self._retries(code):
            self._end(request, ok=False)
        else:
            self.retries += 1
            client = self.spec.client
            delay = client.backoff
            for _ in range(request.attempts - 1):
                delay = delay * client.backoff_factor // 1_000_000
            draw = self._backoff.below(request.index << 5 | request.attempts, 2 * self.jitter_ppm + 1)
            delay = delay * (1_000_000 - self.jitter_ppm + draw) // 1_000_000
            self._kernel.after(delay, self._retry, request)

    def _retries(self, code: int) -> bool:
        """Whether SDKs try again: what is retryable, and 400 where the gateway says x-should-retry: true."""
        return code in RETRYABLE or (code == 400 and self._gateway.retries_refusals)

    def _retry(self, call: Call) -> None:
        self._try(call.argument)

    def _end(self, request: UserRequest, *, ok: bool) -> None:
        request.ended = True
        if not ok:
            self.failed += 1
        self._book.ended(request, ok)
        if self.spec.resident:
            self._gateway.regions.ended(request)
        if request.session >= 0 and self.sessions is not None:
            self.sessions.ended(request, ok)
        if request.conversation is not None:
            request.conversation.answered(request, ok)

    def sweep(self, now: int) -> None:
        """Hang up on attempts whose first token or whole answer takes too long. Called several times a second."""
        client = self.spec.client
        self._hang_up(self._patience, now - client.patience, before_first=True)
        self._hang_up(self._deadlines, now - client.deadline, before_first=False)

    def _hang_up(self, pending: deque[Attempt], limit: int, *, before_first: bool) -> None:
        while pending and (pending[0].received_us <= limit or pending[0].ended):
            attempt = pending.popleft()
            if not attempt.ended and not (before_first and attempt.first_us != NEVER):
                self._gateway.hung_up(attempt)


def _mix(shares: dict[str, int], gateway: Gateway) -> list[tuple[int, Route]]:
    """Return (cumulative ppm, route), the last one for all that is left."""
    routes = gateway.routes
    if not shares:
        return [(1_000_000, next(iter(routes.values())))]
    out, total = [], 0
    for route, share in shares.items():
        total += share
        out.append((total, routes[route]))
    return out
