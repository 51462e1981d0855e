"""What the scenario makes happen: changes, faults, messages, pages, each at its time."""

from __future__ import annotations

from typing import Final

from incidentsim.events import ChangeRecorded, FaultChanged, MessageReceived, Paged
from incidentsim.scenario.conditions import evaluate
from incidentsim.scenario.model import Doing, FaultPlan, TimelineEntry
from incidentsim.world.actions.changes import turn_back
from incidentsim.world.call import Call
from incidentsim.world.conditions import Conditions
from incidentsim.world.faults import KINDS
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.pools.deploys import roll_out

WATCH_US: Final = 1_000_000
"""Entries that wait for a condition look this often."""


class Timeline:
    """Schedules a scenario's entries on a stack, and carries out what team-mates' answers set in motion."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._start = start = stack.kernel.now
        for entry in stack.scenario.timeline:
            if entry.fault is not None:
                self._plant(entry.fault)
        for entry in sorted(stack.scenario.timeline, key=lambda e: e.at):
            if entry.when is not None:
                stack.kernel.at(max(entry.at, start), self._watch, entry)
            elif entry.at <= start:
                self._happen(entry)
            else:
                stack.kernel.at(entry.at, self._due, entry)

    def _plant(self, plan: FaultPlan) -> None:
        make = KINDS[plan.kind]
        self._stack.faults[plan.id] = make(self._stack, plan)

    def _due(self, call: Call) -> None:
        self._happen(call.argument)

    def _watch(self, call: Call) -> None:
        entry: TimelineEntry = call.argument
        assert entry.when is not None
        if evaluate(entry.when, Conditions(self._stack)):
            self._happen(entry)
        else:
            self._stack.kernel.after(WATCH_US, self._watch, entry)

    def _happen(self, entry: TimelineEntry) -> None:
        stack = self._stack
        now = stack.kernel.now
        if entry.change is not None:
            settings = stack.settings.parse(entry.change.sets)
            logged = stack.organisation.happened(entry.change, min(entry.at, now), settings)
            roll_out(stack, entry.change, at_once=entry.when is None and entry.at <= self._start)
            stack.emit(ChangeRecorded(t_us=now, change=logged.id, summary=logged.summary, actor=logged.actor))
        elif entry.fault is not None:
            fault = stack.faults[entry.fault.id]
            fault.start()
            stack.emit(FaultChanged(t_us=now, component=fault.component, kind=fault.kind, state="on"))
        elif entry.message is not None:
            text = stack.cast.render(entry.message.text, world_facts(stack))
            stack.emit(MessageReceived(t_us=now, who=entry.message.who, text=text))
        elif entry.page is not None:
            text = stack.cast.render(entry.page.text, world_facts(stack))
            stack.emit(Paged(t_us=now, text=text, source=stack.cast.render(entry.page.source)))

    def say(self, who: str, text: str, ref: int) -> None:
        """A team-mate writes in the channel."""
        self._stack.emit(MessageReceived(t_us=self._stack.kernel.now, who=who, text=text, ref=ref))

    def do(self, doing: Doing) -> None:
        """Carry out what a team-mate agreed to."""
        if doing.agrees_waiver:
            self._stack.organisation.agree(doing.agrees_waiver)
        if doing.fault or doing.rolls_back:
            self._stack.kernel.after(doing.after, self._done, doing)

    def _done(self, call: Call) -> None:
        doing: Doing = call.argument
        stack = self._stack
        if doing.fault:
            fault = stack.faults[doing.fault]
            fault.set_strength(doing.strength)
            state = "removed" if fault.removed else "weakened"
            stack.emit(FaultChanged(t_us=stack.kernel.now, component=fault.component, kind=fault.kind, state=state))
        if doing.rolls_back:
            self._roll_back(doing.rolls_back, doing.who)
        if doing.says:
            text = stack.cast.render(doing.says, world_facts(stack))
            stack.emit(MessageReceived(t_us=stack.kernel.now, who=doing.who, text=text))

    def _roll_back(self, change_id: str, who: str) -> None:
        """A team-mate rolls a change back, and it is in the log like anybody's."""
        stack = self._stack
        organisation, now = stack.organisation, stack.kernel.now
        change = organisation.known(change_id)
        if change is None or organisation.is_rolled_back(change_id):
            return
        actor = f"{stack.cast.shown(who)} ({who})" if who else "a team-mate"
        entry = organisation.log(organisation.next_id(), now, change.kind, stack.cast.target(change.target),
                                 actor, f"roll back {change_id}")  # fmt: skip
        stack.emit(ChangeRecorded(t_us=now, change=entry.id, summary=entry.summary, actor=actor))
        turn_back(stack, change, entry.summary, again=False)


def world_facts(stack: Stack) -> dict[str, str]:
    """Return what team-mates can tell of the world's present state, for the braces in their texts."""
    gateway, pools = stack.gateway, stack.pools.values()
    shown = stack.cast.shown
    in_flight = sorted(((t, gateway.tokens_of(t)) for t in stack.tenants), key=_most)
    minute = stack.kernel.now // 1_000_000 // 60
    complaining = [shown(tenant) for tenant in stack.book.complaining()]
    facts = {
        "clock": f"T+{max(minute, 0)} min",
        "ready_replicas": str(sum(len(p.routable) for p in pools)),  # exact: ints
        "total_replicas": str(sum(p.int_knob("replicas") for p in pools)),  # exact: ints
        "worst_tenant": shown(in_flight[0][0]),
        "complaining_tenants": ", ".join(complaining) or "nobody right now",
        "late_share": f"{stack.book.recent_bad_ppm() // 10_000} %",
    }
    for tenant in stack.tenants:
        facts[f"limit.{tenant}"] = stack.settings.text(f"tenant.{tenant}.token_limit")
        facts[f"demand.{tenant}"] = f"{gateway.tokens_of(tenant)} tokens in flight"
    return facts


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
