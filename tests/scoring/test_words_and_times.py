"""Communication, burn and the timeline, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from incidentsim.scenario.cast import plain_cast
from incidentsim.scoring.burn import BurnCurve, burn_curve, recorded_series
from incidentsim.scoring.communication import claims_over, communication
from incidentsim.scoring.evidence import gather
from incidentsim.scoring.moves import moves_of
from incidentsim.scoring.play import Said, names_of, read_play
from incidentsim.scoring.protocol import Mark
from incidentsim.scoring.timeline import Timeline, removed_in_record, timeline
from incidentsim.transcript.model import Record
from tests.scoring.plays import SLO, Line, played
from tests.scoring.toy import toy_scenario

SCENARIO = toy_scenario()
S = 1_000_000


def curve(*bad_per_mark: int) -> BurnCurve:
    """Return the curve of 100 requests per 10 s from T+0, this many of them bad; the objective is 95 %."""
    marks: list[Mark] = []
    bad = 0
    for i, more in enumerate(bad_per_mark, start=1):
        bad += more
        marks.append((10 * S * i, 100 * i, bad))
    return burn_curve({"ttft": tuple(marks)}, SCENARIO)


def said(*texts: tuple[int, str]) -> tuple[Said, ...]:
    """Return statuses at seconds; a text that begins with `resolve:` is a resolve."""
    return tuple(
        Said(
            t_us=s * S, seq=i, kind="resolve" if t.startswith("resolve:") else "status",
            text=t.removeprefix("resolve:"),
        )
        for i, (s, t) in enumerate(texts)
    )  # fmt: skip


def test_burn_is_over_the_last_minute() -> None:
    """5 % is just allowed; a spike keeps the burn above 1 while it is within the last minute."""
    assert curve(5, 5, 5).over == (False, False, False)
    assert curve(5, 6, 4).over == (False, True, False)
    spike = curve(0, 0, 40, 0, 0, 0, 0, 0, 0, 0)
    assert spike.over == (False, False, True, True, True, True, True, True, False, False)
    assert spike.onset_us() == 30 * S
    assert spike.burning(45 * S)
    assert not spike.burning(25 * S)


def test_calm_must_last_two_minutes() -> None:
    """The first mark of 120 s without burn counts; too short a calm, or the end of the record, does not."""
    assert curve(*[90] * 6, *[0] * 30).calm_from_us(0) == 120 * S
    assert curve(*[90] * 6, *[0] * 12).calm_from_us(0) is None
    assert curve(*[0] * 8, 90, *[0] * 30).calm_from_us(0) == 150 * S
    assert curve(*[0] * 30).calm_from_us(95 * S) == 100 * S


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("resolved", True), ("We have recovered.", True), ("Back to normal, watching", True),
        ("mitigated!", True),
        ("all clear", True), ("not resolved yet", False), ("will be fixed soon", False),
        ("no change until it is mitigated", False), ("should be recovered in 5 min", False),
        ("it isn’t fixed", False), ("unresolved", False), ("not the gateway, but it is fixed", True),
        ("limiting one tenant", False), ("", False),
    ],
)  # fmt: skip
def test_what_claims_that_it_is_over(text: str, claim: bool) -> None:
    """Words for being well again are a claim, unless the clause takes it away."""
    assert claims_over(text) is claim


def test_four_distinct_true_updates_are_enough() -> None:
    """C is a quarter for each distinct truthful status; the same words again, in any case, add nothing."""
    calm = curve(0, 0, 0)
    four = said((1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"))
    assert communication(four, calm, acted=True, diagnosed=True).c == 1.0
    twice = said((1, "Slow chat"), (2, "slow  chat!"), (3, "b"))
    assert communication(twice, calm, acted=True, diagnosed=True).c == 0.5


def test_words_alone_are_worth_less() -> None:
    """Without a move, or without a diagnosis, C is multiplied by .3."""
    four = said((1, "a"), (2, "b"), (3, "c"), (4, "d"))
    assert communication(four, curve(0), acted=False, diagnosed=True).c == pytest.approx(0.3)
    assert communication(four, curve(0), acted=True, diagnosed=False).c == pytest.approx(0.3)


def test_a_false_all_clear_is_negative() -> None:
    """Saying resolved while burning counts against C, as a status, as a resolve, and once for the same
    words."""
    burning = curve(*[90] * 10)
    result = communication(said((50, "recovered")), burning, acted=True, diagnosed=True)
    assert (result.c, result.false) == (-0.25, 1)
    assert communication(said((50, "resolve:")), burning, acted=False, diagnosed=False).c == -0.25
    again = said((50, "recovered"), (60, "Recovered"), (70, "limited a tenant"))
    assert communication(again, burning, acted=True, diagnosed=True).c == 0.0


def test_a_resolve_without_words_is_no_update() -> None:
    """Ending the session in calm is neither a false claim nor a status update."""
    assert communication(said((90, "resolve:")), curve(0, 0), acted=True, diagnosed=True).c == 0.0


def times(*lines: Line, removed: dict[str, int | None] | None = None, credited: int = 0) -> Timeline:
    """Return the timeline of a play; its first `credited` moves earned credit."""
    names = names_of(plain_cast(SCENARIO), SCENARIO)
    transcript = played(lines, SCENARIO)
    play = read_play(transcript.records, names)
    moves = moves_of(play.given(), play.reverts, SCENARIO, names)
    return timeline(
        play=play, moves=moves, credited=moves[:credited], evidence=gather(play, SCENARIO, names),
        scenario=SCENARIO, curve=burn_curve(recorded_series(transcript.records), SCENARIO),
        removed_at_us=removed or {}, names=names,
    )  # fmt: skip


GONE: dict[str, int | None] = {"growth": 390 * S, "blind": 170 * S}


def test_nothing_done_reaches_nothing() -> None:
    """Every milestone of an idle play is not reached."""
    assert [m.t_us for m in times().all()] == [None] * 6


def test_detect_acknowledge_engage() -> None:
    """An unrelated look engages, the objective detects, the acknowledgement acknowledges."""
    found = times((5, "inspect router"), (20, SLO), (30, "ack"))
    assert [m.t_us for m in (found.detect, found.acknowledge, found.engage)] == [20 * S, 30 * S, 5 * S]


def test_identify_is_when_the_top_belief_became_right_and_stayed() -> None:
    """A right belief that is overtaken by a wrong one doesn't count until it is on top again."""
    right = 'hypothesis "a" --p 0.6 --cause tenant.strategic:context_growth'
    overtaken = (
        (10, right),
        (20, 'hypothesis "b" --p 0.7 --cause chat-pool:engine_hang'),
        (30, "diagnose gateway length_blind_admission --p 0.9"),
    )
    assert times(overtaken[0]).identify.t_us == 10 * S
    assert times(*overtaken[:2]).identify.t_us is None
    assert times(*overtaken).identify.t_us == 30 * S


def test_mitigate_needs_calm_and_a_move_with_credit() -> None:
    """Users are helped from the first two calm minutes after a credited move, never by an uncredited one."""
    fix = ((90, "ask account-manager can they trim"), (120, "set gateway.admission tokens"))
    assert times(*fix).mitigate.t_us is None
    reached = times(*fix, credited=2).mitigate.t_us
    assert reached is not None
    assert 390 * S < reached < 480 * S


def test_resolve_waits_for_causes_and_for_temporary_measures() -> None:
    """Both causes must be gone, and a limit undone or written down; a limit left behind is listed."""
    limit = (100, "limit strategic tokens 100k")
    assert times(removed=GONE).resolve.t_us == 390 * S
    assert times(removed=GONE | {"blind": None}).resolve.t_us is None
    left = times(limit, removed=GONE)
    assert left.resolve.t_us is None
    assert len(left.unrecorded) == 1
    assert times(limit, (500, "undo 0"), removed=GONE).resolve.t_us == 500 * S
    assert times(limit, (600, 'note "strategic stays limited until Monday"'), removed=GONE).resolve.t_us == 600 * S


def test_causes_removed_can_be_read_from_the_record() -> None:
    """Without a re-simulation, the recorded truth says since when a cause has been gone."""

    def fault(seq: int, state: str) -> Record:
        body: dict[str, Any] = {"component": "gateway", "kind": "length_blind_admission", "state": state}
        return Record(seq=seq, t_us=seq * S, k=0, type="fault", actor="world", vis="g", body=body, wall_ms=0,
                      salt="", leaf="", link="")  # fmt: skip

    records = [fault(1, "on"), fault(2, "removed")]
    assert removed_in_record(records, SCENARIO) == {"growth": None, "blind": 2 * S}
    assert removed_in_record([*records, fault(3, "on")], SCENARIO)["blind"] is None
