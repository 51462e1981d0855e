"""What goes wrong in guardrail and preprocessing."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

GUARD_FAULTS = (
    FaultSpec(
        kind="guardrail_credential_expired", component="guardrail",
        help="The credential the gateway shows to the classifier has expired: every call gets 401.",
        removed="a new credential is issued",
    ),
    FaultSpec(
        kind="guardrail_slow", component="guardrail",
        help="Each classification takes longer: a heavier model, or too little CPU.",
        removed="the change that brought it is rolled back",
        parameters=(Parameter(name="slowdown", kind="ratio", low=1_000_000, high=100_000_000,
                              help="Factor on classification time."),),
    ),
    FaultSpec(
        kind="guardrail_bypass", component="guardrail",
        help="A share of the requests reaches the model without passing the classifier.",
        removed="the change that brought it is rolled back",
        parameters=(Parameter(name="share", kind="ratio", high=1_000_000, help="Share of requests that skip it."),),
    ),
    FaultSpec(
        kind="guardrail_overblocking", component="guardrail",
        help="Scores of honest requests are too high, so that many are blocked.",
        removed="the change that brought it is rolled back",
        parameters=(Parameter(name="shift", kind="ratio", high=1_000_000, help="Added to honest requests' scores."),),
    ),
    FaultSpec(
        kind="preprocessing_leak", component="preprocessing",
        help="Each request leaves memory behind in the worker that served it.",
        removed="the change that brought it is rolled back",
        parameters=(Parameter(name="kib_per_request", kind="int", low=1, high=1_048_576,
                              help="Memory left behind by each request, in KiB."),),
    ),
    FaultSpec(
        kind="poison_input", component="preprocessing",
        help="A share of the inputs makes the worker's memory explode.",
        removed="nobody sends them any more",
        parameters=(Parameter(name="share", kind="ratio", high=1_000_000, help="Share of inputs that explode."),),
    ),
    FaultSpec(
        kind="cpu_steal", component="preprocessing",
        help="The workers' host gives them less CPU.",
        removed="the contention ends",
        parameters=(Parameter(name="slowdown", kind="ratio", low=1_000_000, high=100_000_000,
                              help="Factor on CPU time."),),
    ),
)  # fmt: skip
"""The kinds of this family."""
