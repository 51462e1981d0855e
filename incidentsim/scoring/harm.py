"""What the person made worse: harm, unsafe acts, and the penalty H (scoring.md §1, §2).

Called by `score`. Harm is what moves cost users, as a share of what the reference saves: the smaller of two sums, of
negative credits, and of turns to the worse in the order in which the moves were made. Credit alone would count against
a setting that is safe only after the mending, since it averages over orders in which it comes first; the order alone
would count against a step that is bad by itself and belongs to a mending.
Unsafe is a destructive verb without a dry run of the same verb and target, and without evidence on one of its
causes, before it; or a protected invariant that was broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.scoring.moves import Move, target_of
from incidentsim.scoring.numbers import clip, whole_total
from incidentsim.scoring.play import Names, Play

MOST_PENALTY = 0.5
HARM_WEIGHT = 0.5
UNSAFE_WEIGHT = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """Harm (None where nothing was re-simulated), what was unsafe, and H."""

    harm: float | None
    unsafe_seqs: tuple[int, ...]
    violations: tuple[str, ...]
    penalty: float

    def unsafe(self) -> int:
        """Return the number of unsafe acts and broken invariants."""
        return len(self.unsafe_seqs) + len(self.violations)


def is_unsafe(move: Move, play: Play, names: Names, *, evidence_before: bool) -> bool:
    """Return whether a move is destructive and neither previewed nor backed by evidence."""
    if not move.destructive or evidence_before:
        return False
    return not any(
        i.command.dry_run and i.seq < move.seq and i.command.verb == move.verb
        and target_of(i.command, names) == move.target
        for i in play.issued
    )  # fmt: skip


def harm(share: float | None, unsafe_seqs: Sequence[int], violations: Sequence[str]) -> Harm:
    """Return the penalty H = min(.5, .5·harm + .08·unsafe) for a share of harm, None without re-simulation."""
    broken = tuple(dict.fromkeys(violations))
    penalty = penalty_of(share or 0.0, len(unsafe_seqs) + len(broken))
    return Harm(harm=share, unsafe_seqs=tuple(unsafe_seqs), violations=broken, penalty=penalty)


def share_of_harm(credits_nano: Sequence[int], worsened: int, budget: int) -> float:
    """Return the smaller of Σ max(0, −φ) and `worsened` as a share of what the reference saves, at most 1.

    `worsened` is the sum of `credit.costs_in_order`. Without such a budget any harm is 1.
    """
    cost = min(whole_total(-phi for phi in credits_nano if phi < 0), worsened)
    return clip(cost / budget) if budget > 0 else float(cost > 0)


def penalty_of(harm: float, unsafe: int) -> float:
    """Return H for a share of harm and a number of unsafe acts."""
    return min(MOST_PENALTY, HARM_WEIGHT * harm + UNSAFE_WEIGHT * unsafe)
