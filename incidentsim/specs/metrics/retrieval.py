"""Metrics of retrieval. Vector databases agree on no names, so these are our own, except where the help says so."""

from __future__ import annotations

from incidentsim.specs.metrics.base import own

STAGE_BUCKETS_US = tuple(
    int(ms * 1_000) for ms in (1, 2.5, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_500, 5_000)
)  # fmt: skip
"""Buckets of retrieval_request_duration_seconds, in µs: its parts take milliseconds."""

RETRIEVAL_METRICS = (
    own("retrieval_request_duration_seconds", "histogram", "Time of each part of a retrieval, and of the whole.",
        "seconds", labels=("stage",), buckets=STAGE_BUCKETS_US),
    own("retrieval_recall_estimate", "gauge",
        "Share of the last golden questions whose passage was found, by leg: dense, sparse, hybrid.",
        labels=("leg",)),
    own("retrieval_top1_similarity", "gauge", "Mean similarity of the best vector to the last golden questions."),
    own("retrieval_empty_results_total", "counter", "Questions for which nothing was found.", labels=("tenant",)),
    own("retrieval_degraded_total", "counter", "Questions answered with less than was asked for, by what was missing.",
        labels=("reason",)),
    own("retrieval_errors_total", "counter", "Searches that a shard could not serve.", labels=("shard",)),
    own("vector_index_vectors", "gauge", "Vectors in the served index, by the version that embedded them.",
        labels=("version",)),
    own("vector_index_build_remaining", "gauge", "Vectors that a running build of the dense index has still to do."),
    own("vector_shard_up", "gauge", "Whether a replica of a shard serves searches.", labels=("shard", "replica")),
    own("sparse_index_lag_seconds", "gauge", "Age of the oldest document that waits to be indexed.", "seconds"),
    own("sparse_index_queue_length", "gauge", "Documents that wait to be indexed."),
    own("rerank_timeouts_total", "counter", "Questions for which the reranker missed its budget."),
)  # fmt: skip
"""The families of this module."""
