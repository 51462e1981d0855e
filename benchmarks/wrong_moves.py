"""What a scenario's own scripts do to users, by the model alone: references, tempting wrong moves, the held-out fix.

`python -m benchmarks.wrong_moves [--scenario ID] [--seeds 1..20]` prints a Markdown table: the loss (weighted bad
requests, scoring §1) of each script as a ratio to the unattended world on the same seed, its S (what it saves as a
share of what the best reference saves), and on how many seeds all objectives held over the last ten minutes
(the last third of a short incident).
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import mean

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import script_commands
from incidentsim.scoring.loss import budget_saved, loss
from incidentsim.scoring.protocol import Outcome, Plan, last_window_us
from incidentsim.session.judging import shown_vocabulary
from incidentsim.session.resimulation import resimulator
from incidentsim.specs.verbs import VERBS
from incidentsim.transcript.model import TimedCommand

TO_THE_WORLD = ("ask", "page", "waiver")
"""Verbs besides the act group that reach the world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One script on one seed: loss in bad requests of weight 1, S, and whether the objectives held at the end."""

    loss: float
    saved: float
    held: bool


def results(scenario_id: str, seed: int) -> dict[str, Result]:
    """Return what came of each script, and of doing nothing, under one seed."""
    scenario = load_scenario(find(scenario_id))
    cast = plain_cast(scenario)
    names = shown_vocabulary(scenario, cast)
    plans = {"nothing": Plan(commands=(), end_us=scenario.duration)}
    held_out = [scenario.held_out] if scenario.held_out else []
    for script in (*scenario.references, *held_out, *scenario.tempting):
        commands = []
        for i, line in enumerate(script_commands(scenario.scripts[script.file], cast)):
            command = parse(line.command, names)
            if not command.dry_run and (VERBS[command.verb].group == "act" or command.verb in TO_THE_WORLD):
                commands.append(TimedCommand(t_us=line.t_us, k=0, ref=i + 1, command=command))
        plans[script.name] = Plan(commands=tuple(commands), end_us=scenario.duration)
    outcomes = resimulator(scenario, seed, cast, workers=1)(list(plans.values()))
    idle = outcomes[0].cost_microdollars
    losses = [loss(o, scenario, cost_of_nothing_microdollars=idle) for o in outcomes]
    best = min(losses[1 : 1 + len(scenario.references)])
    return {
        name: Result(loss=lost / 1e9, saved=budget_saved(losses[0], best, lost), held=_held(o, scenario))
        for name, o, lost in zip(plans, outcomes, losses, strict=True)
    }


def _held(outcome: Outcome, scenario: Scenario) -> bool:
    for slo in scenario.slos:
        marks = outcome.series[slo.id]
        last = marks[-1]
        before = next(m for m in marks if m[0] >= last[0] - last_window_us(scenario.duration))
        if (last[2] - before[2]) * 1_000_000 > (1_000_000 - slo.objective) * (last[1] - before[1]):
            return False
    return True


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="slow-chat")
    parser.add_argument("--seeds", default="1..6")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    first, _, last = args.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    with ProcessPoolExecutor(args.workers) as pool:
        found = list(pool.map(partial(results, args.scenario), seeds))
    print("| script | loss, mean | ratio to nothing, mean | min | max | S, mean | min | max | objectives held at end |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in found[0]:
        saved = [one[name].saved for one in found]
        ratios = [one[name].loss / one["nothing"].loss for one in found]
        held = [one[name].held for one in found].count(True)
        print(f"| {name} | {mean(one[name].loss for one in found):,.0f} | {mean(ratios):.3f} | {min(ratios):.3f} "
              f"| {max(ratios):.3f} | {mean(saved):.3f} | {min(saved):.3f} | {max(saved):.3f} "
              f"| {held} of {len(found)} |")  # fmt: skip


if __name__ == "__main__":
    main()
