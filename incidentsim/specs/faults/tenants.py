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
        kind="prefix_broken", component="tenant",
        help="The tenant's template gained something that differs each time (a timestamp, a user id) at its head: "
             "prompts share no beginning any more, and engines prefill all of them.",
        removed="the template is stable again: the change is rolled back",
    ),
    FaultSpec(
        kind="retry_bug", component="tenant",
        help="The tenant's client retries more often, and without jitter.",
        removed="the client is fixed",
        parameters=(Parameter(name="attempts", kind="int", low=1, high=20, help="Attempts in all per request."),),
    ),
    FaultSpec(
        kind="length_shift", component="tenant",
        help="A share of the tenant's requests has prompts of another length, such as whole documents.",
        removed="the tenant stops sending them",
        parameters=(
            Parameter(name="share", kind="ratio", high=1_000_000, help="Share of its requests."),
            Parameter(name="prompt", kind="quantiles", high=200_000, help="Tokens of their prompts."),
        ),
    ),
    FaultSpec(
        kind="history_not_trimmed", component="tenant",
        help="The application of a tenant with sessions no longer trims history: conversations grow to the limit.",
        removed="the application trims or summarises history again",
    ),
    FaultSpec(
        kind="runaway_agent", component="tenant",
        help="Agents of the tenant call themselves in a loop, each in one conversation, without a cap on steps.",
        removed="the loops have ended: stopped by their owner, or terminated at the gateway",
        parameters=(
            Parameter(name="loops", kind="int", low=1, high=1_000, default=1, help="Loops at once."),
            Parameter(name="first_prompt", kind="int", low=1, high=131_072, default=4_000,
                      help="Tokens of the first prompt."),
            Parameter(name="growth", kind="quantiles", high=131_072, help="Tokens of tool results added per turn."),
            Parameter(name="output", kind="quantiles", high=32_768, help="Tokens of each answer."),
            Parameter(name="max_prompt", kind="int", low=1, high=131_072, default=30_000,
                      help="The context is summarised to half of this when it would pass it."),
            Parameter(name="pause", kind="duration", default=500_000, help="Time between an answer and the next turn."),
        ),
    ),
    FaultSpec(
        kind="injection_wave", component="tenant",
        help="Attackers send prompt injections through the tenant's product, from one network.",
        removed="the attack ends, or its requests no longer get in",
        parameters=(
            Parameter(name="rate", kind="ratio", low=1_000, high=1_000_000_000, help="Hostile requests per second."),
            Parameter(name="prompt", kind="quantiles", high=131_072, help="Tokens of their prompts."),
            Parameter(name="output", kind="quantiles", high=32_768, help="Tokens of the answers they get."),
        ),
    ),
)  # fmt: skip
"""The kinds of this family."""
