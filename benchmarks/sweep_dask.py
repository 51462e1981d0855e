"""The same thousand plays on processes and on a Dask cluster, both on this machine: times, and equal digests.

`python -m benchmarks.sweep_dask [--seeds N] [--workers N] [--whole NAME]` sweeps do_nothing, novice and reference: by
default over slow-chat cut to 15 s of prelude and 30 s of incident, which a play goes through in an eighth of a second;
with --whole over an incident as it ships, where turned-away is the cheapest. Each way begins with its own processes and
an empty folder. Needs the extra `cluster`. Exit code 1 when digests differ or a play failed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from incidentsim.scenario.catalogue import find
from incidentsim.scenario.load import behaviour_digest, load_scenario
from incidentsim.scenario.model import Scenario
from incidentsim.sweep.backend import Backend
from incidentsim.sweep.identity import this_engine
from incidentsim.sweep.place import backend_for
from incidentsim.sweep.run import Grid, Outcome, sweep
from incidentsim.sweep.store import Store

PLAYERS = ("do_nothing", "novice", "reference")

PRELUDE_US = 15_000_000
DURATION_US = 30_000_000
"""Of the short form, in µs: short, so that what is around a play is measured, too."""


def short() -> Scenario:
    """Return slow-chat's first half minute."""
    cut = load_scenario(find("slow-chat")).model_copy(update={"prelude": PRELUDE_US, "duration": DURATION_US})
    return cut.model_copy(update={"digest": behaviour_digest(cut)})


@contextlib.contextmanager
def cluster(workers: int, folder: Path) -> Iterator[str]:
    """Run a scheduler and so many workers on this machine, on free ports; gives the address."""
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "text": True}
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"],
        stderr=subprocess.PIPE, **quiet,  # type: ignore[call-overload]
    )  # fmt: skip
    begun = [scheduler]
    try:
        address = next(line for line in scheduler.stderr if "Scheduler at:" in line).split("Scheduler at:")[1].strip()
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder)]
        for _ in range(workers):
            begun.append(
                subprocess.Popen([*dask, "worker", address, *options], stderr=subprocess.DEVNULL, **quiet)  # type: ignore[call-overload]
            )
        yield address
    finally:
        for process in reversed(begun):
            process.terminate()
            process.communicate()


def cpu_s() -> float:
    """Return the processor seconds of this process and of the processes that it has seen end."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def timed(way: str, grid: Grid, folder: Path, backend: Callable[[], Backend]) -> Outcome:
    """Sweep into an empty folder and print the wall time, starting processes or connecting to workers included."""
    begin = time.perf_counter()
    outcome = sweep(grid, Store(folder, engine=this_engine(), score=False), backend())
    took = time.perf_counter() - begin
    each = took / len(outcome.records)
    print(f"{way}: {len(outcome.records)} plays in {took:.1f} s ({1 / each:.1f} a second), "
          f"{len(outcome.failed())} failed, digest {outcome.digest}", flush=True)  # fmt: skip
    return outcome


def main() -> int:
    """Sweep both ways; return 1 when they differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=334, help="seeds, from 1; three plays each")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--whole", metavar="NAME", help="an incident as it ships, such as turned-away")
    args = parser.parse_args()
    scenario = load_scenario(find(args.whole)) if args.whole else short()
    grid = Grid(scenarios=(scenario,), players=PLAYERS, seeds=tuple(range(1, args.seeds + 1)))
    count = args.workers
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as name:
        root = Path(name)
        begin = cpu_s()
        here = timed(f"{count} processes", grid, root / "here", lambda: backend_for(dask="", workers=count))
        between = cpu_s()
        with cluster(count, root / "dask") as address:
            there = timed(f"Dask, {count} workers", grid, root / "there", lambda: backend_for(dask=address, workers=1))
    print(f"processor time, everything included: {between - begin:.0f} s, and with Dask {cpu_s() - between:.0f} s")
    same = here.digest == there.digest
    print("equal digests" if same else "the digests differ")
    return 0 if same and not here.failed() and not there.failed() else 1


if __name__ == "__main__":
    sys.exit(main())
