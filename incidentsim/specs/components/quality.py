"""How good the answers are, and how that becomes known."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec
from incidentsim.specs.knobs import Knob

QUALITY = ComponentSpec(
    kind="quality",
    help="What users think of answers, and what samples and golden prompts say of them.",
    knobs=(
        Knob(name="audit_sampling", kind="ratio", default=10_000, low=0, high=1_000_000,
             help="Share of answers that a grading model looks at."),
        Knob(name="golden_prompts", kind="bool", default=0, low=0, high=1,
             help="Whether each replica is asked prompts with known answers once a minute."),
    ),
)  # fmt: skip

QUALITY_KINDS = (QUALITY,)
"""The kinds of this module."""
