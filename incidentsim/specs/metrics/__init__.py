"""Every metric the stack emits: Prometheus name, type, unit, labels, where the name comes from; one module a family."""

from __future__ import annotations

from incidentsim.specs.metrics.base import (
    ITL_BUCKETS_US,
    REQUEST_BUCKETS_US,
    TOKEN_BUCKETS,
    TTFT_BUCKETS_US,
    MetricSpec,
    MetricType,
)
from incidentsim.specs.metrics.caches import CACHE_METRICS
from incidentsim.specs.metrics.cluster import CLUSTER_METRICS
from incidentsim.specs.metrics.data import DATA_METRICS
from incidentsim.specs.metrics.edge import EDGE_METRICS
from incidentsim.specs.metrics.engine import ENGINE_METRICS
from incidentsim.specs.metrics.gpu import GPU_METRICS
from incidentsim.specs.metrics.guardrail import GUARD_METRICS
from incidentsim.specs.metrics.monitoring import MONITORING_METRICS
from incidentsim.specs.metrics.quality import QUALITY_METRICS
from incidentsim.specs.metrics.retrieval import RETRIEVAL_METRICS

__all__ = ["ITL_BUCKETS_US", "METRICS", "REQUEST_BUCKETS_US", "TOKEN_BUCKETS", "TTFT_BUCKETS_US", "MetricSpec",
           "MetricType"]  # fmt: skip

METRICS: dict[str, MetricSpec] = {
    m.name: m
    for m in (
        *ENGINE_METRICS,
        *GPU_METRICS,
        *EDGE_METRICS,
        *CLUSTER_METRICS,
        *GUARD_METRICS,
        *CACHE_METRICS,
        *DATA_METRICS,
        *RETRIEVAL_METRICS,
        *QUALITY_METRICS,
        *MONITORING_METRICS,
    )
}
"""Every metric family, by name."""
