"""The panel of scripted players: `python -m benchmarks.panel [SCENARIO...] [--seeds A..B] [--out FILE] [--scores FILE]`

Every player of scoring.md §5 plays every scenario on every seed and is scored. Printed: the mean practice index by
player and scenario, and every violation of the margins of §5: reference at least 10 above the novice; novice at least
10 above every gaming player; gaming players at most 25; legitimate styles at least four fifths of the reference;
do_nothing 0. With --out each finished run is kept, and runs that are there are not made again; --scores also keeps
each run's whole scorecard, a line a run (JSON Lines, tens of kilobytes each), which `benchmarks.weight_sensitivity`
reads. Exit code 1 when a margin is violated.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

from incidentsim.cli.headless import RunRequest, run_one
from incidentsim.cli.library import cache_dir
from incidentsim.config import load_config
from incidentsim.scenario.catalogue import list_scenarios
from incidentsim.specs.people import GAMING, POLICIES, STYLES

MARGIN = 10.0
"""Points between reference and novice, and between novice and the best gaming player."""

MOST_BY_GAMING = 25.0

LEAST_STYLE = 0.8
"""Share of the reference's index that a legitimate style gets."""

Key = tuple[str, str, int]


def play(key: Key) -> dict[str, Any]:
    """Play and score one run; return what the table needs of it, and the whole scorecard as `score`."""
    scenario, policy, seed = key
    request = RunRequest(
        scenario=scenario, scenarios=None, seed=seed, policy=policy, script="", out=None,
        cache=cache_dir(load_config({})), workers=2,
    )  # fmt: skip
    result = run_one(request)
    card = result["score"]
    return {
        "scenario": scenario,
        "player": policy,
        "seed": seed,
        "index": card["practice_index"],
        "parts": {name: part["value"] for name, part in card["parts"].items()},
        "durable": card["durable"],
        "met": all(result["objectives_met_last_10_min"].values()),
        "rejected": result["rejected"],
        "score": card,
    }


def runs(keys: list[Key], workers: int) -> Iterator[dict[str, Any]]:
    """Yield runs as they are finished."""
    # not a multiprocessing.Pool: its processes may not start those that re-simulate
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(play, key) for key in keys]):
            yield done.result()


def key_of(result: dict[str, Any]) -> Key:
    """Return which run a result, or a line of scores, is of."""
    return result["scenario"], result["player"], result["seed"]


def scored(path: Path | None) -> set[Key]:
    """Return the runs whose scorecards are in a file; a last line that was torn by a stop is not."""
    found: set[Key] = set()
    for line in path.read_text(encoding="utf-8").splitlines() if path and path.exists() else ():
        try:
            found.add(key_of(json.loads(line)))
        except ValueError:
            continue
    return found


def keep_score(path: Path, result: dict[str, Any]) -> None:
    """Add a run's scorecard to a file, a line of its own; a torn last line is taken away first."""
    if path.exists():
        whole = path.read_bytes().rpartition(b"\n")
        os.truncate(path, len(whole[0]) + len(whole[1]))
    with path.open("a", encoding="utf-8") as file:
        kept = {name: result[name] for name in ("scenario", "player", "seed", "score")}
        file.write(json.dumps(kept, separators=(",", ":")) + "\n")


def violations(scenario: str, index: dict[str, float]) -> list[str]:
    """Return the margins of scoring.md §5 that the mean indices of one scenario violate."""
    found = []
    reference, novice = index.get("reference"), index.get("novice")
    if index.get("do_nothing", 0.0) > 0.0:
        found.append(f"{scenario}: do_nothing gets {index['do_nothing']:.1f}")
    if reference is not None and novice is not None and reference < novice + MARGIN:
        found.append(f"{scenario}: reference {reference:.1f} is not {MARGIN:.0f} above novice {novice:.1f}")
    for name in GAMING:
        if name not in index:
            continue
        if index[name] > MOST_BY_GAMING:
            found.append(f"{scenario}: {name} gets {index[name]:.1f}")
        if novice is not None and novice < index[name] + MARGIN:
            found.append(f"{scenario}: novice {novice:.1f} is not {MARGIN:.0f} above {name} {index[name]:.1f}")
    for name in STYLES:
        if reference is not None and name in index and index[name] < LEAST_STYLE * reference:
            found.append(f"{scenario}: {name} gets {index[name]:.1f} of the reference's {reference:.1f}")
    return found


def means(results: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return scenario -> player -> mean practice index."""
    by: dict[str, dict[str, list[float]]] = {}
    for r in results:
        by.setdefault(r["scenario"], {}).setdefault(r["player"], []).append(r["index"])
    return {s: {p: mean(values) for p, values in players.items()} for s, players in by.items()}


def table(results: list[dict[str, Any]]) -> list[str]:
    """Return the Markdown table: a line a player, a column a scenario."""
    by = means(results)
    scenarios = sorted(by)
    lines = [f"| player | {' | '.join(scenarios)} |", "|---" * (len(scenarios) + 1) + "|"]
    for policy in POLICIES:
        if any(policy in by[s] for s in scenarios):
            cells = [f"{by[s][policy]:.1f}" if policy in by[s] else "" for s in scenarios]
            lines.append(f"| {policy} | {' | '.join(cells)} |")
    return lines


def main() -> int:
    """Make the runs that are missing; print table and violations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seeds", default="1..20")
    parser.add_argument("--players", default=",".join(POLICIES), help="names, with commas")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--scores", type=Path, metavar="FILE.jsonl")
    args = parser.parse_args()
    first, _, last = args.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    names = args.scenarios or [entry.id for entry in list_scenarios(None) if not entry.error]
    kept: list[dict[str, Any]] = json.loads(args.out.read_text()) if args.out and args.out.exists() else []
    there = {key_of(r) for r in kept}
    if args.scores:
        there &= scored(args.scores)
    wanted = [(s, p, n) for n in seeds for p in args.players.split(",") for s in names]
    for result in runs([key for key in wanted if key not in there], args.workers):
        if args.scores:
            keep_score(args.scores, result)
        del result["score"]
        kept = [r for r in kept if key_of(r) != key_of(result)] + [result]
        if args.out:
            args.out.write_text(json.dumps(kept, indent=1))
        name = f"{result['scenario']} {result['player']} {result['seed']}"
        print(f"{name}: {result['index']}", file=sys.stderr, flush=True)
    wanted_set = set(wanted)
    results = [r for r in kept if key_of(r) in wanted_set]
    print("\n".join(table(results)))
    found = [line for s, index in sorted(means(results).items()) for line in violations(s, index)]
    print(f"\n{len(found)} violations of the margins" + "".join(f"\n- {line}" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
