"""Plans run in a world that is watched: one plan from the start, or many as a tree of branches.

Used by `session.resimulation` and its conductor. Plans are lists of steps, their commands in order and then
their end. Plans with the same first steps are one run as long as they agree; where they part, at the last mark
before the earliest of the steps that differ, the process forks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import MARK_US, Mark, Outcome, Plan
from incidentsim.session.branching import Branches
from incidentsim.session.ports import WorldFactory, WorldPort
from incidentsim.transcript.model import TimedCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What makes a fresh world, in any process."""

    scenario: Scenario
    seed: int
    cast: Cast
    world_factory: WorldFactory

    def watch(self) -> Watch:
        """Return a world at the start of its prelude, telemetry off."""
        return Watch(self.world_factory(self.scenario, seed=self.seed, cast=self.cast, telemetry=False))


class Watch:
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

    def run_to_mark_before(self, t_us: int) -> None:
        """Advance to the last mark before `t_us`, if it still lies ahead."""
        self.run_to((t_us - 1) // MARK_US * MARK_US)

    def submit(self, timed: TimedCommand) -> None:
        """Give the world a command that lies ahead."""
        self.world.submit(timed.command, t_us=timed.t_us, k=timed.k, ref=timed.ref)

    def finish(self, end_us: int, run_on_us: int) -> Outcome:
        """Run to `end_us` and on for `run_on_us`; return what came of it."""
        world = self.world
        self.run_to(end_us)
        sli = {key: (counts[0], counts[1]) for key, counts in sorted(world.sli().items())}
        cost = world.cost_microdollars()
        removed = dict(self.removed_since)
        state = world.state_digest()
        self.run_to(end_us + run_on_us)
        violations = world.violations()
        present = tuple(cause for cause, there in sorted(world.root_causes_present().items()) if there)
        series = {slo: tuple(marks) for slo, marks in sorted(self.marks.items())}
        return Outcome(
            sli=sli, cost_microdollars=cost, series=series, removed_at_us=removed, present_after=present,
            violations=violations, state=state,
        )  # fmt: skip

    def _take(self, t_us: int) -> None:
        totals: dict[str, tuple[int, int]] = {}
        for key, (offered, bad) in self.world.sli().items():
            slo = key.partition("/")[0]
            before = totals.get(slo, (0, 0))
            totals[slo] = (before[0] + offered, before[1] + bad)
        for slo, (offered, bad) in totals.items():
            self.marks.setdefault(slo, []).append((t_us, offered, bad))


def run_plan(stage: Stage, plan: Plan) -> Outcome:
    """Run one plan in a fresh world and return what came of it."""
    watch = stage.watch()
    for timed in resolved(plan, watch.world).commands:
        watch.submit(timed)
    return watch.finish(plan.end_us, plan.run_on_us)


def resolved(plan: Plan, world: WorldPort) -> Plan:
    """Return the plan with a topic for every question: those of scripts have none, only records do."""
    return replace(plan, commands=tuple(_resolved(timed, world) for timed in plan.commands))


def _resolved(timed: TimedCommand, world: WorldPort) -> TimedCommand:
    command = timed.command
    if command.verb == "ask" and "topic" not in command.args:
        return replace(timed, command=world.resolve(command))
    return timed


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The last step of a plan."""

    end_us: int
    run_on_us: int


class PlanTree:
    """Plans of one watched world, which has not come to any of their steps; reported by their places."""

    def __init__(self, watch: Watch, plans: Sequence[Plan]) -> None:
        self._watch = watch
        self._plans = plans
        self._steps: list[tuple[TimedCommand | _End, ...]] = [
            (*plan.commands, _End(end_us=plan.end_us, run_on_us=plan.run_on_us)) for plan in plans
        ]

    def run(self, branches: Branches) -> None:
        """Run them all and report each one's outcome."""
        self._run(branches, list(range(len(self._plans))), 0)

    def _run(self, branches: Branches, places: list[int], step: int) -> None:
        """Go on with plans that share their first `step` steps, all of them given to the world."""
        watch = self._watch
        while True:
            ways = self._ways(places, step)
            if len(ways) > 1:
                watch.run_to_mark_before(min(self._time(way[0], step) for way in ways))
            for way in ways[:-1]:
                branches.fork(partial(self._take, branches, way, step))
            places = ways[-1]
            now = self._steps[places[0]][step]
            if isinstance(now, _End):
                self._end(branches, places, now)
                return
            watch.submit(now)
            step += 1

    def _take(self, branches: Branches, way: list[int], step: int) -> None:
        """In a branch: take the step in which these plans differ from the others, and go on."""
        self._run(branches, way, step)

    def _ways(self, places: list[int], step: int) -> list[list[int]]:
        """Return the plans in groups that agree on the next step, the group that runs longest first."""
        ways: list[list[int]] = []
        for place in places:
            for way in ways:
                if self._steps[way[0]][step] == self._steps[place][step]:
                    way.append(place)
                    break
            else:
                ways.append([place])
        return sorted(ways, key=self._latest_us, reverse=True)

    def _latest_us(self, way: list[int]) -> int:
        return max(self._plans[place].end_us + self._plans[place].run_on_us for place in way)

    def _time(self, place: int, step: int) -> int:
        """Return when a plan's step comes; an end comes before what a plan holds after it."""
        now = self._steps[place][step]
        end_us = self._plans[place].end_us
        return end_us if isinstance(now, _End) else min(now.t_us, end_us)

    def _end(self, branches: Branches, places: list[int], end: _End) -> None:
        outcome = self._watch.finish(end.end_us, end.run_on_us)
        for place in places:
            branches.report(place, outcome)
