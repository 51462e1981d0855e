"""Verifying a file: chain, engine, scenario, behaviour; the first difference is named, and how to see it."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path

import pytest

from incidentsim.errors import TranscriptError
from incidentsim.scenario.model import Scenario
from incidentsim.session.replay import replay, verify
from incidentsim.transcript.model import Record
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.plays import play_headless
from tests.session.stage import scenario


def load(scenario_id: str) -> Scenario:
    """Return the one scenario there is."""
    assert scenario_id == "fake-queue"
    return scenario()


def test_a_good_file_verifies(tmp_path: Path) -> None:
    """Chain and replay are right, and the verdict says so."""
    verdict = verify(play_headless(tmp_path / "s.jsonl"), load, world_factory=FakeWorld)
    assert verdict.ok, verdict.problem
    assert verdict.replay is not None
    assert verdict.replay.same


def test_a_changed_byte_a_torn_line_and_other_files_are_told_apart(tmp_path: Path) -> None:
    """A broken chain names its line; another scenario's files are named; a missing file is an error."""
    path = play_headless(tmp_path / "s.jsonl")
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"count":"10"', b'"count":"13"', 1))
    assert "was changed" in verify(path, load, world_factory=FakeWorld).problem
    path.write_bytes(data + b'{"x')
    assert "is torn" in verify(path, load, world_factory=FakeWorld).problem
    path.write_bytes(data)
    other = verify(path, lambda _id: scenario(digest="e" * 64), world_factory=FakeWorld)
    assert "use the scenario files" in other.problem
    assert other.chain.ok
    with pytest.raises(TranscriptError):
        verify(tmp_path / "absent.jsonl", load, world_factory=FakeWorld)


def test_the_first_divergence_is_the_first(tmp_path: Path) -> None:
    """A record with another checkpoint digest diverges there and nowhere before; the line reproduces it."""
    transcript = read(play_headless(tmp_path / "s.jsonl"))
    at = [r for r in transcript.records if r.type == "checkpoint"][9]
    forged = changed(at, body={**at.body, "dyn": "0" * 32})
    records: tuple[Record, ...] = tuple(forged if r is at else r for r in transcript.records)
    result = replay(changed(transcript, records=records), scenario(), path="s.jsonl", world_factory=FakeWorld)
    assert not result.same
    assert result.first_divergence is not None
    assert result.first_divergence.t_us == at.t_us
    assert result.first_divergence.reproduce == f"incidentsim replay s.jsonl --at {at.t_us // 1_000_000}s --plain"
    assert result.behaviour_digest != result.recorded_digest


def test_a_command_left_out_shows(tmp_path: Path) -> None:
    """Replaying without one command differs from the record at its effect."""
    transcript = read(play_headless(tmp_path / "s.jsonl"))
    first = next(r for r in transcript.records if r.type == "accepted" and not r.body["dry_run"])
    kept = tuple(r for r in transcript.records if r is not first)
    result = replay(changed(transcript, records=kept), scenario(), world_factory=FakeWorld)
    assert result.first_divergence is not None
    assert result.first_divergence.t_us == first.t_us
