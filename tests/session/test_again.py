"""Taking over from a moment of a recorded session: the same past, another future."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from incidentsim.errors import UsageError
from incidentsim.session.again import parent_of, rewind
from incidentsim.session.host import IncidentSession
from incidentsim.transcript import queries
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.plays import play_headless
from tests.session.stage import scenario

AT_US = 30_000_000


def taken_over(tmp_path: Path, t_us: int = AT_US) -> tuple[Path, IncidentSession]:
    """Return a recorded play, and a new session that stands at `t_us` of it."""
    played = play_headless(tmp_path / "played.jsonl")
    return played, rewind(read(played), scenario(), tmp_path / "again.jsonl", t_us=t_us, world_factory=FakeWorld)


def test_the_past_is_as_it_was(tmp_path: Path) -> None:
    """Commands and facts before the moment are the recorded ones; the session is paused there."""
    played, session = taken_over(tmp_path)
    session.close()
    before, now = read(played), read(tmp_path / "again.jsonl")
    assert session.now_us == AT_US
    assert session.state.paused
    early = [(c.t_us, c.k, c.command) for c in queries.commands(before) if c.t_us <= AT_US]
    assert [(c.t_us, c.k, c.command) for c in queries.commands(now)] == early
    facts = [(f.t_us, f.type) for f in queries.facts(before) if f.t_us <= AT_US]
    assert [(f.t_us, f.type) for f in queries.facts(now)] == facts
    digests = {c.t_us: (c.dyn, c.tel) for c in queries.checkpoints(before)}
    assert all(digests[c.t_us] == (c.dyn, c.tel) for c in queries.checkpoints(now))
    assert [r.body["p_ppm"] for r in queries.of_type(now, "hypothesis")] == [
        r.body["p_ppm"] for r in queries.of_type(before, "hypothesis")
    ]


def test_the_new_record_names_its_parent(tmp_path: Path) -> None:
    """The first thing recorded is where it came from, and the new session has an id of its own."""
    played, session = taken_over(tmp_path)
    session.close()
    before, now = read(played), read(tmp_path / "again.jsonl")
    (record,) = queries.of_type(now, "rewound")
    assert record.body == {"parent": parent_of(before), "t_us": AT_US}
    assert now.header["sid"] != before.header["sid"]
    assert now.header["seed"] == before.header["seed"]


def test_another_future_can_be_lived(tmp_path: Path) -> None:
    """What is done after the moment counts in the new session only, and it can be killed and resumed."""
    played, session = taken_over(tmp_path)
    ack = session.submit("scale chat-pool 16")
    assert ack.accepted
    session.close()
    again = IncidentSession.resume(tmp_path / "again.jsonl", scenario(), world_factory=FakeWorld)
    again.step(again.scenario.duration)
    again.close()
    before, now = read(played), read(tmp_path / "again.jsonl")
    assert queries.commands(now)[-1].command.args["count"] == "16"
    assert queries.has_ended(now)
    assert queries.checkpoints(now)[-1].dyn != queries.checkpoints(before)[-1].dyn


def test_doing_the_same_again_is_the_same(tmp_path: Path) -> None:
    """At the very end nothing differs: the behaviour up to there is the recorded one."""
    played, session = taken_over(tmp_path, t_us=119_000_000)
    session.step(session.scenario.duration)
    session.close()
    assert queries.behaviour_digest(read(played)) == queries.behaviour_digest(read(tmp_path / "again.jsonl"))


@pytest.mark.parametrize("t_us", [-1, 120_000_000, 500_000_000])
def test_moments_outside_the_session_are_refused(tmp_path: Path, t_us: int) -> None:
    """Nobody takes over before the page or after the end; nothing is written."""
    with pytest.raises(UsageError, match="can't take over"):
        taken_over(tmp_path, t_us=t_us)
    assert not (tmp_path / "again.jsonl").exists()


def test_a_client_goes_on_from_there(tmp_path: Path) -> None:
    """The candidate's door opens on the new session with its past in its events."""
    _, session = taken_over(tmp_path)
    client = session.client("candidate")
    asyncio.run(client.control("resume"))
    assert client.snapshot().t_us == AT_US
    assert any(event.type == "accepted" for event in client.events())
    session.close()
