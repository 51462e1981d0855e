"""Roles of team-mates, and the names of the scripted players."""

from __future__ import annotations

TEAM_ROLES: dict[str, str] = {
    "account-manager": "Owns the commercial relation with customers; knows contracts, waivers and promises made.",
    "platform": "Runs the gateway, the router and the GPU pools; knows deploys and capacity.",
    "customer-success": "Hears what customers report; knows who complains about what.",
    "data-platform": "Runs the data jobs, their schedules and contracts; knows what upstream teams announced.",
}
"""Team-mates that a scenario may give knowledge to, by role."""

POLICIES: tuple[str, ...] = (
    "do_nothing", "ack_only", "shotgun_fix", "shotgun_diagnose", "restart_all", "scale_first", "lucky_guess",
    "keyword_stuffer", "copy_runbook", "harmful", "silencer", "load_shedder", "oracle_cheat", "novice", "thorough_slow",
    "fast_expert", "mitigate_first", "other_tools_expert", "reference", "slow_clock_reference",
    "crash_resume_reference",
)  # fmt: skip
"""Scripted players (scoring.md §5)."""

MEMORISERS: tuple[str, ...] = ("constant_answer", "memoriser")
"""Players who know an answer beforehand: under 5 % of the practice index on every scenario, and about nothing on a
sibling of what they know. They are no part of the panel."""

GAMING: tuple[str, ...] = (
    "shotgun_fix", "shotgun_diagnose", "restart_all", "scale_first", "lucky_guess", "keyword_stuffer", "harmful",
    "silencer", "load_shedder", "ack_only", "oracle_cheat",
)  # fmt: skip
"""Players that try to get points without working on the incident: at most 25 of the practice index."""

STYLES: tuple[str, ...] = (
    "fast_expert", "mitigate_first", "other_tools_expert", "slow_clock_reference", "crash_resume_reference",
)  # fmt: skip
"""Legitimate ways to work: at least four fifths of what the reference gets."""
