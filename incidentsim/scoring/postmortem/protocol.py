"""The seam to rehearsals: scenarios run unattended with a control in place, handed in as a callable.

`session.rehearsal` implements `Rehearse` with the real world; tests use a toy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.protocol import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One unattended run of a scenario, from the prelude to its end. `watch`: alerts whose firing is asked for."""

    scenario: Scenario
    seed: int
    watch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOutcome:
    """What came of a trial; `fired_us`: when each watched alert first fired, without those that never did."""

    outcome: Outcome
    fired_us: Mapping[str, int] = field(default_factory=dict)


class Rehearse(Protocol):
    """Runs trials; equal trials give equal outcomes."""

    def __call__(self, trials: Sequence[Trial], /) -> Sequence[TrialOutcome]:
        """Return one outcome per trial, in order."""
        ...
