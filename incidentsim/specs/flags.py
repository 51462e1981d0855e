"""Red and green flags: what an interviewer notices. `scoring.flags` has a rule for each of FLAGS; those of
FOR_PEOPLE can't be seen in a transcript, so a person is given a question instead.

A flag is a proposal with records behind it. A person confirms or rejects it in a marks file; no flag changes a
score. Thresholds stand here, beside the text that names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Colour = Literal["red", "green"]

MANY_RESTARTS = 3
"""Restarts from which it is "again and again": one may be a test, two a second try."""

MANY_CAUSES = 5
"""Committed causes from which it is "lists every cause": scenarios have two or three."""

SURE_PPM = 900_000
"""From nine tenths on a diagnosis is stated as certain."""

EARLY_LOOKS = 5
"""Recent changes are checked early when among the first five looks."""

SLICES = 2
"""Distinct labels by which metrics were sliced, from which it is a habit: by tenant and by replica, say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagSpec:
    """One flag that a rule can propose: `formula` says exactly when."""

    id: str
    colour: Colour
    title: str
    formula: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFlagSpec:
    """One flag that only a person can see, and what to ask or look for."""

    id: str
    colour: Colour
    title: str
    question: str


_RED = (
    FlagSpec(id="acts-before-looking", colour="red", title="Acts before looking",
             formula="The first act came before any explicit look with a result."),
    FlagSpec(id="scales-out-first", colour="red", title="Scales out first",
             formula="The first act was to scale a pool, and no evidence on one of its causes had been seen."),
    FlagSpec(id="restarts-again", colour="red", title="Restarts again and again",
             formula=f"At least {MANY_RESTARTS} restarts."),
    FlagSpec(id="resolved-while-burning", colour="red", title="\u201cResolved\u201d while users were harmed",
             formula="A status or resolve claimed that it is over while an objective burned."),
    FlagSpec(id="lists-every-cause", colour="red", title="Lists every cause",
             formula=f"At least {MANY_CAUSES} committed causes, more wrong than right."),
    FlagSpec(id="sure-and-wrong", colour="red", title="Certain of a wrong cause",
             formula="A committed cause at p ≥ .9 that is neither right nor one hop away."),
    FlagSpec(id="leaves-overrides", colour="red", title="Leaves temporary overrides behind",
             formula="A limit, priority, shed, silence or drain that was neither undone, lifted nor written down."),
    FlagSpec(id="silences-instead", colour="red", title="Silences an alert instead of fixing",
             formula="An alert was silenced while an objective burned, before any other act, and not undone within "
                     "the session."),
    FlagSpec(id="safety-off", colour="red", title="Switches a safety filter off",
             formula="A guardrail's mode was last set to off, its block threshold to 1 or its audit sampling to 0, and "
                     "that was not undone."),
    FlagSpec(id="destructive-unprepared", colour="red", title="Destructive without preview or evidence",
             formula="A destructive verb without a dry run of the same verb and target, and without evidence, before."),
    FlagSpec(id="made-it-worse", colour="red", title="Made it worse and left it",
             formula="An act with negative credit, not the lifting of a temporary override, not undone, and not "
                     "followed by another of the same verb and target. Needs a re-simulation."),
    FlagSpec(id="hands-it-off", colour="red", title="Reliability as someone else's problem",
             formula="A team-mate was paged before any look or act of one's own, and no act followed."),
)  # fmt: skip

_GREEN = (
    FlagSpec(id="hypothesis-first", colour="green", title="States a hypothesis before acting",
             formula="Every act came after a hypothesis that names a root cause of what it touched."),
    FlagSpec(id="slices-the-tail", colour="green", title="Slices the signals",
             formula=f"Metrics sliced by at least {SLICES} labels of tenant, model, pool, replica, region, length."),
    FlagSpec(id="checks-changes-early", colour="green", title="Checks recent changes early",
             formula=f"The change log is among the first {EARLY_LOOKS} looks, before any act."),
    FlagSpec(id="tries-small-first", colour="green", title="Dry run or canary before a risky verb",
             formula="Every risky move (see safe-rollout) was tried out first; at least one was made."),
    FlagSpec(id="verifies-then-announces", colour="green", title="Verifies, then announces",
             formula="A truthful all-clear came within 180 s after a look at the objectives that came after the last "
                     "act."),
    FlagSpec(id="withdraws-wrong", colour="green", title="Withdraws a wrong hypothesis",
             formula="A hypothesis that names a wrong cause was ruled out."),
    FlagSpec(id="limits-blast-radius", colour="green", title="Limits the blast radius",
             formula="The first act is on one tenant, one conversation, one replica or a canary, and has credit > 0."),
    FlagSpec(id="writes-down-overrides", colour="green", title="Undoes or writes down every temporary measure",
             formula="At least one temporary override, and none left unrecorded."),
    FlagSpec(id="names-detection-gap", colour="green", title="Names a detection gap",
             formula="An alert was changed (`alert set`), or a status or note says that an alert, metric or dashboard "
                     "was missing."),
    FlagSpec(id="follows-up-rollback", colour="green", title="A rollback that is checked and told",
             formula="A rollback with credit > 0, verified within 180 s, and a truthful status after it."),
)  # fmt: skip

FLAGS: dict[str, FlagSpec] = {spec.id: spec for spec in (*_RED, *_GREEN)}
"""Every flag that a rule can propose, by its id: red ones first."""

_PEOPLE = (
    PeopleFlagSpec(id="happy-path-only", colour="red", title="Only happy-path thinking",
                   question="Ask what happens when the fix itself fails. Is any failure of it named?"),
    PeopleFlagSpec(id="unstructured-logs", colour="red", title="Free-text logging without structure",
                   question="Ask which fields they would log to find this faster. Structured, or prose?"),
    PeopleFlagSpec(id="manual-rollback-only", colour="red", title="Manual-only rollback",
                   question="Ask what would roll this back at 3 a.m. without them. A trigger, or a person?"),
    PeopleFlagSpec(id="hard-coded-thresholds", colour="red", title="Hard-coded thresholds",
                   question="Ask where the number they set should live, and who changes it next."),
    PeopleFlagSpec(id="ad-hoc-scripts", colour="red", title="Ad-hoc scripts instead of pipelines",
                   question="Ask how their fix reaches the other regions. A pipeline, or a shell?"),
    PeopleFlagSpec(id="no-limitations", colour="red", title="Capability talk and never a limitation",
                   question="Ask what their approach can't do. Is there an answer?"),
    PeopleFlagSpec(id="no-view-on-hostile-input", colour="red", title="No opinion on hallucination or hostile input",
                   question="Ask what a hostile prompt could have done to this system."),
    PeopleFlagSpec(id="raises-failure-modes", colour="green", title="Failure modes raised unprompted",
                   question="Did they name a way in which this could fail before being asked?"),
    PeopleFlagSpec(id="evaluation-is-normal", colour="green", title="Evaluation as a normal part of the work",
                   question="Did they say how they would measure answer quality before and after a change?"),
    PeopleFlagSpec(id="learned-from-surprise", colour="green", title="A surprise in production, and what changed",
                   question="Ask for one. Does the story end with something that changed?"),
    PeopleFlagSpec(id="versions-together", colour="green", title="Code, data and weights versioned together",
                   question="Ask how they would know which data the bad model was trained on."),
    PeopleFlagSpec(id="rollback-with-trigger", colour="green", title="A rollback with trigger, speed and follow-up",
                   question="Ask when they would roll back, how fast it is, and what follows."),
)  # fmt: skip

FOR_PEOPLE: dict[str, PeopleFlagSpec] = {spec.id: spec for spec in _PEOPLE}
"""What only people can judge, by its id."""
