"""Players who know an answer beforehand and look at nothing to find one: what siblings are there against.

They are no part of the panel: certificates and tests let them play, the memoriser on siblings of the incident that
it has learned. Both look where experts look and report like experts, so that all they lack is this incident.
"""

from __future__ import annotations

from incidentsim.client_api import Session
from incidentsim.policies.base import SECOND_US, SLO_QUERY, Briefed, Line, Player, follow

CONSTANT: tuple[Line, ...] = tuple(
    (second * SECOND_US, command)
    for second, command in (
        (30, "ack"),
        (40, f"query {SLO_QUERY}"),
        (55, "declare sev2"),
        (65, "changes"),
        (75, "inspect gateway"),
        (85, "inspect autoscaler"),
        (95, 'hypothesis "there is too little capacity" --p 0.8 --cause autoscaler:scaled_in'),
        (120, 'set autoscaler.max_replicas 12 --because "give it room"'),
        (135, 'status "We are looking into it and have added capacity. Next update in five minutes."'),
        (240, f"query {SLO_QUERY}"),
        (400, 'status "We are still working on it."'),
        (480, "diagnose autoscaler scaled_in --p 0.9"),
        (700, 'status "We keep watching."'),
        (1100, 'resolve "capacity added"'),
    )
)
"""The answer that is given to every incident."""


async def constant_answer(session: Session, briefed: Briefed) -> None:
    """Give the same answer whatever the incident: look, add capacity, blame the autoscaler, reassure."""
    await follow(session, CONSTANT)


async def memoriser(session: Session, briefed: Briefed) -> None:
    """Do to the letter what solved a sibling of this incident, in the names it had there."""
    await follow(session, briefed.memory)


MEMORISERS: dict[str, Player] = {"constant_answer": constant_answer, "memoriser": memoriser}
"""Every player of `specs.people.MEMORISERS`."""
