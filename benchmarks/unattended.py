"""Does every incident happen, on every seed? `python -m benchmarks.unattended [SCENARIO...] [--seeds A..B]`

Nobody acts. Printed by scenario and seed: the share of bad requests of every objective over the last ten minutes; by
scenario: on how many seeds one is missed, when users were first hurt, and when the alert that the first page names
fired. A seed passes when an objective is missed over those ten minutes, the prelude looks healthy until the first
fault and for two minutes at least, and the page's alert, if it names one, fires within a minute of the page. Exit
code 1 when a seed does not pass.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from benchmarks.seeds import seeds
from incidentsim.certify.courses import Course, clock, course
from incidentsim.cli.library import load
from incidentsim.scenario.catalogue import list_scenarios


def _span(values: Sequence[int | None]) -> str:
    """Return the earliest and the latest of some times."""
    known = [v for v in values if v is not None]
    if not known:
        return "none"
    return f"{clock(min(known))} to {clock(max(known))}" + ("" if len(known) == len(values) else ", or never")


def summary(courses: Sequence[Course]) -> list[str]:
    """Return the Markdown table with a line a scenario."""
    lines = [
        "| scenario | an objective missed | bad requests in the last 10 min, least to most | users first hurt "
        "| the page's alert fires |",
        "|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(one.scenario for one in courses):
        own = [one for one in courses if one.scenario == name]
        worst = [
            f"{slo} {min(one.last[slo] for one in own):.1%} to {max(one.last[slo] for one in own):.1%}"
            for slo in own[0].last if any(slo in one.missed for one in own)
        ]  # fmt: skip
        lines.append(
            f"| {name} | {sum(bool(one.missed) for one in own)} of {len(own)} | {', '.join(worst)} "  # exact: ints
            f"| {_span([one.hurt for one in own])} | {_span([one.alert for one in own])} |"
        )
    return lines


def by_seed(courses: Sequence[Course]) -> list[str]:
    """Return the Markdown table with a line a seed: the shares of each scenario's objectives, in percent."""
    names = list(dict.fromkeys(one.scenario for one in courses))
    there = {(one.scenario, one.seed): one for one in courses}
    slos = {name: list(next(one for one in courses if one.scenario == name).last) for name in names}
    heads = [f"{name}: {' / '.join(slos[name])}" for name in names]
    lines = [f"| seed | {' | '.join(heads)} |", "|---" * (len(names) + 1) + "|"]
    for seed in dict.fromkeys(one.seed for one in courses):
        cells = [_cell(there.get((name, seed))) for name in names]
        lines.append(f"| {seed} | {' | '.join(cells)} |")
    return lines


def _cell(one: Course | None) -> str:
    if one is None:
        return ""
    shown = [f"**{share:.1%}**" if slo in one.missed else f"{share:.1%}" for slo, share in one.last.items()]
    return " / ".join(shown) + (" (!)" if one.problems else "")


def main() -> int:
    """Run the scenarios on the seeds, print both tables and what is not as it should be; 1 when anything isn't."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seeds", type=seeds, default="1..20")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    courses: list[Course] = []
    with ProcessPoolExecutor(args.workers) as pool:
        for name in args.scenarios or [entry.id for entry in list_scenarios(None) if not entry.error]:
            for one in pool.map(partial(course, load(name, None)), args.seeds):
                courses.append(one)
                print(f"{name} {one.seed}: {_cell(one)}", file=sys.stderr, flush=True)
    print("\n".join([*summary(courses), "", *by_seed(courses)]))
    wrong = [f"- {one.scenario}, seed {one.seed}: {problem}" for one in courses for problem in one.problems]
    print(f"\n{len(wrong)} problems" + "".join(f"\n{line}" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
