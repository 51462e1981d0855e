"""Verbs that tell others."""

from __future__ import annotations

from incidentsim.specs.verbs.base import VerbSpec, arg

COMMUNICATE_VERBS = (
    VerbSpec(name="ack", group="communicate", help="Acknowledge the page.", example="ack"),
    VerbSpec(name="declare", group="communicate", help="Declare the severity.",
             arguments=(arg("severity", "severity", "sev1, sev2, sev3 or sev4"),), example="declare sev2"),
    VerbSpec(name="status", group="communicate", help="Send a status update to stakeholders.",
             arguments=(arg("text", "text", "The update.", rest=True),),
             example='status "chat is slow for everyone, we are limiting one tenant"'),
    VerbSpec(name="page", group="communicate", help="Page a team-mate who is not in the channel.",
             arguments=(arg("who", "person", "A team-mate."),), example="page account-manager"),
    VerbSpec(name="hint", group="communicate",
             help="Take the next hint; its price comes off the practice index. The briefing says what they cost.",
             example="hint"),
    VerbSpec(name="resolve", group="communicate", help="Declare the incident over and end the session.",
             arguments=(arg("text", "text", "A closing line.", required=False, rest=True),),
             example='resolve "limit back in place, SLO recovered"'),
)  # fmt: skip
"""The verbs of this group."""
