"""What goes wrong in monitoring itself, and what trusts it too much."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

OBSERVABILITY_FAULTS = (
    FaultSpec(
        kind="stale_gauge", component="pool",
        help="All requests in one engine are aborted at once, and its gauges stay at the level they had: the replica "
             "looks full and is empty. Its counters tell the truth.",
        removed="its gauges tell the truth again: after a restart, or with `until` step after its next engine step",
        parameters=(
            Parameter(name="replica", kind="int", high=63, default=0, help="Index of the replica."),
            Parameter(name="kv", kind="ratio", high=1_000_000, default=970_000,
                      help="KV usage that the gauge stays at, or what it was if that is more."),
            Parameter(name="waiting", kind="int", high=10_000, default=0,
                      help="Waiting requests that the gauge stays at, or what it was if that is more."),
            Parameter(name="until", kind="choice", choices=("step", "restart"), default="step",
                      help="Whether the next engine step refreshes the gauges, or only a new process does."),
        ),
    ),
    FaultSpec(
        kind="metric_renamed", component="pool",
        help="The engines' new image exposes a metric under another name, and whatever reads the old one gets nothing.",
        removed="the change that brought it is rolled back",
        parameters=(
            Parameter(name="metric", kind="name", default="vllm:kv_cache_usage_perc", help="The metric's family."),
            Parameter(name="name", kind="name", default="vllm:kv_cache_usage_perc", help="What it is called now."),
        ),
    ),
    FaultSpec(
        kind="target_lost", component="observability",
        help="Scrapes of one target fail, or service discovery has lost it: all its series end.",
        removed="it ends",
        parameters=(
            Parameter(name="target", kind="name", help="The target as job/instance, such as dcgm/node-1."),
            Parameter(name="how", kind="choice", choices=("down", "gone"), default="down",
                      help="down: `up` is 0. gone: not even `up` is left."),
        ),
    ),
    FaultSpec(
        kind="xid_hidden", component="node",
        help="The GPU exporter on the host does not export XIDs; the kernel log has them.",
        removed="it ends",
    ),
    FaultSpec(
        kind="xid_sticky", component="node",
        help="The GPU exporter on the host goes on showing an XID of the past, though the GPU is well.",
        removed="it ends",
        parameters=(Parameter(name="xid", kind="int", low=1, high=200, default=79, help="The code shown."),),
    ),
    FaultSpec(
        kind="clock_skew", component="node",
        help="The host's clock is wrong, and with it the times of its log lines and spans. Metrics carry the "
             "scraper's time and are not shifted.",
        removed="it ends",
        parameters=(
            Parameter(name="offset", kind="duration", low=-600_000_000, high=600_000_000,
                      help="How far the clock is ahead; negative when it is behind."),
        ),
    ),
    FaultSpec(
        kind="log_store_slow", component="observability",
        help="The log store takes fewer records per second: the collector tries again, its buffer fills, lines are "
             "dropped.",
        removed="it ends",
        parameters=(Parameter(name="rate", kind="int", low=1, high=1_000_000, help="Records per second it takes."),),
    ),
    FaultSpec(
        kind="log_pipeline_tight", component="observability", standing=True,
        help="The log pipeline is sized for quiet days: an error burst overruns it, and nothing tells.",
        removed="its rate or buffer is raised, or lines are sampled",
    ),
    FaultSpec(
        kind="trusts_stale_gauges", component="router", standing=True,
        help="The router believes reported gauges however old they are.",
        removed="max_metric_age is set, or its policy reads no reported metrics",
    ),
)  # fmt: skip
"""The kinds of this family."""
