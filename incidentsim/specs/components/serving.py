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
        Knob(name="enable_prefix_caching", kind="bool", default=0, low=0, high=1, rolls=True,
             help="Whether prompts share the KV blocks of a common beginning (vLLM's automatic prefix caching)."),
        Knob(name="gpu_memory_utilization", kind="ratio", default=900_000, low=500_000, high=980_000, rolls=True,
             help="Share of GPU memory for weights and KV cache; decides how many KV blocks there are."),
        Knob(name="cordon_on_xid", kind="bool", default=0, low=0, high=1,
             help="Whether a host whose GPU reports a fatal XID (48, 79, 95) is cordoned and drained by itself."),
        Knob(name="startup_probe", kind="duration", default=600 * S, low=10 * S, high=3600 * S, rolls=True,
             help="Longest time from a container's start to its being up (failureThreshold times periodSeconds); then "
                  "the kubelet kills it and starts again."),
        Knob(name="readiness_delay", kind="duration", default=0, low=0, high=300 * S, rolls=True,
             help="Time from an engine's being up to its first request (initial delay of the readiness probe)."),
        Knob(name="token_probe", kind="duration", default=0, low=0, high=600 * S, rolls=True,
             help="Liveness probe on progress: an engine with requests running that makes no step for so long is "
                  "restarted; 0s = the probe only asks whether the process answers."),
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
        Knob(name="metric", kind="enum", default="kv_utilization",
             choices=("kv_utilization", "queue_size", "request_rate"),
             help="The reported metric it steers by: mean KV-cache utilisation, mean engine queue, or requests per "
                  "second and replica."),
        Knob(name="target_queue_size", kind="int", default=8, low=1, high=1_000, unit="requests/replica",
             help="With metric=queue_size: mean engine queue it steers to."),
        Knob(name="target_request_rate", kind="int", default=6, low=1, high=1_000, unit="requests/s",
             help="With metric=request_rate: requests per second and ready replica it steers to."),
        Knob(name="scale_up_window", kind="duration", default=0, low=0, high=3600 * S,
             help="Stabilisation window upwards: the lowest wish of the window counts."),
        Knob(name="scale_down_window", kind="duration", default=300 * S, low=0, high=3600 * S,
             help="Stabilisation window downwards: the highest wish of the window counts."),
        Knob(name="protect_loading", kind="bool", default=0, low=0, high=1,
             help="Whether scaling in leaves replicas alone that are still coming up; else those go first, as a "
                  "ReplicaSet does."),
    ),
)  # fmt: skip

SERVING = (POOL, NODE, AUTOSCALER)
"""The kinds of this module."""
