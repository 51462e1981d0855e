"""Fixing the version of something in a component: pin."""

from __future__ import annotations

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.world.actions.base import Action, keep_inverse, no_such, push, record_change, report
from incidentsim.world.stack.build import Stack
from incidentsim.world.stack.component import Component
from incidentsim.world.stack.pools.pool import Pool


class Pin(Action):
    """`pin component key=revision`."""

    def _target(self, stack: Stack, command: Command) -> tuple[Component, str, str]:
        name = stack.stable(command.args["component"])
        component = stack.components.get(name)
        known = component.pins() if component is not None else {}
        if component is None or not known:
            raise CommandError(f"there is nothing to pin in {command.args['component']!r}")
        key, equals, revision = command.args["revision"].partition("=")
        if not equals or key not in known:
            keys = ", ".join(known)
            raise CommandError(f"say what to pin as KEY=REVISION, KEY one of {keys}; got {command.args['revision']!r}")
        if revision not in known[key]:
            raise no_such(f"{key} revision", revision, list(known[key]))
        return component, key, revision

    def check(self, stack: Stack, command: Command) -> None:
        """The component must know the revision."""
        self._target(stack, command)

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Say what it changes and how long that takes."""
        component, key, revision = self._target(stack, command)
        lines = [f"target: {command.args['component']}", f"change: {key} {component.pins()[key][0]} -> {revision}"]
        if isinstance(component, Pool):
            pods = [p for p in component.members if p.revisions[key] != revision]
            flying = sum(p.requests for p in pods)  # exact: ints
            lines += [f"steps: replaces {len(pods)} pods a few at a time, each drained for up to 30 s, "
                      f"then about {component.part.load_time // 1_000_000} s to load weights",
                      f"users touched now: {flying} requests in flight on these pods",
                      "their KV caches start cold"] if pods else ["steps: none, no pod has another"]  # fmt: skip
        else:
            lines.append("steps: configuration push, in force in 5 s")
        return lines

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Push the pin."""
        component, key, revision = self._target(stack, command)
        shown, before = command.args["component"], component.pins()[key][0]
        keep_inverse(stack, ref, Command(verb="pin", args={"component": shown, "revision": f"{key}={before}"}))
        what = f"{shown} {key} {before} -> {revision}"
        record_change(stack, "deploy", shown, what)

        def then() -> None:
            if isinstance(component, Pool):
                component.on_change = lambda stage, text: report(stack, ref, stage, text)
            component.pin(key, revision)

        push(stack, ref, what, then)
