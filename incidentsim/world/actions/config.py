"""Configuration of the components and of tenants: set, limit, priority."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.scenario.naming import knob_at, stored_value
from incidentsim.specs.knobs import UNLIMITED, Knob, KnobValue, format_value, value_text
from incidentsim.world.actions.base import Action, keep_inverse, push, record_change, report
from incidentsim.world.stack.build import Stack


class SetKnob(Action):
    """`set component.knob value`."""

    def _target(self, stack: Stack, command: Command) -> tuple[str, Knob, KnobValue]:
        shown, _, name = command.args["knob"].rpartition(".")
        component = stack.stable(shown)
        if not stack.settings.known(component):
            raise CommandError(f"there is no component {shown!r} with knobs")
        path = f"{component}.{name}"
        knob = knob_at(path)
        if knob is None:
            raise CommandError(f"{shown} has no knob {name!r}")
        try:
            return path, knob, stored_value(path, command.args["value"])
        except ValueError as error:
            raise CommandError(str(error)) from None

    def check(self, stack: Stack, command: Command) -> None:
        """The knob must exist and take the value."""
        self._target(stack, command)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what it changes and how long that takes."""
        path, knob, value = self._target(stack, command)
        lines = [f"target: {command.args['knob']}",
                 f"change: {stack.settings.text(path)} -> {format_value(knob, value)}"]  # fmt: skip
        if knob.rolls:
            pods = [p for p in stack.pools[path.rpartition(".")[0]].pods if p.state == "ready"]
            flying = sum(p.requests for p in pods)  # exact: ints
            lines += [f"steps: replaces {len(pods)} pods a few at a time, each drained for up to 30 s, then about "
                      "75 s to load weights", f"users touched now: {flying} requests in flight on these pods",
                      "KV caches start cold"]  # fmt: skip
        else:
            lines += ["steps: configuration push, in force in 5 s", "cost: none"]
        return lines

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Push the new value."""
        path, knob, value = self._target(stack, command)
        shown = command.args["knob"]
        before = stack.settings.get(path)
        keep_inverse(stack, ref, Command(verb="set", args={"knob": shown, "value": value_text(knob, before)}))
        what = f"{shown} {format_value(knob, before)} -> {format_value(knob, value)}"
        record_change(stack, "config", shown, what)

        def then() -> None:
            pool = stack.pools.get(path.rpartition(".")[0])
            if pool is not None:
                pool.on_change = lambda stage, text: report(stack, ref, stage, text)
            stack.settings.set(path, value)

        push(stack, ref, what, then)


def _set_tenant(stack: Stack, ref: int, command: Command, knob_name: str, value: KnobValue, inverse: Command) -> None:
    tenant = stack.tenant_id(command.args["tenant"])
    path = f"tenant.{tenant}.{knob_name}"
    knob = knob_at(path)
    assert knob is not None
    what = f"{command.args['tenant']} {knob_name} {stack.settings.text(path)} -> {format_value(knob, value)}"
    keep_inverse(stack, ref, inverse)
    record_change(stack, "config", f"tenant.{command.args['tenant']}", what)
    push(stack, ref, what, lambda: stack.settings.set(path, value))


def _touched(stack: Stack, tenant: str) -> str:
    gateway = stack.gateway
    rate = stack.tenants[tenant].rate_milli() / 1000
    return (f"users touched now: about {rate:.1f} requests/s of ordinary traffic, "
            f"{gateway.queued_of(tenant)} queued, {gateway.tokens_of(tenant)} tokens in flight")  # fmt: skip


class _OfTenant(Action):
    def check(self, stack: Stack, command: Command) -> None:
        """The tenant must exist."""
        if stack.tenant_id(command.args["tenant"]) not in stack.tenants:
            raise CommandError(f"there is no tenant {command.args['tenant']!r}")


class Limit(_OfTenant):
    """`limit tenant tokens|requests rate`."""

    def _value(self, command: Command) -> tuple[str, int]:
        text = command.args["rate"]
        name = "token_limit" if command.args["resource"] == "tokens" else "request_limit"
        return name, UNLIMITED if text == "unlimited" else int(text)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what the limit is now, and whom it touches."""
        name, value = self._value(command)
        tenant = stack.tenant_id(command.args["tenant"])
        path = f"tenant.{tenant}.{name}"
        knob = knob_at(path)
        assert knob is not None
        return [f"target: {command.args['tenant']}",
                f"change: {name} {stack.settings.text(path)} -> {format_value(knob, value)}",
                "steps: configuration push, in force in 5 s; beyond the limit the gateway answers 429",
                _touched(stack, tenant)]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Push the new limit."""
        name, value = self._value(command)
        path = f"tenant.{stack.tenant_id(command.args['tenant'])}.{name}"
        before = stack.settings.get(path)
        rate = "unlimited" if before == UNLIMITED else str(before)
        inverse = Command(verb="limit", args=dict(command.args) | {"rate": rate})
        _set_tenant(stack, ref, command, name, value, inverse)


class Priority(_OfTenant):
    """`priority tenant tier`."""

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what the tier is now, and whom it touches."""
        tenant = stack.tenant_id(command.args["tenant"])
        return [f"target: {command.args['tenant']}",
                f"change: priority {stack.settings.text(f'tenant.{tenant}.priority')} -> {command.args['tier']}",
                "steps: configuration push, in force in 5 s; tiers matter only while requests queue at the gateway",
                _touched(stack, tenant)]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Push the new tier."""
        path = f"tenant.{stack.tenant_id(command.args['tenant'])}.priority"
        inverse = Command(verb="priority", args=dict(command.args) | {"tier": str(stack.settings.get(path))})
        _set_tenant(stack, ref, command, "priority", command.args["tier"], inverse)
