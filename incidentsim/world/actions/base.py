"""What an action is, and the few things that all of them do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from incidentsim.commands.model import Command
from incidentsim.errors import CommandError
from incidentsim.events import ChangeRecorded, EffectObserved
from incidentsim.world.call import Call
from incidentsim.world.stack.build import Stack

CONFIG_PUSH_US: Final = 5_000_000
"""Time from a configuration command to the gateway's acting on it: an xDS push to all proxies."""


class Action:
    """One verb's effect.

    `check` raises CommandError when it can't be carried out as things stand. `preview` says what it would touch
    now, and never simulates ahead. `apply` changes the world. An action that can be undone stores its inverse.
    """

    def check(self, stack: Stack, command: Command) -> None:
        """Raise CommandError when the command can't be carried out."""

    def preview(self, stack: Stack, command: Command) -> list[str]:
        """Return targets, steps, duration, cost, users touched now."""
        raise TypeError(f"{type(self).__name__} has no preview")

    def apply(self, stack: Stack, command: Command, ref: int) -> None:
        """Change the world."""
        raise TypeError(f"{type(self).__name__} does nothing")

    def resolve(self, stack: Stack, command: Command) -> Command:
        """Return the command as it is to be recorded."""
        return command


def report(stack: Stack, ref: int, stage: str, text: str, **detail: Any) -> None:
    """Tell the person what the command did."""
    stack.emit(EffectObserved(t_us=stack.kernel.now, ref=ref, stage=stage, text=text, detail=detail))


def record_change(stack: Stack, kind: str, target: str, summary: str) -> None:
    """Enter what the person on call did in the change log."""
    change = stack.organisation.next_id()
    now = stack.kernel.now
    stack.organisation.log(change, now, kind, target, "you (on call)", summary)
    stack.emit(ChangeRecorded(t_us=now, change=change, summary=summary, actor="you (on call)"))


def push(stack: Stack, ref: int, what: str, then: Callable[[], None]) -> None:
    """Do `then` after the time a configuration push takes, and report both moments."""
    report(stack, ref, "applied", f"{what}: pushing the configuration, in force in 5 s")

    def arrived(_: Call) -> None:
        then()
        report(stack, ref, "done", f"{what}: in force")

    stack.kernel.after(CONFIG_PUSH_US, arrived, None)


def switched_on(command: Command) -> bool:
    """Whether a command whose verb has a switch makes its measure: on, the default; off ends it."""
    return command.args.get("switch", "on") == "on"


def keep_inverse(stack: Stack, ref: int, command: Command) -> None:
    """Remember how to undo command `ref`."""
    stack.inverses[ref] = replace(command, because="", dry_run=False)


def no_such(kind: str, name: str, known: list[str]) -> CommandError:
    """Return the error for a name that the world doesn't have."""
    return CommandError(f"there is no {kind} {name!r}; there are: {', '.join(known) or 'none'}")
