"""What each move did: leave-one-out credit φ, and the first move that helped (scoring.md §1, §2).

Called by `score` and `baseline`. φ_i = B(A without i) − B(A) on common random numbers: exactly 0 for a move
that changed nothing. It is an open-loop explanation: the person's later commands stay as they were. Where two
moves can stand in for each other, each alone looks small and the credits don't add up to the whole; the score
says by how much. So that the first of two such moves still counts as the mitigation, a move also counts from
the moment it helped in the order in which the moves were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import bad_saved_between
from incidentsim.scoring.loss import loss
from incidentsim.scoring.moves import Move, without
from incidentsim.scoring.protocol import Outcome, Plan, Resimulate
from incidentsim.transcript.model import TimedCommand

EFFECTIVE_TENTH = 10
"""A move mitigates when it saves at least one tenth of what the reference saves (scoring.md §2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """φ of one move in thousand-millionths of a bad request, and the bad requests it saved of each
    objective."""

    nano: int
    bad_saved: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Re-simulation with what every run of a scenario shares: its end and the cost of doing nothing."""

    scenario: Scenario
    resimulate: Resimulate
    cost_of_nothing_microdollars: int = 0

    def run(self, *plans: Sequence[TimedCommand], run_on_us: int = 0) -> tuple[Outcome, ...]:
        """Run several command lists at once; only the first has a run-on."""
        end_us = self.scenario.duration
        wanted = [
            Plan(commands=tuple(plan), end_us=end_us, run_on_us=0 if i else run_on_us) for i, plan in enumerate(plans)
        ]
        return tuple(self.resimulate(wanted))

    def loss(self, outcome: Outcome) -> int:
        """Return B of an outcome."""
        return loss(outcome, self.scenario, cost_of_nothing_microdollars=self.cost_of_nothing_microdollars)


def credit_of(actual: Outcome, left_out: Outcome, runner: Runner) -> Credit:
    """Return the credit of a move, given the run without it."""
    saved = bad_saved_between(left_out, actual, runner.scenario)
    return Credit(nano=runner.loss(left_out) - runner.loss(actual), bad_saved=saved)


def first_effective(
    moves: Sequence[Move],
    commands: Sequence[TimedCommand],
    phis: Sequence[int],
    *,
    budget: int,
    nothing: int,
    actual: int,
    runner: Runner,
) -> Move | None:
    """Return the first move that saved ≥ 10 % of `budget`: left out of all, or added to those before it.

    `phis` are the credits of the moves. What they do in order is run, at once, only for the moves before the
    first whose own credit is large enough.
    """
    if budget <= 0:
        return None
    place = next((i for i, phi in enumerate(phis) if phi * EFFECTIVE_TENTH >= budget), len(moves))
    growing = [up_to(moves, commands, i + 1) for i in range(min(place, len(moves) - 1))]
    losses = [
        nothing,
        *(runner.loss(outcome) for outcome in (runner.run(*growing) if growing else ())),
        actual,
    ]
    for i in range(place):
        if (losses[i] - losses[i + 1]) * EFFECTIVE_TENTH >= budget:
            return moves[i]
    return moves[place] if place < len(moves) else None


def first_effective_of_reference(
    moves: Sequence[Move], commands: Sequence[TimedCommand], *, nothing: int, actual: int, runner: Runner
) -> Move | None:
    """Return the same for a reference, two runs a move: its first or second move is nearly always the one."""
    budget, before = nothing - actual, nothing
    for i, move in enumerate(moves):
        left_out, grown = runner.run(without(commands, move), up_to(moves, commands, i + 1))
        after = runner.loss(grown)
        if max(runner.loss(left_out) - actual, before - after) * EFFECTIVE_TENTH >= budget:
            return move
        before = after
    return None


def up_to(moves: Sequence[Move], commands: Sequence[TimedCommand], count: int) -> tuple[TimedCommand, ...]:
    """Return the commands with only the first `count` moves."""
    later = [seq for move in moves[count:] for seq in move.seqs]
    return tuple(command for command in commands if command.ref not in later)
