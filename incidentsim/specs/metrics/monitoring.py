"""Families that monitoring makes itself, and those of the log collector."""

from __future__ import annotations

from incidentsim.specs.metrics.base import own

MONITORING_METRICS = (
    own("ALERTS", "gauge", "Active alerts, 1 while pending or firing.",
         labels=("alertname", "alertstate", "severity"), source="prometheus"),
    own("up", "gauge", "1 when the last scrape of a target succeeded.", labels=("job", "instance"),
         source="prometheus"),
    own("fluentbit_input_records_total", "counter", "Log records that the collector took in.", labels=("name",),
         source="fluent-bit"),
    own("fluentbit_output_proc_records_total", "counter", "Log records that the log store accepted.",
         labels=("name",), source="fluent-bit"),
    own("fluentbit_output_retries_total", "counter", "Chunks that the log store refused and that are tried again.",
         labels=("name",), source="fluent-bit"),
    own("fluentbit_output_dropped_records_total", "counter", "Log records given up because the buffer was full.",
         labels=("name",), source="fluent-bit"),
)  # fmt: skip
"""The families of this module."""
