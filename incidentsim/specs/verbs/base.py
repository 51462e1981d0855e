"""What a verb and its arguments are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["look", "act", "think", "communicate"]
Danger = Literal["none", "caution", "destructive"]
ArgumentKind = Literal[
    "promql", "filter", "trace", "component", "knob", "value", "tenant", "resource", "rate", "waiver_action",
    "waiver", "tier", "pool", "replica", "count", "target", "change", "runbook", "shed_selector", "percent", "alert",
    "seq", "person", "route_target", "cost_by", "text", "word",
    "node", "drainable", "route", "job", "cache", "shard", "pinnable", "switch",
    "fault_component", "fault_kind", "probability", "severity", "duration", "cause", "alert_action", "alert_setting",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A positional argument or an option. `rest` takes everything up to the next option, unquoted or quoted."""

    name: str
    kind: ArgumentKind
    help: str
    required: bool = True
    rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbSpec:
    """One verb.

    `inverse` says how `undo` reverts it, empty when it can't. `duration` is what a person should expect.
    Act verbs also take `--because TEXT`, `--dry-run` and `--yes`.
    """

    name: str
    group: Group
    help: str
    arguments: tuple[Argument, ...] = ()
    options: tuple[Argument, ...] = ()
    danger: Danger = "none"
    duration: str = ""
    inverse: str = ""
    example: str = ""


def arg(name: str, kind: ArgumentKind, text: str, *, required: bool = True, rest: bool = False) -> Argument:
    return Argument(name=name, kind=kind, help=text, required=required, rest=rest)


BECAUSE = arg("because", "text", "The reason, recorded beside the command.", required=False)
"""`--because TEXT`, taken by every act verb."""
