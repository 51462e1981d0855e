"""A score on the real stack: credits add up, placebos are found by state, and the bytes are the same everywhere."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from incidentsim.commands.parse import parse
from incidentsim.scenario.cast import plain_cast
from incidentsim.scoring.numbers import NANO, whole_total
from incidentsim.scoring.protocol import Outcome, Plan
from incidentsim.scoring.scorecard import Scorecard
from incidentsim.session.plan_runs import Stage, run_plan
from incidentsim.session.ports import real_world
from incidentsim.transcript.model import TimedCommand
from tests.session.small_score import SEED, incident, small_score
from tests.world.worlds import SECOND


@pytest.fixture(scope="module")
def card() -> Scorecard:
    """Return the score, made in this process by branches."""
    return small_score()


def test_credits_on_the_real_stack_add_up(card: Scorecard) -> None:
    """Six moves over drawn orders: all credits together are what the play saved or cost, to the last nano."""
    assert card.credit_form["form"] == "orders"
    assert (card.credit_form["moves"], card.credit_form["orders"]) == (6, 4)
    s = card.parts["S"].inputs
    assert isinstance(s["loss_nothing"], float) and isinstance(s["loss_play"], float)
    total = whole_total(move.credit_nano or 0 for move in card.moves)
    assert total == round(s["loss_nothing"] * NANO) - round(s["loss_play"] * NANO) != 0
    assert [move.credit for move in card.moves if move.verb == "silence"] == [0.0]
    assert not any("differs from the recording" in note for note in card.notes)


def test_the_score_is_the_same_bytes_under_any_hash_seed(card: Scorecard) -> None:
    """Two interpreters with other hash seeds print what this one made."""
    root = Path(__file__).parents[2]
    for seed in ("1", "4242"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.session.small_score"], cwd=root, check=True, capture_output=True,
            text=True, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert done.stdout.strip() == card.to_text()


STAGE = Stage(scenario=incident(), seed=SEED, cast=plain_cast(incident()), world_factory=real_world)


def outcome(*lines: tuple[int, str], end_s: int = 50) -> Outcome:
    """Return what comes of command lines at seconds of scenario time."""
    words = STAGE.watch().world.vocabulary()
    commands = tuple(
        TimedCommand(t_us=t * SECOND, k=0, ref=i + 1, command=parse(text, words)) for i, (t, text) in enumerate(lines)
    )
    return run_plan(STAGE, Plan(commands=commands, end_us=end_s * SECOND))


def counts(found: Outcome) -> tuple[object, ...]:
    """Return all that users and the bill see of an outcome."""
    return found.sli, found.series, found.cost_microdollars


def test_alerts_and_talk_change_nothing_for_users() -> None:
    """What the scorer takes for idle leaves every count at every mark as it is."""
    idle = (
        (2, "silence TTFTBurnRateFast"), (5, "page account-manager"), (9, 'ask platform "how is the weather?"'),
        (12, "alert set TTFTBurnRateFast for=9m"),
    )  # fmt: skip
    limit = (20, "limit strategic tokens 90k")
    assert counts(outcome(*idle, limit)) == counts(outcome(limit))
    assert counts(outcome(*idle)) == counts(outcome())


def test_a_world_makes_no_garbage_in_cycles() -> None:
    """Hundreds of requests leave nothing for the collector, which the process of branches therefore stops."""
    watch = STAGE.watch()
    watch.run_to(0)
    gc.collect()
    gc.disable()
    try:
        before = watch.world.sli()
        watch.run_to(40 * SECOND)
        left = gc.collect()
    finally:
        gc.enable()
    offered = [watch.world.sli()[key][0] - before[key][0] for key in before]
    assert whole_total(offered) > 400
    assert left < 100


def test_the_state_tells_a_placebo_from_a_change() -> None:
    """A setting given again leaves the state; a limit, a page, and a waiver that will end later don't."""
    before = (1, "set gateway.admission tokens")
    plain = outcome(before, end_s=40)
    assert outcome(before, (10, "set gateway.admission tokens"), end_s=40).state == plain.state
    for text in ("limit strategic tokens 90k", "page account-manager", "set gateway.admission requests"):
        assert outcome(before, (10, text), end_s=40).state != plain.state
    assert counts(outcome(before, (10, "page account-manager"), end_s=40)) == counts(plain)
