"""Rules on what the exercise says of itself: what it trains, where it comes from, and words to read it by."""

from __future__ import annotations

from incidentsim.scenario.linting.base import Found
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.problems import did_you_mean
from incidentsim.specs.exercises import SHAPES, SKILLS

_EVERYDAY = frozenset(("alert", "bad", "cause", "error", "errors", "failure", "incident", "issue", "late", "problem",
                       "request", "requests", "slow", "system", "traffic", "users"))  # fmt: skip


def exercise_metadata(scenario: Scenario) -> Found:
    """It says which of the four skill buckets and which exercise shapes it trains, and what it is modelled on.

    A set of scenarios has to sample every bucket and shape, and that can only be counted where names agree. A
    source (an issue, a postmortem) shows that the failure happens outside of exercises.
    """
    if not any(skill in SKILLS for skill in scenario.skills):
        yield "skills", f"names no skill bucket; at least one of {', '.join(SKILLS)}"
    if not scenario.shapes:
        yield "shapes", f"names no exercise shape; one or more of {', '.join(SHAPES)}"
    for i, shape in enumerate(scenario.shapes):
        if shape not in SHAPES:
            hint = did_you_mean(shape, SHAPES) or f"; shapes are {', '.join(SHAPES)}"
            yield f"shapes[{i}]", f"there is no exercise shape {shape!r}{hint}"
    if not scenario.sources:
        yield "sources", "no source; name an issue, a postmortem or a paper in which this happened"


def distinct_words(scenario: Scenario) -> Found:
    """The words for postmortems tell places apart: none is everyday language, short, or used for two of them.

    Scoring by keywords gives points for saying a word. A claim is read by the names on its two sides, so a word
    that stands for two places, or for anything, would make every sentence one.
    """
    owners: dict[str, str] = {}
    for name, phrases in scenario.words.items():
        for i, phrase in enumerate(phrases):
            plain = phrase.casefold().removeprefix("=")
            if len(plain) < 3 or plain in _EVERYDAY:
                yield f"words.{name}[{i}]", f"{phrase!r} says too little; use a word that only means {name}"
            if owners.setdefault(plain, name) != name:
                yield f"words.{name}[{i}]", f"{phrase!r} already stands for {owners[plain]}"
