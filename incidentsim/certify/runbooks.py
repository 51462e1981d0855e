"""A runbook, measured: a scripted on-call follows it over seeds, against the same incidents without anybody.

Called by `incidentsim runbook test`. Per seed three runs: the incident with the runbook followed, the incident left
alone (both counted by re-simulation on common random numbers), and the same stack healthy with the runbook at hand,
where every step that is carried out is a false trigger.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from incidentsim.policies.runbook_follower import REACTION_US, Carried, Follower
from incidentsim.policies.runbook_text import Runbook
from incidentsim.scenario.cast import make_cast
from incidentsim.scenario.healthy import healthy_twin
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import burn_curve
from incidentsim.scoring.loss import loss
from incidentsim.scoring.protocol import Outcome, Plan
from incidentsim.session.headless import run_policy
from incidentsim.session.ports import WorldFactory, real_world
from incidentsim.session.resimulation import Resimulator
from incidentsim.transcript.queries import commands
from incidentsim.transcript.recovery import read

SCHEMA = "incidentsim-runbook/1"
"""Name of the JSON shape."""

MINUTE_US = 60_000_000

LEAST_AVOIDED = 0.1
"""Share of the harm that a runbook must avoid to be of help: the tenth from which a move counts (scoring.md §2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedResult:
    """One seed. Times are minutes after T+0 from which users were well for good two minutes; None: never.

    `harm_avoided` is (B(nothing) − B(runbook)) / B(nothing), B counted as in scoring (weighted bad requests and
    money); negative when following the runbook did harm.
    """

    seed: int
    calm_without_min: float | None
    calm_with_min: float | None
    minutes_saved: float
    harm_avoided: float
    steps: tuple[Carried, ...]
    false_triggers: tuple[Carried, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All seeds of one runbook and scenario."""

    runbook: str
    scenario: str
    seeds: tuple[SeedResult, ...]

    def minutes_saved(self) -> float:
        """Return the mean over seeds."""
        return mean([s.minutes_saved for s in self.seeds])

    def harm_avoided(self) -> float:
        """Return the mean over seeds."""
        return mean([s.harm_avoided for s in self.seeds])

    def false_triggers(self) -> int:
        """Return how many steps were carried out in healthy worlds, over all seeds."""
        return len([step for s in self.seeds for step in s.false_triggers])

    def helps(self) -> bool:
        """Return whether it avoids a tenth of the harm, does harm on no seed, and leaves a healthy stack alone."""
        return (
            self.harm_avoided() >= LEAST_AVOIDED
            and all(s.harm_avoided >= 0.0 for s in self.seeds)
            and not self.false_triggers()
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, numbers rounded to four decimals."""
        return {
            "schema": SCHEMA,
            "runbook": self.runbook,
            "scenario": self.scenario,
            "helps": self.helps(),
            "minutes_saved": round(self.minutes_saved(), 4),
            "harm_avoided": round(self.harm_avoided(), 4),
            "false_triggers": self.false_triggers(),
            "seeds": [_rounded(asdict(s)) for s in self.seeds],
        }


def measure(
    runbook: Runbook,
    scenario: Scenario,
    *,
    seeds: Iterable[int],
    progress: Callable[[int, int], None] = lambda done, total: None,
    world_factory: WorldFactory = real_world,
) -> Verdict:
    """Follow `runbook` over `seeds` and return what it did. `progress` is told how many seeds are done."""
    wanted = list(seeds)
    results = []
    for place, seed in enumerate(wanted):
        progress(place, len(wanted))
        results.append(_seed(runbook, scenario, seed, world_factory))
    progress(len(wanted), len(wanted))
    return Verdict(runbook=runbook.title, scenario=scenario.id, seeds=tuple(results))


def mean(values: list[float]) -> float:
    """Return the mean, summed in order; 0 of nothing."""
    total = 0.0
    for value in values:
        total += value
    return total / len(values) if values else 0.0


def _seed(runbook: Runbook, scenario: Scenario, seed: int, world_factory: WorldFactory) -> SeedResult:
    cast = make_cast(scenario, seed)
    followed = Follower(runbook=runbook, start_us=REACTION_US)
    healthy = Follower(runbook=runbook, start_us=0)
    with tempfile.TemporaryDirectory(prefix="incidentsim-") as folder:
        path = Path(folder) / "with.jsonl"
        run_policy(scenario, seed=seed, cast=cast, path=path, player=followed.play, world_factory=world_factory)
        given = commands(read(path))
        calm = healthy_twin(scenario)
        path = Path(folder) / "healthy.jsonl"
        run_policy(calm, seed=seed, cast=cast, path=path, player=healthy.play, world_factory=world_factory)
    plans = [Plan(commands=given, end_us=scenario.duration), Plan(commands=(), end_us=scenario.duration)]
    with Resimulator(scenario=scenario, seed=seed, cast=cast, world_factory=world_factory) as resimulate:
        with_it, without = resimulate(plans)
    cost = without.cost_microdollars
    nothing = loss(without, scenario, cost_of_nothing_microdollars=cost)
    harm = loss(with_it, scenario, cost_of_nothing_microdollars=cost)
    calm_with, calm_without = _calm_us(with_it, scenario), _calm_us(without, scenario)
    end = scenario.duration
    saved_us = (end if calm_without is None else calm_without) - (end if calm_with is None else calm_with)
    return SeedResult(
        seed=seed, calm_without_min=_minutes(calm_without), calm_with_min=_minutes(calm_with),
        minutes_saved=saved_us / MINUTE_US, harm_avoided=(nothing - harm) / nothing if nothing else 0.0,
        steps=tuple(followed.carried), false_triggers=tuple(c for c in healthy.carried if c.commands),
    )  # fmt: skip


def _calm_us(outcome: Outcome, scenario: Scenario) -> int | None:
    """Return when users were well again for two minutes after the harm began; T+0 when there was none."""
    curve = burn_curve(outcome.series, scenario)
    onset_us = curve.onset_us()
    if onset_us is None:
        return 0
    calm_us = curve.calm_from_us(max(onset_us, 0))
    return None if calm_us is None or calm_us > scenario.duration else calm_us


def _minutes(t_us: int | None) -> float | None:
    return None if t_us is None else t_us / MINUTE_US


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value
