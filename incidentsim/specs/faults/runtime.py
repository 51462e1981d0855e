"""What goes wrong in the inference runtime of a pool."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

RUNTIME_FAULTS = (
    FaultSpec(
        kind="engine_hang", component="pool",
        help="One engine stops making steps while its process lives and its gauges stand still.",
        removed="that replica is restarted",
        parameters=(Parameter(name="replica", kind="int", high=63, default=0, help="Index of the replica."),),
    ),
)  # fmt: skip
"""The kinds of this family."""
