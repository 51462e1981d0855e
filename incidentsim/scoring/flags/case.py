"""What a flag's rule looks at, and what it says when it proposes its flag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from incidentsim.exact import format_clock
from incidentsim.scoring.evidence import Evidence
from incidentsim.scoring.measures import Told
from incidentsim.scoring.moves import Move
from incidentsim.scoring.scorecard import ScoredMove


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One play as the rules see it. `all_moves` and `scored` are of the same moves in the same order; `told` has
    only those that changed something for users."""

    told: Told
    all_moves: Sequence[Move]
    scored: Sequence[ScoredMove]
    evidence: Evidence

    def acts(self) -> list[tuple[Move, ScoredMove]]:
        """Return the moves that are acts, in order."""
        return [(m, s) for m, s in zip(self.all_moves, self.scored, strict=True) if m.act]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Why a flag is proposed, in one sentence, and the records that show it."""

    text: str
    seqs: tuple[int, ...]


Rule = Callable[[Case], Proposal | None]
"""A flag's rule: pure, None when it has nothing to propose."""


def said_at(move: Move) -> str:
    """Return what was typed, its options left out, and when."""
    return f"{move.text.partition(' --')[0]} at {format_clock(move.t_us)}"
