"""Metrics of the data platform and the classic model; Kafka's lag has a standard name, the rest are our own."""

from __future__ import annotations

from incidentsim.specs.metrics.base import TTFT_BUCKETS_US, own

CONFIDENCE_BUCKETS_PPM = tuple(n * 50_000 for n in range(1, 21))
"""Twenty equal buckets of a probability, in ppm."""

DATA_METRICS = (
    own("kafka_consumergroup_lag", "gauge", "Events not yet consumed.",
        labels=("consumergroup", "topic", "partition"), source="kafka_exporter"),
    own("pipeline_job_last_success_timestamp_seconds", "gauge", "Scenario time of the last published batch.", "seconds",
        labels=("job",)),
    own("pipeline_job_runs_total", "counter", "Runs of a job by result: published, rejected, failed.",
        labels=("job", "result")),
    own("pipeline_rows", "gauge", "Rows of a job's last batch.", labels=("job",)),
    own("pipeline_validator_failures_total", "counter", "Checks that a batch failed.", labels=("job", "check")),
    own("feature_missing_ratio", "gauge", "Share of missing values of a feature as served.", labels=("feature",)),
    own("feature_psi", "gauge", "Population stability index of a feature as served, against the training data.",
        labels=("feature",)),
    own("feature_ks", "gauge", "Kolmogorov-Smirnov distance of a feature as served, against the training data.",
        labels=("feature",)),
    own("feature_age_seconds", "gauge", "Age of a feature's values as served.", "seconds", labels=("feature",)),
    own("ranker_confidence", "histogram", "Confidence of the model's scores, 0 to 1.", "ratio",
        buckets=CONFIDENCE_BUCKETS_PPM),
    own("ranker_score", "histogram", "Scores given, 0 to 1.", "ratio", buckets=CONFIDENCE_BUCKETS_PPM),
    own("ranker_decisions_total", "counter", "Requests by what decided: model, rule (unsure), timeout.",
        labels=("by",)),
    own("ranker_latency_seconds", "histogram", "Time to a score, waiting included.", "seconds",
        buckets=TTFT_BUCKETS_US),
)  # fmt: skip
"""The families of this module."""
