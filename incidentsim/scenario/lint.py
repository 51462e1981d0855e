"""Lint: what makes a valid scenario a bad exercise. Named rules, each with its reason.

Called by `incidentsim scenario lint` and by certificates. Rules read the files only; what needs runs is the
certificate's. A rule is a function of `incidentsim.scenario.linting`, listed in `RULES`; its docstring is what
`explain` prints.
"""

from __future__ import annotations

from dataclasses import dataclass

from incidentsim.errors import UsageError
from incidentsim.scenario.linting import answers, course, exercise, hints, signals, truth
from incidentsim.scenario.linting.base import Rule
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.problems import did_you_mean

EVERY_RULE = "list"
"""`--explain list` names all rules, each with its first line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that lint found: the rule, the place in the file, what is wrong and what to do."""

    rule: str
    where: str
    message: str


RULES: dict[str, Rule] = {
    function.__name__.replace("_", "-"): function
    for function in (
        truth.no_truth_in_text,
        truth.id_names_symptom,
        truth.stable_ids,
        truth.wall_clock,
        signals.unreachable_evidence,
        signals.two_evidence_sets,
        signals.unknown_references,
        answers.two_fixes,
        answers.tempting_fix,
        answers.held_out_fix,
        answers.effective_fixes,
        answers.separate_causes,
        hints.hint_ladder,
        hints.reachable_hints,
        course.page_at_zero,
        course.perfectly_periodic,
        course.alarms_together,
        course.old_news,
        exercise.exercise_metadata,
        exercise.distinct_words,
    )
}
"""Every rule by its name, in the order they run."""


SOUND_SIBLINGS = "sound-siblings"

OF_FOLDERS: dict[str, str] = {
    SOUND_SIBLINGS: """Every option of the variants section gives a scenario that is valid and clean.

    Each option is tried beside what is written of the other choices, with the lowest and the highest values of all
    ranges. A sibling nobody has tried would fail in front of a candidate.
    """,
}
"""Rules that need a scenario's folder, with what they want: `scenario.siblings` looks after them."""


def lint(scenario: Scenario) -> tuple[Finding, ...]:
    """Return everything the rules find in a loaded scenario."""
    return tuple(
        Finding(rule=name, where=where, message=message)
        for name, rule in RULES.items()
        for where, message in rule(scenario)
    )


def explain(rule: str) -> str:
    """Return what a rule wants and why, or all rules in a line each for `list`.

    Raises UsageError for an unknown name.
    """
    wants = {name: _lines(function.__doc__ or "") for name, function in RULES.items()}
    wants |= {name: _lines(text) for name, text in OF_FOLDERS.items()}
    if rule == EVERY_RULE:
        width = max(len(name) for name in wants)
        return "\n".join(f"{name:<{width}}  {lines[0]}" for name, lines in wants.items())
    if rule not in wants:
        listed = ", ".join(wants)
        raise UsageError(f"there is no lint rule {rule!r}{did_you_mean(rule, wants)}; rules: {listed}")
    return f"{rule}: " + "\n".join(wants[rule])


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]
