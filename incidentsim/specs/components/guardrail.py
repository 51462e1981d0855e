"""What looks at prompts before a model does."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec
from incidentsim.specs.knobs import Knob

MS = 1_000
"""Microseconds in a millisecond."""

GUARDRAIL = ComponentSpec(
    kind="guardrail", stage=True,
    help="Classifiers for prompt injection, personal data and unsafe requests, before the model; some go to review.",
    knobs=(
        Knob(name="mode", kind="enum", default="fail_open", choices=("fail_open", "fail_closed", "off"),
             help="What happens to a request that could not be checked: passed on, or refused with 503. off: nothing "
                  "is checked."),
        Knob(name="block_threshold", kind="ratio", default=800_000, low=50_000, high=1_000_000,
             help="Score from which a request is blocked with 403."),
        Knob(name="timeout", kind="duration", default=400 * MS, low=10 * MS, high=10_000 * MS,
             help="Longest wait for a verdict; then the mode decides."),
        Knob(name="workers", kind="int", default=8, low=1, high=256, unit="workers",
             help="Requests that are classified at once."),
        Knob(name="review_threshold", kind="ratio", default=1_000_000, low=50_000, high=1_000_000,
             help="Score from which a request that is not blocked waits for a person; 1.0 sends none."),
        Knob(name="reviewers", kind="int", default=2, low=0, high=50, unit="people",
             help="People who review held requests, one at a time each."),
        Knob(name="credential_version", kind="int", default=1, low=1, high=1_000,
             help="Version of the credential the gateway shows to the classifier; a higher one is issued anew."),
        Knob(name="audit_sampling", kind="ratio", default=20_000, low=0, high=1_000_000,
             help="Share of answered requests that a safety audit looks at."),
    ),
)  # fmt: skip

PREPROCESSING = ComponentSpec(
    kind="preprocessing", stage=True,
    help="Workers that tokenise, clean and shape requests before the model: CPU and memory, restarted when killed.",
    knobs=(
        Knob(name="workers", kind="int", default=4, low=1, high=64, unit="workers", help="Worker processes (pods)."),
        Knob(name="memory_limit", kind="int", default=2_048, low=256, high=65_536, unit="MiB",
             help="Memory limit of each worker; beyond it the kernel kills it."),
        Knob(name="input_cap", kind="int", default=1_000_000, low=256, high=1_000_000, unit="tokens",
             help="Longest input taken; longer ones get 413."),
        Knob(name="recycle_at", kind="ratio", default=1_000_000, low=100_000, high=1_000_000,
             help="Share of the limit at which a worker is recycled gracefully, one at a time; 1.0 never."),
    ),
)  # fmt: skip

GUARDS = (GUARDRAIL, PREPROCESSING)
"""The kinds of this module."""
