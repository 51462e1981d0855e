"""What customers suddenly do."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

TENANT_FAULTS = (
    FaultSpec(
        kind="context_growth", component="tenant",
        help="A new feature of the tenant sends conversations whose prompts grow turn by turn.",
        removed="the tenant turns the feature off or trims its history",
        parameters=(
            Parameter(name="conversations_per_minute", kind="ratio", high=1_000_000_000,
                      help="New agent conversations started per minute at full strength."),
            Parameter(name="burst", kind="int", high=10_000, default=0,
                      help="Conversations that users start within the first minute, besides the steady rate."),
            Parameter(name="turns", kind="int", low=1, high=200, help="Turns in one conversation."),
            Parameter(name="think_time", kind="duration", help="Pause between an answer and the next turn."),
            Parameter(name="first_prompt", kind="quantiles", help="Tokens of the first prompt."),
            Parameter(name="growth", kind="quantiles", help="Tokens added per turn besides the last answer."),
            Parameter(name="output", kind="quantiles", help="Tokens of each answer."),
            Parameter(name="max_prompt", kind="int", high=131_072, default=60_000,
                      help="The agent compacts its history to a quarter when a prompt would pass this."),
        ),
    ),
    FaultSpec(
        kind="traffic_surge", component="tenant",
        help="The tenant's ordinary traffic multiplies.",
        removed="the surge ends", parameters=(
            Parameter(name="factor", kind="ratio", low=0, high=100_000_000, help="Multiplier of its arrival rate."),),
    ),
    FaultSpec(
        kind="retry_bug", component="tenant",
        help="The tenant's client retries more often, and without jitter.",
        removed="the client is fixed",
        parameters=(Parameter(name="attempts", kind="int", low=1, high=20, help="Attempts in all per request."),),
    ),
)  # fmt: skip
"""The kinds of this family."""
