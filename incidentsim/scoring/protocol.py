"""The seam to re-simulation: what scoring asks of a world, and what it gets back.

`session.resimulation` implements `Resimulate` with the real world; tests use an analytic toy. The scorer
never sees a world, only outcomes in exact integers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from incidentsim.transcript.model import TimedCommand

MARK_US = 10_000_000
"""Distance of the marks of `Outcome.series`: the 10 s at which a session takes its checkpoints."""

RUN_ON_US = 600_000_000
"""Length of the hidden run-on after the end: ten minutes, in which a masked fault comes back (scoring.md
§1)."""

LAST_WINDOW_US = 600_000_000
"""The last ten minutes: an objective counts as restored when it holds over them."""

Mark = tuple[int, int, int]
"""(scenario µs, requests offered so far, bad so far) of one objective over all tenants."""


def last_window_us(duration_us: int) -> int:
    """Return how much of an incident is judged as its end: `LAST_WINDOW_US`, or a third of a short one.

    Eight minutes that are over after three would hold the harm itself in their last ten.
    """
    return min(LAST_WINDOW_US, duration_us // 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run to make: these commands in rising (t_us, k), to `end_us`, then `run_on_us` longer without any.

    An empty plan is the world left alone.
    """

    commands: tuple[TimedCommand, ...]
    end_us: int
    run_on_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a plan, counted from the start of the world.

    `sli` maps `slo/tenant` (stable ids) to (offered, bad) at `end_us`; requests that were refused, dropped or
    diverted are offered and bad. `series` maps each objective to its marks every 10 s, in rising time,
    through the run-on. `removed_at_us` maps each root cause to the time since which it has been removed
    without a break until `end_us`, None when it was there at `end_us`. `present_after` lists the root causes
    that are there at the end of the run-on. `violations` names each protected invariant that was broken at
    any time. `state` is a digest of what decides the future as it stands at `end_us`, without what was only
    written down: runs with equal states go on alike when they are given the same. Empty: not known.
    """

    sli: Mapping[str, tuple[int, int]]
    cost_microdollars: int
    series: Mapping[str, tuple[Mark, ...]]
    removed_at_us: Mapping[str, int | None] = field(default_factory=dict)
    present_after: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    state: str = ""


class Resimulate(Protocol):
    """Runs plans of one (scenario, seed, cast) in fresh worlds, telemetry off."""

    def __call__(self, plans: Sequence[Plan], /) -> Sequence[Outcome]:
        """Return one outcome per plan, in order. Equal plans give equal outcomes; a pool may run them at
        once."""
        ...
