"""The kinds of disturbances that can be planted, their parameters, and what removes each at the root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a fault. Stored as an integer (µs, ppm or a count), or a table of quantiles."""

    name: str
    kind: Literal["int", "ratio", "duration", "quantiles"]
    help: str
    low: int = 0
    high: int = 1_000_000_000
    default: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultSpec:
    """One kind of fault: which kind of component it hits, how strong it can be, when it is gone.

    `standing` faults are facts of the configuration (a waiver, a missing guard): they have no effect of their
    own, and are removed by changing the configuration. The others disturb, and may mask each other.
    """

    kind: str
    component: str
    help: str
    removed: str
    parameters: tuple[Parameter, ...] = ()
    standing: bool = False


_RAMP = Parameter(name="ramp", kind="duration", default=0, help="Time from first effect to full strength.")

FAULTS: dict[str, FaultSpec] = {
    spec.kind: spec
    for spec in (
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
                _RAMP,
            ),
        ),
        FaultSpec(
            kind="traffic_surge", component="tenant",
            help="The tenant's ordinary traffic multiplies.",
            removed="the surge ends", parameters=(
                Parameter(name="factor", kind="ratio", low=0, high=100_000_000, help="Multiplier of its arrival rate."),
                Parameter(name="lasts", kind="duration", default=0, help="How long; 0 = to the end."), _RAMP),
        ),
        FaultSpec(
            kind="retry_bug", component="tenant",
            help="The tenant's client retries more often, and without jitter.",
            removed="the client is fixed",
            parameters=(Parameter(name="attempts", kind="int", low=1, high=20, help="Attempts in all per request."),),
        ),
        FaultSpec(
            kind="waiver_without_expiry", component="organisation", standing=True,
            help="A limit was waived for one customer, and nothing ends the waiver.",
            removed="the limit is finite again, or the waiver has an expiry that the account owner agreed to",
        ),
        FaultSpec(
            kind="length_blind_admission", component="gateway", standing=True,
            help="Admission counts requests, whatever their length, so few long ones can fill the KV cache.",
            removed="gateway.admission is tokens",
        ),
        FaultSpec(
            kind="clock_throttle", component="node",
            help="Power or heat lowers the SM clock of one GPU.",
            removed="the throttling ends or the node is taken out",
            parameters=(Parameter(name="slowdown", kind="ratio", low=1_000_000, high=10_000_000,
                                  help="Factor on step time."), _RAMP),
        ),
        FaultSpec(
            kind="gpu_lost", component="node",
            help="The GPU falls off the bus (XID 79); its replica dies and can't come back on this node.",
            removed="the node is replaced",
        ),
        FaultSpec(
            kind="engine_hang", component="pool",
            help="One engine stops making steps while its process lives and its gauges stand still.",
            removed="that replica is restarted",
            parameters=(Parameter(name="replica", kind="int", high=63, default=0, help="Index of the replica."),),
        ),
        FaultSpec(
            kind="bad_image", component="pool",
            help="A rolled-out runtime image makes every engine step slower.",
            removed="the image is rolled back",
            parameters=(Parameter(name="slowdown", kind="ratio", low=1_000_000, high=10_000_000,
                                  help="Factor on step time with the new image."),),
        ),
        FaultSpec(
            kind="max_num_seqs_raised", component="pool", standing=True,
            help="The engines run with more concurrent sequences than the KV cache can hold.",
            removed="max_num_seqs is back at its former value",
        ),
        FaultSpec(
            kind="scaled_in", component="autoscaler", standing=True,
            help="The pool is smaller than its demand because the autoscaler's bounds are wrong.",
            removed="the bounds allow the replicas needed",
        ),
    )
}  # fmt: skip
"""Every fault kind, by its name."""
