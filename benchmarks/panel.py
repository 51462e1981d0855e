"""The panel of scripted players: `python -m benchmarks.panel [SCENARIO...] [--seeds A..B] [--out DIR] [--dask ADDRESS]`

A scored sweep (`incidentsim.sweep`) of every player of scoring.md §5 over every scenario and seed, and what it shows.
Printed: the mean practice index by player and scenario, and every violation of the margins of §5: reference at least 10
above the novice; novice at least 10 above every gaming player; gaming players at most 25; legitimate styles at least
four fifths of the reference; do_nothing 0. With --out plays are kept, and those that are there are not made again.
Exit code 1 when a margin is violated or a play ended with an error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.seeds import seeds
from incidentsim.certify.margins import means, violations
from incidentsim.cli.library import cache_dir
from incidentsim.config import load_config
from incidentsim.scenario.catalogue import folders
from incidentsim.scenario.load import load_scenario
from incidentsim.specs.people import POLICIES
from incidentsim.sweep.identity import this_engine
from incidentsim.sweep.place import backend_for
from incidentsim.sweep.run import Grid, Outcome, sweep
from incidentsim.sweep.store import Store


def table(by: dict[str, dict[str, float]]) -> list[str]:
    """Return the Markdown table: a line a player, a column a scenario."""
    scenarios = sorted(by)
    lines = [f"| player | {' | '.join(scenarios)} |", "|---" * (len(scenarios) + 1) + "|"]
    for policy in POLICIES:
        if any(policy in by[s] for s in scenarios):
            cells = [f"{by[s][policy]:.1f}" if policy in by[s] else "" for s in scenarios]
            lines.append(f"| {policy} | {' | '.join(cells)} |")
    return lines


def played(grid: Grid, out: Path, *, dask: str, workers: int) -> Outcome:
    """Sweep what is missing in `out`, saying on stderr what is finished."""
    store = Store(out, engine=this_engine(), score=True)
    backend = backend_for(dask=dask, workers=workers)
    return sweep(grid, store, backend, lambda done, total, what: print(f"{done}/{total} {what}", file=sys.stderr))


def main() -> int:
    """Make the plays that are missing; print table and violations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seeds", type=seeds, default="1..20")
    parser.add_argument("--players", default=",".join(POLICIES), help="names, with commas")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--dask", default="", help="address of a Dask scheduler")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    known = folders(None)
    grid = Grid(
        scenarios=tuple(load_scenario(known[name]) for name in args.scenarios or known),
        players=tuple(args.players.split(",")),
        seeds=tuple(args.seeds),
        score=True,
        cache=cache_dir(load_config({})),
    )
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as folder:
        outcome = played(grid, args.out or Path(folder), dask=args.dask, workers=args.workers)
    by = means(outcome.records)
    print("\n".join(table(by)))
    found = [f"{s}: {line}" for s, index in sorted(by.items()) for line in violations(index)]
    print(f"\n{len(found)} violations of the margins" + "".join(f"\n- {line}" for line in found))
    failed = [f"\n- {record.cell}: {record.error}" for record in outcome.failed()]
    print(f"\n{len(failed)} plays ended with an error" + "".join(failed))
    return 1 if found or failed else 0


if __name__ == "__main__":
    sys.exit(main())
