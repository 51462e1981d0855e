"""What would have happened: plans of commands run in fresh worlds, for scoring and certificates.

Implements `scoring.protocol.Resimulate`. Telemetry is off, which leaves the dynamics as they are. Several
plans are run as branches of one world (`session.conductor`), or, where the platform can't fork, in full by a
small pool of processes. With a cache directory, a plan that was run before is read from disk, so a second
debrief of one transcript is immediate.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import Outcome, Plan
from incidentsim.session.branching import can_fork
from incidentsim.session.conductor import Conductor
from incidentsim.session.engine import ENGINE_COMPAT, RNG
from incidentsim.session.plan_runs import Stage, run_plan
from incidentsim.session.ports import WorldFactory, real_world
from incidentsim.sources import source_digest

WORKERS = 2
"""Processes that run plans at once: the two cores that the budgets of scoring assume."""

PROCESS_FROM = 2
"""Plans from which starting a process pays: it starts in half a second, a run takes several."""


@dataclass(slots=True, kw_only=True)
class Resimulator:
    """Runs plans of one (scenario, seed, cast). `progress` is told how many of how many are done.

    It remembers every outcome, and between calls it keeps the process that runs plans, with its world at the
    end of the prelude; `close`, or leaving its `with` block, ends that process.
    """

    scenario: Scenario
    seed: int
    cast: Cast
    cache: Path | None = None
    workers: int = WORKERS
    progress: Callable[[int, int], None] | None = None
    world_factory: WorldFactory = real_world
    _known: dict[str, Outcome] = field(default_factory=dict, init=False, repr=False)
    _conductor: Conductor | None = field(default=None, init=False, repr=False)

    def __call__(self, plans: Sequence[Plan], /) -> Sequence[Outcome]:
        """Return one outcome per plan, in order; equal plans are run once."""
        keys = [self._key(plan) for plan in plans]
        found = {key: outcome for key in keys if (outcome := self._cached(key)) is not None}
        todo = {key: plan for key, plan in zip(keys, plans, strict=True) if key not in found}
        total = len(found) + len(todo)
        self._tell(len(found), total)
        names = list(todo)
        for place, outcome in self._run(list(todo.values())):
            found[names[place]] = outcome
            self._keep(names[place], outcome)
            self._tell(len(found), total)
        return [found[key] for key in keys]

    def close(self) -> None:
        """End the process that runs plans, if there is one. The re-simulator can still be called."""
        if self._conductor is not None:
            self._conductor.close()
            self._conductor = None

    def __enter__(self) -> Resimulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self, plans: list[Plan]) -> Iterator[tuple[int, Outcome]]:
        """Yield (place, outcome) of each plan, in any order."""
        stage = Stage(scenario=self.scenario, seed=self.seed, cast=self.cast, world_factory=self.world_factory)
        if not plans:
            return
        alone = self._conductor is None and len(plans) < PROCESS_FROM
        # a worker of a process pool, or of a Dask nanny, may not start processes
        if self.workers < 2 or alone or multiprocessing.current_process().daemon:
            yield from enumerate(run_plan(stage, plan) for plan in plans)
        elif can_fork():
            yield from self._branched(stage, plans)
        else:
            # fresh interpreters, since the caller may be inside an event loop with open terminals
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(max_workers=self.workers, mp_context=context) as pool:
                yield from enumerate(pool.map(partial(run_plan, stage), plans))

    def _branched(self, stage: Stage, plans: list[Plan]) -> Iterator[tuple[int, Outcome]]:
        if self._conductor is None:
            self._conductor = Conductor(stage, min(self.workers, os.cpu_count() or 1))
        done = False
        try:
            yield from self._conductor.outcomes(plans)
            done = True
        finally:
            if not done:
                self.close()

    def _key(self, plan: Plan) -> str:
        commands = [[c.t_us, c.k, c.command.verb, c.command.args] for c in plan.commands]
        return sha256_hex(
            canonical_json(
                [
                    ENGINE_COMPAT,
                    source_digest(),
                    RNG,
                    self.scenario.id,
                    self.scenario.digest,
                    self.seed,
                    self.cast.to_json(),
                    commands,
                    plan.end_us,
                    plan.run_on_us,
                ]
            )
        )

    def _file(self, key: str) -> Path | None:
        # without its digest a scenario has no identity to key a cache with
        return self.cache / f"{key}.json" if self.cache is not None and self.scenario.digest else None

    def _cached(self, key: str) -> Outcome | None:
        if key in self._known:
            return self._known[key]
        path = self._file(key)
        if path is None:
            return None
        try:
            value = json.loads(path.read_bytes())
            return _outcome(value["outcome"]) if value["sha256"] == _digest(value["outcome"]) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep(self, key: str, outcome: Outcome) -> None:
        self._known[key] = outcome
        path = self._file(key)
        if path is None:
            return
        value = asdict(outcome)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}.part")
            part.write_text(canonical_json({"outcome": value, "sha256": _digest(value)}), encoding="utf-8")
            part.replace(path)
        except OSError:
            return  # a cache that can't be written costs time, nothing else

    def _tell(self, done: int, total: int) -> None:
        if self.progress is not None:
            self.progress(done, total)


def resimulator(
    scenario: Scenario,
    seed: int,
    cast: Cast,
    *,
    cache: Path | None = None,
    workers: int = WORKERS,
    progress: Callable[[int, int], None] | None = None,
) -> Resimulator:
    """Return the `Resimulate` of one session."""
    return Resimulator(scenario=scenario, seed=seed, cast=cast, cache=cache, workers=workers, progress=progress)


def _digest(value: dict[str, Any]) -> str:
    return sha256_hex(canonical_json(value))


def _outcome(value: dict[str, Any]) -> Outcome:
    return Outcome(
        sli={key: (pair[0], pair[1]) for key, pair in value["sli"].items()},
        cost_microdollars=value["cost_microdollars"],
        series={slo: tuple((m[0], m[1], m[2]) for m in marks) for slo, marks in value["series"].items()},
        removed_at_us=value["removed_at_us"],
        present_after=tuple(value["present_after"]),
        violations=tuple(value["violations"]),
        state=value["state"],
    )
