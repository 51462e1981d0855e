"""What goes wrong in the platform below the pools."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

PLATFORM_FAULTS = (
    FaultSpec(
        kind="registry_throttled", component="registry",
        help="The vendor's weights registry refuses pulls beyond a few a minute with 429.",
        removed="the vendor stops throttling, or replicas fetch from the mirror",
        parameters=(Parameter(name="pulls", kind="int", high=1_000, default=0, help="Pulls a minute it answers."),),
    ),
    FaultSpec(
        kind="webhook_cert_expired", component="control-plane",
        help="The admission webhook serves an expired certificate, so that no new pod is made.",
        removed="the webhook reads its renewed certificate",
    ),
    FaultSpec(
        kind="telemetry_agent_overload", component="control-plane",
        help="A fleet-wide telemetry agent asks the API servers for more than they can answer.",
        removed="the agents are rolled back, which needs API servers that answer",
        parameters=(Parameter(name="requests", kind="int", low=1, high=1_000_000,
                              help="API requests a second of all agents."),),
    ),
    FaultSpec(
        kind="hasty_scaling", component="autoscaler", standing=True,
        help="The autoscaler's windows and cooldown are shorter than a replica takes to come up.",
        removed="its windows are longer than a cold start",
    ),
)  # fmt: skip
"""The kinds of this family."""
