"""What goes wrong in answer caches."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

CACHE_FAULTS = (
    FaultSpec(
        kind="cache_shard_restarts", component="response-cache",
        help="Shards of the cache restart and come back empty; with `every`, again and again.",
        removed="the shards stay up",
        parameters=(Parameter(name="shards", kind="int", low=1, high=64, default=1, help="How many of them."),),
    ),
    FaultSpec(
        kind="cache_key_leak", component="response-cache",
        help="A connection bug mixes up replies after cancelled look-ups: a share of hits is another tenant's answer.",
        removed="the change that brought it is rolled back",
        parameters=(Parameter(name="share", kind="ratio", high=1_000_000, help="Share of hits that are mixed up."),),
    ),
    FaultSpec(
        kind="cache_key_unstable", component="response-cache",
        help="Keys hold something that differs each time (a timestamp, a request id), so that nothing is found again.",
        removed="the change that brought it is rolled back",
    ),
)  # fmt: skip
"""The kinds of this family."""
