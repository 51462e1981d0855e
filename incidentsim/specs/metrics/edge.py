"""Metrics of the gateway and of what users got."""

from __future__ import annotations

from incidentsim.specs.metrics.base import TTFT_BUCKETS_US, own

EDGE_METRICS = (
    own("envoy_cluster_upstream_rq_total", "counter", "Upstream requests.", labels=("cluster",), source="envoy"),
    own("envoy_cluster_upstream_rq_xx", "counter", "Answers to clients by class.",
         labels=("cluster", "response_code_class"), source="envoy"),
    own("envoy_cluster_upstream_rq_active", "gauge", "Upstream requests in flight.", labels=("cluster",),
         source="envoy"),
    own("envoy_cluster_upstream_rq_timeout", "counter", "Upstream requests that timed out.",
         labels=("cluster",), source="envoy"),
    own("envoy_cluster_upstream_rq_retry", "counter", "Retries by the gateway.", labels=("cluster",),
         source="envoy"),
    own("envoy_cluster_upstream_rq_retry_overflow", "counter", "Retries not made for lack of budget.",
         labels=("cluster",), source="envoy"),
    own("envoy_cluster_membership_healthy", "gauge", "Healthy replicas.", labels=("cluster",), source="envoy"),
    own("envoy_cluster_membership_total", "gauge", "Replicas known.", labels=("cluster",), source="envoy"),
    own("inference_extension_flow_control_queue_size", "gauge", "Requests queued at the gateway, by tenant.",
         labels=("fairness_id",), source="gateway-api-inference-extension"),
    own("gateway_requests_total", "counter", "Requests received by the gateway, retries among them.",
         labels=("tenant",)),
    own("gateway_responses_total", "counter", "Answers by status code; 499 = the client hung up.",
         labels=("tenant", "code")),
    own("gateway_tokens_total", "counter", "Prompt tokens received, by tenant, retries among them.", "tokens",
         labels=("tenant",)),
    own("gateway_client_retries_total", "counter", "Requests marked as a retry by the client's SDK.",
         labels=("tenant",)),
    own("gateway_time_to_first_token_seconds", "histogram", "From the gateway's receipt to the first token.",
         "seconds", labels=("tenant",), buckets=TTFT_BUCKETS_US),
    own("gateway_rate_limited_total", "counter", "Requests refused by a rate limit or a shed rule.",
         labels=("tenant",)),
    own("slo_requests_total", "counter", "User requests finished, by objective, first attempt to last.",
         labels=("slo", "tenant")),
    own("slo_bad_requests_total", "counter", "Of those, the ones outside the objective.",
         labels=("slo", "tenant")),
)  # fmt: skip
"""The families of this module."""
