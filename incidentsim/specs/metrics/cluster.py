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
    own("kube_node_status_condition", "gauge", "1 while the node's condition has this status.",
        labels=("node", "condition", "status"), source="kube-state-metrics"),
    own("kube_node_spec_unschedulable", "gauge", "1 while the node is cordoned.", labels=("node",),
        source="kube-state-metrics"),
    own("container_cpu_usage_seconds_total", "counter", "CPU time of a container.", "seconds",
        labels=("node", "namespace", "pod"), source="cadvisor"),
    own("container_fs_reads_bytes_total", "counter", "Bytes that a container has read.", "bytes",
        labels=("node", "namespace", "pod"), source="cadvisor"),
    own("gpu_cost_dollars_per_hour", "gauge", "Price of all GPUs held.", "dollars", labels=("pool",)),
)  # fmt: skip
"""The families of this module."""
