"""Does a fix that nobody listed score like the reference? `python -m benchmarks.held_out [SCENARIO...] [--seeds A..B]`

A scenario's held-out fix has only acts. Here they take the place of the acts and questions of the first reference,
whose looks, thoughts and statuses stay as they are; resolving waits for the last act. Both are played and scored.
Printed per scenario: practice index and S of both. Exit code 1 when a held-out fix scores less than nine tenths.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from statistics import mean

from benchmarks.seeds import seeds
from incidentsim.cli.headless import RunRequest, run_one
from incidentsim.cli.library import cache_dir, load
from incidentsim.config import load_config
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.script import parse_script
from incidentsim.scoring.play import world_verb

LEAST = 0.9
"""Share of the reference's index (scoring.md §5: within 10 %)."""

WAIT_US = 60_000_000
"""Between the last act and resolving."""

DEFAULT = ("slow-chat", "letters-break-off", "reviews-never-arrive", "declined-payments", "late-translations")


def with_other_fix(scenario: Scenario) -> str:
    """Return the script of the first reference with the held-out fix in place of its own. Needs a held-out fix."""
    assert scenario.held_out is not None
    told, _ = parse_script(scenario.scripts[scenario.references[0].file])
    fix, _ = parse_script(scenario.scripts[scenario.held_out.file])
    last_us = max(line.t_us for line in fix)
    kept = [line for line in told if not world_verb(line.command.split(maxsplit=1)[0])]
    kept = [
        replace(line, t_us=max(line.t_us, last_us + WAIT_US)) if line.command.startswith("resolve") else line
        for line in kept
    ]
    lines = sorted([*kept, *fix], key=lambda line: line.t_us)
    return "".join(json.dumps({"t": line.t_us // 1_000_000, "command": line.command}) + "\n" for line in lines)


def scored(name: str, script: str, seed: int) -> tuple[float, float]:
    """Return practice index and S of a script, played on a seed."""
    request = RunRequest(
        scenario=name, scenarios=None, seed=seed, policy="", script=script, out=None, cache=cache_dir(load_config({}))
    )
    card = run_one(request)["score"]
    return card["practice_index"], card["parts"]["S"]["value"]


def main() -> int:
    """Play, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=DEFAULT)
    parser.add_argument("--seeds", type=seeds, default="1..3")
    args = parser.parse_args()
    wrong = 0
    print("| scenario | held-out fix | seeds | index: reference | index: held out | S: reference | S: held out |")
    print("|---|---|---|---|---|---|---|")
    for name in args.scenarios:
        scenario = load(name, None)
        scripts = scenario.scripts[scenario.references[0].file], with_other_fix(scenario)
        runs = [[scored(name, script, seed) for script in scripts] for seed in args.seeds]
        (index, s), (other_index, other_s) = [
            (mean(run[i][0] for run in runs), mean(run[i][1] for run in runs)) for i in (0, 1)
        ]
        wrong += other_index < LEAST * index
        held_out = scenario.held_out.name if scenario.held_out else ""
        print(
            f"| {name} | {held_out} | {len(runs)} | {index:.1f} | {other_index:.1f} | {s:.2f} | {other_s:.2f} |",
            flush=True,
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
