"""Are the shipped stacks healthy, and do their curves breathe? `python -m benchmarks.healthy [STACK...] [--seeds A..B]`

Each stack runs under its own demand for an hour per seed, with nothing planted. Printed by stack: pages fired, alerts
of any severity, objectives missed over any ten minutes, the spread of the request rate by minute, and the strongest
correlation of the rate with itself at a lag of one to twenty minutes (1 would be perfectly periodic). Ends with 1 when
any run paged or missed an objective.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import correlation, mean, pstdev

from benchmarks.seeds import seeds
from incidentsim.events import AlertFired
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.healthy import healthy, load_stack
from incidentsim.world.world import World

MINUTE_US = 60_000_000
WINDOW = 10
"""Minutes over which an objective must hold, each time."""

STACKS = ("chat", "assistant", "multi-region")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One stack under one seed for an hour."""

    seed: int
    pages: tuple[str, ...]
    alerts: tuple[str, ...]
    missed: tuple[str, ...]
    spread: float
    periodic: float


def run(stack_id: str, minutes: int, seed: int) -> Hour:
    """Run a stack for so many minutes after its prelude."""
    scenario = healthy(load_stack(stack_id), duration_us=minutes * MINUTE_US)
    world = World(scenario, seed=seed, cast=plain_cast(scenario))
    marks: list[dict[str, list[int]]] = []
    rates: list[float] = []
    pages: list[str] = []
    alerts: list[str] = []
    for minute in range(minutes + 1):
        world.advance(minute * MINUTE_US)
        marks.append(world.sli())
        for fact in world.facts():
            if isinstance(fact, AlertFired):
                (pages if fact.severity == "page" else alerts).append(fact.alert)
        if minute:
            rates.append(_offered(marks[-1], scenario.slos[0].id) - _offered(marks[-2], scenario.slos[0].id))
    missed = []
    for slo in scenario.slos:
        for start in range(minutes - WINDOW + 1):
            before, after = marks[start], marks[start + WINDOW]
            keys = [k for k in after if k.startswith(f"{slo.id}/")]
            offered = sum(after[k][0] - before[k][0] for k in keys)
            bad = sum(after[k][1] - before[k][1] for k in keys)
            if bad * 1_000_000 > (1_000_000 - slo.objective) * offered:
                missed.append(f"{slo.id}@{start}")
    lags = [correlation(rates[lag:], rates[:-lag]) for lag in range(1, min(21, minutes // 2))]
    return Hour(seed=seed, pages=tuple(pages), alerts=tuple(alerts), missed=tuple(missed),
                spread=pstdev(rates) / mean(rates), periodic=max(lags))  # fmt: skip


def _offered(sli: dict[str, list[int]], slo: str) -> int:
    return sum(counts[0] for key, counts in sli.items() if key.startswith(f"{slo}/"))


def main() -> int:
    """Run all stacks on all seeds, two at a time, and print a table; 1 when any was not healthy."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stacks", nargs="*", default=STACKS)
    parser.add_argument("--seeds", type=seeds, default="1..20")
    parser.add_argument("--minutes", type=int, default=60)
    args = parser.parse_args()
    print("| stack | seeds | pages | other alerts | objectives missed in any 10 min | rate spread | strongest repeat |")
    print("|---|---|---|---|---|---|---|")
    ill = 0
    for stack in args.stacks:
        with ProcessPoolExecutor(2) as pool:
            hours = list(pool.map(partial(run, stack, args.minutes), args.seeds))
        pages = [p for h in hours for p in h.pages]
        alerts = [a for h in hours for a in h.alerts]
        missed = [m for h in hours for m in h.missed]
        broken = [m.partition("@")[0] for m in missed]
        ill += len(pages) + len(missed)
        print(f"| {stack} | {len(hours)} | {len(pages)} {_named(pages)} | {len(alerts)} {_named(alerts)} "
              f"| {len(missed)} {_named(broken)} "
              f"| {mean(h.spread for h in hours):.1%} | {max(h.periodic for h in hours):.2f} |",
              flush=True)  # fmt: skip
    return 1 if ill else 0


def _named(names: list[str]) -> str:
    return f"({', '.join(f'{n} x{names.count(n)}' for n in dict.fromkeys(names))})" if names else ""


if __name__ == "__main__":
    sys.exit(main())
