"""Roles of team-mates, and the names of the scripted players."""

from __future__ import annotations

TEAM_ROLES: dict[str, str] = {
    "account-manager": "Owns the commercial relation with customers; knows contracts, waivers and promises made.",
    "platform": "Runs the gateway, the router and the GPU pools; knows deploys and capacity.",
    "customer-success": "Hears what customers report; knows who complains about what.",
    "data-platform": "Runs the data jobs, their schedules and contracts; knows what upstream teams announced.",
}
"""Team-mates that a scenario may give knowledge to, by role."""

POLICIES: tuple[str, ...] = ("do_nothing", "reference", "restart_all", "scale_first", "lucky_guess", "novice")
"""Scripted players of this version (scoring.md §5 lists the full panel)."""
