"""Reverting what the organisation did: rollback, waiver expire."""

from __future__ import annotations

from collections.abc import Callable

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.scenario.model import Change
from incidentsim.specs.knobs import format_duration, parse_duration
from incidentsim.world.actions.base import Action, keep_inverse, no_such, push, record_change, report, switched_on
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.pools.deploys import revert, undone_by


class Rollback(Action):
    """`rollback change`: what it set goes back; a deploy of a pool's image rolls its pods."""

    def _change(self, stack: Stack, command: Command) -> Change:
        change_id = command.args["change"]
        change = stack.organisation.known(change_id)
        if change is None:
            if any(e.id == change_id for e in stack.organisation.entries):
                raise CommandError(f"{change_id} was made during the incident; use undo with its command's number")
            raise no_such("change", change_id, [e.id for e in stack.organisation.entries])
        return change

    def check(self, stack: Stack, command: Command) -> None:
        """The change must be in the log and hold something to revert."""
        change = self._change(stack, command)
        on = switched_on(command)
        if stack.organisation.is_wanted_back(change.id) == on:
            again = f"rolled back already; `rollback {change.id} off` applies it again"
            raise CommandError(f"{change.id} is {again if on else 'not rolled back'}")
        brought = any(fault.came_with == change.id for fault in stack.faults.values())
        if change.kind == "deploy" or change.sets or change.waiver is not None or brought:
            return
        raise CommandError(f"{change.id} can't be rolled back: it changed nothing that a machine could revert")

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what goes back."""
        change = self._change(stack, command)
        target = stack.cast.target(change.target)
        lines = [f"target: {target} ({change.id})"]
        if change.waiver is not None:
            now = "holds again" if switched_on(command) else "is waived again"
            lines.append(f"change: the contract's limit of {stack.cast.shown(change.waiver.tenant)} {now}")
        if target in stack.pools and change.kind == "deploy":
            pods = undone_by(stack, change, again=not switched_on(command))
            lines.append(f"steps: replaces {pods} pods a few at a time, about 75 s to load each; their KV caches start "
                         "cold" if pods else "steps: none, no pod has another revision")  # fmt: skip
        else:
            lines.append("steps: configuration push, in force in 5 s")
        return lines

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Revert it, or apply it again."""
        change = self._change(stack, command)
        again = not switched_on(command)
        args = {"change": change.id, "switch": "on" if again else "off"}
        keep_inverse(stack, ref, Command(verb="rollback", args=args))
        stack.organisation.want_back(change.id, not again)
        what = f"{'re-apply' if again else 'roll back'} {change.id}"
        target = stack.cast.target(change.target)
        record_change(stack, change.kind, target, what)

        def then() -> None:
            turn_back(stack, change, what, again=again, told=lambda stage, text: report(stack, ref, stage, text))

        push(stack, ref, what, then)


def turn_back(
    stack: Stack, change: Change, what: str, *, again: bool, told: Callable[[str, str], None] | None = None
) -> None:  # fmt: skip
    """Revert a change, or with `again` apply it anew: what it set, what came with it, and the pods it replaced.

    Whoever does it logs it. `told` hears how far the pods are.
    """
    if again:
        stack.organisation.roll_forward(change.id, stack.settings.parse(change.sets))
    else:
        stack.organisation.roll_back(change.id)
    for fault in stack.faults.values():
        if fault.started and fault.came_with == change.id:
            fault.reverted(again=again)
    revert(stack, change, again=again)
    pool = stack.pools.get(stack.cast.target(change.target))
    if change.kind == "deploy" and pool is not None:
        if told is not None:
            pool.on_change = told
        pool.roll(what)


class WaiverExpiry(Action):
    """`waiver expire id [--in duration]`."""

    def check(self, stack: Stack, command: Command) -> None:
        """The waiver must be in force."""
        waivers = stack.organisation.waivers
        waiver = waivers.get(command.args["waiver"])
        if waiver is None:
            raise no_such("waiver", command.args["waiver"], list(waivers))
        if not waiver.active:
            raise CommandError(f"waiver {command.args['waiver']} has ended already")

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what ends, when, and who should agree."""
        waiver = stack.organisation.waivers[command.args["waiver"]]
        limit = stack.scenario.tenant(waiver.tenant).token_limit
        agreed = "yes" if waiver.agreed else "not yet; the account owner can be paged and asked"
        return [f"target: waiver {command.args['waiver']} for {stack.cast.shown(waiver.tenant)}",
                f"change: ends {'in ' + command.args['in'] if 'in' in command.args else 'now'}; then the contract's "
                f"{limit} tokens/min hold", f"agreed with the account owner: {agreed}"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Give the waiver an end."""
        change_id = command.args["waiver"]
        delay = parse_duration(command.args["in"]) if "in" in command.args else 0
        waiver = stack.organisation.waivers[change_id]
        tenant = stack.cast.shown(waiver.tenant)
        if not delay:
            args = {"tenant": tenant, "resource": "tokens", "rate": "unlimited"}
            keep_inverse(stack, ref, Command(verb="limit", args=args))
        when = f"in {format_duration(delay)}" if delay else "now"
        what = f"waiver {change_id} ends {when}"
        record_change(stack, "waiver", f"tenant.{tenant}", what)
        push(stack, ref, what, lambda: stack.organisation.expire_waiver(change_id, delay))
