"""Metrics of what users and audits think of answers; no standard names exist."""

from __future__ import annotations

from incidentsim.specs.metrics.base import own

QUALITY_METRICS = (
    own("feedback_thumbs_down_total", "counter", "Answers that users voted down.", labels=("pool",)),
    own("feedback_regenerations_total", "counter", "Answers that users had generated again.", labels=("pool",)),
    own("quality_audited_answers_total", "counter", "Answers that a grading model looked at.", labels=("pool",)),
    own("quality_audit_flags_total", "counter", "Of those, the ones found bad, by reason.", labels=("pool", "reason")),
    own("golden_prompts_total", "counter", "Prompts with known answers that a replica was asked.", labels=("pod",)),
    own("golden_prompts_failed_total", "counter", "Of those, the ones answered otherwise, or not at all.",
        labels=("pod",)),
)
"""The families of this module."""
