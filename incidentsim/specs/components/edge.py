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
        Knob(name="max_concurrency", kind="int", default=UNLIMITED, low=0, high=100_000, unit="requests",
             unlimited=True, help="Most requests open at the gateway at once; beyond it 429."),
        Knob(name="daily_budget", kind="int", default=UNLIMITED, low=0, high=1_000_000, unit="dollars/day",
             unlimited=True, help="Most that its tokens may cost in a day; beyond it 429 insufficient_quota."),
        Knob(name="max_turns", kind="int", default=UNLIMITED, low=0, high=100_000, unit="turns", unlimited=True,
             help="Most turns of one conversation; beyond it 429, which ends loops of agents."),
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
        Knob(name="retry_non_retryable", kind="bool", default=0, low=0, high=1,
             help="Whether the gateway retries 4xx from a pool, and tells clients to (x-should-retry: true)."),
        Knob(name="idempotency_keys", kind="bool", default=0, low=0, high=1,
             help="Whether a client's retry joins the work that its earlier attempt left running (which needs "
                  "cancel_propagation off) instead of starting again."),
        Knob(name="hedge_after", kind="duration", default=0, low=0, high=60 * S,
             help="Wait for a first token before a second attempt goes to another replica, the first answer wins; "
                  "0 = never."),
        Knob(name="hedge_budget", kind="ratio", default=50_000, low=0, high=1_000_000,
             help="Second attempts allowed at once, as a share of requests in flight."),
        Knob(name="breaker_max_requests", kind="int", default=UNLIMITED, low=1, high=100_000, unit="requests",
             unlimited=True, help="Circuit breaker of each pool: most requests in flight, beyond it 503."),
        Knob(name="breaker_max_pending", kind="int", default=UNLIMITED, low=0, high=100_000, unit="requests",
             unlimited=True, help="Circuit breaker of each pool: most requests waiting for it, beyond it 503."),
        Knob(name="breaker_consecutive_5xx", kind="int", default=0, low=0, high=10_000, unit="answers",
             help="Server errors in a row after which a pool gets nothing for breaker_open_time; 0 = off."),
        Knob(name="breaker_open_time", kind="duration", default=30 * S, low=S, high=900 * S,
             help="How long an open circuit breaker keeps requests away from its pool."),
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
    knobs=(
        Knob(name="fallback_pools", kind="enum", default="none", choices=("none", "same_region", "any_region"),
             help="Which other pools of the route take over when its pool can't: of the tenant's region, or any."),
        Knob(name="fallback_after", kind="duration", default=0, low=0, high=120 * S,
             help="Wait in the flow-control queue after which a request falls back; 0 = only on errors."),
        Knob(name="fallback_answer", kind="enum", default="none", choices=("none", "cached", "safe_reply"),
             help="Answer without a model when no pool takes over: one from the cache if there is one, or a fixed "
                  "polite reply."),
        Knob(name="canary_share", kind="ratio", default=0, low=0, high=1_000_000,
             help="Share of requests that the route's canary pool serves."),
    ),
)  # fmt: skip

EDGE = (GATEWAY, ROUTER, ROUTE, TENANT)
"""The kinds of this module."""
