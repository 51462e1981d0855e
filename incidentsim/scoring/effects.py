"""What a play did to users, by re-simulation: its own run, the credit of each move, and the same on other seeds.

Called by `score`. All worlds run inside the re-simulators that are handed in; whatever is asked for twice is run
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from incidentsim.exact import Draws
from incidentsim.scenario.cast import Cast
from incidentsim.scenario.model import Scenario
from incidentsim.scoring.baseline import Baseline, baseline, references_of
from incidentsim.scoring.credit import (
    Credit,
    Game,
    Runner,
    costs_in_order,
    credits_of,
    first_effective,
    playing,
    probes,
)
from incidentsim.scoring.moves import Move
from incidentsim.scoring.numbers import NANO, whole_total
from incidentsim.scoring.play import names_of
from incidentsim.scoring.protocol import RUN_ON_US, Outcome, Plan, Resimulate
from incidentsim.scoring.runs import Remembered
from incidentsim.scoring.shapley import Orders, orders_of
from incidentsim.specs.vocabulary import Vocabulary
from incidentsim.transcript.model import TimedCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One (seed, re-simulator) of a scenario, with its scale where that is known."""

    seed: int
    resimulate: Resimulate
    scale: Baseline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditForm:
    """How credit was made: over all orders of the moves that can matter (`exact`), or over some drawn ones.

    `moves` is how many changed the world, `orders` how many orders of them were averaged, `subsets` how many sets of
    moves that took.
    """

    exact: bool
    moves: int
    orders: int
    subsets: int
    deep: bool

    def fields(self) -> dict[str, int | str | bool]:
        """Return it as plain values for the scorecard."""
        return {
            "form": "exact" if self.exact else "orders", "moves": self.moves, "orders": self.orders,
            "subsets": self.subsets, "deep": self.deep,
        }  # fmt: skip

    def note(self) -> str:
        """Return what a reader of credits must know."""
        how = (
            "over all orders of the moves" if self.exact
            else f"over {self.orders} drawn orders of {self.moves} moves, each with its reverse (how moves share is "
            "approximate, their total is exact)"
        )  # fmt: skip
        return (
            f"Credit is what a move changed on average {how}, all others at their own times: it explains what "
            "happened here, not what a person would have done without it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What one play did on one seed. Losses are in thousand-millionths of a bad request.

    `costs` is what each move cost in the order in which they were made; they are empty, and not run for, when no
    credit is negative.
    """

    seed: int
    actual: Outcome
    actual_loss: int
    scale: Baseline
    credits: tuple[Credit, ...]
    costs: tuple[int, ...]
    effective: Move | None
    form: CreditForm

    def worsened(self) -> int:
        """Return the sum of what moves cost when they were made."""
        return whole_total(self.costs)

    def harmless(self, i: int) -> bool:
        """Return whether a move has a negative credit, and yet made nothing worse when it was made."""
        return self.credits[i].nano < 0 and self.costs[i] == 0


def effects_of(
    commands: Sequence[TimedCommand], moves: Sequence[Move], world: World, scenario: Scenario, cast: Cast,
    vocabulary: Vocabulary, *, orders_seed: int, deep: bool,
) -> Effects:  # fmt: skip
    """Run what is needed to say what each move did. Raises ScenarioError when a reference can't be read.

    `orders_seed` is the seed of the play: on other seeds the same orders are drawn for the same moves.
    """
    resimulate = Remembered(resimulate=world.resimulate)
    scale = world.scale
    played = Plan(commands=tuple(commands), end_us=scenario.duration, run_on_us=RUN_ON_US)
    probed = probes(moves, commands, scenario)
    references = references_of(scenario, cast, vocabulary) if scale is None else ()
    alone = [(), *[tuple(i.timed() for i in r.issued) for r in references]] if scale is None else []
    # all at once, though each part asks for its own runs again: so every core has work, and plans share their trunks
    resimulate([
        played, *[Plan(commands=some, end_us=scenario.duration) for some in alone],
        *[plan for plans in probed for plan in plans],
    ])  # fmt: skip
    if scale is None:
        scale = baseline(scenario, resimulate, references, names_of(cast, scenario))
    runner = Runner(
        scenario=scenario, resimulate=resimulate, cost_of_nothing_microdollars=scale.nothing.cost_microdollars
    )
    (actual,) = resimulate([played])
    actual_loss = runner.loss(actual)
    players = playing(probed, resimulate)
    if not players and actual_loss != scale.nothing_loss:
        players = tuple(range(len(moves)))  # something mattered after all: then anything may
    orders = _orders(players, moves, commands, scenario, orders_seed, deep=deep)
    game = Game(players=players, moves=moves, commands=commands, runner=runner, nothing=scale.nothing, actual=actual)
    credits = credits_of(game, orders)
    costs = costs_in_order(game) if any(credit.nano < 0 for credit in credits) else ()
    effective = first_effective(game, credits, scale.budget())
    form = CreditForm(
        exact=orders.exact(), moves=orders.count, orders=orders.averaged(), subsets=len(orders.masks()), deep=deep,
    )  # fmt: skip
    return Effects(
        seed=world.seed, actual=actual, actual_loss=actual_loss, scale=scale, credits=credits, costs=costs,
        effective=effective, form=form,
    )  # fmt: skip


def credit_errors(own: Effects, siblings: Sequence[Effects]) -> tuple[int, ...] | None:
    """Return, by move, the standard error of a credit made on one seed; None without siblings.

    It is the standard deviation over the seeds, own and siblings, of the same commands: in thousand-millionths.
    """
    if not siblings:
        return None
    worlds = (own, *siblings)
    return tuple(deviation([w.credits[i].nano for w in worlds]) for i in range(len(own.credits)))


def deviation(values: Sequence[int]) -> int:
    """Return the sample standard deviation of at least two integers, rounded down."""
    n, total, squares = len(values), 0, 0
    for value in values:
        total += value
        squares += value * value
    return isqrt((n * squares - total * total) // (n * (n - 1)))


def deviation_of(values: Sequence[float]) -> float:
    """Return the same of numbers such as S, exact to a thousand-millionth."""
    return deviation([round(value * NANO) for value in values]) / NANO


def _orders(
    players: Sequence[int], moves: Sequence[Move], commands: Sequence[TimedCommand], scenario: Scenario, seed: int,
    *, deep: bool,
) -> Orders:  # fmt: skip
    """Draw the orders: the same for the same seed, scenario, and verbs and targets of the moves."""
    entity = "\n".join([scenario.id, *(f"{moves[i].verb} {moves[i].target}" for i in players)])
    given = {c.ref: c.command for c in commands}
    kinds = [
        "\n".join(f"{given[seq].verb} {sorted(given[seq].args.items())}" for seq in moves[i].seqs) for i in players
    ]
    return orders_of(kinds, Draws(seed, entity, "orders"), deep=deep)
