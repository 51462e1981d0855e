"""A rubric applied to the measures of a play and to a person's marks: points, and a suggestion (scoring.md §3).

Called by the command line and by reports, after `score`; nothing is run or read again. Automatic points are
points·measure, all of them 0 without a move that earned credit; human points are points·(mark − 1)/4. Without
every mark there is no total, and without a total no suggestion. A suggestion is never a result.
"""

from __future__ import annotations

from dataclasses import replace

from incidentsim.scenario.rubric import NO_MARKS, Criterion, Marks, Rubric, RubricDomain
from incidentsim.scoring.effects import deviation_of
from incidentsim.scoring.interview_card import (
    AutomaticPoints,
    DomainPoints,
    Flags,
    HumanPoints,
    Interview,
    RubricName,
    Sum,
)
from incidentsim.scoring.numbers import exact_total
from incidentsim.scoring.scorecard import Scorecard

PASS, NO_PASS, BORDERLINE = "pass", "no pass", "borderline, discuss"

MIDDLE_MARK = 3
"""A mark that needs no evidence of its own: neither praise nor blame."""


def appraise(card: Scorecard, rubric: Rubric, marks: Marks = NO_MARKS) -> Scorecard:
    """Return the scorecard with the rubric's points, and the flags as the person judged them.

    The standard error is that of the automatic points, made on one seed, over this and the sibling seeds of
    `--deep`; without siblings it is not known.
    """
    before = card.interview
    domains = tuple(_domain(domain, before, marks) for domain in rubric.domains)
    automatic = _sum([(a.points, a.most) for d in domains for a in d.automatic])
    human = _sum([(h.points, h.most) for d in domains for h in d.human])
    total = None
    if automatic.points is not None and human.points is not None:
        total = automatic.points + human.points
    given = [h for d in domains for h in d.human if h.mark is not None]
    interview = replace(
        before,
        rubric=RubricName(id=rubric.id, title=rubric.title, version=rubric.version, digest=rubric.digest),
        rater=marks.rater,
        domains=domains,
        automatic=automatic,
        human=human,
        total=total,
        standard_error=_standard_error(before, rubric),
        missing=tuple(h.id for d in domains for h in d.human if h.mark is None),
        unsupported=tuple(h.id for h in given if h.mark != MIDDLE_MARK and not h.seqs),
    )
    suggestion, why = _suggest(interview, rubric)
    return replace(card, interview=replace(interview, suggestion=suggestion, why=why), flags=_judged(card.flags, marks))


def _standard_error(interview: Interview, rubric: Rubric) -> float | None:
    """Return the standard deviation of the automatic points over seeds, None with one seed only."""
    if not interview.siblings or interview.earned is None:
        return None
    own = {name: measure.value or 0.0 for name, measure in interview.measures.items()}
    seeds = [(interview.earned, own), *((there.earned, {**own, **there.values}) for there in interview.siblings)]
    given = [(name, milli / 1000) for domain in rubric.domains for name, milli in domain.automatic.items()]
    return deviation_of(
        [exact_total(most * values[name] for name, most in given) if earned else 0.0 for earned, values in seeds]
    )


def _domain(domain: RubricDomain, interview: Interview, marks: Marks) -> DomainPoints:
    automatic = tuple(_automatic(name, milli / 1000, interview) for name, milli in domain.automatic.items())
    human = tuple(_human(criterion, marks) for criterion in domain.human)
    points = _sum([*((a.points, a.most) for a in automatic), *((h.points, h.most) for h in human)]).points
    return DomainPoints(
        id=domain.id, title=domain.title, weight=domain.weight / 1000, points=points, automatic=automatic,
        human=human,
    )  # fmt: skip


def _automatic(name: str, most: float, interview: Interview) -> AutomaticPoints:
    value = interview.measures[name].value if name in interview.measures else None
    points: float | None = None
    if interview.earned is False:
        points = 0.0
    elif interview.earned and value is not None:
        points = most * value
    return AutomaticPoints(measure=name, most=most, value=value, points=points)


def _human(criterion: Criterion, marks: Marks) -> HumanPoints:
    most = criterion.points / 1000
    given = marks.marks.get(criterion.id)
    if given is None:
        return HumanPoints(id=criterion.id, title=criterion.title, most=most, mark=None, points=None)
    return HumanPoints(
        id=criterion.id, title=criterion.title, most=most, mark=given.mark, points=most * (given.mark - 1) / 4,
        anchor=anchor_of(criterion, given.mark), note=given.note, seqs=given.seqs,
    )  # fmt: skip


def anchor_of(criterion: Criterion, mark: int) -> str:
    """Return what the rubric says of a mark; a mark without an anchor lies between its neighbours."""
    said = {str(key): text for key, text in criterion.anchors.items()}
    here = said.get(str(mark))
    return here if here is not None else f"between {mark - 1} and {mark + 1}"


def _sum(parts: list[tuple[float | None, float]]) -> Sum:
    known = [points for points, _ in parts if points is not None]
    whole = exact_total(most for _, most in parts)
    return Sum(points=exact_total(known) if len(known) == len(parts) else None, most=whole)


def _suggest(interview: Interview, rubric: Rubric) -> tuple[str | None, tuple[str, ...]]:
    """Return the suggestion and its reasons; None with the reason when there can't be one."""
    if interview.total is None:
        why = []
        if interview.missing:
            why.append(f"No total while marks are missing: {', '.join(interview.missing)}.")
        if interview.automatic.points is None:
            why.append("No total: the world could not be run again, so automatic points are not known.")
        return None, tuple(why)
    if rubric.suggest is None:
        return None, ("This rubric suggests nothing: it names no points for a pass.",)
    wanted = rubric.suggest.total / 1000
    error = interview.standard_error
    shown = "" if error is None else f" ± {error:.1f} (one standard error)"
    why = [f"{interview.total:.1f}{shown} of 100 points, {wanted:g} wanted."]
    reached_all = True
    for domain in interview.domains:
        ppm = rubric.suggest.at_least.get(domain.id)
        if ppm is not None and domain.points is not None:
            reached = domain.points * 1_000_000 >= domain.weight * ppm
            reached_all = reached_all and reached
            percent = 100.0 * domain.points / domain.weight if domain.weight else 0.0
            why.append(f"{domain.title}: {percent:.0f} % of its points, {ppm / 10_000:g} % wanted.")
    if reached_all and error is not None and abs(interview.total - wanted) <= error:
        return BORDERLINE, (*why, "The total lies within one standard error of the limit.")
    return PASS if reached_all and interview.total >= wanted else NO_PASS, tuple(why)


def _judged(flags: Flags, marks: Marks) -> Flags:
    proposed = tuple(replace(flag, verdict=marks.flags.get(flag.id, flag.verdict)) for flag in flags.proposed)
    return replace(flags, proposed=proposed)
