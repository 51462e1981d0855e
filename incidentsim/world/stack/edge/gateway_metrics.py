"""The gateway's instruments, under the names of Envoy and of the inference gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from incidentsim.telemetry.registry import Counter, Registry
from incidentsim.telemetry.store import SeriesStore

if TYPE_CHECKING:
    from incidentsim.world.stack.edge.gateway import Gateway
    from incidentsim.world.stack.edge.lane import Lane

CODES: Final = (200, 400, 401, 403, 413, 429, 499, 500, 502, 503, 504)
"""Status codes that the gateway answers with."""

OK: Final = 200


class ClusterMetrics:
    """Envoy's counters of one upstream cluster: a pool."""

    def __init__(self, registry: Registry, cluster: str) -> None:
        own = {"cluster": cluster}
        self._registry = registry
        self._own = own

        def counter(name: str) -> Counter:
            return registry.counter(name, own, target="gateway")

        self.upstream = counter("envoy_cluster_upstream_rq_total")
        self.timeouts = counter("envoy_cluster_upstream_rq_timeout")
        self.retries = counter("envoy_cluster_upstream_rq_retry")
        self.retry_overflow = counter("envoy_cluster_upstream_rq_retry_overflow")
        self.pending_overflow = counter("envoy_cluster_upstream_rq_pending_overflow")
        self.tls_errors = counter("envoy_cluster_ssl_connection_error")
        self.hedged = counter("gateway_hedged_requests_total")
        self.classes = {
            c: registry.counter("envoy_cluster_upstream_rq_xx", {**own, "response_code_class": str(c)},
                                target="gateway")
            for c in (2, 4, 5)
        }  # fmt: skip

    def refused(self, *, severed: bool) -> None:
        """Count a request that the circuit breaker, or a broken connection, kept from the pool."""
        (self.tls_errors if severed else self.pending_overflow).value += 1

    def retried_refusal(self, times: int) -> None:
        """Count upstream requests that were refused with 400 and made again as often."""
        self.upstream.value += times
        self.retries.value += times
        self.classes[4].value += times

    def watch(self, lane: Lane) -> None:
        """Register the gauges that read the lane's and the pool's state."""
        breaker = lane.breaker
        for name, read in (
            ("envoy_cluster_upstream_rq_active", lambda: lane.requests_in_flight),
            ("envoy_cluster_upstream_rq_pending_active", lambda: lane.flow.total),
            (
                "envoy_cluster_circuit_breakers_default_rq_open",
                lambda: int(breaker.on and breaker.is_open(lane.requests_in_flight, lane.now)),
            ),
            ("envoy_cluster_circuit_breakers_default_rq_pending_open", lambda: int(breaker.full(lane.flow.total))),
            ("envoy_cluster_membership_healthy", lambda: len(lane.pool.routable)),
            ("envoy_cluster_membership_total", lambda: len(lane.pool.members)),
        ):
            self._registry.gauge(name, self._own, read, target="gateway")


class _TenantMetrics:
    """The counters of one tenant."""

    __slots__ = ("codes", "joined", "limited", "requests", "retries", "tokens", "ttft")

    def __init__(self, registry: Registry, shown: str) -> None:
        label = {"tenant": shown}

        def counter(name: str) -> Counter:
            return registry.counter(name, label, target="gateway")

        self.requests = counter("gateway_requests_total")
        self.tokens = counter("gateway_tokens_total")
        self.retries = counter("gateway_client_retries_total")
        self.limited = counter("gateway_rate_limited_total")
        self.joined = counter("gateway_idempotent_joins_total")
        self.codes = {
            code: registry.counter("gateway_responses_total", {**label, "code": str(code)}, target="gateway")
            for code in CODES
        }
        self.ttft = registry.histogram("gateway_time_to_first_token_seconds", label, target="gateway")


class GatewayMetrics:
    """Counters by tenant that the gateway adds to inline; gauges are read at each scrape."""

    def __init__(self, registry: Registry, tenants: dict[str, str]) -> None:
        self.registry = registry
        self._shown = tenants
        self._of = {tenant: _TenantMetrics(registry, shown) for tenant, shown in tenants.items()}

    def fail_share(self, tenant: str, store: SeriesStore, over_us: int) -> float:
        """Return the share of a tenant's requests that ended without an answer in the last `over_us` µs, as scraped."""
        label = {"tenant": self._shown[tenant]}
        answered = without = 0.0
        for code in CODES:
            grown = store.growth("gateway_responses_total", {**label, "code": str(code)}, over_us) or 0.0
            answered += grown
            without += grown if code != OK else 0.0
        return without / answered if answered else 0.0

    def watch(self, gateway: Gateway) -> None:
        """Register the gauges that read the gateway's state."""
        for tenant, shown in self._shown.items():
            self.registry.gauge("inference_extension_flow_control_queue_size", {"fairness_id": shown},
                                 lambda tenant=tenant: gateway.queued_of(tenant), target="gateway")  # type: ignore[misc]  # fmt: skip

    def received(self, tenant: str, prompt: int, *, retry: bool) -> None:
        """Count one request received."""
        own = self._of[tenant]
        own.requests.value += 1
        own.tokens.value += prompt
        if retry:
            own.retries.value += 1

    def joined(self, tenant: str) -> None:
        """Count one retry that joined work still running."""
        self._of[tenant].joined.value += 1

    def first_token(self, tenant: str, ttft_us: int) -> None:
        """Count one first token, timed from the gateway's receipt."""
        self._of[tenant].ttft.observe(ttft_us)

    def limited(self, tenant: str) -> None:
        """Count one refusal by a limit or a shed rule."""
        self._of[tenant].limited.value += 1

    def answered(self, tenant: str, code: int) -> None:
        """Count one answer."""
        self._of[tenant].codes[code].value += 1
