"""What a rubric and a file of marks say, validated. `rubric_files` reads them; `scoring.interview` counts.

A rubric splits 100 points over domains, each into automatic measures and criteria that a person marks from 1
to 5 by anchors. Points are kept in thousandths, so that thirds add up.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from incidentsim.scenario.fields import CleanText, Id, Milli, Ratio
from incidentsim.scenario.parts.base import Model
from incidentsim.scenario.problems import did_you_mean
from incidentsim.scenario.validate import Located
from incidentsim.specs.flags import FLAGS
from incidentsim.specs.measures import MEASURES

WHOLE_MILLI = 100_000
"""All points of a rubric, in thousandths."""

NEEDED_ANCHORS = ("1", "3", "5")
"""Marks that every criterion must describe; 2 and 4 lie between."""

Mark = Annotated[int, Field(ge=1, le=5, strict=True)]
"""A person's mark."""


class Criterion(Model):
    """One thing a person marks. `points` is its weight; `anchors` say what a mark means."""

    id: Id
    title: CleanText
    points: Milli
    anchors: dict[Literal["1", "2", "3", "4", "5"], CleanText]


class RubricDomain(Model):
    """One domain. `automatic` gives points to measures by their id; with `human` they make up `weight`."""

    id: Id
    title: CleanText
    weight: Milli
    automatic: dict[str, Milli] = Field(default_factory=dict)
    human: tuple[Criterion, ...] = Field(default=(), max_length=20)


class Suggestion(Model):
    """From when a pass is suggested: `total` points, and shares of domains that must be reached as well."""

    total: Milli
    at_least: dict[str, Ratio] = Field(default_factory=dict)


class Rubric(Model):
    """A whole rubric. `version` rises with every change of meaning; `digest` is filled by the loader."""

    id: Id
    version: Annotated[int, Field(ge=1, le=10_000)]
    title: CleanText
    summary: CleanText
    suggest: Suggestion | None = None
    domains: tuple[RubricDomain, ...] = Field(min_length=1, max_length=20)
    digest: str = ""

    def criteria(self) -> tuple[Criterion, ...]:
        """Return every criterion, in order."""
        return tuple(criterion for domain in self.domains for criterion in domain.human)


class MarkGiven(Model):
    """A person's mark for one criterion, the records it rests on, and a note."""

    mark: Mark
    seqs: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(), max_length=100)
    note: CleanText = ""


class Marks(Model):
    """One person's marks of one play. `flags` says which proposed flags the person confirmed or rejected."""

    rubric: Id
    version: Annotated[int, Field(ge=1, le=10_000)]
    rater: CleanText
    marks: dict[str, MarkGiven] = Field(default_factory=dict)
    flags: dict[str, Literal["confirmed", "rejected"]] = Field(default_factory=dict)


NO_MARKS = Marks(rubric="none", version=1, rater="")
"""Nobody has marked anything yet."""


def check_rubric(rubric: Rubric, located: Located) -> None:
    """Report what the model can't see: sums, unknown measures and domains, missing anchors, ids used twice."""
    whole = 0
    homes: dict[str, tuple[str | int, ...]] = {}
    criteria: dict[str, int] = {}
    given: dict[str, str] = {}
    for i, domain in enumerate(rubric.domains):
        path = ("domains", i)
        whole += domain.weight
        _once(homes, domain.id, (*path, "id"), "domain", located)
        inside = 0
        for measure, points in domain.automatic.items():
            inside += points
            if measure not in MEASURES:
                hint = did_you_mean(measure, MEASURES) or f"; known: {', '.join(MEASURES)}"
                located.report((*path, "automatic", measure), f"there is no measure {measure!r}{hint}", key=True)
            elif measure in given:
                text = f"{measure!r} has points in {given[measure]!r} already; give a measure points once"
                located.report((*path, "automatic", measure), text, key=True)
            given.setdefault(measure, domain.id)
        for j, criterion in enumerate(domain.human):
            inside += criterion.points
            if criterion.id in criteria:
                located.report((*path, "human", j, "id"), f"there is a criterion {criterion.id!r} already")
            criteria[criterion.id] = j
            lacking = [mark for mark in NEEDED_ANCHORS if mark not in criterion.anchors]
            if lacking:
                text = f"say what the marks {', '.join(lacking)} mean; 2 and 4 may be left out"
                located.report((*path, "human", j, "anchors"), text)
        if inside != domain.weight:
            text = f"the parts add up to {points_text(inside)}, not to the weight {points_text(domain.weight)}"
            located.report((*path, "weight"), text)
    if whole != WHOLE_MILLI:
        located.report(("domains",), f"the weights add up to {points_text(whole)}, not to 100", key=True)
    for name in rubric.suggest.at_least if rubric.suggest else ():
        if name not in homes:
            hint = did_you_mean(name, homes) or f"; known: {', '.join(homes)}"
            located.report(("suggest", "at_least", name), f"there is no domain {name!r}{hint}", key=True)


def check_marks(marks: Marks, rubric: Rubric, located: Located, *, last_seq: int | None) -> None:
    """Report marks of another rubric, of criteria or flags that don't exist, and records that don't exist."""
    if (marks.rubric, marks.version) != (rubric.id, rubric.version):
        theirs, ours = f"{marks.rubric} version {marks.version}", f"{rubric.id} version {rubric.version}"
        text = f"these are marks of {theirs}, the rubric is {ours}; mark again, or name the other one with --rubric"
        located.report(("rubric",), text)
        return
    known = [criterion.id for criterion in rubric.criteria()]
    for name, given in marks.marks.items():
        if name not in known:
            hint = did_you_mean(name, known) or f"; known: {', '.join(known)}"
            located.report(("marks", name), f"there is no criterion {name!r}{hint}", key=True)
        for i, seq in enumerate(given.seqs):
            if last_seq is not None and seq > last_seq:
                text = f"the transcript has no record {seq}; its last is {last_seq}"
                located.report(("marks", name, "seqs", i), text)
    for name in marks.flags:
        if name not in FLAGS:
            hint = did_you_mean(name, FLAGS)
            located.report(("flags", name), f"there is no flag {name!r}{hint}", key=True)


def points_text(milli: int) -> str:
    """Return thousandths as people write them: 16, 16.5, 16.667."""
    return f"{milli / 1000:.3f}".rstrip("0").rstrip(".")


def _once(
    seen: dict[str, tuple[str | int, ...]], name: str, path: tuple[str | int, ...], what: str, located: Located
) -> None:
    if name in seen:
        located.report(path, f"there is a {what} {name!r} already")
    seen[name] = path
