"""What goes wrong at the gateway, and in its configuration."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

EDGE_FAULTS = (
    FaultSpec(
        kind="cert_expired", component="gateway",
        help="A TLS certificate runs out: clients break off the handshake, or the gateway can't reach a pool.",
        removed="a valid certificate is in force",
        parameters=(Parameter(name="certificate", kind="name", default="listener",
                              help="`listener` (what clients see) or the id of a pool."),),
    ),
    FaultSpec(
        kind="bad_route", component="gateway",
        help="A routing rule sends requests to a pool that was never meant for them.",
        removed="the rule is gone or names another pool",
        parameters=(Parameter(name="pool", kind="name", help="The pool that gets them."),
                    Parameter(name="prompt_over", kind="int", high=131_072, default=0,
                              help="Only requests with longer prompts; 0 = all.")),
    ),
    FaultSpec(
        kind="length_blind_routing", component="gateway", standing=True,
        help="Prompts of any length share the same engines, so that a few very long ones hold up all others.",
        removed="a routing rule sends long prompts to another pool",
    ),
    FaultSpec(
        kind="unbounded_retries", component="gateway", standing=True,
        help="Nothing limits how many retries of clients the gateway lets through, so that they keep an overload up.",
        removed="gateway.client_retry_budget is below 1",
    ),
    FaultSpec(
        kind="retries_on_4xx", component="gateway", standing=True,
        help="The gateway retries requests that can never succeed, and tells clients to.",
        removed="gateway.retry_non_retryable is false",
    ),
    FaultSpec(
        kind="breaker_misconfigured", component="gateway", standing=True,
        help="A circuit breaker's thresholds are below what a healthy pool needs.",
        removed="the thresholds are above the pool's normal load",
    ),
    FaultSpec(
        kind="no_budget", component="tenant", standing=True,
        help="Nothing caps what a key may spend, or how long its agents may loop.",
        removed="the tenant has a daily budget or a cap on turns",
    ),
    FaultSpec(
        kind="cross_region_fallback", component="route", standing=True,
        help="The fallback list names pools in another region, whatever the contract of the tenant says.",
        removed="fallback_pools is none or same_region",
    ),
)  # fmt: skip
"""The kinds of this family."""
