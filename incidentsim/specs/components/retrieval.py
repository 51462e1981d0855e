"""Retrieval: what finds the passages that ground an answer, and the shards of its vector index."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec, S
from incidentsim.specs.knobs import Knob

RETRIEVAL = ComponentSpec(
    kind="retrieval", stage=True, pinnable=True,
    help="Embeds the question, searches a dense and a sparse index, fuses and reranks, and puts passages into the "
         "prompt.",
    knobs=(
        Knob(name="top_k", kind="int", default=8, low=1, high=50, unit="passages",
             help="Passages put into the prompt. Four times as many are fetched when there is a reranker."),
        Knob(name="hybrid", kind="bool", default=1, low=0, high=1,
             help="Whether questions search the sparse index too, or the dense one alone."),
        Knob(name="fallback_mode", kind="enum", default="fail",
             choices=("fail", "dense_only", "sparse_only", "none"),
             help="What is done when a part can't be had. fail: 503; dense_only: what the dense shards that are up "
                  "find, and no sparse results staler than stale_after; sparse_only: the sparse index alone when "
                  "dense shards are missing; none: no passages."),
        Knob(name="consistency", kind="enum", default="all", choices=("all", "partial"),
             help="all: a dense search needs every shard of the tenant's partition; partial: it takes those that "
                  "answer."),
        Knob(name="reranker", kind="bool", default=1, low=0, high=1,
             help="Whether a cross-encoder chooses the passages among the candidates."),
        Knob(name="rerank_budget", kind="duration", default=300_000, low=10_000, high=10 * S,
             help="Longest wait for the reranker; then the fused order is used."),
        Knob(name="dual_index", kind="bool", default=0, low=0, high=1,
             help="Search the vectors of each embedding version with the encoder of that version. Every question is "
                  "embedded twice."),
        Knob(name="sparse_consumers", kind="int", default=2, low=1, high=32, unit="consumers",
             help="Workers that write new documents to the sparse index."),
        Knob(name="stale_after", kind="duration", default=300 * S, low=S, high=86_400 * S,
             help="Lag of the sparse index from which fallback_mode dense_only leaves it out."),
        Knob(name="label_degraded", kind="bool", default=0, low=0, high=1,
             help="Tell users when an answer rests on incomplete retrieval."),
        Knob(name="freshness_label", kind="bool", default=0, low=0, high=1,
             help="Show the age of each passage to the model and the user."),
        Knob(name="rebuild", kind="enum", default="off", choices=("off", "dense", "sparse"),
             help="Build an index anew from all documents, beside serving. The dense one is swapped in at the end; "
                  "the sparse one is flushed first."),
    ),
)  # fmt: skip

SHARD = ComponentSpec(
    kind="shard",
    help="A shard of the dense index: some tenants' vectors, on a leader and its replicas.",
    knobs=(
        Knob(name="replicas", kind="int", default=2, low=1, high=5, unit="replicas",
             help="Copies of the shard, the leader included. A new one loads its segments first."),
    ),
)  # fmt: skip

RETRIEVAL_KINDS = (RETRIEVAL, SHARD)
"""The kinds of this module."""
