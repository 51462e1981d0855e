"""Metrics of pools, pods and their price."""

from __future__ import annotations

from incidentsim.specs.metrics.base import ENGINE, own

CLUSTER_METRICS = (
    own("inference_pool_average_kv_cache_utilization", "gauge", "Mean KV-cache utilisation over ready replicas.",
         labels=("name",), source="gateway-api-inference-extension"),
    own("inference_pool_average_queue_size", "gauge", "Mean engine queue over ready replicas.",
         labels=("name",), source="gateway-api-inference-extension"),
    own("inference_pool_ready_pods", "gauge", "Ready replicas.", labels=("name",),
         source="gateway-api-inference-extension"),
    own("kube_pod_container_status_restarts_total", "counter", "Container restarts.", labels=("pod",),
         source="kube-state-metrics"),
    own("kube_pod_container_status_waiting_reason", "gauge", "1 while the container waits for this reason.",
         labels=("pod", "reason"), source="kube-state-metrics"),
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
    own("llm_output_entropy_nats", "gauge", "Mean entropy of the distributions that tokens are drawn from.", "nats",
         labels=ENGINE),
    own("weights_registry_active_downloads", "gauge", "Replicas that fetch weights now."),
    own("weights_registry_bytes_total", "counter", "Bytes of weights handed out.", "bytes"),
    own("weights_registry_throttled_total", "counter", "Requests for weights answered with 429."),
    own("apiserver_request_total", "counter", "Requests to the API server, by the code it answered with.",
         labels=("code",), source="kubernetes"),
    own("apiserver_admission_webhook_rejection_count", "counter", "Requests refused because of an admission webhook.",
         labels=("name", "error_type"), source="kubernetes"),
    own("coredns_dns_responses_total", "counter", "Answers of the cluster's DNS to look-ups of replicas.",
         labels=("rcode",), source="coredns"),
)  # fmt: skip
"""The families of this module."""
