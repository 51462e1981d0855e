"""Metrics of the GPU exporter, under DCGM's names (default-counters.csv of dcgm-exporter).

Violation counters (`_THERMAL_VIOLATION`, `_POWER_VIOLATION`) and ECC counters are commented out there and so are
missing here: why a clock is low must be read from clock, temperature and power.
"""

from __future__ import annotations

from incidentsim.specs.metrics.base import GPU, MetricSpec, MetricType


def _dcgm(name: str, text: str, unit: str = "", kind: MetricType = "gauge") -> MetricSpec:
    return MetricSpec(name=f"DCGM_FI_DEV_{name}", type=kind, help=text, labels=GPU, source="dcgm-exporter", unit=unit)


GPU_METRICS = (
    _dcgm("GPU_UTIL", "GPU utilisation: time in which any kernel runs, useful or not.", "percent"),
    _dcgm("SM_CLOCK", "SM clock.", "MHz"),
    _dcgm("MEM_CLOCK", "Memory clock.", "MHz"),
    _dcgm("GPU_TEMP", "GPU temperature.", "celsius"),
    _dcgm("MEMORY_TEMP", "Memory temperature.", "celsius"),
    _dcgm("POWER_USAGE", "Power drawn.", "watts"),
    _dcgm("FB_USED", "Frame-buffer memory in use.", "MiB"),
    _dcgm("FB_FREE", "Frame-buffer memory free.", "MiB"),
    _dcgm("XID_ERRORS", "Last XID error code; sticky: it stays until the driver is reset.", ""),
    _dcgm("UNCORRECTABLE_REMAPPED_ROWS", "Memory rows remapped after uncorrectable errors.", "", "counter"),
    _dcgm("ROW_REMAP_FAILURE", "Whether remapping of rows has failed: 1 = the GPU has no spare rows left.", ""),
    _dcgm("NVLINK_BANDWIDTH_TOTAL", "Traffic over all NVLink lanes since the host is up.", "MiB", "counter"),
)
"""The families of this module."""
