"""Every metric the stack emits: Prometheus name, type, unit, labels, where the name comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MetricType = Literal["gauge", "counter", "histogram"]

TTFT_BUCKETS_US = tuple(
    int(s * 1_000_000)
    for s in (.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560)
)  # fmt: skip
"""vLLM's buckets of time_to_first_token_seconds, in µs (vllm/v1/metrics/loggers.py)."""

ITL_BUCKETS_US = tuple(
    int(s * 1_000_000)
    for s in (.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1, 2.5, 5, 7.5, 10, 20, 40, 80)
)  # fmt: skip
"""vLLM's buckets of inter_token_latency_seconds, in µs."""

REQUEST_BUCKETS_US = tuple(
    int(s * 1_000_000)
    for s in (.3, .5, .8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680)
)  # fmt: skip
"""vLLM's buckets of request durations, in µs."""

TOKEN_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
"""vLLM's 1-2-5 buckets of token counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """One metric family.

    `buckets` are upper bounds in the stored unit (µs when `unit` is seconds, else counts). `source` names the
    project whose exporter uses this name, or `incidentsim` for names of our own.
    """

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...]
    source: str
    unit: str = ""
    buckets: tuple[int, ...] = ()


_ENGINE = ("model_name", "engine")
_GPU = ("Hostname", "gpu")


def _vllm(name: str, kind: MetricType, text: str, unit: str = "", labels: tuple[str, ...] = _ENGINE,
          buckets: tuple[int, ...] = ()) -> MetricSpec:  # fmt: skip
    return MetricSpec(name=f"vllm:{name}", type=kind, help=text, labels=labels, source="vllm", unit=unit,
                      buckets=buckets)  # fmt: skip


def _own(name: str, kind: MetricType, text: str, unit: str = "", labels: tuple[str, ...] = (),
         buckets: tuple[int, ...] = (), source: str = "incidentsim") -> MetricSpec:  # fmt: skip
    return MetricSpec(name=name, type=kind, help=text, labels=labels, source=source, unit=unit, buckets=buckets)


METRICS: dict[str, MetricSpec] = {
    m.name: m
    for m in (
        _vllm("num_requests_running", "gauge", "Sequences in the running batch."),
        _vllm("num_requests_waiting", "gauge", "Requests waiting in the engine."),
        _vllm("kv_cache_usage_perc", "gauge", "Share of KV blocks in use, 0 to 1."),
        _vllm("num_preemptions_total", "counter", "Sequences preempted for lack of KV blocks, recomputed later."),
        _vllm("prompt_tokens_total", "counter", "Prefill tokens processed, recomputed ones among them.", "tokens"),
        _vllm("generation_tokens_total", "counter", "Tokens generated.", "tokens"),
        _vllm("request_success_total", "counter", "Finished requests.", labels=(*_ENGINE, "finished_reason")),
        _vllm("time_to_first_token_seconds", "histogram", "From arrival in the engine to the first token.", "seconds",
              buckets=TTFT_BUCKETS_US),
        _vllm("inter_token_latency_seconds", "histogram", "Mean time between output tokens of a request.", "seconds",
              buckets=ITL_BUCKETS_US),
        _vllm("e2e_request_latency_seconds", "histogram", "From arrival in the engine to the last token.", "seconds",
              buckets=REQUEST_BUCKETS_US),
        _vllm("request_queue_time_seconds", "histogram", "Time in the engine's waiting queue.", "seconds",
              buckets=REQUEST_BUCKETS_US),
        _vllm("request_prompt_tokens", "histogram", "Prompt tokens per request.", "tokens", buckets=TOKEN_BUCKETS),
        _vllm("request_generation_tokens", "histogram", "Output tokens per request.", "tokens",
              buckets=TOKEN_BUCKETS),
        MetricSpec(name="DCGM_FI_DEV_GPU_UTIL", type="gauge", help="GPU utilisation, percent: any kernel running.",
                   labels=_GPU, source="dcgm-exporter", unit="percent"),
        MetricSpec(name="DCGM_FI_DEV_SM_CLOCK", type="gauge", help="SM clock.", labels=_GPU, source="dcgm-exporter",
                   unit="MHz"),
        MetricSpec(name="DCGM_FI_DEV_GPU_TEMP", type="gauge", help="GPU temperature.", labels=_GPU,
                   source="dcgm-exporter", unit="celsius"),
        MetricSpec(name="DCGM_FI_DEV_POWER_USAGE", type="gauge", help="Power drawn.", labels=_GPU,
                   source="dcgm-exporter", unit="watts"),
        MetricSpec(name="DCGM_FI_DEV_FB_USED", type="gauge", help="Frame-buffer memory in use.", labels=_GPU,
                   source="dcgm-exporter", unit="MiB"),
        MetricSpec(name="DCGM_FI_DEV_XID_ERRORS", type="gauge", help="Last XID error code; sticky.", labels=_GPU,
                   source="dcgm-exporter"),
        _own("envoy_cluster_upstream_rq_total", "counter", "Upstream requests.", labels=("cluster",), source="envoy"),
        _own("envoy_cluster_upstream_rq_xx", "counter", "Answers to clients by class.",
             labels=("cluster", "response_code_class"), source="envoy"),
        _own("envoy_cluster_upstream_rq_active", "gauge", "Upstream requests in flight.", labels=("cluster",),
             source="envoy"),
        _own("envoy_cluster_upstream_rq_timeout", "counter", "Upstream requests that timed out.",
             labels=("cluster",), source="envoy"),
        _own("envoy_cluster_upstream_rq_retry", "counter", "Retries by the gateway.", labels=("cluster",),
             source="envoy"),
        _own("envoy_cluster_upstream_rq_retry_overflow", "counter", "Retries not made for lack of budget.",
             labels=("cluster",), source="envoy"),
        _own("envoy_cluster_membership_healthy", "gauge", "Healthy replicas.", labels=("cluster",), source="envoy"),
        _own("envoy_cluster_membership_total", "gauge", "Replicas known.", labels=("cluster",), source="envoy"),
        _own("inference_pool_average_kv_cache_utilization", "gauge", "Mean KV-cache utilisation over ready replicas.",
             labels=("name",), source="gateway-api-inference-extension"),
        _own("inference_pool_average_queue_size", "gauge", "Mean engine queue over ready replicas.",
             labels=("name",), source="gateway-api-inference-extension"),
        _own("inference_pool_ready_pods", "gauge", "Ready replicas.", labels=("name",),
             source="gateway-api-inference-extension"),
        _own("inference_extension_flow_control_queue_size", "gauge", "Requests queued at the gateway, by tenant.",
             labels=("fairness_id",), source="gateway-api-inference-extension"),
        _own("kube_pod_container_status_restarts_total", "counter", "Container restarts.", labels=("pod",),
             source="kube-state-metrics"),
        _own("kube_horizontalpodautoscaler_status_desired_replicas", "gauge", "Replicas wanted.",
             labels=("horizontalpodautoscaler",), source="kube-state-metrics"),
        _own("gateway_requests_total", "counter", "Requests received by the gateway, retries among them.",
             labels=("tenant",)),
        _own("gateway_responses_total", "counter", "Answers by status code; 499 = the client hung up.",
             labels=("tenant", "code")),
        _own("gateway_tokens_total", "counter", "Prompt tokens received, by tenant, retries among them.", "tokens",
             labels=("tenant",)),
        _own("gateway_client_retries_total", "counter", "Requests marked as a retry by the client's SDK.",
             labels=("tenant",)),
        _own("gateway_time_to_first_token_seconds", "histogram", "From the gateway's receipt to the first token.",
             "seconds", labels=("tenant",), buckets=TTFT_BUCKETS_US),
        _own("gateway_rate_limited_total", "counter", "Requests refused by a rate limit or a shed rule.",
             labels=("tenant",)),
        _own("slo_requests_total", "counter", "User requests finished, by objective, first attempt to last.",
             labels=("slo", "tenant")),
        _own("slo_bad_requests_total", "counter", "Of those, the ones outside the objective.",
             labels=("slo", "tenant")),
        _own("gpu_cost_dollars_per_hour", "gauge", "Price of all GPUs held.", "dollars", labels=("pool",)),
        _own("ALERTS", "gauge", "Active alerts, 1 while pending or firing.",
             labels=("alertname", "alertstate", "severity"), source="prometheus"),
        _own("up", "gauge", "1 when the last scrape of a target succeeded.", labels=("job", "instance"),
             source="prometheus"),
    )
}  # fmt: skip
"""Every metric family, by name."""
