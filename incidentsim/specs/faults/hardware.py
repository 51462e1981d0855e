"""What breaks on GPU hosts."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

HARDWARE_FAULTS = (
    FaultSpec(
        kind="clock_throttle", component="node",
        help="Power or heat lowers the SM clock of one GPU.",
        removed="the throttling ends or the node is taken out",
        parameters=(Parameter(name="slowdown", kind="ratio", low=1_000_000, high=10_000_000,
                              help="Factor on step time."),),
    ),
    FaultSpec(
        kind="gpu_lost", component="node",
        help="The GPU falls off the bus (XID 79); its replica dies and can't come back on this node.",
        removed="the node is replaced",
    ),
)  # fmt: skip
"""The kinds of this family."""
