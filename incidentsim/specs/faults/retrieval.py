"""What goes wrong in retrieval."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

RETRIEVAL_FAULTS = (
    FaultSpec(
        kind="partition_down", component="shard",
        help="The leader of a shard loses its segments, and no replica takes over by itself.",
        removed="the shard has a leader again: a replica was promoted, the index rebuilt, or it came back",
    ),
    FaultSpec(
        kind="index_lag", component="retrieval",
        help="The consumers that write to the sparse index are throttled, so that it falls behind.",
        removed="they are rid of the throttle, or enough of them have caught up and keep up",
        parameters=(
            Parameter(name="throttle", kind="ratio", low=10_000, high=990_000, default=850_000,
                      help="Share of each consumer's speed that is lost."),
            Parameter(name="behind", kind="duration", default=0, high=86_400_000_000,
                      help="How far behind the index is when it starts."),
        ),
    ),
    FaultSpec(
        kind="mixed_embeddings", component="retrieval",
        help="A refresh job embeds the corpus anew, bit by bit, with another version than the one questions are "
             "embedded with.",
        removed="documents and questions are embedded by the same version, or each version is searched by its own",
        parameters=(
            Parameter(name="rate", kind="int", low=1, high=1_000_000, default=2_000,
                      help="Vectors replaced in a second."),
        ),
    ),
    FaultSpec(
        kind="slow_reranker", component="retrieval",
        help="The reranker takes longer for each candidate.",
        removed="the reranker has its speed again",
        parameters=(
            Parameter(name="slowdown", kind="ratio", low=1_000_000, high=100_000_000, default=8_000_000,
                      help="Factor on the reranker's service time."),
        ),
    ),
)  # fmt: skip
"""The kinds of this family."""
