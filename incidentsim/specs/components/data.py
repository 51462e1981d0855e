"""The data platform, and the classic model that lives on it."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec, S
from incidentsim.specs.knobs import Knob

PIPELINE = ComponentSpec(
    kind="pipeline",
    help="The data platform: an event stream, scheduled jobs, a schema registry with contracts, validators.",
    knobs=(
        Knob(name="contract_mode", kind="enum", default="off", choices=("off", "warn", "enforce"),
             help="What validators do with a batch that breaks the contract: nothing, warn in the log, or keep it from "
                  "being published."),
        Knob(name="max_missing_rate", kind="ratio", default=50_000, low=0, high=1_000_000,
             help="Missing rate of a feature from which a batch breaks the contract."),
        Knob(name="max_psi", kind="ratio", default=250_000, low=10_000, high=5_000_000,
             help="Population stability index from which a batch breaks the contract; 0.25 is the usual mark of a "
                  "major shift."),
        Knob(name="consumers", kind="int", default=4, low=0, high=64, unit="consumers",
             help="Consumers of the event stream; more than its partitions stand idle."),
    ),
)  # fmt: skip

JOB = ComponentSpec(
    kind="job",
    help="A scheduled job that computes features and publishes a snapshot of them.",
    knobs=(
        Knob(name="enabled", kind="bool", default=1, low=0, high=1, help="Whether it runs at its times."),
    ),
)  # fmt: skip

FEATURE_STORE = ComponentSpec(
    kind="feature-store",
    pinnable=True,
    help="Serves features online from the newest snapshot, or from the one it is pinned to (snapshot=ID, or latest).",
)

RANKER = ComponentSpec(
    kind="ranker", stage=True,
    help="A classic model: scores candidates from features; an unsure score gives way to a business rule.",
    knobs=(
        Knob(name="confidence_threshold", kind="ratio", default=350_000, low=0, high=1_000_000,
             help="Confidence below which the business rule decides."),
        Knob(name="timeout", kind="duration", default=S, low=S // 100, high=10 * S,
             help="Longest wait for a score; then the business rule decides."),
        Knob(name="workers", kind="int", default=8, low=1, high=256, unit="workers", help="Requests scored at once."),
    ),
)  # fmt: skip

DATA = (PIPELINE, JOB, FEATURE_STORE, RANKER)
"""The kinds of this module."""
