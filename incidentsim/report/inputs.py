"""What a report is made from, handed in by the caller: this layer runs no world and opens no file.

The command line fills these from the score, the re-simulator's kept runs and a replay with telemetry; tests
write them down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from incidentsim.report.model import Sentence
from incidentsim.scoring.protocol import Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal as dashboards showed it: points (scenario µs, value), usual range, and its line if it has one."""

    key: str
    title: str
    unit: str
    points: tuple[tuple[int, float], ...]
    band: tuple[float, float] | None = None
    line: float | None = None
    line_title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Marks per objective of two re-simulated runs to the scenario's end: left alone, and as played."""

    nothing: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    played: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What else is known of the play. Absent parts are None or empty.

    `strength` and `improvement` are the debrief's; `postmortem` is an
    `incidentsim-postmortem/1`.
    """

    runs: Runs | None = None
    signals: tuple[Signal, ...] = ()
    strength: Sentence | None = None
    improvement: Sentence | None = None
    postmortem: Mapping[str, Any] | None = None
