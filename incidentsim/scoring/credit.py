"""What each move did: Shapley credit φ, the requests it saved, the first move that helped (scoring.md §1, §2).

Called by `effects` and `baseline`. A `Game` is one play on one world: which of its moves can matter, the loss of
any subset of them, each move's commands kept or left out at their own times (open loop). All runs share their
keyed draws, so that a move which changed nothing has a credit of exactly 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from incidentsim.scenario.model import Scenario
from incidentsim.scoring.burn import bad_by_slo
from incidentsim.scoring.idle import sets_in_motion, working
from incidentsim.scoring.loss import loss
from incidentsim.scoring.moves import Move, without
from incidentsim.scoring.protocol import MARK_US, Outcome, Plan, Resimulate
from incidentsim.scoring.shapley import Orders, apportioned, mean_gains
from incidentsim.transcript.model import TimedCommand

EFFECTIVE_TENTH = 10
"""A move mitigates when it saves at least one tenth of what the reference saves (scoring.md §2)."""

PROBE_US = 30_000_000
"""How long after a move's last command the world is compared with one that never had it, at the mark before: longer

than a configuration takes to arrive (5 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """φ of one move, and the bad requests it saved of each objective; `share` is exact.

    `nano` and `bad_saved` are whole: over all moves they add up to what the play saved. `nano` is in
    thousand-millionths of a bad request of weight 1.
    """

    nano: int
    share: Fraction
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


@dataclass(slots=True, kw_only=True)
class Game:
    """The moves that can matter, and the outcomes of their subsets as bit masks, bit i for `players[i]`.

    No move is doing nothing, all of them is the play itself: both were run before.
    """

    players: tuple[int, ...]
    moves: Sequence[Move]
    commands: Sequence[TimedCommand]
    runner: Runner
    nothing: Outcome
    actual: Outcome
    _found: dict[int, Outcome] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._found[self.everything()] = self.actual
        self._found[0] = self.nothing

    def everything(self) -> int:
        """Return the mask of all players."""
        return (1 << len(self.players)) - 1

    def outcomes(self, masks: Sequence[int]) -> dict[int, Outcome]:
        """Return the outcome of each subset, running what is new at once."""
        new = [mask for mask in masks if mask not in self._found]
        plans = [self._plan(mask) for mask in new]
        self._found.update(zip(new, self.runner.run(*plans) if plans else (), strict=True))
        return {mask: self._found[mask] for mask in masks}

    def losses(self, masks: Sequence[int]) -> dict[int, int]:
        """Return B of each subset."""
        return {mask: self.runner.loss(outcome) for mask, outcome in self.outcomes(masks).items()}

    def _plan(self, mask: int) -> tuple[TimedCommand, ...]:
        kept = {seq for n, i in enumerate(self.players) if mask >> n & 1 for seq in self.moves[i].seqs}
        given = [c for c in self.commands if c.ref in kept or _takes_its_turn(c, self.runner.scenario)]
        return working(given, self.runner.scenario)


def probes(moves: Sequence[Move], commands: Sequence[TimedCommand], scenario: Scenario) -> tuple[tuple[Plan, ...], ...]:
    """Return, by move, two short runs: the play up to shortly after it, with it and without.

    None for a move that can't matter by what it is.
    """
    out: list[tuple[Plan, ...]] = []
    for i, move in enumerate(moves):
        if not _works(i, moves, commands, scenario):
            out.append(())
            continue
        last = max((c for c in commands if c.ref in move.seqs), key=_when)
        given = [c for c in commands if _when(c) <= _when(last)]
        end_us = min((last.t_us + PROBE_US) // MARK_US * MARK_US, scenario.duration)
        out.append(tuple(Plan(commands=tuple(some), end_us=end_us) for some in (given, without(given, move))))
    return tuple(out)


def playing(probed: Sequence[tuple[Plan, ...]], resimulate: Resimulate) -> tuple[int, ...]:
    """Return the places of the moves that changed the world.

    The others are placebos: they can't matter by what they are, or shortly after them the world was in the very
    state in which it is without them, as when a command is given again. Leaving all of them out leaves the play as
    it is, the last one first. Where states are not known, every move may have changed something.
    """
    out: list[int] = []
    for i, plans in enumerate(probed):
        states = [outcome.state for outcome in resimulate(plans)] if plans else []
        if states and not (states[0] and states[0] == states[1]):
            out.append(i)
    return tuple(out)


def credits_of(game: Game, orders: Orders) -> tuple[Credit, ...]:
    """Return the credit of every move of the play: the Shapley value of those that can matter, 0 for the others."""
    masks = orders.masks()
    shares = _spread(game, mean_gains(orders, game.losses(masks)))
    counts = {mask: dict(bad_by_slo(o, game.runner.scenario)) for mask, o in game.outcomes(masks).items()}
    saved: list[dict[str, int]] = [{} for _ in game.moves]
    for slo in counts[0]:
        gains = mean_gains(orders, {mask: bad[slo] for mask, bad in counts.items()})
        for i, whole in enumerate(apportioned(_spread(game, gains))):
            saved[i][slo] = whole
    return tuple(
        Credit(nano=nano, share=share, bad_saved=tuple(of.items()))
        for nano, share, of in zip(apportioned(shares), shares, saved, strict=True)
    )


def costs_in_order(game: Game) -> tuple[int, ...]:
    """Return, by move, what it cost users when it came, on top of those before it; 0 where it was none the worse.

    In thousand-millionths, like credit. A move that would have hurt earlier, and came when it was safe, costs nothing.
    """
    losses = game.losses([(1 << n) - 1 for n in range(len(game.players) + 1)])
    growing = [losses[(1 << n) - 1] for n in range(len(game.players) + 1)]
    costs = [0] * len(game.moves)
    for i, (before, after) in zip(game.players, pairwise(growing), strict=True):
        costs[i] = max(0, after - before)
    return tuple(costs)


def first_effective(game: Game, credits: Sequence[Credit], budget: int) -> Move | None:
    """Return the first move that saved ≥ 10 % of `budget`: by its credit, or when it joined the moves before it.

    The second way is run only for the moves before the first with so much credit.
    """
    if budget <= 0:
        return None
    place = next(
        (n for n, i in enumerate(game.players) if credits[i].share * EFFECTIVE_TENTH >= budget), len(game.players)
    )
    growing = game.losses([(1 << n) - 1 for n in range(place + 1)])
    for n in range(place):
        if (growing[(1 << n) - 1] - growing[(2 << n) - 1]) * EFFECTIVE_TENTH >= budget:
            return game.moves[game.players[n]]
    return game.moves[game.players[place]] if place < len(game.players) else None


def first_effective_of_reference(game: Game) -> Move | None:
    """Return the first move of a reference that saved ≥ 10 % of what all of it saves when it joined those before.

    Its credits are not needed: a play that is the reference is never later than this.
    """
    nothing = game.runner.loss(game.nothing)
    budget = nothing - game.runner.loss(game.actual)
    before = nothing
    for n, i in enumerate(game.players):
        mask = (2 << n) - 1
        after = game.losses([mask])[mask]
        if (before - after) * EFFECTIVE_TENTH >= budget:
            return game.moves[i]
        before = after
    return None


def _works(i: int, moves: Sequence[Move], commands: Sequence[TimedCommand], scenario: Scenario) -> bool:
    """Return whether some command of a move can matter in this play, and does more than take its turn."""
    return any(c.ref in moves[i].seqs and not _takes_its_turn(c, scenario) for c in working(commands, scenario))


def _when(timed: TimedCommand) -> tuple[int, int]:
    return timed.t_us, timed.k


def _takes_its_turn(timed: TimedCommand, scenario: Scenario) -> bool:
    """Return whether a command is a question that sets nothing in motion: it stays in all runs, and earns nothing."""
    return timed.command.verb == "ask" and not sets_in_motion(timed, scenario)


def _spread(game: Game, shares: Sequence[Fraction]) -> list[Fraction]:
    """Return the shares of players as shares of all moves."""
    out = [Fraction(0)] * len(game.moves)
    for i, share in zip(game.players, shares, strict=True):
        out[i] = share
    return out
