"""Metrics of guardrail and preprocessing; only those of the container have standard names."""

from __future__ import annotations

from incidentsim.specs.metrics.base import TTFT_BUCKETS_US, own

GUARD_METRICS = (
    own("guardrail_requests_total", "counter", "Requests by what became of them: allowed, blocked, unchecked (no "
        "verdict, passed on), refused (no verdict, failing closed), reviewed.", labels=("verdict",)),
    own("guardrail_errors_total", "counter", "Calls of the classifier without a verdict.", labels=("reason",)),
    own("guardrail_latency_seconds", "histogram",
        "Time until a verdict, waiting for the classifier included, or until the gateway stopped waiting.",
        "seconds", buckets=TTFT_BUCKETS_US),
    own("guardrail_queue_depth", "gauge", "Requests waiting for the classifier."),
    own("guardrail_review_queue_depth", "gauge", "Requests waiting for a person."),
    own("safety_audit_answers_total", "counter", "Answers that the safety audit looked at."),
    own("safety_audit_harmful_total", "counter", "Of those, harmful ones."),
    own("preprocessing_duration_seconds", "histogram", "Time of one request, waiting for a worker included.",
        "seconds", buckets=TTFT_BUCKETS_US),
    own("preprocessing_queue_depth", "gauge", "Requests waiting for a worker."),
    own("container_memory_working_set_bytes", "gauge", "Memory of a container that can't be reclaimed.", "bytes",
        labels=("pod",), source="cadvisor"),
)  # fmt: skip
"""The families of this module."""
