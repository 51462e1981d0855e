"""The organisation around the stack, and what it watches it with."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec

ORGANISATION = ComponentSpec(
    kind="organisation", help="Changes, waivers, approvals, and the people who know about them."
)

OBSERVABILITY = ComponentSpec(
    kind="observability", help="Scraping, alert rules, log shipping, trace sampling: what the dashboards are made of."
)

COMPANY = (ORGANISATION, OBSERVABILITY)
"""The kinds of this module."""
