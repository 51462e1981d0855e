"""What goes wrong with data."""

from __future__ import annotations

from incidentsim.specs.faults.base import FaultSpec, Parameter

DATA_FAULTS = (
    FaultSpec(
        kind="schema_change", component="job",
        help="A column that the job reads was renamed or got another type upstream: its feature is filled with the "
             "default, silently.",
        removed="the job reads the new column again: the change is rolled back",
        parameters=(
            Parameter(name="feature", kind="name", help="The feature computed from that column."),
            Parameter(name="how", kind="choice", default="renamed", choices=("renamed", "retyped"),
                      help="renamed: all values are missing; retyped: those that don't convert are (about 60 %)."),
        ),
    ),
    FaultSpec(
        kind="bad_batch", component="job",
        help="The job's input is defective: nulls, rows twice, a file many times too large, values shifted by a "
             "backfill gone wrong.",
        removed="the input is right again",
        parameters=(
            Parameter(name="feature", kind="name", help="The feature that suffers."),
            Parameter(name="how", kind="choice", default="nulls", help="What is wrong with it.",
                      choices=("nulls", "duplicated", "oversized", "shifted")),
            Parameter(name="share", kind="ratio", default=500_000, high=1_000_000, help="Share of wrong rows."),
        ),
    ),
    FaultSpec(
        kind="late_data", component="pipeline",
        help="Consumers of the event stream are slower than its producers; streaming features grow old.",
        removed="the consumers keep up again",
        parameters=(Parameter(name="slowdown", kind="ratio", low=1_000_000, high=1_000_000_000,
                              help="Factor on the time a consumer takes for an event."),),
    ),
    FaultSpec(
        kind="feature_drift", component="pipeline",
        help="The world changes: a feature's values drift away from those that the model was trained on.",
        removed="the model is trained anew",
        parameters=(
            Parameter(name="feature", kind="name", help="The feature that drifts."),
            Parameter(name="psi", kind="ratio", low=0, high=5_000_000,
                      help="Population stability index at full strength."),
        ),
    ),
    FaultSpec(
        kind="contract_not_enforced", component="pipeline", standing=True,
        help="Batches that break their contract are published all the same: validators warn at most.",
        removed="pipeline.contract_mode is enforce",
    ),
)  # fmt: skip
"""The kinds of this family."""
