"""The organisation around the stack, and what it watches it with."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec, S
from incidentsim.specs.knobs import UNLIMITED, Knob

ORGANISATION = ComponentSpec(
    kind="organisation", help="Changes, waivers, approvals, and the people who know about them."
)

OBSERVABILITY = ComponentSpec(
    kind="observability",
    help="Scraping, alert rules, log shipping, trace sampling: what the dashboards are made of.",
    knobs=(
        Knob(name="scrape_interval", kind="duration", default=5 * S, low=5 * S, high=60 * S,
             help="Time between two scrapes of all targets; router and autoscaler see nothing newer either."),
        Knob(name="sample_limit", kind="int", default=UNLIMITED, low=1, high=1_000_000, unit="samples", unlimited=True,
             help="Most samples that one target may expose; a scrape that brings more fails as a whole."),
        Knob(name="metric_aliases", kind="bool", default=0, low=0, high=1,
             help="Whether a relabelling rule keeps renamed metrics under their former name too, so that what reads "
                  "either name gets data."),
        Knob(name="trace_sampling", kind="ratio", default=20_000, low=0, high=1_000_000,
             help="Share of requests that are traced."),
        Knob(name="access_log_sampling", kind="ratio", default=50_000, low=0, high=1_000_000,
             help="Share of successful requests that get an access-log line; failed ones always do."),
        Knob(name="log_rate", kind="int", default=UNLIMITED, low=1, high=1_000_000, unit="records/s", unlimited=True,
             help="Log records per second that the log store is paid to take; beyond it, it answers 429 and the "
                  "collector tries again. Unlimited: lines are there at once."),
        Knob(name="log_buffer", kind="int", default=10_000, low=100, high=10_000_000, unit="records",
             help="Log records that the collector keeps while the log store refuses them; then the oldest are "
                  "dropped."),
        Knob(name="log_sampling", kind="ratio", default=1_000_000, low=0, high=1_000_000,
             help="Share of log records that the collector keeps, before its buffer."),
    ),
)  # fmt: skip

COMPANY = (ORGANISATION, OBSERVABILITY)
"""The kinds of this module."""
