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
    FaultSpec(
        kind="bad_image", component="pool",
        help="A rolled-out runtime image makes every engine step slower.",
        removed="the image is rolled back",
        parameters=(Parameter(name="slowdown", kind="ratio", low=1_000_000, high=10_000_000,
                              help="Factor on step time with the new image."),),
    ),
)  # fmt: skip
"""The kinds of this family."""
