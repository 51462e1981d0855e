"""Where two runs part that should be equal: the first checkpoint that differs, and whose state differs there.

`replay` compares a record with its replay; `python -m benchmarks.digests` compares ways of running.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.events import CheckpointTaken
from incidentsim.exact import format_clock

PART_DIGITS = 4
"""Hex digits of each part in `CheckpointTaken.parts`."""

NAMED = 6
"""Most parts that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """The first checkpoint at which two runs differ.

    `parts` are the components (or `faults`, `settings`, `team`, `outcome`) whose states differ there. Without any:
    `telemetry` says that only what was emitted differs, and not `told` that one of the runs does not say what its
    parts were; else the runs were given other commands, or a state that differed is the same again.
    """

    t_us: int
    parts: tuple[str, ...]
    telemetry: bool
    told: bool = True

    def __str__(self) -> str:
        if self.parts:
            more = f" and {len(self.parts) - NAMED} more" if len(self.parts) > NAMED else ""
            where = f"in the state of {', '.join(self.parts[:NAMED])}{more}"
        elif self.telemetry:
            where = "in telemetry only, all state is equal"
        elif self.told:
            where = "in the commands given, or in a state that is equal again"
        else:
            where = "the record does not say in whose state"
        return f"first checkpoint that differs: {format_clock(self.t_us)}, {where}"


def first_parting(
    one: Sequence[CheckpointTaken], two: Sequence[CheckpointTaken], names: Sequence[str]
) -> Parting | None:
    """Return where two series of checkpoints part, None when one is the beginning of the other, or its equal.

    `names` are the world's `part_names` at the end of the longer one.
    """
    for was, now in zip(one, two, strict=False):
        if (was.t_us, was.dyn, was.tel) == (now.t_us, now.dyn, now.tel):
            continue
        parts = _differing(was.parts, now.parts, names) if was.t_us == now.t_us else ()
        told = bool(was.parts and now.parts)
        return Parting(t_us=min(was.t_us, now.t_us), parts=parts, telemetry=was.dyn == now.dyn, told=told)
    return None


def _differing(was: str, now: str, names: Sequence[str]) -> tuple[str, ...]:
    if not was or not now:
        return ()
    found = []
    for place, name in enumerate(names):
        at = slice(place * PART_DIGITS, (place + 1) * PART_DIGITS)
        if was[at] != now[at]:  # a component that only one of them has differs, too
            found.append(name)
    return tuple(found)
