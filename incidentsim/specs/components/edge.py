"""Tenants and what stands between them and the models: gateway, router."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec, S
from incidentsim.specs.knobs import UNLIMITED, Knob

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
             choices=("round_robin", "least_outstanding", "least_tokens", "kv_aware", "prefix_aware", "length_aware"),
             help="round_robin; least_outstanding (fewest requests in flight); least_tokens (fewest tokens). The "
                  "others believe the last scrape: kv_aware (lowest reported KV usage and queue), prefix_aware (the "
                  "replica that had the session or prefix, unless it reports much more load), length_aware (long "
                  "prompts to the lowest reported load, others by requests in flight)."),
        Knob(name="stickiness", kind="ratio", default=500_000, low=0, high=1_000_000,
             help="With prefix_aware: how much fuller, in KV usage, the replica that holds the whole prefix may be "
                  "reported than the emptiest one and still be chosen."),
        Knob(name="long_prompt", kind="int", default=8_000, low=1, high=131_072, unit="tokens",
             help="With length_aware: prompts from this length on are long."),
        Knob(name="missing_metrics", kind="enum", default="random", choices=("random", "treat_as_zero", "exclude"),
             help="What a replica without reported metrics gets: random (its share of requests, at random), "
                  "treat_as_zero (it counts as empty), exclude (nothing while others report)."),
        Knob(name="max_metric_age", kind="duration", default=0, low=0, high=600 * S,
             help="Age at which a reported gauge counts as missing: time since it last changed, 0s = never. An idle "
                  "replica that reports 0 is not old."),
    ),
)  # fmt: skip

ROUTE = ComponentSpec(
    kind="route",
    help="One kind of request: the stages it passes and the pools that may serve it.",
)

EDGE = (GATEWAY, ROUTER, ROUTE, TENANT)
"""The kinds of this module."""
