"""What is an answer worth that was learned beforehand? `python -m benchmarks.learned_answers [NAME...] [--seeds A..B]`

Three players over the catalogue, everything played and scored: `constant_answer` gives one answer to every incident;
`elsewhere` does to the letter what solved another scenario, of the same stack where there is one, else the next by
name; `memoriser` does to the first sibling of every other cause (seed 0; or to as many as `--siblings` says) what
solved its parent. Printed: practice index by scenario and player, over seeds. Exit code 1 when one of them is 5 or
more on average (scoring.md §5).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from benchmarks.seeds import seeds
from incidentsim.certify.siblings import first_numbers
from incidentsim.cli.library import cache_dir
from incidentsim.config import load_config
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.catalogue import folders
from incidentsim.scenario.load import load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.siblings import Parent
from incidentsim.session.headless import run_policy
from incidentsim.session.judging import judge
from incidentsim.sweep.local import Processes
from incidentsim.sweep.players import player_for, remembered
from incidentsim.transcript.recovery import read

MOST = 5.0
"""Points that stay below it are worth nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One play: `player` of `MEMORISERS` on a scenario, with what it learned of `learned`."""

    label: tuple[str, str]
    scenario: Scenario
    player: str
    learned: Scenario | None
    seed: int
    cache: Path


def played(task: Task) -> tuple[tuple[str, str], float]:
    """Play and score; return label and practice index."""
    scenario, seed = task.scenario, task.seed
    cast = make_cast(scenario, seed)
    memory = remembered(task.learned, seed) if task.learned else ()
    player = player_for(task.player, scenario, cast, memory=memory)
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as folder:
        path = run_policy(scenario, seed=seed, cast=cast, path=Path(folder) / "run.jsonl", player=player)
        return task.label, judge(read(path), scenario, cache=task.cache).practice_index or 0.0


def other(scenario: Scenario, known: Sequence[Scenario]) -> Scenario | None:
    """Return the scenario whose answer is tried: of the same stack, else the next one."""
    place = [one.id for one in known].index(scenario.id)
    rest = [*known[place + 1 :], *known[:place]]
    return next((one for one in rest if one.stack.id == scenario.stack.id), rest[0] if rest else None)


def tasks(scenarios: Sequence[Scenario], known: Sequence[Scenario], chosen: range, siblings: int | None) -> list[Task]:
    """Return every play. `siblings`: how many of each scenario, None for the first of every other cause."""
    cache = cache_dir(load_config({}))
    found: list[Task] = []

    def add(shown: str, scenario: Scenario, player: str, learned: Scenario | None) -> None:
        found.extend(
            Task(label=(shown, scenario.id), scenario=scenario, player=player, learned=learned, seed=seed, cache=cache)
            for seed in chosen
        )

    for scenario in scenarios:
        add("constant_answer", scenario, "constant_answer", None)
        learned = other(scenario, known)
        if learned is not None:
            add(f"elsewhere ({learned.id})", scenario, "memoriser", learned)
        if scenario.variants is not None:
            parent = Parent(folders(None)[scenario.id])
            for number in first_numbers(parent) if siblings is None else range(1, siblings + 1):
                add("memoriser", parent.sibling(number).scenario, "memoriser", scenario)
    return found


def by_kind(marks: Mapping[tuple[str, str], Sequence[float]]) -> dict[str, list[float]]:
    """Return the mean of every incident, by kind of player: what was learned of which other one is left out."""
    out: dict[str, list[float]] = {}
    for (player, _), found in marks.items():
        out.setdefault(player.partition(" (")[0], []).append(mean(found))
    return out


def main() -> int:
    """Play all, print a table; 1 when an answer learned beforehand is worth something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seeds", type=seeds, default="1")
    parser.add_argument("--siblings", type=int)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    known = [load_scenario(folder) for folder in folders(None).values()]
    wanted = [one for one in known if not args.scenarios or one.id in args.scenarios]
    waiting = tasks(wanted, known, args.seeds, args.siblings)[::-1]
    marks: dict[tuple[str, str], list[float]] = {task.label: [] for task in waiting[::-1]}
    with Processes(played, args.workers) as pool:
        left = len(waiting)
        while left:
            while waiting and pool.room():
                pool.submit(waiting.pop())
            for label, index in pool.finished():
                left -= 1
                marks[label].append(index)
                print(f"{label[1]} {label[0]}: {index:.1f}", file=sys.stderr, flush=True)
    print("| scenario | player (learned of) | seeds | practice index, mean | most |\n|---|---|---|---|---|")
    for (player, name), found in marks.items():
        print(f"| {name} | {player} | {len(found)} | {mean(found):.1f} | {max(found):.1f} |")
    for kind, means in by_kind(marks).items():
        print(f"{kind}: {mean(means):.1f} over {len(means)} incidents, "
              f"{sum(m >= MOST for m in means)} of them {MOST:g} or more")
    return 1 if any(mean(found) >= MOST for found in marks.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
