"""Metrics of the GPU exporter, under DCGM's names."""

from __future__ import annotations

from incidentsim.specs.metrics.base import GPU, MetricSpec

GPU_METRICS = (
    MetricSpec(name="DCGM_FI_DEV_GPU_UTIL", type="gauge", help="GPU utilisation, percent: any kernel running.",
               labels=GPU, source="dcgm-exporter", unit="percent"),
    MetricSpec(name="DCGM_FI_DEV_SM_CLOCK", type="gauge", help="SM clock.", labels=GPU, source="dcgm-exporter",
               unit="MHz"),
    MetricSpec(name="DCGM_FI_DEV_GPU_TEMP", type="gauge", help="GPU temperature.", labels=GPU,
               source="dcgm-exporter", unit="celsius"),
    MetricSpec(name="DCGM_FI_DEV_POWER_USAGE", type="gauge", help="Power drawn.", labels=GPU,
               source="dcgm-exporter", unit="watts"),
    MetricSpec(name="DCGM_FI_DEV_FB_USED", type="gauge", help="Frame-buffer memory in use.", labels=GPU,
               source="dcgm-exporter", unit="MiB"),
    MetricSpec(name="DCGM_FI_DEV_FB_FREE", type="gauge", help="Frame-buffer memory that is free.", labels=GPU,
               source="dcgm-exporter", unit="MiB"),
    MetricSpec(name="DCGM_FI_DEV_XID_ERRORS", type="gauge", help="Last XID error code; sticky.", labels=GPU,
               source="dcgm-exporter"),
)  # fmt: skip
"""The families of this module."""
