"""Checks 6, 8 and 10 of a certificate: what scripted players get, what texts give away, how hard it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from incidentsim.certify.check import Check
from incidentsim.certify.margins import best_gaming, violations
from incidentsim.scenario.lint import RULES
from incidentsim.scenario.model import Scenario
from incidentsim.specs.people import POLICIES
from incidentsim.sweep.run import Outcome
from incidentsim.sweep.summary import Row, mean, summary

LADDER: tuple[str, ...] = ("copy_runbook", "novice", "mitigate_first", "thorough_slow", "fast_expert")
"""Players of rising skill, over whom difficulty is measured: does what is written down; looks and guesses; knows and
acts too early; knows and is slow; knows and is fast."""

SHORT: tuple[str, ...] = ("do_nothing", "lucky_guess", "restart_all", "scale_first", "reference", *LADDER)
"""The players of a short certificate: some that game, the reference, and the ladder, with two styles on it."""

PLAYERS: dict[str, tuple[str, ...]] = {"short": SHORT, "full": POLICIES}
"""What `--players` may name."""

EASY_FROM = 70.0
MEDIUM_FROM = 60.0
"""Mean index of the ladder from which a scenario is easy, or medium. The upper rungs know the solution and get about 90
each, the lowest next to nothing, so that mostly the novice (0 to 90) and the price of being slow or hasty decide."""

DIFFICULTIES = ("easy", "medium", "hard")

DECLARED = {"junior": "easy", "mid": "medium", "senior": "hard", "staff": "hard"}
"""Level of the scenario file -> the difficulty that it promises."""

TRUTH_RULES = ("no-truth-in-text", "id-names-symptom", "stable-ids")
"""Rules of lint on what a candidate reads before looking."""

FAILING = ("restart_all", "scale_first")
"""Players whose habit must not restore the objectives; the second may where a reference scales."""


def policies_check(scenario: Scenario, players: Sequence[str], outcome: Outcome) -> Check:
    """Margins between players hold, and neither restarting everything nor more machines is the way out."""
    index = indices(outcome)
    problems = [f"{record.cell} ended with an error: {record.error}" for record in outcome.failed()]
    problems += violations(index)
    rows = summary(outcome.records)
    for row in rows:
        if row.player in FAILING and row.held and not (row.player == "scale_first" and _scaling_helps(scenario)):
            problems.append(f"{row.player} restores every objective on {row.held} of {row.cells} seeds")
    best = best_gaming(index)
    return Check(
        number=6, name="policies", title="The right work scores far above habits, guesses and tricks",
        problems=tuple(problems), rows=tuple(_row(row) for row in rows),
        figures={
            "players": list(players), "reference": index.get("reference"), "novice": index.get("novice"),
            "best gaming": best[1] if best else None, "best gaming player": best[0] if best else "",
        },
    )  # fmt: skip


def texts_check(scenario: Scenario) -> Check:
    """Nothing that a candidate reads before looking names a cause."""
    problems = [
        f"{where}: {rule}: {message}" for rule in TRUTH_RULES for where, message in RULES[rule](scenario)
    ]  # fmt: skip
    return Check(
        number=8, name="no-truth", title="What a candidate reads first gives nothing away", problems=tuple(problems),
        figures={"rules": list(TRUTH_RULES)},
    )  # fmt: skip


def difficulty_check(scenario: Scenario, index: Mapping[str, float]) -> Check:
    """Difficulty is measured: the mean index of the ladder, and no more than one step from what the level declares."""
    absent = [name for name in LADDER if name not in index]
    problems = [f"{name} has no score, so difficulty is not measured" for name in absent]
    found = None if absent else mean(index[name] for name in LADDER)
    measured, declared = difficulty(found), DECLARED[scenario.level]
    if measured and abs(DIFFICULTIES.index(measured) - DIFFICULTIES.index(declared)) > 1:
        problems.append(f"the level {scenario.level} declares {declared}, and the ladder measures {measured}")
    return Check(
        number=10, name="difficulty", title="Difficulty is measured by a ladder of players", problems=tuple(problems),
        figures={"ladder": found, "measured": measured, "declared": declared, "level": scenario.level},
        rows=tuple({"player": name, "index": index.get(name)} for name in LADDER),
    )  # fmt: skip


def difficulty(ladder: float | None) -> str:
    """Return the difficulty of a mean index over the ladder; empty where it is not known."""
    if ladder is None:
        return ""
    return "easy" if ladder >= EASY_FROM else "medium" if ladder >= MEDIUM_FROM else "hard"


def indices(outcome: Outcome) -> dict[str, float]:
    """Return player -> mean practice index, for players that were scored."""
    return {row.player: row.index.mean for row in summary(outcome.records) if row.index is not None}


def _row(row: Row) -> dict[str, object]:
    marks = {} if row.index is None else {
        "index": row.index.mean, "least": row.index.least, "most": row.index.most, "S": row.index.saved,
    }  # fmt: skip
    return {"player": row.player, **marks, "held": row.held, "seeds": row.cells}


def _scaling_helps(scenario: Scenario) -> bool:
    """Return whether a reference solution scales."""
    return any('"scale ' in scenario.scripts[script.file] for script in scenario.references)
