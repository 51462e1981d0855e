"""Does every incident happen, on every seed? `python -m benchmarks.unattended [SCENARIO...] [--seeds A..B]`

Nobody acts. Printed by scenario and seed: the share of bad requests of every objective over the last ten minutes (the
last third of a short incident); by scenario: on how many seeds one is missed, when users were first hurt, and when the
alert that the first page names fired. A seed passes when an objective is missed over those minutes, the prelude looks
healthy until the first fault and for two minutes at least, and the page's alert, if it names one, fires within a minute
of the page. Exit code 1 when a seed does not pass.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from incidentsim.cli.library import load
from incidentsim.events import AlertFired, Paged
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.catalogue import list_scenarios
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import last_window_us
from incidentsim.world.world import World

MINUTE_US = 60_000_000
"""Users are looked at minute by minute."""

WELL_US = 2 * MINUTE_US
"""So much of the prelude looks healthy even where a fault lies in wait from its start."""

NEAR_US = MINUTE_US
"""A page comes within a minute of the alert that it names."""

Share = dict[str, float]
"""Objective -> share of bad requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What one seed did when left alone.

    `last`: shares over the last ten minutes; `missed`: the objectives missed then. Times in µs from the page: `hurt`,
    the start of the first minute that missed an objective; `alert`, the firing of the page's alert nearest to it;
    None when there was none.
    """

    scenario: str
    seed: int
    last: Share
    missed: tuple[str, ...]
    hurt: int | None
    alert: int | None
    problems: tuple[str, ...]


def course(scenario: Scenario, seed: int) -> Course:
    """Run a scenario with nobody at the keyboard."""
    world = World(scenario, seed=seed, cast=make_cast(scenario, seed))
    times = range(-scenario.prelude, scenario.duration + 1, MINUTE_US)
    marks: list[dict[str, list[int]]] = []
    fired: list[AlertFired] = []
    pages: list[Paged] = []
    for t_us in times:
        world.advance(t_us)
        marks.append(_by_objective(world.sli()))
        for fact in world.facts():
            if isinstance(fact, AlertFired):
                fired.append(fact)
            elif isinstance(fact, Paged):
                pages.append(fact)
    minutes = [shares(before, after) for before, after in pairwise(marks)]
    hurt = next((t for t, share in zip(times, minutes, strict=False) if _missed(scenario, share)), None)
    last = shares(marks[-1 - last_window_us(scenario.duration) // MINUTE_US], marks[-1])
    named = _named(pages, {status.name for status in world.alerts})
    alert = min((fact.t_us for fact in fired if fact.alert == named), key=abs, default=None)
    missed = _missed(scenario, last)
    return Course(
        scenario=scenario.id, seed=seed, last=last, missed=missed, hurt=hurt, alert=alert,
        problems=tuple(_problems(scenario, missed=missed, hurt=hurt, named=named, alert=alert)),
    )  # fmt: skip


def shares(before: Mapping[str, Sequence[int]], after: Mapping[str, Sequence[int]]) -> Share:
    """Return the share of bad requests between two readings of [offered, bad]; 0 where none was offered."""
    none = (0, 0)
    return {
        slo: (bad - before.get(slo, none)[1]) / max(1, offered - before.get(slo, none)[0])
        for slo, (offered, bad) in after.items()
    }


def _by_objective(sli: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Return objective -> [offered, bad] over all tenants."""
    out: dict[str, list[int]] = {}
    for key, (offered, bad) in sli.items():
        counts = out.setdefault(key.partition("/")[0], [0, 0])
        counts[0] += offered
        counts[1] += bad
    return out


def _missed(scenario: Scenario, share: Share) -> tuple[str, ...]:
    return tuple(s.id for s in scenario.slos if share.get(s.id, 0.0) * 1_000_000 > 1_000_000 - s.objective)


def _named(pages: Sequence[Paged], rules: set[str]) -> str:
    """Return the alert that the first page names, or nothing: a page from a person names none."""
    first = pages[0].text.partition(":")[0] if pages else ""
    return first if first in rules else ""


def _problems(
    scenario: Scenario, *, missed: Sequence[str], hurt: int | None, named: str, alert: int | None
) -> list[str]:
    found = []
    if not missed:
        found.append("no objective is missed over the last ten minutes")
    faults = [entry.at for entry in scenario.timeline if entry.fault is not None]
    well_until = max(min(faults, default=0), WELL_US - scenario.prelude)
    if hurt is not None and hurt < well_until:
        found.append(f"users are hurt at {clock(hurt)}, expected not before {clock(well_until)}")
    if named and (alert is None or abs(alert) > NEAR_US):
        found.append(
            f"{named}, which the page names, " + ("never fires" if alert is None else f"fires at {clock(alert)}")
        )
    return found


def clock(t_us: int | None) -> str:
    """Return a time relative to the page as [-]m:ss."""
    if t_us is None:
        return "never"
    seconds = abs(t_us) // 1_000_000
    return f"{'-' if t_us < 0 else ''}{seconds // 60}:{seconds % 60:02d}"


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
    parser.add_argument("--seeds", default="1..20")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    first, _, last = args.seeds.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    courses: list[Course] = []
    with ProcessPoolExecutor(args.workers) as pool:
        for name in args.scenarios or [entry.id for entry in list_scenarios(None) if not entry.error]:
            for one in pool.map(partial(course, load(name, None)), seeds):
                courses.append(one)
                print(f"{name} {one.seed}: {_cell(one)}", file=sys.stderr, flush=True)
    print("\n".join([*summary(courses), "", *by_seed(courses)]))
    wrong = [f"- {one.scenario}, seed {one.seed}: {problem}" for one in courses for problem in one.problems]
    print(f"\n{len(wrong)} problems" + "".join(f"\n{line}" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
