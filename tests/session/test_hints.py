"""Hints: one after the other, priced, recorded, and the same after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.model import Scenario
from incidentsim.session.again import rewind
from incidentsim.session.host import IncidentSession
from incidentsim.session.projection import client_events
from incidentsim.transcript import queries
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.stage import scenario

LADDER = [
    {"text": "Who sends long prompts?", "price": 3},
    {"text": "Look at {tenant.strategic}.", "price": 8, "after": "30s"},
]


@pytest.fixture
def helped() -> Scenario:
    """Return the small scenario with two hints."""
    return scenario(hints=LADDER)


def begin(what: Scenario, path: Path) -> IncidentSession:
    """Return a session at T+0."""
    session = IncidentSession.create(what, seed=7, cast=plain_cast(what), path=path, world_factory=FakeWorld)
    session.step(0)
    return session


def test_hints_come_in_their_order_with_their_prices(helped: Scenario, tmp_path: Path) -> None:
    """The briefing names the prices; each hint says its own and the next one's; a later one waits for its time."""
    session = begin(helped, tmp_path / "s.jsonl")
    assert session.client("candidate").info().hints == (3, 8)
    first = session.submit("hint")
    assert first.text == "Hint 1 of 2, for 3 points: Who sends long prompts? The next one costs 8 points."
    early = session.submit("hint")
    assert (early.accepted, early.text) == (False, "hint 2 of 2 (8 points) is given from T+00:30 on")
    session.step(31_000_000)
    assert session.submit("hint").text == "Hint 2 of 2, for 8 points: Look at strategic. It was the last one."
    assert session.submit("hint").text == "that was the last of 2 hints; there are no more"
    given = queries.of_type(session.recorder.transcript(), "hint")
    assert [(r.body["number"], r.body["price"]) for r in given] == [(1, 3), (2, 8)]
    assert [e.type for e in client_events(session.recorder.records, "candidate", -1)].count("hint") == 2


def test_a_scenario_without_hints_says_so(tmp_path: Path) -> None:
    """Where there is no ladder the verb is refused, and nothing is recorded as taken."""
    session = begin(scenario(), tmp_path / "s.jsonl")
    assert session.submit("hint").text == "this scenario has no hints"
    assert queries.of_type(session.recorder.transcript(), "hint") == ()


def test_a_resumed_session_goes_on_with_the_next_hint(helped: Scenario, tmp_path: Path) -> None:
    """After a restart the same nonce gives the same hint again, and a new one the next."""
    session = begin(helped, tmp_path / "s.jsonl")
    said = session.submit("hint", nonce="n1").text
    session.step(40_000_000)
    session.close()
    again = IncidentSession.resume(tmp_path / "s.jsonl", helped, world_factory=FakeWorld)
    assert again.submit("hint", nonce="n1").text == said
    assert again.submit("hint").text.startswith("Hint 2 of 2")
    again.close()


def test_hints_are_carried_over_when_a_session_is_rewound(helped: Scenario, tmp_path: Path) -> None:
    """Whoever takes over from a moment has the hints that were paid for, and their price."""
    session = begin(helped, tmp_path / "s.jsonl")
    session.submit("hint")
    session.step(50_000_000)
    session.close()
    path = tmp_path / "r.jsonl"
    rewind(read(tmp_path / "s.jsonl"), helped, path, t_us=20_000_000, world_factory=FakeWorld).close()
    assert [r.body["price"] for r in queries.of_type(read(path), "hint")] == [3]


def test_hints_change_no_digest() -> None:
    """A ladder that is added later leaves records of the scenario valid: its digest stays."""
    from incidentsim.scenario.load import behaviour_digest

    assert behaviour_digest(scenario()) == behaviour_digest(scenario(hints=LADDER))
