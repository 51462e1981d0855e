"""Resuming: whatever a killed process left, the session goes on as if it had never stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incidentsim.errors import DigestMismatch, TranscriptError
from incidentsim.session.host import IncidentSession
from incidentsim.session.replay import replay
from incidentsim.transcript import queries
from incidentsim.transcript.chain import verify
from incidentsim.transcript.recovery import read
from incidentsim.transcript.writer import TranscriptWriter
from tests.session.fake_world import FakeWorld
from tests.session.plays import SCRIPT, digests, play_headless
from tests.session.stage import scenario, start
from tests.transcript.builders import counting_salts


def resume(path: Path) -> IncidentSession:
    """Return the resumed session on the fake world."""
    return IncidentSession.resume(path, scenario(), world_factory=FakeWorld)


def test_a_session_cut_after_any_line_goes_on_to_the_same_end(tmp_path: Path) -> None:
    """Cut after each of its lines, a record resumes paused, keeps every command, and ends the same."""
    data = play_headless(tmp_path / "whole.jsonl").read_bytes()
    lines = data.splitlines(keepends=True)
    whole = digests_of(tmp_path / "whole.jsonl")
    path = tmp_path / "cut.jsonl"
    for keep in range(2, len(lines)):
        path.write_bytes(b"".join(lines[:keep]) + lines[keep][:9])
        before = queries.commands(read(path))
        session = resume(path)
        record = session.recorder.records[-1]
        assert record.type == "recovered"
        assert record.body["lost_tail_bytes"] == 9
        assert session.state.paused
        assert queries.commands(session.recorder.transcript()) == before
        session.control("resume")
        go_on(session, len(before))
        session.close()
        assert verify(path.read_bytes()).ok
        assert digests_of(path) == whole


def go_on(session: IncidentSession, commands: int) -> None:
    """Play the rest of the script from where the session is, world commands only, then to the end."""
    left = [line for line in SCRIPT if line[1].split()[0] in ("scale", "limit", "drain", "ask", "restart")]
    left = [line for line in left if "--dry-run" not in line[1] and "nope" not in line[1]]
    for t_us, text in left[commands:]:
        session.step(t_us)
        assert session.submit(text).accepted
    session.step(session.scenario.duration)


def digests_of(path: Path) -> tuple[str, str, str]:
    """Return what a record's behaviour comes to; the replay must agree with the record."""
    result = replay(read(path), scenario(), world_factory=FakeWorld)
    assert result.same, result.first_divergence
    return result.behaviour_digest, result.dyn, result.tel


def test_state_comes_back_with_the_record(tmp_path: Path) -> None:
    """Ledger, severity, acknowledgement, nonces, undone commands and pace are as they were."""
    session = start(tmp_path / "s.jsonl")
    for text, nonce in (
        ("ack", ""),
        ("declare sev2", ""),
        ('hypothesis "x" --p 0.3', ""),
        ("scale chat-pool 10", "n"),
    ):
        session.submit(text, nonce=nonce)
    session.control("speed", 2)
    session.step(15_000_000)
    session.submit("undo 8" if session.submit("bogus").seq < 0 else f"undo {session.state.acks['n'].seq}")
    session.view_opened("logs")
    before = digests(session)
    session.close()
    back = resume(tmp_path / "s.jsonl")
    assert digests(back) == before
    assert (back.state.severity, back.state.acknowledged, back.state.speed_milli) == ("sev2", True, 2000)
    assert back.state.ledger.rows() == session.state.ledger.rows()
    assert back.state.undone == session.state.undone
    again = back.submit("scale chat-pool 10", nonce="n")
    assert (again.seq, again.t_us, again.accepted) == (session.state.acks["n"].seq, 100_000, True)
    assert back.state.view is None


def test_a_running_session_cant_be_resumed_and_an_ended_one_only_read(tmp_path: Path) -> None:
    """The file of a live session is taken; an ended one opens as ended, without being run, and takes nothing more."""
    session = start(tmp_path / "s.jsonl")
    with pytest.raises(TranscriptError, match="another process"):
        resume(tmp_path / "s.jsonl")
    session.step(30_000_000)
    session.submit("resolve")
    session.close()
    size = (tmp_path / "s.jsonl").stat().st_size
    back = resume(tmp_path / "s.jsonl")
    assert back.ended
    assert back.now_us == 30_000_000
    assert not back.submit("alerts").accepted
    glance = back.client("candidate").snapshot()
    assert (glance.phase, glance.t_us) == ("ended", 30_000_000)
    assert len(back.world.metrics.times) == 0
    assert (tmp_path / "s.jsonl").stat().st_size == size


def test_another_scenario_engine_or_behaviour_is_refused(tmp_path: Path) -> None:
    """A record is not resumed with other files, on another compat, or when the world does otherwise."""
    path = play_headless(tmp_path / "s.jsonl")
    with pytest.raises(TranscriptError, match="use the scenario files"):
        IncidentSession.resume(path, scenario(digest="e" * 64), world_factory=FakeWorld)
    forged = _rewritten(path, tmp_path / "compat.jsonl", lambda line: _set_compat(line, 99))
    with pytest.raises(DigestMismatch, match="compat 99"):
        resume(forged)
    forged = _rewritten(path, tmp_path / "other.jsonl", lambda line: _set_seed(line, 8), ended=False)
    with pytest.raises(DigestMismatch, match="differs at fact"):
        resume(forged)


def _set_compat(line: dict[str, object], compat: int) -> None:
    if isinstance(line.get("engine"), dict):
        line["engine"] = {**line["engine"], "compat": compat}  # type: ignore[dict-item]


def _set_seed(line: dict[str, object], seed: int) -> None:
    if "seed" in line:
        line["seed"] = seed


def _rewritten(path: Path, target: Path, change: object, *, ended: bool = True) -> Path:
    """Write the record anew with a changed header and a chain that holds, as a forger would; the end if `ended`."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    change(lines[0])  # type: ignore[operator]
    header = {k: v for k, v in lines[0].items() if k not in ("salt", "leaf", "link")}
    writer = TranscriptWriter.create(target, header, new_salt=counting_salts())
    for line in lines[1 : None if ended else -1]:
        writer.append(
            t_us=line["t"],
            k=line["k"],
            type=line["type"],
            actor=line["actor"],
            vis=line["vis"],
            body=line["body"],
            wall_ms=line["w"],
        )
    writer.close()
    return target
