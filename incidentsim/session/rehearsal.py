"""Unattended runs of changed scenarios, for postmortems: implements `scoring.postmortem.protocol.Rehearse`.

Trials whose alerts nobody asks for run without telemetry and are kept in the cache of re-simulations; the others
evaluate alert rules and are run each time. Two processes at once, as for scoring.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from incidentsim.events import AlertFired
from incidentsim.scenario.cast import Cast
from incidentsim.scoring.postmortem.protocol import Trial, TrialOutcome
from incidentsim.scoring.protocol import Plan
from incidentsim.session import resimulation
from incidentsim.session.plan_runs import Watch
from incidentsim.session.ports import WorldFactory, real_world

_SLICE_US = 10_000_000
"""Scenario time between two looks at what a watched world reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Runs trials with one cast. `progress` is told how many of how many are done."""

    cast: Cast
    cache: Path | None = None
    workers: int = resimulation.WORKERS
    progress: Callable[[int, int], None] | None = None
    world_factory: WorldFactory = real_world

    def __call__(self, trials: Sequence[Trial], /) -> Sequence[TrialOutcome]:
        """Return one outcome per trial, in order."""
        done: dict[int, TrialOutcome] = {}
        self._tell(0, len(trials))
        for place, outcome in self._run(trials):
            done[place] = outcome
            self._tell(len(done), len(trials))
        return [done[place] for place in range(len(trials))]

    def _run(self, trials: Sequence[Trial]) -> Iterator[tuple[int, TrialOutcome]]:
        if self.workers < 2 or len(trials) < resimulation.PROCESS_FROM:
            for place, trial in enumerate(trials):
                yield place, run_trial(trial, self.cast, self.cache, self.world_factory)
            return
        # fresh interpreters, since the caller may be inside an event loop with open terminals
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(max_workers=self.workers, mp_context=context) as pool:
            waiting = {
                pool.submit(run_trial, trial, self.cast, self.cache, self.world_factory): place
                for place, trial in enumerate(trials)
            }
            try:
                for future in as_completed(waiting):
                    yield waiting[future], future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _tell(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)


def run_trial(trial: Trial, cast: Cast, cache: Path | None, world_factory: WorldFactory) -> TrialOutcome:
    """Run one trial in this process."""
    scenario = trial.scenario
    if not trial.watch:
        plan = Plan(commands=(), end_us=scenario.duration)
        run = resimulation.Resimulator(
            scenario=scenario, seed=trial.seed, cast=cast, cache=cache, workers=1, world_factory=world_factory
        )
        return TrialOutcome(outcome=run([plan])[0])
    world = world_factory(scenario, seed=trial.seed, cast=cast, telemetry=True)
    fired: dict[str, int] = {}
    while world.now_us < scenario.duration:
        world.advance(min(world.now_us + _SLICE_US, scenario.duration))
        for fact in world.facts():
            if isinstance(fact, AlertFired) and fact.alert in trial.watch:
                fired.setdefault(fact.alert, fact.t_us)
    return TrialOutcome(outcome=Watch(world).finish(scenario.duration, 0), fired_us=fired)
