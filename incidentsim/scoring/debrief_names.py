"""A scorecard in the names of its session: what the debrief says is what the person saw and typed.

Scorecards compare stable ids (`node-1`, `tenant.courts`), since a renamed cast changes no score. Whoever played knows
a host and a customer by the names of the cast, so those who show a debrief pass the card through here first.
"""

from __future__ import annotations

from dataclasses import replace

from incidentsim.scenario.cast import Cast
from incidentsim.scoring.scorecard import Scorecard
from incidentsim.transcript.model import Transcript

NAMED_KINDS = ("inspect", "logs")
"""Kinds of evidence whose items name a component; questions name a role, which has the same name everywhere."""


def as_shown(card: Scorecard, transcript: Transcript) -> Scorecard:
    """Return the card of a transcript with the names that its session showed, to be read and not to be compared."""
    cast = Cast.from_json(transcript.header.get("cast"))
    told = card.hypotheses
    standing = tuple(replace(step, top=_cause(step.top, cast)) for step in told.standing)
    return replace(
        card,
        diagnosis=tuple(replace(claim, component=cast.shown(claim.component)) for claim in card.diagnosis),
        evidence_missed=tuple(replace(missed, item=_item(missed.item, cast)) for missed in card.evidence_missed),
        carrying=tuple(replace(seen, item=_item(seen.item, cast)) for seen in card.carrying),
        hypotheses=replace(told, standing=standing),
    )


def _cause(cause: str, cast: Cast) -> str:
    component, colon, fault = cause.partition(":")
    return f"{cast.shown(component)}{colon}{fault}"


def _item(item: str, cast: Cast) -> str:
    kind, _, name = item.partition(":")
    return f"{kind}:{cast.shown(name)}" if kind in NAMED_KINDS else item
