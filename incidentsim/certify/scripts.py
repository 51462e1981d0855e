"""What a scenario's own scripts do to users, by the model alone: references, tempting wrong moves, the held-out fix.

Called by certificates and by `benchmarks.wrong_moves`. A script is carried out by re-simulation on common random
numbers; `played` plays and scores one as a person's session would be.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import Cast, make_cast
from incidentsim.scenario.model import Scenario, Script
from incidentsim.scenario.script import script_commands
from incidentsim.scoring.loss import budget_saved, loss
from incidentsim.scoring.play import world_verb
from incidentsim.scoring.protocol import Outcome, Plan, last_window_us
from incidentsim.session.headless import run_script
from incidentsim.session.judging import judge, shown_vocabulary
from incidentsim.session.resimulation import resimulator
from incidentsim.transcript.model import TimedCommand
from incidentsim.transcript.recovery import read

NOTHING = "nothing"
"""The name of doing nothing among results."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One script on one seed: loss in bad requests of weight 1, S (what it saves as a share of what the best reference
    saves), whether the objectives held over the last ten minutes, and the protected invariants that it broke."""

    loss: float
    saved: float
    held: bool
    violations: tuple[str, ...] = ()


def results(scenario: Scenario, seed: int, *, cache: Path | None = None) -> dict[str, Result]:
    """Return what came of each script, and of doing nothing, under one seed."""
    cast = make_cast(scenario, seed)
    plans = {NOTHING: Plan(commands=(), end_us=scenario.duration)}
    held_out = [scenario.held_out] if scenario.held_out else []
    for script in (*scenario.references, *held_out, *scenario.tempting):
        plans[script.name] = _plan(scenario, script, cast)
    with resimulator(scenario, seed, cast, cache=cache) as resimulate:
        outcomes = resimulate(list(plans.values()))
    idle = outcomes[0].cost_microdollars
    losses = [loss(o, scenario, cost_of_nothing_microdollars=idle) for o in outcomes]
    best = min(losses[1 : 1 + len(scenario.references)])
    return {
        name: Result(
            loss=lost / 1e9, saved=budget_saved(losses[0], best, lost), held=_held(o, scenario),
            violations=tuple(v for v in o.violations if v not in outcomes[0].violations),
        )
        for name, o, lost in zip(plans, outcomes, losses, strict=True)
    }  # fmt: skip


def played(scenario: Scenario, seed: int, script: Script, *, cache: Path | None = None) -> float | None:
    """Play a script as a session and return its practice index; None where it can't be scored."""
    cast = make_cast(scenario, seed)
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as folder:
        lines = script_commands(scenario.scripts[script.file], cast)
        path = run_script(scenario, seed=seed, cast=cast, path=Path(folder) / "run.jsonl", lines=lines)
        return judge(read(path), scenario, cache=cache).practice_index


def _plan(scenario: Scenario, script: Script, cast: Cast) -> Plan:
    """Return what of a script reaches the world."""
    names = shown_vocabulary(scenario, cast)
    commands = []
    for i, line in enumerate(script_commands(scenario.scripts[script.file], cast)):
        command = parse(line.command, names)
        if world_verb(command.verb) and not command.dry_run:
            commands.append(TimedCommand(t_us=line.t_us, k=0, ref=i + 1, command=command))
    return Plan(commands=tuple(commands), end_us=scenario.duration)


def _held(outcome: Outcome, scenario: Scenario) -> bool:
    for slo in scenario.slos:
        marks = outcome.series[slo.id]
        last = marks[-1]
        before = next(m for m in marks if m[0] >= last[0] - last_window_us(scenario.duration))
        if (last[2] - before[2]) * 1_000_000 > (1_000_000 - slo.objective) * (last[1] - before[1]):
            return False
    return True
