"""What must never raise, and what must never change a score (scoring.md §5), on random plays of the toy
world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidentsim.scenario.cast import Cast, plain_cast
from incidentsim.scenario.rubric_files import load_rubric, preset_names
from incidentsim.scoring.baseline import baseline, references_of
from incidentsim.scoring.interview import appraise
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


RUBRICS = tuple(load_rubric(name) for name in preset_names())


class Points(tuple[float, ...]):
    """The practice index and the automatic points of every rubric: none may rise when a play gets worse."""

    def __le__(self, other: tuple[float, ...]) -> bool:
        return all(mine <= theirs + 1e-9 for mine, theirs in zip(self, other, strict=True))


def points(lines: tuple[Line, ...]) -> Points:
    """Return the practice index of a play, and its automatic points under every rubric that ships."""
    card = scored(lines)
    assert card.practice_index is not None
    automatic = [appraise(card, rubric).interview.automatic.points for rubric in RUBRICS]
    return Points((card.practice_index, *(value for value in automatic if value is not None)))


def measures(lines: tuple[Line, ...]) -> dict[str, float | None]:
    """Return the value of every measure of a play."""
    return {name: measure.value for name, measure in scored(lines).interview.measures.items()}


EVIDENCE = (TOKENS, "changes chg-1", "inspect gateway", "logs svc:gateway")
POOL: tuple[str, ...] = (
    *EVIDENCE, SLO, "trace slowest", "changes", "ack",
    "limit {tenant.strategic} tokens 180k", "limit {tenant.strategic} tokens unlimited", "rollback chg-1",
    "rollback chg-1 --dry-run", "restart chat-pool --dry-run", "shed all 20%", "set gateway.admission tokens",
    "restart chat-pool", "scale chat-pool 10", "ask account-manager can they trim", "set router.policy round_robin",
    'status "looking"', 'status "limited a tenant"', 'status "recovered"',
    'note "limit on {tenant.strategic}"', 'status "limit on {tenant.strategic} stays"',
    'hypothesis "gpu" --p 0.4 --cause node-3:gpu_lost', "rule-out 1",
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
    """Committing a cause that is neither right nor near can't raise a score."""
    assert points((*play, (at + 0.5, f"diagnose node-3 gpu_lost --p {p}"))) <= points(play)


@FEW
@given(play=PLAYS, fault=st.sampled_from(["context_growth", "length_blind_admission"]))
def test_dropping_a_right_cause_never_raises(play: tuple[Line, ...], fault: str) -> None:
    """Leaving out a right diagnosis can't raise a score."""
    without = tuple(line for line in play if not (line[1].startswith("diagnose") and fault in line[1]))
    assert points(without) <= points(play)


@FEW
@given(play=PLAYS, gone=st.sampled_from(EVIDENCE))
def test_deleting_evidence_never_raises(play: tuple[Line, ...], gone: str) -> None:
    """A play without one of its looks at evidence can't score higher."""
    assert points(tuple(line for line in play if line[1] != gone)) <= points(play)


@FEW
@given(play=PLAYS, at=st.integers(1, 1700))
def test_repeating_a_status_changes_nothing(play: tuple[Line, ...], at: int) -> None:
    """The same words again, later, leave the whole score as it is."""
    told = [line for line in play if line[1].startswith("status")]
    again = tuple((max(at, told[0][0]) + 0.5, text) for _, text in told[:1])
    assert points((*play, *again)) == points(play)
    assert measures((*play, *again)) == measures(play)


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
    """A command without effect earns exactly 0 and leaves every score as it is."""
    card = scored((*play, (at + 0.25, "priority {tenant.others} batch")))
    assert [m.credit for m in card.moves if m.verb == "priority"] == [0.0]
    assert card.practice_index == points(play)[0]
    assert {name: m.value for name, m in card.interview.measures.items()} == measures(play)


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
    assert all(0.0 <= (m.value or 0.0) <= 1.0 for m in card.interview.measures.values())
    c = card.parts["C"].value
    assert c is not None and -1.0 <= c <= 1.0


def test_delaying_every_command_does_not_raise_a_play() -> None:
    """An expert who acts two minutes later, in the same way, scores no more."""
    for play in (EXPERT, NOVICE, LUCKY):
        later = tuple((t + 120, text) for t, text in play)
        assert points(later) <= points(play)


def test_a_renamed_scorecard_only_differs_in_what_the_person_typed() -> None:
    """Texts keep the names that were typed; everything else is in stable ids."""
    card = scored(EXPERT, cast=renamed_cast(SCENARIO))
    plain = scored(EXPERT)
    typed: dict[str, Any] = {"moves": (), "statements": (), "flags": Flags(), "hypotheses": Hypotheses()}
    typed["chain"] = ()  # places are told by their shown names
    assert replace(card, **typed) == replace(plain, **typed)
    assert [s.looked_seq for s in card.chain] == [s.looked_seq for s in plain.chain]
    assert any("str-foods" in m.text for m in card.moves)
    assert [m.target for m in card.moves] == [m.target for m in plain.moves]


def _without_texts(value: Any) -> Any:
    """Return a scorecard's JSON without texts and without the chain's places, which are told by their shown names."""
    if isinstance(value, dict):
        return {key: _without_texts(item) for key, item in value.items() if key not in ("text", "place")}
    return [_without_texts(item) for item in value] if isinstance(value, list) else value
