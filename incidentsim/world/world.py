"""One simulated world: a stack, its timeline, and the door through which commands come and facts go.

Sessions, policies, resimulation and tests drive it: `advance` moves time, `submit` hands in commands for a
tick, `facts` returns what happened. Everything else reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.events import CheckpointTaken, Fact, FaultChanged
from incidentsim.exact import RollingDigest, canonical_json, format_clock, sha256_hex
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.conditions import evaluate
from incidentsim.scenario.model import Scenario
from incidentsim.scenario.naming import vocabulary
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.telemetry.alerts import AlertStatus
from incidentsim.telemetry.logs import LogStore
from incidentsim.telemetry.spans import SpanStore
from incidentsim.telemetry.store import SeriesStore
from incidentsim.world.actions import ACTIONS
from incidentsim.world.actions.base import Action, report
from incidentsim.world.call import Call
from incidentsim.world.checkpoints import Checkpoint, part_names
from incidentsim.world.conditions import Conditions
from incidentsim.world.inspection import inspect, topology
from incidentsim.world.kernel import COMMAND, NORMAL, OBSERVE
from incidentsim.world.observability.plane import Observability
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.component import ComponentState
from incidentsim.world.stack.edge.billing import Bill
from incidentsim.world.stack.people.organisation import ChangeEntry
from incidentsim.world.stack.people.team import Team
from incidentsim.world.timeline import Timeline, world_facts

SWEEP_US: Final = 250_000
"""Timeouts and objectives are decided this often; it bounds their error."""

CHECKPOINT_US: Final = 10_000_000
"""Digests are checkpointed this often in scenario time (world.md §1)."""

_SECOND_US: Final = 1_000_000


class World:
    """A scenario's stack, alive. Scenario time starts at -prelude; T+0 = 0 is the first page.

    The dynamics depend on (scenario, seed, commands with their ticks) alone; the telemetry on the cast too.
    """

    def __init__(self, scenario: Scenario, *, seed: int, cast: Cast, telemetry: bool = True) -> None:
        self.scenario = scenario
        self._facts: list[Fact] = []
        self._dyn = RollingDigest()
        self._stack = stack = Stack(scenario, seed=seed, cast=cast, telemetry=telemetry, emit=self._facts.append)
        self._vocabulary = _shown_vocabulary(scenario, cast)
        self._present = {cause.id: True for cause in scenario.root_causes}
        self._sweeps = 0
        timeline = Timeline(stack)
        kernel = stack.kernel
        stack.team = Team(kernel, cast, scenario.team, seed, timeline.say, lambda: world_facts(stack), timeline.do)
        Observability(stack)
        stack.kernel.after(SWEEP_US, self._sweep, None, NORMAL)
        stack.kernel.after(CHECKPOINT_US, self._checkpoint, None, OBSERVE + 2)

    # -- time and commands ----------------------------------------------------------------------------------

    @property
    def now_us(self) -> int:
        """Scenario time in µs: everything up to and including it has happened."""
        return self._stack.kernel.now

    def advance(self, to_us: int) -> None:
        """Process every event with time <= `to_us`.

        Raises BudgetExceeded when the world runs away: too many events, log lines or bytes (kernel, journal,
        accounting).
        """
        self._stack.kernel.advance(to_us)

    def facts(self) -> list[Fact]:
        """Return what happened since the last call, in order."""
        out = list(self._facts)
        self._facts.clear()
        return out

    def check(self, command: Command) -> None:
        """Raise CommandError when the command can't be carried out as things stand."""
        self._action(command).check(self._stack, command)

    def resolve(self, command: Command) -> Command:
        """Return the command as it is to be recorded: a question gets the topic it is about."""
        return self._action(command).resolve(self._stack, command)

    def preview(self, command: Command) -> tuple[str, ...]:
        """Return what a dry run prints; nothing is simulated ahead."""
        action = self._action(command)
        action.check(self._stack, command)
        return tuple(action.preview(self._stack, command))

    def submit(self, command: Command, *, t_us: int, k: int, ref: int) -> None:
        """Have a command applied at tick `t_us`, in the order of `k` within the tick; `ref` names it in facts.

        Must be called in the order of (t_us, k), with t_us > now_us.
        """
        assert t_us > self.now_us, "a command applies at a tick that lies ahead"
        self._stack.kernel.at(t_us, self._apply, (command, ref), COMMAND)

    def inverse(self, command: Command, ref: int) -> Command:
        """Return the command that reverts command number `ref`. Raises CommandError when nothing can."""
        found = self._stack.inverses.get(ref)
        if found is None:
            raise CommandError(f"{command.verb} (number {ref}) can't be undone")
        return found

    def _action(self, command: Command) -> Action:
        action = ACTIONS.get(command.verb)
        if action is None:
            raise CommandError(f"{command.verb} does not act on the world")
        return action

    def _apply(self, call: Call) -> None:
        command, ref = call.argument
        self._dyn.add_json([self.now_us, command.verb, self._stable_args(command)])
        try:
            action = self._action(command)
            action.check(self._stack, command)
            action.apply(self._stack, command, ref)
        except CommandError as error:
            report(self._stack, ref, "failed", str(error))

    def _stable_args(self, command: Command) -> dict[str, str]:
        # a question's words decide nothing beyond its topic, and may hold any name
        return {name: self._stable_text(text) for name, text in command.args.items() if name != "question"}

    def _stable_text(self, text: str) -> str:
        """Return an argument with the cast's name in it as stable id: `acme`, `acme.token_limit`, `tenant=acme`."""
        cast = self._stack.cast
        key, equals, name = text.rpartition("=")
        owner, dot, knob = name.rpartition(".")
        if dot and (found := cast.id_or_none(owner)) is not None:
            name = f"{found}.{knob}"
        return f"{key}{equals}{cast.id_or_none(name) or name}"

    # -- readings -------------------------------------------------------------------------------------------

    @property
    def metrics(self) -> SeriesStore:
        """The reported metrics."""
        return self._stack.store

    @property
    def logs(self) -> LogStore:
        """The log lines."""
        return self._stack.logs

    @property
    def spans(self) -> SpanStore:
        """The sampled traces."""
        return self._stack.spans

    @property
    def alerts(self) -> Sequence[AlertStatus]:
        """Alert rules as evaluated last."""
        return self._stack.rules.status() if self._stack.rules is not None else ()

    def inspect(self, shown_name: str) -> tuple[str, ...]:
        """Return a component's settings and state. Raises CommandError for an unknown one."""
        return inspect(self._stack, shown_name)

    def topology(self) -> list[ComponentState]:
        """Return every component with its health as reported."""
        return topology(self._stack)

    def changes(self) -> list[ChangeEntry]:
        """Return the change log in order of time."""
        return list(self._stack.organisation.entries)

    def costs(self, since_us: int) -> list[Bill]:
        """Return who used what since the minute of `since_us`, under shown names, dearest first."""
        return self._stack.billing.bills(since_us, self._stack.cast.shown)

    def vocabulary(self) -> Vocabulary:
        """Return the names known now."""
        entries = self._stack.organisation.entries
        waivers = self._stack.organisation.waivers
        pods = tuple(p.id for p in self._stack.pods())
        return replace(
            self._vocabulary, changes=tuple(e.id for e in entries), waivers=tuple(waivers), replicas=pods,
            change_notes={e.id: f"{format_clock(e.t_us)} {e.summary}" for e in entries},
        )  # fmt: skip

    def sli(self) -> dict[str, list[int]]:
        """Return `slo/tenant id` -> [offered, bad] so far."""
        return self._stack.book.totals()

    def cost_microdollars(self) -> int:
        """Return the price of all GPUs held so far, and of the tokens of pools priced per token."""
        own = sum(pool.cost_microdollars() for pool in self._stack.pools.values())  # exact: ints
        return own + self._stack.billing.provider_microdollars()

    def root_causes_present(self) -> dict[str, bool]:
        """Ground truth: which root causes are still there."""
        state = Conditions(self._stack)
        return {cause.id: not evaluate(cause.removed_when, state) for cause in self.scenario.root_causes}

    def violations(self) -> tuple[str, ...]:
        """Return the protected invariants that are broken now: alerts still silenced, data outside its region, and
        what the scenario says must stay as it is."""
        rules = self._stack.rules
        silenced = [f"alert {n} is silenced" for n in rules.names() if rules.silenced(n)] if rules is not None else []
        state, render = Conditions(self._stack), self._stack.cast.render
        broken = [f"{i.id}: {render(i.why)}" for i in self.scenario.invariants if not evaluate(i.holds, state)]
        return (*silenced, *self._stack.gateway.regions.violations(self.now_us), *broken)

    def dyn_digest(self) -> str:
        """Return the digest of the dynamics up to the last checkpoint and command."""
        return self._dyn.hex()

    def state_digest(self) -> str:
        """Return a digest of what decides the future: every state, the counts and the cost so far, what is scheduled.

        Unlike `dyn_digest` it knows no past, and leaves out what was only written down (the change log): worlds
        that agree in it go on alike when they are given the same.
        """
        stack = self._stack
        components = [
            stack.organisation.in_force() if c is stack.organisation else c.state() for c in stack.components.values()
        ]  # fmt: skip
        state = [components, [f.state() for f in stack.faults.values()], stack.settings.state(), stack.team.state()]
        return sha256_hex(canonical_json([state, self.sli(), self.cost_microdollars(), stack.kernel.agenda()]))

    def part_names(self) -> tuple[str, ...]:
        """Return whose states checkpoints digest one by one, in their order."""
        return part_names(self._stack)

    def tel_digest(self) -> str:
        """Return the digest of everything emitted so far."""
        return self._stack.tel.hex()

    def events_scheduled(self) -> int:
        """Return how many kernel events were scheduled so far."""
        return self._stack.kernel.scheduled

    # -- what recurs ----------------------------------------------------------------------------------------

    def _sweep(self, _: Call) -> None:
        stack = self._stack
        now = stack.kernel.now
        for tenant in stack.tenants.values():
            tenant.sweep(now)
        stack.gateway.sweep(now)
        stack.book.sweep(now)
        self._sweeps += 1
        if self._sweeps % 4 == 0:
            self._watch_causes(now)
            stack.accounts.check()
            if self._sweeps % 240 == 0:
                stack.book.mark()
        stack.kernel.after(SWEEP_US, self._sweep, None, NORMAL)

    def _watch_causes(self, now: int) -> None:
        for cause, present in self.root_causes_present().items():
            if present != self._present[cause]:
                self._present[cause] = present
                spec = next(c for c in self.scenario.root_causes if c.id == cause)
                self._facts.append(FaultChanged(t_us=now, component=spec.component, kind=spec.fault,
                                                state="present" if present else "removed"))  # fmt: skip

    def _checkpoint(self, _: Call) -> None:
        stack = self._stack
        sli = stack.book.totals()
        cost = self.cost_microdollars()
        state = Checkpoint(stack, sli, cost)
        self._dyn.add(state.frame())
        self._facts.append(CheckpointTaken(t_us=stack.kernel.now, dyn=self._dyn.hex(), tel=stack.tel.hex(), sli=sli,
                                           cost_microdollars=cost, parts=state.parts()))  # fmt: skip
        stack.kernel.after(CHECKPOINT_US, self._checkpoint, None, OBSERVE + 2)


def _shown_vocabulary(scenario: Scenario, cast: Cast) -> Vocabulary:
    plain = vocabulary(scenario)
    return replace(
        plain,
        components={cast.shown(name): kind for name, kind in plain.components.items()},
        tenants=tuple(cast.shown(t) for t in plain.tenants),
        people=tuple(mate.role for mate in scenario.team),
        causes=tuple((cast.shown(component), fault) for component, fault in plain.causes),
    )
