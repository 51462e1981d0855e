"""What would have happened: plans of commands run in fresh worlds, for scoring and certificates.

Implements `scoring.protocol.Resimulate`. Telemetry is off, which leaves the dynamics as they are. Several
plans go to a small pool of processes; with a cache directory, a plan that was run before is read from disk,
so a second debrief of one transcript is immediate.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from incidentsim.errors import IncidentSimError
from incidentsim.exact import canonical_json, sha256_hex
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import MARK_US, Mark, Outcome, Plan
from incidentsim.session.branching import Sender, branch, can_fork
from incidentsim.session.engine import ENGINE_COMPAT, RNG, source_digest
from incidentsim.session.ports import WorldFactory, WorldPort, real_world

WORKERS = 2
"""Processes that run plans at once: the two cores that the budgets of scoring assume."""

POOL_FROM = 2
"""Plans from which starting processes pays: a worker starts in half a second, a run takes several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One plan with everything a fresh process needs to run it."""

    scenario: Scenario
    seed: int
    cast: Cast
    plan: Plan
    world_factory: WorldFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Resimulator:
    """Runs plans of one (scenario, seed, cast). `progress` is told how many of how many are done."""

    scenario: Scenario
    seed: int
    cast: Cast
    cache: Path | None = None
    workers: int = WORKERS
    progress: Callable[[int, int], None] | None = None
    world_factory: WorldFactory = real_world

    def __call__(self, plans: Sequence[Plan], /) -> Sequence[Outcome]:
        """Return one outcome per plan, in order; equal plans are run once."""
        keys = [self._key(plan) for plan in plans]
        found = {key: outcome for key in keys if (outcome := self._cached(key)) is not None}
        todo = {key: plan for key, plan in zip(keys, plans, strict=True) if key not in found}
        jobs = [
            Job(
                scenario=self.scenario,
                seed=self.seed,
                cast=self.cast,
                plan=plan,
                world_factory=self.world_factory,
            )
            for plan in todo.values()
        ]
        total = len(found) + len(todo)
        self._tell(len(found), total)
        for key, outcome in zip(todo, self._run(jobs), strict=True):
            found[key] = outcome
            self._keep(key, outcome)
            self._tell(len(found), total)
        return [found[key] for key in keys]

    def _run(self, jobs: list[Job]) -> Iterator[Outcome]:
        if self.workers < 2 or len(jobs) < POOL_FROM or (os.cpu_count() or 1) < 2:
            return map(run_plan, jobs)
        return self._pooled(jobs)

    def _pooled(self, jobs: list[Job]) -> Iterator[Outcome]:
        # a fresh interpreter, since the caller may be inside an event loop with open terminals
        context = multiprocessing.get_context("spawn")
        if not can_fork():
            with ProcessPoolExecutor(max_workers=self.workers, mp_context=context) as pool:
                yield from pool.map(run_plan, jobs)
            return
        receiver, sender = context.Pipe(duplex=False)
        helper = context.Process(target=_conduct, args=(jobs, self.workers, sender), daemon=True)
        helper.start()
        sender.close()
        done: dict[int, Outcome] = {}
        try:
            for place in range(len(jobs)):
                while place not in done:
                    number, value = receiver.recv()
                    if number < 0:
                        raise value
                    done[number] = value
                yield done.pop(place)
        except EOFError:
            raise IncidentSimError(
                "the process that re-simulates died; try again with less running"
            ) from None
        finally:
            receiver.close()
            helper.terminate()
            helper.join()

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
        path = self._file(key)
        if path is None:
            return None
        try:
            value = json.loads(path.read_bytes())
            return _outcome(value["outcome"]) if value["sha256"] == _digest(value["outcome"]) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep(self, key: str, outcome: Outcome) -> None:
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
    return Resimulator(
        scenario=scenario, seed=seed, cast=cast, cache=cache, workers=workers, progress=progress
    )


def run_plan(job: Job) -> Outcome:
    """Run one plan in a fresh world and return what came of it."""
    return _finish(_Watch(_fresh(job)), job.plan)


def _fresh(job: Job) -> WorldPort:
    return job.world_factory(job.scenario, seed=job.seed, cast=job.cast, telemetry=False)


def _finish(watch: _Watch, plan: Plan) -> Outcome:
    """Give the plan's commands to a world that has not come to the first of them; run it to the end."""
    world = watch.world
    for timed in plan.commands:
        command = timed.command
        if command.verb == "ask" and "topic" not in command.args:
            command = world.resolve(command)  # from a script: only records hold the topic
        world.submit(command, t_us=timed.t_us, k=timed.k, ref=timed.ref)
    watch.run_to(plan.end_us)
    sli = {key: (counts[0], counts[1]) for key, counts in sorted(world.sli().items())}
    cost = world.cost_microdollars()
    removed = dict(watch.removed_since)
    watch.run_to(plan.end_us + plan.run_on_us)
    violations = world.violations()
    present = tuple(cause for cause, there in sorted(world.root_causes_present().items()) if there)
    series = {slo: tuple(marks) for slo, marks in sorted(watch.marks.items())}
    return Outcome(
        sli=sli, cost_microdollars=cost, series=series, removed_at_us=removed, present_after=present,
        violations=violations,
    )  # fmt: skip


def _conduct(jobs: list[Job], workers: int, sender: Sender) -> None:
    """Run all jobs from the last mark before any of them acts: the body of the helper process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the branches are stopped, too
    with contextlib.suppress(KeyboardInterrupt):
        _conduct_until_done(jobs, workers, sender)


def _conduct_until_done(jobs: list[Job], workers: int, sender: Sender) -> None:
    try:
        watch = _Watch(_fresh(jobs[0]))
        acts = [command.t_us for job in jobs for command in job.plan.commands]
        shared_us = (min([*acts, *(job.plan.end_us for job in jobs)]) - 1) // MARK_US * MARK_US
        watch.run_to(shared_us)
        branch([partial(_finish, watch, job.plan) for job in jobs], workers, sender)
    except IncidentSimError as wrong:
        sender.send((-1, wrong))
    finally:
        sender.close()


class _Watch:
    """Looks at a world every 10 s as it runs: objectives so far, and which root causes are there.

    `removed_since` is exact to one mark: causes are looked at when a mark is taken.
    """

    def __init__(self, world: WorldPort) -> None:
        self.world = world
        self.marks: dict[str, list[Mark]] = {}
        self.removed_since: dict[str, int | None] = {}

    def run_to(self, end_us: int) -> None:
        """Advance to `end_us`, looking at every mark on the way and at the end."""
        world = self.world
        while world.now_us < end_us:
            mark = (world.now_us // MARK_US + 1) * MARK_US
            world.advance(min(mark, end_us))
            world.facts()  # let go of them: nobody reads a counterfactual's events
            if world.now_us == mark:
                self._take(mark)
            for cause, there in world.root_causes_present().items():
                if there:
                    self.removed_since[cause] = None
                elif self.removed_since.get(cause) is None:
                    self.removed_since[cause] = world.now_us

    def _take(self, t_us: int) -> None:
        totals: dict[str, tuple[int, int]] = {}
        for key, (offered, bad) in self.world.sli().items():
            slo = key.partition("/")[0]
            before = totals.get(slo, (0, 0))
            totals[slo] = (before[0] + offered, before[1] + bad)
        for slo, (offered, bad) in totals.items():
            self.marks.setdefault(slo, []).append((t_us, offered, bad))


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
    )
