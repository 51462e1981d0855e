"""The loss of slow-chat's tempting wrong moves beside doing nothing, by the model alone.

`python -m benchmarks.wrong_moves [--seeds 1..6]` prints a Markdown table: weighted bad requests (scoring.md §1)
of each script of `tempting`, as a ratio to the unattended world, per seed and in the mean.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from statistics import mean

from incidentsim.cli.judge import shown_vocabulary
from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.script import script_commands
from incidentsim.scoring.loss import loss
from incidentsim.scoring.protocol import Plan
from incidentsim.session.resimulation import resimulator
from incidentsim.transcript.model import TimedCommand


def losses(seed: int) -> dict[str, float]:
    """Return the loss of each tempting script, and of doing nothing, under one seed."""
    scenario = load_scenario(find("slow-chat"))
    cast = plain_cast(scenario)
    names = shown_vocabulary(scenario, cast)
    plans = {"nothing": Plan(commands=(), end_us=scenario.duration)}
    for script in scenario.tempting:
        lines = script_commands(scenario.scripts[script.file], cast)
        commands = tuple(
            TimedCommand(t_us=line.t_us, k=0, ref=i + 1, command=parse(line.command, names))
            for i, line in enumerate(lines)
        )
        plans[script.name] = Plan(commands=commands, end_us=scenario.duration)
    outcomes = resimulator(scenario, seed, cast, workers=1)(list(plans.values()))
    idle = outcomes[0].cost_microdollars
    return {
        name: loss(outcome, scenario, cost_of_nothing_microdollars=idle) / 1_000_000_000
        for name, outcome in zip(plans, outcomes, strict=True)
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1..6")
    first, _, last = parser.parse_args().seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(losses, seeds))
    print(f"| move | {' | '.join(f'seed {s}' for s in seeds)} | mean ratio |")
    print("|---" * (len(seeds) + 2) + "|")
    for name in found[0]:
        ratios = [one[name] / one["nothing"] for one in found]
        cells = " | ".join(f"{one[name]:,.0f}" for one in found)
        print(f"| {name} | {cells} | {mean(ratios):.2f} (min {min(ratios):.2f}) |")


if __name__ == "__main__":
    main()
