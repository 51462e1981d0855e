"""Credit of whole plays on the toy world: totals, drawn orders, commands that can't matter, other seeds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidentsim.commands.model import Command
from incidentsim.scenario.cast import plain_cast
from incidentsim.scoring.credit import costs_in_order
from incidentsim.scoring.effects import World, deviation
from incidentsim.scoring.idle import working
from incidentsim.scoring.numbers import NANO, whole_total
from incidentsim.scoring.protocol import Outcome, Plan
from incidentsim.scoring.score import score
from incidentsim.scoring.scorecard import Scorecard
from incidentsim.transcript.model import TimedCommand
from tests.scoring.plays import EXPERT, Line, played, shown_vocabulary
from tests.scoring.toy import ToyWorld, run, toy_scenario

SCENARIO = toy_scenario()
VOCABULARY = shown_vocabulary(SCENARIO, plain_cast(SCENARIO))
SEVEN: tuple[Line, ...] = (
    (60, "scale chat-pool 9"), (150, "limit strategic tokens 180k"), (240, "restart chat-pool"),
    (330, "ask account-manager can they trim"), (420, "set gateway.admission tokens"),
    (600, "limit strategic tokens 90k"), (800, "scale chat-pool 8"),
)  # fmt: skip
"""Seven moves, each of which changes the toy world: too many for all orders."""


class OtherToy(ToyWorld):
    """A sibling of the toy: everything that goes wrong is worse by some requests."""

    def __init__(self, more: int) -> None:
        super().__init__()
        self.more = more

    def __call__(self, plans: Sequence[Plan], /) -> list[Outcome]:
        """Run the toy, and count one bad request in `more` twice."""
        out = []
        for outcome in super().__call__(plans):
            sli = {key: (offered, bad + bad // self.more) for key, (offered, bad) in outcome.sli.items()}
            out.append(Outcome(sli=sli, cost_microdollars=outcome.cost_microdollars, series=outcome.series,
                               removed_at_us=outcome.removed_at_us, state=outcome.state))  # fmt: skip
        return out


def scored(*lines: Line, siblings: Sequence[World] | None = None) -> Scorecard:
    """Return the score of a play on the toy world."""
    return score(played(lines, SCENARIO), SCENARIO, ToyWorld(), vocabulary=VOCABULARY, siblings=siblings)


def saved_nano(card: Scorecard) -> int:
    """Return B(nothing) − B(play)."""
    s = card.parts["S"].inputs
    assert isinstance(s["loss_nothing"], float) and isinstance(s["loss_play"], float)
    return round(s["loss_nothing"] * NANO) - round(s["loss_play"] * NANO)


POOL = (*(text for _, text in SEVEN), "priority others batch", "set router.policy round_robin", "restart chat-pool-1")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    play=st.lists(st.tuples(st.integers(1, 1_700), st.sampled_from(POOL)), max_size=9, unique_by=lambda line: line[0]),
    deep=st.booleans(),
)
def test_credits_of_any_play_add_up_to_what_it_saved(play: list[tuple[int, str]], deep: bool) -> None:
    """The whole credits and the saved requests of all moves are those of the play, to the last one."""
    card = scored(*((float(t), text) for t, text in play), siblings=() if deep else None)
    assert whole_total(m.credit_nano or 0 for m in card.moves) == saved_nano(card)
    for slo, saved in card.bad_saved:
        assert whole_total(dict(m.bad_saved)[slo] for m in card.moves) == (saved if card.moves else 0)


def test_seven_moves_are_averaged_over_drawn_orders_and_the_note_says_so() -> None:
    """Beyond five moves a debrief draws two pairs of orders, the deep form twelve."""
    card = scored(*SEVEN)
    assert card.credit_form["form"] == "orders"
    assert (card.credit_form["moves"], card.credit_form["orders"]) == (7, 4)
    assert any("over 4 drawn orders of 7 moves" in note for note in card.notes)
    deep = scored(*SEVEN, siblings=())
    assert (deep.credit_form["orders"], deep.credit_form["deep"]) == (24, True)
    few = scored(*SEVEN[:3])
    assert (few.credit_form["form"], few.credit_form["orders"], few.credit_form["subsets"]) == ("exact", 6, 8)
    assert any("over all orders" in note for note in few.notes)


def test_a_placebo_does_not_push_a_play_over_the_limit() -> None:
    """Five moves and a placebo are still five moves: the same orders, the same credits, the same index."""
    plain = scored(*SEVEN[:5])
    card = scored(*SEVEN[:5], (500, "priority others batch"), (900, "set gateway.admission tokens"))
    assert card.credit_form == plain.credit_form
    assert [m.credit for m in card.moves if m.credit] == [m.credit for m in plain.moves]
    assert [m.credit for m in card.moves if m.verb == "priority"] == [0.0]
    assert card.practice_index == plain.practice_index


def test_drawn_credits_are_near_those_of_all_orders() -> None:
    """On seven moves four drawn orders miss no credit of twenty-four by more than a quarter of the budget."""
    few, many = scored(*SEVEN), scored(*SEVEN, siblings=())
    s = few.parts["S"].inputs
    assert isinstance(s["loss_nothing"], float) and isinstance(s["loss_reference"], float)
    budget = s["loss_nothing"] - s["loss_reference"]
    apart = [abs((a.credit or 0) - (b.credit or 0)) for a, b in zip(few.moves, many.moves, strict=True)]
    assert 0 < max(apart) < budget / 4


def test_siblings_give_standard_errors() -> None:
    """The same commands on other seeds: their spread stands beside each credit and the index."""
    siblings = [World(seed=100 + more, resimulate=OtherToy(more)) for more in (3, 5)]
    card = scored(*EXPERT, siblings=siblings)
    assert [s.seed for s in card.siblings] == [103, 105]
    for i, move in enumerate(card.moves):
        credits = [move.credit or 0.0, *(s.credits[i] for s in card.siblings)]
        assert move.credit_error == pytest.approx(deviation([round(c * NANO) for c in credits]) / NANO)
    assert any((move.credit_error or 0.0) > 0 for move in card.moves)
    assert set(card.errors) == {"practice_index", "S", "g", "T", "harm"}
    assert any("standard error" in note and "103, 105" in note for note in card.notes)
    assert any("no standard error is known" in note for note in scored(*EXPERT).notes)
    assert scored(*EXPERT).moves[0].credit_error is None


def test_deviation_is_the_sample_standard_deviation() -> None:
    """2, 4, 4, 4, 5, 5, 7, 9 have a variance of 32/7; equal values have none."""
    assert deviation([n * NANO for n in (2, 4, 4, 4, 5, 5, 7, 9)]) == 2_138_089_935
    assert deviation([7, 7, 7]) == 0


def given_at(*texts: tuple[str, dict[str, str]]) -> tuple[TimedCommand, ...]:
    """Return commands a minute apart."""
    return tuple(
        TimedCommand(t_us=60_000_000 * (i + 1), k=0, ref=i, command=Command(verb=verb, args=args))
        for i, (verb, args) in enumerate(texts)
    )


def test_alerts_and_talk_without_consequence_are_no_runs() -> None:
    """Silences never matter, pages matter to later questions that do something, other questions only before those."""
    silence = ("silence", {"alert": "A"})
    page = ("page", {"who": "account-manager"})
    idle = ("ask", {"who": "account-manager", "question": "hm?", "topic": "other"})
    asks = ("ask", {"who": "account-manager", "question": "trim?", "topic": "trim"})
    limit = ("limit", {"tenant": "strategic", "rate": "180000"})

    def left(*texts: tuple[str, dict[str, str]]) -> list[int]:
        return [c.ref for c in working(given_at(*texts), SCENARIO)]

    assert left(silence, page, idle, limit) == [3]
    assert left(page, idle, asks, idle, page) == [0, 1, 2]
    assert left(("page", {"who": "platform"}), asks) == [1]
    unresolved = ("ask", {"who": "account-manager", "question": "trim?"})
    assert left(page, unresolved) == [0, 1], "without a topic, as in scripts, an answer may do something"


def test_a_question_to_someone_who_is_not_there_does_nothing() -> None:
    """Who must be paged hears a question only when they were paged, and have arrived, before it."""
    (mate,) = SCENARIO.team
    away = SCENARIO.model_copy(update={"team": (mate.model_copy(update={"reach": "page", "arrives_in": 120_000_000}),)})
    page = ("page", {"who": "account-manager"})
    asks = ("ask", {"who": "account-manager", "question": "trim?", "topic": "trim"})
    limit = ("limit", {"tenant": "strategic", "rate": "180000"})

    def left(*texts: tuple[str, dict[str, str]]) -> list[int]:
        return [c.ref for c in working(given_at(*texts), away)]

    assert left(asks, limit) == [1]
    assert left(page, asks, limit) == [2], "a minute after the page they are still on their way"
    assert left(page, limit, asks) == [0, 1, 2]
    assert left(asks, page, limit, asks) == [0, 1, 2, 3], "the first question takes its turn before the second"


def test_what_earns_nothing_is_not_run() -> None:
    """A play of silences and idle questions asks for no subset, earns 0, and is the world left alone."""
    world = ToyWorld()
    lines: tuple[Line, ...] = ((60, "ask account-manager how are you"), (90, "ask account-manager hello again"))
    card = score(played(lines, SCENARIO), SCENARIO, world, vocabulary=VOCABULARY)
    assert [m.credit for m in card.moves] == [0.0]
    assert card.credit_form["moves"] == 0
    assert not any(m.counted for m in card.moves)
    assert run(Plan(commands=(), end_us=SCENARIO.duration)) in [run(plan) for plan in world.plans]


class Table:
    """A game of moves whose losses are written down, by bit mask."""

    def __init__(self, *losses: int) -> None:
        self.players = tuple(range(len(losses).bit_length() - 1))
        self.moves = self.players
        self._losses = losses

    def losses(self, masks: Sequence[int]) -> dict[int, int]:
        """Return the losses of these subsets."""
        return {mask: self._losses[mask] for mask in masks}


@pytest.mark.parametrize(
    ("losses", "costs"),
    [
        ((100, 10, 400, 10), (0, 0)),  # first the fix, then what would have hurt before it
        ((100, 400, 10, 10), (300, 0)),  # the other way round: it hurt until the fix came
        ((100, 150, 150, 150), (50, 0)),  # the same harm twice: once
        ((100, 120, 90, 5), (20, 0)),  # a step that is bad by itself, and belongs to what helps
    ],
)
def test_what_moves_cost_when_they_came(losses: tuple[int, ...], costs: tuple[int, ...]) -> None:
    """Each move is counted on top of those before it; turns to the better don't make up for turns to the worse."""
    assert costs_in_order(Table(*losses)) == costs  # type: ignore[arg-type]
