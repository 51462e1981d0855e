"""Metrics of pools, pods and their price."""

from __future__ import annotations

from incidentsim.specs.metrics.base import own

CLUSTER_METRICS = (
    own("inference_pool_average_kv_cache_utilization", "gauge", "Mean KV-cache utilisation over ready replicas.",
         labels=("name",), source="gateway-api-inference-extension"),
    own("inference_pool_average_queue_size", "gauge", "Mean engine queue over ready replicas.",
         labels=("name",), source="gateway-api-inference-extension"),
    own("inference_pool_ready_pods", "gauge", "Ready replicas.", labels=("name",),
         source="gateway-api-inference-extension"),
    own("kube_pod_container_status_restarts_total", "counter", "Container restarts.", labels=("pod",),
         source="kube-state-metrics"),
    own("kube_horizontalpodautoscaler_status_desired_replicas", "gauge", "Replicas wanted.",
         labels=("horizontalpodautoscaler",), source="kube-state-metrics"),
    own("gpu_cost_dollars_per_hour", "gauge", "Price of all GPUs held.", "dollars", labels=("pool",)),
)  # fmt: skip
"""The families of this module."""
