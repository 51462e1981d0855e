"""The kinds of components a stack is built from, with every knob they have."""

from __future__ import annotations

from dataclasses import dataclass

from incidentsim.specs.knobs import UNLIMITED, Knob

S = 1_000_000
"""Microseconds in a second, for the defaults below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSpec:
    """One kind of component: what it stands for and which settings it has."""

    kind: str
    help: str
    knobs: tuple[Knob, ...] = ()

    def knob(self, name: str) -> Knob | None:
        """Return the knob called `name`, or None."""
        return next((k for k in self.knobs if k.name == name), None)


GATEWAY = ComponentSpec(
    kind="gateway",
    help="The entry point: authentication, per-tenant limits, admission to the pool, timeouts, retries, shedding.",
    knobs=(
        Knob(name="admission", kind="enum", default="requests", choices=("requests", "tokens"),
             help="What the flow-control queue counts before it lets a request through to the pool: requests in "
                  "flight, blind to their length, or the tokens they may occupy (prompt plus max_tokens)."),
        Knob(name="max_inflight_requests", kind="int", default=160, low=1, high=4096, unit="requests/replica",
             help="With admission=requests: requests in flight per ready replica before new ones queue here."),
        Knob(name="max_inflight_tokens", kind="int", default=380_000, low=4_096, high=4_000_000,
             unit="tokens/replica",
             help="With admission=tokens: tokens in flight per ready replica before new requests queue here."),
        Knob(name="queue_timeout", kind="duration", default=20 * S, low=S, high=300 * S,
             help="Longest stay in the flow-control queue; then the gateway answers 503."),
        Knob(name="max_queue", kind="int", default=4_000, low=0, high=100_000, unit="requests",
             help="Longest flow-control queue over all tenants; beyond it the gateway answers 503 at once."),
        Knob(name="request_timeout", kind="duration", default=180 * S, low=S, high=900 * S,
             help="Longest time for one upstream request; then 504, and the engine aborts it."),
        Knob(name="retry_attempts", kind="int", default=1, low=0, high=5, unit="retries",
             help="How often the gateway itself retries a request that a replica dropped."),
        Knob(name="retry_budget", kind="ratio", default=200_000, low=0, high=1_000_000,
             help="Gateway retries allowed, as a share of requests in flight."),
        Knob(name="client_retry_budget", kind="ratio", default=1_000_000, low=0, high=1_000_000,
             help="Client retries let through, as a share of first attempts over the last 10 s; the rest get 429 "
                  "with a do-not-retry hint."),
        Knob(name="cancel_propagation", kind="bool", default=1, low=0, high=1,
             help="Whether a client that hangs up aborts the work in the engine."),
    ),
)  # fmt: skip

ROUTER = ComponentSpec(
    kind="router",
    help="Chooses the replica for each admitted request.",
    knobs=(
        Knob(name="policy", kind="enum", default="least_outstanding",
             choices=("round_robin", "least_outstanding", "least_tokens"),
             help="round_robin; least_outstanding (fewest requests in flight); least_tokens (fewest tokens)."),
    ),
)  # fmt: skip

POOL = ComponentSpec(
    kind="pool",
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
    ),
)  # fmt: skip

NODE = ComponentSpec(
    kind="node",
    help="A GPU host with one replica on it.",
    knobs=(
        Knob(name="power_cap", kind="int", default=400, low=150, high=400, unit="W",
             help="Power limit of the GPU; below about 330 W the SM clock falls under load."),
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

TENANT = ComponentSpec(
    kind="tenant",
    help="A customer of the platform: its demand, its client's retries, its contract.",
    knobs=(
        Knob(name="token_limit", kind="int", default=UNLIMITED, low=0, high=1_000_000_000, unit="tokens/min",
             unlimited=True, help="Token-rate limit at the gateway (prompt plus max_tokens); beyond it 429."),
        Knob(name="request_limit", kind="int", default=UNLIMITED, low=0, high=1_000_000, unit="requests/min",
             unlimited=True, help="Request-rate limit at the gateway; beyond it 429."),
        Knob(name="priority", kind="enum", default="standard", choices=("interactive", "standard", "batch"),
             help="Tier in the flow-control queue; a lower tier waits while a higher one has requests queued."),
    ),
)  # fmt: skip

ORGANISATION = ComponentSpec(
    kind="organisation", help="Changes, waivers, approvals, and the people who know about them."
)
OBSERVABILITY = ComponentSpec(
    kind="observability", help="Scraping, alert rules, log shipping, trace sampling: what the dashboards are made of."
)

COMPONENTS: dict[str, ComponentSpec] = {
    spec.kind: spec
    for spec in (GATEWAY, ROUTER, POOL, NODE, AUTOSCALER, TENANT, ORGANISATION, OBSERVABILITY)
}
"""Every kind of component, by its kind."""
