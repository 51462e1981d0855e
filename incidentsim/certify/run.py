"""The ten checks of scoring.md §5 over one scenario, its seeds and the scripted players: `certify`.

Called by `incidentsim scenario certify` and by tests. Everything that runs is kept: plays in the sweep folder of this
engine, re-simulated plans and the jobs of `runs` in the cache directory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from incidentsim.certify.certificate import Certificate, made
from incidentsim.certify.player_checks import difficulty_check, indices, policies_check, texts_check
from incidentsim.certify.runs import Job, Kind, Value, run_jobs
from incidentsim.certify.solution_checks import alternatives_check, references_check, wrong_fixes_check
from incidentsim.certify.world_checks import (
    deterministic_check,
    evidence_check,
    first_signal_s,
    healthy_check,
    most_cpu_s,
    unattended_check,
)
from incidentsim.errors import ScenarioError
from incidentsim.scenario.model import Scenario
from incidentsim.sources import compiled
from incidentsim.sweep.backend import Backend
from incidentsim.sweep.identity import this_engine
from incidentsim.sweep.place import backend_for, default_folder
from incidentsim.sweep.run import Grid, Outcome, sweep
from incidentsim.sweep.store import Store

Tell = Callable[[str], None]
"""Is told what was finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to certify with: seeds, players, the data directory that keeps runs, the cache, processes."""

    seeds: tuple[int, ...]
    players: tuple[str, ...]
    data: Path
    cache: Path
    workers: int = 1


def certify(scenario: Scenario, plan: Plan, tell: Tell = lambda what: None) -> Certificate:
    """Return the certificate of a scenario, made now from whatever was not run before.

    Raises ScenarioError for a scenario without a reference solution, since nothing can be compared with it.
    """
    if not scenario.references:
        raise ScenarioError(f"{scenario.id} has no reference solution; add one to `references`, then certify")
    outcome = _panel(scenario, plan, tell)
    seen = _by_seed(scenario, plan, "observe", tell)
    done = _by_seed(scenario, plan, "scripts", tell)
    index = indices(outcome)
    evidence = evidence_check(scenario, seen)
    checks = (
        healthy_check(scenario, seen),
        unattended_check(seen, index.get("do_nothing")),
        references_check(scenario, done, _script_indices(scenario, plan, outcome, tell)),
        alternatives_check(scenario, done),
        wrong_fixes_check(scenario, done),
        policies_check(scenario, plan.players, outcome),
        evidence,
        texts_check(scenario),
        deterministic_check(seen),
        difficulty_check(scenario, index),
    )
    return made(
        scenario, seeds=plan.seeds, players=plan.players, checks=checks, first_signal_s=first_signal_s(evidence),
        measured={"cpu_s": most_cpu_s(seen), "compiled": compiled()},
    )  # fmt: skip


def _panel(scenario: Scenario, plan: Plan, tell: Tell) -> Outcome:
    """Play and score every player on every seed."""
    engine = this_engine()
    store = Store(default_folder(plan.data, engine, score=True), engine=engine, score=True)
    backend: Backend = backend_for(dask="", workers=plan.workers)
    grid = Grid(scenarios=(scenario,), players=plan.players, seeds=plan.seeds, score=True, cache=plan.cache)
    return sweep(grid, store, backend, lambda done, total, what: tell(f"{done}/{total} plays {what}".strip()))


def _by_seed(scenario: Scenario, plan: Plan, kind: Kind, tell: Tell) -> dict[int, Value]:
    jobs = [Job(scenario=scenario, seed=seed, kind=kind, cache=plan.cache) for seed in plan.seeds]
    return dict(zip(plan.seeds, run_jobs(jobs, workers=plan.workers, tell=tell), strict=True))


def _script_indices(scenario: Scenario, plan: Plan, outcome: Outcome, tell: Tell) -> dict[str, Sequence[float | None]]:
    """Return every reference's practice index over seeds: the first one's from the panel, if it was played there."""
    first = [
        record.result["score"]["practice_index"]
        for record in outcome.records if record.cell.player == "reference" and not record.error
    ]  # fmt: skip
    found: dict[str, Sequence[float | None]] = {}
    for place, script in enumerate(scenario.references):
        if place == 0 and first:
            found[script.name] = first
            continue
        jobs = [
            Job(scenario=scenario, seed=seed, kind="score", script=script.name, cache=plan.cache) for seed in plan.seeds
        ]  # fmt: skip
        found[script.name] = [value["index"] for value in run_jobs(jobs, workers=plan.workers, tell=tell)]
    return found
