"""Alerting: silence."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.world.actions.base import Action, keep_inverse, no_such, report
from incidentsim.world.stack.build import Stack


class Silence(Action):
    """`silence alert`: it goes on firing, but nobody is told. Silencing it again lifts the silence."""

    def check(self, stack: Stack, command: Command) -> None:
        """The alert must exist."""
        names = list(stack.rules.names()) if stack.rules is not None else []
        if command.args["alert"] not in names:
            raise no_such("alert", command.args["alert"], names)

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
