"""What must never raise, and what must never change a score (scoring.md §5), on random plays of the toy
world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidentsim.scenario.cast import Cast, plain_cast
from incidentsim.scoring.baseline import baseline, references_of
from incidentsim.scoring.interview_card import Flags, Hypotheses
from incidentsim.scoring.play import names_of
from incidentsim.scoring.score import score
from incidentsim.scoring.scorecard import Scorecard
from tests.scoring.plays import (
    EXPERT,
    LUCKY,
    NOVICE,
    SLO,
    TOKENS,
    Line,
    played,
    renamed_cast,
    shown_vocabulary,
)
from tests.scoring.toy import ToyWorld, toy_scenario

SCENARIO = toy_scenario()
PLAIN = plain_cast(SCENARIO)
VOCABULARY = shown_vocabulary(SCENARIO, PLAIN)
SCALE = baseline(SCENARIO, ToyWorld(), references_of(SCENARIO, PLAIN, VOCABULARY), names_of(PLAIN, SCENARIO))


def scored(lines: tuple[Line, ...], *, cast: Cast = PLAIN, wall_step_ms: int = 1000) -> Scorecard:
    """Return the score of a play."""
    transcript = played(lines, SCENARIO, cast=cast, wall_step_ms=wall_step_ms)
    return score(transcript, SCENARIO, ToyWorld(), vocabulary=shown_vocabulary(SCENARIO, cast), scale=SCALE)


def index(lines: tuple[Line, ...]) -> float:
    """Return the practice index of a play."""
    value = scored(lines).practice_index
    assert value is not None
    return value


EVIDENCE = (TOKENS, "changes chg-1", "inspect gateway", "logs svc:gateway")
POOL: tuple[str, ...] = (
    *EVIDENCE, SLO, "trace slowest", "changes", "ack",
    "limit {tenant.strategic} tokens 180k", "set gateway.admission tokens", "restart chat-pool",
    "scale chat-pool 10", "ask account-manager can they trim", "set router.policy round_robin",
    'status "looking"', 'status "limited a tenant"', 'status "recovered"',
    'note "limit on {tenant.strategic}"',
    'hypothesis "h" --p 0.6 --cause tenant.{tenant.strategic}:context_growth',
    "diagnose tenant.{tenant.strategic} context_growth --p 0.8",
    "diagnose gateway length_blind_admission --p 0.6",
)  # fmt: skip

RANDOM = st.lists(
    st.tuples(st.integers(1, 1500), st.sampled_from(POOL)), max_size=14, unique_by=lambda line: line[0]
).map(lambda lines: tuple((float(t), text) for t, text in lines))
PLAYS = st.one_of(st.sampled_from((EXPERT, NOVICE, LUCKY)), RANDOM)
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(play=PLAYS, at=st.integers(1, 1700), p=st.sampled_from(["0.05", "0.5", "1"]))
def test_a_wrong_cause_never_raises(play: tuple[Line, ...], at: int, p: str) -> None:
    """Committing a cause that is neither right nor near can't raise the index."""
    assert index((*play, (at + 0.5, f"diagnose node-3 gpu_lost --p {p}"))) <= index(play)


@FEW
@given(play=PLAYS, fault=st.sampled_from(["context_growth", "length_blind_admission"]))
def test_dropping_a_right_cause_never_raises(play: tuple[Line, ...], fault: str) -> None:
    """Leaving out a right diagnosis can't raise the index."""
    without = tuple(line for line in play if not (line[1].startswith("diagnose") and fault in line[1]))
    assert index(without) <= index(play)


@FEW
@given(play=PLAYS, gone=st.sampled_from(EVIDENCE))
def test_deleting_evidence_never_raises(play: tuple[Line, ...], gone: str) -> None:
    """A play without one of its looks at evidence can't score higher."""
    assert index(tuple(line for line in play if line[1] != gone)) <= index(play)


@FEW
@given(play=PLAYS, at=st.integers(1, 1700))
def test_repeating_a_status_changes_nothing(play: tuple[Line, ...], at: int) -> None:
    """The same words again, later, leave the whole score as it is."""
    told = [line for line in play if line[1].startswith("status")]
    again = tuple((max(at, told[0][0]) + 0.5, text) for _, text in told[:1])
    assert index((*play, *again)) == index(play)


@FEW
@given(play=PLAYS)
def test_renaming_the_cast_changes_nothing(play: tuple[Line, ...]) -> None:
    """Other names for tenants and people give the same numbers everywhere."""
    plain, renamed = scored(play).to_json(), scored(play, cast=renamed_cast(SCENARIO)).to_json()
    assert _without_texts(renamed) == _without_texts(plain)


@FEW
@given(play=PLAYS, step=st.integers(1, 100_000))
def test_wall_times_change_nothing(play: tuple[Line, ...], step: int) -> None:
    """How fast the clock on the wall ran leaves every byte of the score as it is."""
    assert scored(play, wall_step_ms=step).to_text() == scored(play).to_text()


@FEW
@given(play=PLAYS, at=st.integers(1, 1700))
def test_a_placebo_changes_nothing(play: tuple[Line, ...], at: int) -> None:
    """A command without effect earns exactly 0 and leaves the index as it is."""
    card = scored((*play, (at + 0.25, "priority {tenant.others} batch")))
    assert [m.credit for m in card.moves if m.verb == "priority"] == [0.0]
    assert card.practice_index == index(play)


@FEW
@given(play=PLAYS)
def test_the_index_and_its_parts_keep_their_bounds(play: tuple[Line, ...]) -> None:
    """Whatever is played, the index lies in 0–100 and every part in its range."""
    card = scored(play)
    assert card.practice_index is not None
    assert 0.0 <= card.practice_index <= 100.0
    for name in ("D", "De", "P", "T", "g", "H"):
        value = card.parts[name].value
        assert value is not None and 0.0 <= value <= 1.0, name
    c = card.parts["C"].value
    assert c is not None and -1.0 <= c <= 1.0


def test_delaying_every_command_does_not_raise_a_play() -> None:
    """An expert who acts two minutes later, in the same way, scores no more."""
    for play in (EXPERT, NOVICE, LUCKY):
        later = tuple((t + 120, text) for t, text in play)
        assert index(later) <= index(play)


def test_a_renamed_scorecard_only_differs_in_what_the_person_typed() -> None:
    """Texts keep the names that were typed; everything else is in stable ids."""
    card = scored(EXPERT, cast=renamed_cast(SCENARIO))
    plain = scored(EXPERT)
    typed: dict[str, Any] = {"moves": (), "statements": (), "flags": Flags(), "hypotheses": Hypotheses()}
    assert replace(card, **typed) == replace(plain, **typed)
    assert any("str-foods" in m.text for m in card.moves)
    assert [m.target for m in card.moves] == [m.target for m in plain.moves]


def _without_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_texts(item) for key, item in value.items() if key != "text"}
    return [_without_texts(item) for item in value] if isinstance(value, list) else value
