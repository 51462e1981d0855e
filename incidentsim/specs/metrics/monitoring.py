"""Families that monitoring makes itself."""

from __future__ import annotations

from incidentsim.specs.metrics.base import own

MONITORING_METRICS = (
    own("ALERTS", "gauge", "Active alerts, 1 while pending or firing.",
         labels=("alertname", "alertstate", "severity"), source="prometheus"),
    own("up", "gauge", "1 when the last scrape of a target succeeded.", labels=("job", "instance"),
         source="prometheus"),
)  # fmt: skip
"""The families of this module."""
