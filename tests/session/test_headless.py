"""Headless play: policies and scripts act at their times, and every incident is run to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidentsim.client_api import Session
from incidentsim.errors import TranscriptError
from incidentsim.scenario.cast import plain_cast
from incidentsim.scenario.script import script_commands
from incidentsim.session.headless import run_policy, run_script
from incidentsim.transcript import queries
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.stage import scenario


def test_a_policy_plays_from_the_page_and_is_run_to_the_end(tmp_path: Path) -> None:
    """A player starts at T+0 in the live phase; what it leaves is simulated to the duration."""
    seen: list[object] = []

    async def player(session: Session) -> None:
        seen.append((session.snapshot().t_us, session.snapshot().phase))
        while await session.wait_until(session.snapshot().t_us + 15_000_000):
            seen.append((await session.submit("scale chat-pool 10")).t_us)
            if len(seen) > 3:
                break

    path = run_policy(
        scenario(),
        seed=7,
        cast=plain_cast(scenario()),
        path=tmp_path / "p.jsonl",
        player=player,
        world_factory=FakeWorld,
    )
    assert seen == [(0, "live"), 15_100_000, 30_100_000, 45_100_000]
    transcript = read(path)
    assert queries.end_us(transcript) == 120_000_000
    assert queries.has_ended(transcript)


def test_a_script_ends_when_the_incident_is_resolved(tmp_path: Path) -> None:
    """Lines after a `resolve` are not submitted, and the record ends there."""
    text = (
        '{"t": 3, "command": "limit {tenant.strategic} tokens 300k"}\n'
        '{"t": 9.5, "command": "resolve"}\n{"t": 20, "command": "ack"}\n'
    )
    cast = plain_cast(scenario())
    path = run_script(
        scenario(),
        seed=7,
        cast=cast,
        path=tmp_path / "p.jsonl",
        lines=script_commands(text, cast),
        world_factory=FakeWorld,
    )
    transcript = read(path)
    assert queries.end_us(transcript) == 9_500_000
    assert [c.t_us for c in queries.commands(transcript)] == [3_100_000]
    assert queries.of_type(transcript, "ack") == ()


def test_a_player_that_fails_leaves_a_resumable_record(tmp_path: Path) -> None:
    """An exception in a player is the caller's; the record stays whole, and its file is free again."""

    async def player(session: Session) -> None:
        await session.submit("ack")
        raise RuntimeError("a policy's own fault")

    for _ in range(2):
        with pytest.raises((RuntimeError, TranscriptError)) as caught:
            run_policy(
                scenario(),
                seed=7,
                cast=plain_cast(scenario()),
                path=tmp_path / "p.jsonl",
                player=player,
                world_factory=FakeWorld,
            )
    assert "exists already" in str(caught.value)
    assert not queries.has_ended(read(tmp_path / "p.jsonl"))
