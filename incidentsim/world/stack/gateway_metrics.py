"""The gateway's instruments, under the names of Envoy and of the inference gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidentsim.telemetry.registry import Counter, Histogram, Registry

if TYPE_CHECKING:
    from incidentsim.world.stack.gateway import Gateway
    from incidentsim.world.stack.pool import Pool

_CODES = (200, 400, 429, 499, 503, 504)


class GatewayMetrics:
    """Counters the gateway adds to inline; gauges are read at each scrape."""

    def __init__(self, registry: Registry, tenants: dict[str, str], cluster: str) -> None:
        def counter(name: str, labels: dict[str, str]) -> Counter:
            return registry.counter(name, labels, target="gateway")

        self._registry = registry
        self._shown = tenants
        self._cluster = cluster
        own = {"cluster": cluster}
        self.upstream = counter("envoy_cluster_upstream_rq_total", own)
        self.timeouts = counter("envoy_cluster_upstream_rq_timeout", own)
        self.retries = counter("envoy_cluster_upstream_rq_retry", own)
        self.retry_overflow = counter("envoy_cluster_upstream_rq_retry_overflow", own)
        self._classes = {
            c: counter("envoy_cluster_upstream_rq_xx", {**own, "response_code_class": str(c)}) for c in (2, 4, 5)
        }
        self._requests: dict[str, Counter] = {}
        self._tokens: dict[str, Counter] = {}
        self._client_retries: dict[str, Counter] = {}
        self._limited: dict[str, Counter] = {}
        self._codes: dict[tuple[str, int], Counter] = {}
        self._ttft: dict[str, Histogram] = {}
        for tenant, shown in tenants.items():
            label = {"tenant": shown}
            self._requests[tenant] = counter("gateway_requests_total", label)
            self._tokens[tenant] = counter("gateway_tokens_total", label)
            self._client_retries[tenant] = counter("gateway_client_retries_total", label)
            self._limited[tenant] = counter("gateway_rate_limited_total", label)
            for code in _CODES:
                self._codes[tenant, code] = counter("gateway_responses_total", {**label, "code": str(code)})
            self._ttft[tenant] = registry.histogram("gateway_time_to_first_token_seconds", label, target="gateway")

    def watch(self, gateway: Gateway, pool: Pool) -> None:
        """Register the gauges that read the gateway's and the pool's state."""

        def gauge(name: str, labels: dict[str, str], read: object) -> None:
            self._registry.gauge(name, labels, read, target="gateway")  # type: ignore[arg-type]

        own = {"cluster": self._cluster}
        gauge("envoy_cluster_upstream_rq_active", own, lambda: gateway.requests_in_flight)
        gauge("envoy_cluster_membership_healthy", own, lambda: len(pool.routable))
        gauge("envoy_cluster_membership_total", own, lambda: len(pool.members))
        for tenant, shown in self._shown.items():
            sizes = gateway.flow.sizes
            gauge("inference_extension_flow_control_queue_size", {"fairness_id": shown},
                  lambda sizes=sizes, tenant=tenant: sizes[tenant])  # fmt: skip

    def received(self, tenant: str, prompt: int, retry: bool) -> None:
        """Count one request received."""
        self._requests[tenant].value += 1
        self._tokens[tenant].value += prompt
        if retry:
            self._client_retries[tenant].value += 1

    def first_token(self, tenant: str, ttft_us: int) -> None:
        """Count one first token, timed from the gateway's receipt."""
        self._ttft[tenant].observe(ttft_us)

    def limited(self, tenant: str) -> None:
        """Count one refusal by a limit or a shed rule."""
        self._limited[tenant].value += 1

    def answered(self, tenant: str, code: int) -> None:
        """Count one answer."""
        self._codes[tenant, code].value += 1
        self._classes[code // 100].value += 1
