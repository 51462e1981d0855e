"""Alerting: silence, alert set."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.specs.knobs import format_duration, parse_duration
from incidentsim.telemetry.alerts import RuleSet
from incidentsim.world.actions.base import Action, keep_inverse, no_such, push, record_change, report
from incidentsim.world.stack.build import Stack


def _rules(stack: Stack, command: Command) -> RuleSet:
    """Return the rules that have this alert. Raises CommandError when there is none."""
    names = stack.rules.names() if stack.rules is not None else ()
    if stack.rules is None or command.args["alert"] not in names:
        raise no_such("alert", command.args["alert"], list(names))
    return stack.rules


class Silence(Action):
    """`silence alert`: it goes on firing, but nobody is told. Silencing it again lifts the silence."""

    def check(self, stack: Stack, command: Command) -> None:
        """The alert must exist."""
        _rules(stack, command)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what silence means."""
        return [f"target: alert {command.args['alert']}", "change: notifications stop; the condition stays as it is"]

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Silence, or lift the silence."""
        assert stack.rules is not None
        name = command.args["alert"]
        keep_inverse(stack, ref, command)
        if stack.rules.silenced(name):
            stack.rules.unsilence(name)
            report(stack, ref, "done", f"{name} notifies again")
        else:
            stack.rules.silence(name)
            report(stack, ref, "done", f"{name} is silenced")


class SetAlert(Action):
    """`alert set name setting`: another threshold, or another `for`."""

    def check(self, stack: Stack, command: Command) -> None:
        """The alert must exist and have what is set."""
        self._now(stack, command)

    def _now(self, stack: Stack, command: Command) -> str:
        """Return the present setting of the kind that the command changes."""
        name, rules = command.args["alert"], _rules(stack, command)
        if command.args["setting"].startswith("for="):
            held = [rule.for_us for rule in rules.rules_of(name)]
            if any(us != held[0] for us in held):
                raise CommandError(f"{name} has several rules that wait differently long")
            return f"for={format_duration(held[0])}"
        threshold = rules.threshold(name)
        if threshold is None:
            raise CommandError(f"{name} does not compare with one number: {rules.rules_of(name)[0].expr}")
        return threshold

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what changes."""
        return [f"target: alert {command.args['alert']}",
                f"change: {self._now(stack, command)} -> {command.args['setting']}",
                "steps: the rule file is reloaded, in force in 5 s; the condition itself stays as it is"]  # fmt: skip

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Reload the rule with its new setting."""
        name, setting, before = command.args["alert"], command.args["setting"], self._now(stack, command)
        rules = _rules(stack, command)
        keep_inverse(stack, ref, Command(verb="alert", args={"action": "set", "alert": name, "setting": before}))
        what = f"alert rule {name}: {before} -> {setting}"
        record_change(stack, "config", "observability", what)

        def then() -> None:
            if setting.startswith("for="):
                rules.set_for(name, parse_duration(setting.removeprefix("for=")))
            else:
                rules.set_threshold(name, setting)

        push(stack, ref, what, then)
