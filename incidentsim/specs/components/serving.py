"""Where models run: pools of replicas, their hosts, their autoscalers."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec, S
from incidentsim.specs.knobs import UNLIMITED, Knob

POOL = ComponentSpec(
    kind="pool", pinnable=True,
    help="Replicas of one model: continuous batching with chunked prefill and a paged KV cache (vLLM V1).",
    knobs=(
        Knob(name="replicas", kind="int", default=8, low=1, high=64, unit="replicas",
             help="Replicas wanted. New ones wait for a GPU, pull the image and load the weights."),
        Knob(name="max_num_seqs", kind="int", default=96, low=1, high=1024, unit="sequences", rolls=True,
             help="Most sequences running in one engine at once."),
        Knob(name="max_num_batched_tokens", kind="int", default=1_024, low=64, high=16_384, unit="tokens", rolls=True,
             help="Token budget of one engine step, shared by decodes and prefill chunks."),
        Knob(name="max_model_len", kind="int", default=65_536, low=512, high=131_072, unit="tokens", rolls=True,
             help="Longest prompt plus output; longer requests get 400."),
        Knob(name="gpu_memory_utilization", kind="ratio", default=900_000, low=500_000, high=980_000, rolls=True,
             help="Share of GPU memory for weights and KV cache; decides how many KV blocks there are."),
        Knob(name="cordon_on_xid", kind="bool", default=0, low=0, high=1,
             help="Whether a host whose GPU reports a fatal XID (48, 79, 95) is cordoned and drained by itself."),
    ),
)  # fmt: skip

NODE = ComponentSpec(
    kind="node",
    help="A GPU host with one replica on it, whose GPUs work in lock step.",
    knobs=(
        Knob(name="power_cap", kind="int", default=UNLIMITED, low=150, high=700, unit="W", unlimited=True,
             help="Power limit of each GPU; unlimited: the card's own (A100 400 W, H100 700 W). Below what the load "
                  "needs (A100 330 W, H100 540 W) the SM clock falls."),
    ),
)  # fmt: skip

AUTOSCALER = ComponentSpec(
    kind="autoscaler",
    help="Horizontal autoscaler on a reported metric, with a stabilisation window and a quota of GPUs.",
    knobs=(
        Knob(name="enabled", kind="bool", default=1, low=0, high=1, help="Whether it changes the replica count."),
        Knob(name="target_kv_utilization", kind="ratio", default=750_000, low=100_000, high=1_000_000,
             help="Average reported KV-cache utilisation it steers to."),
        Knob(name="min_replicas", kind="int", default=8, low=1, high=64, unit="replicas", help="Lower bound."),
        Knob(name="max_replicas", kind="int", default=10, low=1, high=64, unit="replicas", help="Upper bound."),
        Knob(name="cooldown", kind="duration", default=300 * S, low=0, high=3600 * S,
             help="Least time between two changes."),
    ),
)  # fmt: skip

SERVING = (POOL, NODE, AUTOSCALER)
"""The kinds of this module."""
