"""Checks 3, 4 and 5 of a certificate: what the scenario's own solutions do. Fed by `runs` and by the panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from incidentsim.certify.check import Check
from incidentsim.certify.runs import Value
from incidentsim.certify.scripts import NOTHING
from incidentsim.scenario.lint import RULES
from incidentsim.scenario.model import Scenario, Script
from incidentsim.scoring.loss import LEAST_SAVING
from incidentsim.sweep.summary import mean

LEAST_INDEX = 90.0
"""The least practice index of a reference solution."""

HELD_OUT_SHARE = 0.9
"""Share of what the best reference saves that a fix unknown to the scorer saves."""

NO_HELP = 0.1
"""A wrong fix that saves less than this share of what the best reference saves is no help: the tenth from which a move
counts (scoring.md §2)."""

BySeed = Mapping[int, Value]
"""Seed -> name of the script -> what came of it (`scripts.Result` as JSON)."""


def references_check(scenario: Scenario, done: BySeed, index: Mapping[str, Sequence[float | None]]) -> Check:
    """Each reference restores the objectives on every seed, and scores at least 90. `index`: by script, over seeds."""
    problems, rows = [], []
    for script in scenario.references:
        broken = [str(seed) for seed, value in done.items() if not value[script.name]["held"]]
        if broken:
            problems.append(f"{script.name} leaves an objective missed at the end on seed {', '.join(broken)}")
        scores = [score for score in index.get(script.name, ()) if score is not None]
        if not scores:
            problems.append(f"{script.name} could not be scored")
        elif mean(scores) < LEAST_INDEX:
            problems.append(f"{script.name} scores {mean(scores):.1f} on average, expected {LEAST_INDEX:.0f} or more")
        rows.append({
            **_row(script, done), "index": mean(scores) if scores else None, "least index": min(scores, default=None),
        })  # fmt: skip
    small = [str(seed) for seed, value in done.items() if _worth(scenario, value) < LEAST_SAVING]
    if len(small) * 20 > len(done):
        problems.append(
            f"the best reference saves less than {LEAST_SAVING:.0%} of the harm on seed {', '.join(small)}: "
            "there is too little to be won"
        )
    return Check(
        number=3, name="references", title="Every reference solution restores the objectives and scores 90",
        problems=tuple(problems), figures={"least index": LEAST_INDEX}, rows=tuple(rows),
    )  # fmt: skip


def alternatives_check(scenario: Scenario, done: BySeed) -> Check:
    """There are several ways out and several ways to find out, and a fix that the scorer doesn't know does as well."""
    problems = [
        message for rule in ("two-fixes", "two-evidence-sets", "held-out-fix") for message in _lint(rule, scenario)
    ]
    rows = []
    if scenario.held_out is not None:
        saved = [value[scenario.held_out.name]["saved"] for value in done.values()]
        if mean(saved) < HELD_OUT_SHARE:
            problems.append(
                f"{scenario.held_out.name} saves {mean(saved):.0%} of what the best reference saves, "
                f"expected {HELD_OUT_SHARE:.0%} or more"
            )
        rows.append(_row(scenario.held_out, done))
    return Check(
        number=4, name="alternatives", title="Several fixes and several sets of evidence; an unlisted fix does as well",
        problems=tuple(problems), rows=tuple(rows),
        figures={
            "references": len(scenario.references), "least S": HELD_OUT_SHARE,
            "evidence sets": {cause.id: len(cause.evidence) for cause in scenario.root_causes},
        },
    )  # fmt: skip


def wrong_fixes_check(scenario: Scenario, done: BySeed) -> Check:
    """Each tempting wrong fix does measured harm, or does not help.

    Harm: it makes things worse on average, or breaks a protected invariant. No help: it saves less than a tenth of what
    the best reference saves, and objectives are still missed at the end on some seed.
    """
    problems = _lint("tempting-fix", scenario)
    rows: list[dict[str, Any]] = []
    for script in scenario.tempting:
        row = _row(script, done)
        broken = sorted({text for value in done.values() for text in value[script.name]["violations"]})
        saved, held = row["S"], row["held"]
        harms = saved < 0.0 or bool(broken)
        useless = saved < NO_HELP and held < len(done)
        verdict = "harm" if harms else "no help" if useless else "helps"
        if not harms and not useless:
            problems.append(
                f"{script.name} helps: it saves {saved:.0%} of what the best reference saves, and the objectives hold "
                f"at the end on {held} of {len(done)} seeds"
            )
        rows.append({**row, "verdict": verdict, "invariants broken": broken})
    return Check(
        number=5, name="wrong-fixes", title="Every tempting wrong fix does harm, or no good", problems=tuple(problems),
        figures={"no help below S": NO_HELP}, rows=tuple(rows),
    )  # fmt: skip


def _row(script: Script, done: BySeed) -> dict[str, Any]:
    """Return a script's figures over seeds: S on average and at the ends, loss as a share of doing nothing's."""
    saved = [value[script.name]["saved"] for value in done.values()]
    ratios = [value[script.name]["loss"] / (value[NOTHING]["loss"] or 1) for value in done.values()]
    return {
        "script": script.name, "S": mean(saved), "least S": min(saved), "most S": max(saved), "loss": mean(ratios),
        "held": len([1 for value in done.values() if value[script.name]["held"]]), "seeds": len(done),
    }  # fmt: skip


def _worth(scenario: Scenario, value: Value) -> float:
    """Return the share of the harm that the best reference saves on one seed."""
    nothing = value[NOTHING]["loss"]
    best = min(value[script.name]["loss"] for script in scenario.references)
    return (nothing - best) / nothing if nothing else 0.0


def _lint(rule: str, scenario: Scenario) -> list[str]:
    return [f"{where}: {message}" for where, message in RULES[rule](scenario)]
