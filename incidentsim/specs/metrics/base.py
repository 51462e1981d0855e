"""What a metric family is, buckets of the exporters, and short ways to declare one."""

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


ENGINE = ("model_name", "engine")
"""Labels of engine metrics."""

GPU = ("Hostname", "gpu")
"""Labels of GPU metrics."""


def vllm(name: str, kind: MetricType, text: str, unit: str = "", labels: tuple[str, ...] = ENGINE,
          buckets: tuple[int, ...] = ()) -> MetricSpec:  # fmt: skip
    return MetricSpec(name=f"vllm:{name}", type=kind, help=text, labels=labels, source="vllm", unit=unit,
                      buckets=buckets)  # fmt: skip


def own(name: str, kind: MetricType, text: str, unit: str = "", labels: tuple[str, ...] = (),
         buckets: tuple[int, ...] = (), source: str = "incidentsim") -> MetricSpec:  # fmt: skip
    return MetricSpec(name=name, type=kind, help=text, labels=labels, source=source, unit=unit, buckets=buckets)
