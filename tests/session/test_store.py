"""Sessions on disk: found by id or its beginning, listed newest first, broken ones with their problem."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from incidentsim.errors import UsageError
from incidentsim.session.store import list_sessions, new_session_path, results_path, session_path
from tests.session.stage import start


def test_sessions_are_listed_with_their_state(tmp_path: Path) -> None:
    """Finished, resumable and broken sessions are told apart, and results are no sessions."""
    finished = new_session_path(tmp_path, "fake-queue")
    session = start(finished)
    session.submit("resolve")
    session.close()
    running = new_session_path(tmp_path, "fake-queue")
    start(running).close()
    (tmp_path / "sessions" / "broken.jsonl").write_text("no transcript\n")
    results_path(finished).write_text("{}\n")
    found = {s.path.name: s for s in list_sessions(tmp_path)}
    assert len(found) == 3
    assert {name: s.state for name, s in found.items()} == {
        finished.name: "finished",
        running.name: "resumable",
        "broken.jsonl": "broken",
    }
    assert found[running.name].scenario == "fake-queue"
    assert found[running.name].seed == 7
    assert found["broken.jsonl"].problem


def test_an_id_or_its_beginning_finds_a_session(tmp_path: Path) -> None:
    """One match is the session; none or several are errors that say so."""
    path = new_session_path(tmp_path, "fake-queue")
    start(path).close()
    start(new_session_path(tmp_path, "fake-queue")).close()
    assert session_path(tmp_path, path.stem) == path
    assert session_path(tmp_path, path.stem[:-1]) == path
    with pytest.raises(UsageError, match="2 sessions begin"):
        session_path(tmp_path, "fake")
    with pytest.raises(UsageError, match="there is no session"):
        session_path(tmp_path, "other")


def test_a_data_directory_without_sessions_is_empty(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    assert list_sessions(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_the_header_says_what_is_needed_to_run_again(tmp_path: Path) -> None:
    """Engine, scenario, seed, cast, tick and policy are in the first line; real names are not."""
    session = start(tmp_path / "s.jsonl", durability="full")
    session.close()
    header = json.loads((tmp_path / "s.jsonl").read_bytes().splitlines()[0])
    assert header["fmt"] == "incidentsim-transcript/1"
    assert header["engine"]["compat"] >= 1
    assert len(header["engine"]["source_digest"]) == 64
    assert header["scenario"]["digest"] == "d" * 64
    assert (header["seed"], header["tick_us"], header["rng"]) == (7, 100_000, "keyed/1")
    assert header["policy"]["durability"] == "full"
    assert set(header["cast"]) == {"tenants", "people", "hosts"}
