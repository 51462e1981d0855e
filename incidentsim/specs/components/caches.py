"""Caches of whole answers. The prefix caches of engines belong to their pools."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec, S
from incidentsim.specs.knobs import Knob

RESPONSE_CACHE = ComponentSpec(
    kind="response-cache", stage=True,
    help="Answers to questions asked before, kept for a while; asked questions wait for one that is being answered.",
    knobs=(
        Knob(name="enabled", kind="bool", default=1, low=0, high=1, help="Whether it is asked at all."),
        Knob(name="ttl", kind="duration", default=600 * S, low=S, high=86_400 * S, help="How long an answer is kept."),
        Knob(name="coalescing", kind="bool", default=0, low=0, high=1,
             help="Whether a question waits for the answer to the same one that is under way."),
        Knob(name="salt", kind="int", default=1, low=1, high=1_000_000,
             help="Version in every key: a new one makes all entries unreachable."),
        Knob(name="max_entries", kind="int", default=200_000, low=100, high=5_000_000, unit="entries",
             help="Entries kept; the oldest go first."),
    ),
)  # fmt: skip

CACHES = (RESPONSE_CACHE,)
"""The kinds of this module."""
