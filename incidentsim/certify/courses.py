"""A scenario left alone on one seed, with telemetry: what users felt, what fired, what it cost to run.

Called by certificates (the incident, its healthy twin, the world of its decoys) and by `benchmarks.unattended`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from incidentsim.events import AlertFired, Paged
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import last_window_us
from incidentsim.session.ports import WorldPort, real_world

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A world at the end of its run. `marks`: [offered, bad] by objective at each of `times`; `cpu_s`: seconds of
    processor time that the run took."""

    scenario: Scenario
    seed: int
    world: WorldPort
    times: tuple[int, ...]
    marks: tuple[dict[str, list[int]], ...]
    fired: tuple[AlertFired, ...]
    pages: tuple[Paged, ...]
    cpu_s: float


def watch(scenario: Scenario, seed: int) -> Watched:
    """Run a scenario with nobody at the keyboard."""
    begun = _cpu_s()
    world = real_world(scenario, seed=seed, cast=make_cast(scenario, seed))
    times = [*range(-scenario.prelude, scenario.duration, MINUTE_US), scenario.duration]
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
    return Watched(
        scenario=scenario, seed=seed, world=world, times=tuple(times), marks=tuple(marks), fired=tuple(fired),
        pages=tuple(pages), cpu_s=_cpu_s() - begun,
    )  # fmt: skip


def course(scenario: Scenario, seed: int) -> Course:
    """Run a scenario with nobody at the keyboard, and say how it went."""
    return course_of(watch(scenario, seed))


def course_of(watched: Watched) -> Course:
    """Return how it went."""
    scenario, marks = watched.scenario, watched.marks
    minutes = [shares(before, after) for before, after in pairwise(marks)]
    hurt = next((t for t, share in zip(watched.times, minutes, strict=False) if missed(scenario, share)), None)
    last = shares(marks[max(0, len(marks) - 1 - last_window_us(scenario.duration) // MINUTE_US)], marks[-1])
    named = _named(watched.pages, {status.name for status in watched.world.alerts})
    alert = min((fact.t_us for fact in watched.fired if fact.alert == named), key=abs, default=None)
    missing = missed(scenario, last)
    return Course(
        scenario=scenario.id, seed=watched.seed, last=last, missed=missing, hurt=hurt, alert=alert,
        problems=tuple(_problems(scenario, missed=missing, hurt=hurt, named=named, alert=alert)),
    )  # fmt: skip


def shares_between(watched: Watched, from_us: int) -> Share:
    """Return the shares of bad requests from the first mark at or after `from_us` to the end."""
    place = next(i for i, t_us in enumerate(watched.times) if t_us >= from_us)
    return shares(watched.marks[place], watched.marks[-1])


def shares(before: Mapping[str, Sequence[int]], after: Mapping[str, Sequence[int]]) -> Share:
    """Return the share of bad requests between two readings of [offered, bad]; 0 where none was offered."""
    none = (0, 0)
    return {
        slo: (bad - before.get(slo, none)[1]) / max(1, offered - before.get(slo, none)[0])
        for slo, (offered, bad) in after.items()
    }


def missed(scenario: Scenario, share: Share) -> tuple[str, ...]:
    """Return the objectives that these shares of bad requests miss."""
    return tuple(s.id for s in scenario.slos if share.get(s.id, 0.0) * 1_000_000 > 1_000_000 - s.objective)


def clock(t_us: int | None) -> str:
    """Return a time relative to the page as [-]m:ss."""
    if t_us is None:
        return "never"
    seconds = abs(t_us) // 1_000_000
    return f"{'-' if t_us < 0 else ''}{seconds // 60}:{seconds % 60:02d}"


def _cpu_s() -> float:
    """Return the processor time of this process so far, in seconds."""
    used = os.times()
    return used.user + used.system


def _by_objective(sli: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    """Return objective -> [offered, bad] over all tenants."""
    out: dict[str, list[int]] = {}
    for key, (offered, bad) in sli.items():
        counts = out.setdefault(key.partition("/")[0], [0, 0])
        counts[0] += offered
        counts[1] += bad
    return out


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
