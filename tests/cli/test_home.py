"""The terminal's provider: gallery, sessions on disk, pumping, debrief."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from incidentsim.cli.home import Home
from incidentsim.config import load_config
from incidentsim.errors import UsageError
from incidentsim.tui.provider import HomeProvider
from tests.cli.conftest import ROOT, SCENARIO


@pytest.fixture
def home(place: Path) -> Home:
    """Return a provider over an empty data directory, as fast as possible."""
    provider = Home(load_config({"speed": 0.0}))
    checked: HomeProvider = provider
    assert checked is provider
    return provider


async def play_to_the_end(home: Home) -> str:
    """Play one session from the gallery to its end; return its id."""
    session = await home.open(SCENARIO, seed=3)
    while session.snapshot().phase == "prelude":
        await home.pump(session, 1.0)
    await session.submit("scale chat-pool 12")
    while session.snapshot().phase != "ended":
        await home.pump(session, 1.0)
    return session.info().session_id


async def test_gallery_lists_scenarios_that_load(home: Home, place: Path) -> None:
    """Valid scenarios are listed with their facts; a broken one is left to `scenario lint`."""
    entry = next(e for e in home.gallery() if e.id == SCENARIO)
    assert (entry.title, entry.level, entry.best_result) == ("Answers start late", "mid", "")
    path = place / "scenarios" / SCENARIO / "scenario.yaml"
    path.write_text("id: [", encoding="utf-8")
    again = Home(load_config({"speed": 0.0}))  # a home reads the catalogue once
    assert SCENARIO not in [e.id for e in again.gallery()]


def test_a_newcomer_finds_the_first_incident_at_the_top(home: Home) -> None:
    """The gallery goes from easy to hard, the shortest first of its level."""
    entries = home.gallery()
    levels = [("junior", "mid", "senior", "staff").index(entry.level) for entry in entries]
    assert entries[0].id == "turned-away"
    assert levels == sorted(levels)


async def test_a_session_is_played_and_debriefed(home: Home) -> None:
    """An ended session gets a debrief with progress, and its result shows in gallery and recent list."""
    sid = await play_to_the_end(home)
    told: list[float] = []
    session_debrief = await home.debrief((await reopened(home, sid)), lambda share, _: told.append(share))
    assert session_debrief.headlines[0].label == "Practice index"
    assert session_debrief.strength
    assert session_debrief.improvement
    titles = [section.title for section in session_debrief.sections]
    assert "What your actions did to users" in titles
    assert "Strength" not in titles
    assert told
    assert all(0 <= share <= 1 for share in told)
    (recent,) = home.recent()
    assert (recent.session_id, recent.state) == (sid, "finished")
    assert recent.result == next(e for e in home.gallery() if e.id == SCENARIO).best_result != ""


async def reopened(home: Home, sid: str):  # type: ignore[no-untyped-def]
    """Open a session of the data directory again."""
    return await home.resume(sid)


async def test_taking_over_gives_a_new_session_and_a_comparison(home: Home) -> None:
    """From the debrief of a finished session a new one stands paused at a moment; its debrief compares both."""
    sid = await play_to_the_end(home)
    session = await home.rewind(await home.resume(sid), 60_000_000)
    assert session.snapshot().t_us == 60_000_000
    assert session.snapshot().paused
    assert session.info().session_id != sid
    await session.submit("scale chat-pool 16")
    await session.control("resume")
    while session.snapshot().phase != "ended":
        await home.pump(session, 1.0)
    debriefed = await home.debrief(session, lambda share, text: None)
    assert debriefed.sections[0].title == "Two futures"
    assert "You took over at T+01:00" in debriefed.sections[0].lines[0].text
    assert len(home.recent()) == 2


async def test_a_first_play_has_nothing_to_compare(home: Home) -> None:
    """Without a parent there is no such section."""
    sid = await play_to_the_end(home)
    debriefed = await home.debrief(await home.resume(sid), lambda share, text: None)
    assert "Two futures" not in [section.title for section in debriefed.sections]


async def test_a_postmortem_is_kept_checked_and_revised(home: Home, place: Path) -> None:
    """The form comes first, then what was kept; the second check says what changed; the command names both files."""
    session = await home.resume(await play_to_the_end(home))
    draft = home.postmortem(session)
    assert "## Summary" in draft.text
    assert not draft.saved
    home.keep_postmortem(session, draft.text)
    first = await home.check_postmortem(session, draft.text)
    assert not any(part.title.startswith("Since") for part in first.parts)
    assert any("missing" in line.text for part in first.parts for line in part.lines)
    text = draft.text.replace("## Summary\n", "## Summary\n\nThe pool node-77 failed at T+00:00.\n", 1)
    home.keep_postmortem(session, text)
    second = await home.check_postmortem(session, text)
    assert second.parts[0].title.startswith("Since")
    assert any(line.mark == "bad" and line.line == 8 for part in second.parts for line in part.lines)
    again = home.postmortem(session)
    assert (again.saved, again.text) == (True, text)
    assert again.path in again.prove and str(place) in again.path


async def test_scoring_twice_keeps_one_result(home: Home, place: Path) -> None:
    """The same score is not written a second time."""
    sid = await play_to_the_end(home)
    session = await home.resume(sid)
    for _ in range(2):
        await home.debrief(session, lambda share, text: None)
    results = place / "data" / "sessions" / f"{sid}.results.jsonl"
    assert len(results.read_text(encoding="utf-8").splitlines()) == 1


async def test_a_session_that_was_left_can_be_resumed(home: Home) -> None:
    """Leaving lets go of the file; resuming comes back paused at the same time."""
    session = await home.open(SCENARIO, seed=3)
    while session.snapshot().phase == "prelude":
        await home.pump(session, 1.0)
    left_at, sid = session.snapshot().t_us, session.info().session_id
    assert home.open_session_id() == sid
    home.close()
    assert home.recent()[0].state == "resumable"
    back = await home.resume(sid[:-3])
    assert back.snapshot().paused
    assert back.snapshot().t_us >= left_at - 10_000_000
    assert home.open_session_id() == sid


async def test_the_same_seed_gives_the_same_names(home: Home) -> None:
    """A seed decides the cast too; without one, sessions differ."""
    casts = []
    for seed in (5, 5, None, None):
        casts.append((await home.open(SCENARIO, seed=seed)).vocabulary().tenants)
    assert casts[0] == casts[1]
    assert len({casts[0], casts[2], casts[3]}) > 1


async def test_a_level_is_kept_with_the_session(home: Home) -> None:
    """A session opened at a level says so, and has that level's hints."""
    assert (await home.open(SCENARIO, seed=5, level="staff")).info().hints == ()
    junior = (await home.open(SCENARIO, seed=5, level="junior")).info()
    assert (junior.level, junior.hints) == ("junior", (2, 4))


@pytest.mark.parametrize(("level", "usual", "speed"), [("junior", 1.0, 0.5), ("staff", 2.0, 3.0), (None, 1.0, 1.0)])
async def test_a_level_sets_how_fast_time_passes(place: Path, level: str | None, usual: float, speed: float) -> None:
    """A session begins at the user's usual speed times the pace of its level."""
    home = Home(load_config({"speed": usual}))
    session = await home.open(SCENARIO, seed=5, level=level)
    assert session.snapshot().speed == speed
    home.close()


async def test_what_can_not_be_done_is_a_usage_error(home: Home) -> None:
    """Unknown sessions, levels, and a debrief before the end raise UsageError."""
    with pytest.raises(UsageError):
        await home.resume("nothing")
    with pytest.raises(UsageError):
        await home.open(SCENARIO, level="boss")
    session = await home.open(SCENARIO, seed=1)
    with pytest.raises(UsageError):
        await home.debrief(session, lambda share, text: None)


def test_processes_can_be_started_while_the_terminal_is_up(place: Path) -> None:
    """Under a standard error without a descriptor, as the terminal's is, a worker process still starts."""
    probe = """
import multiprocessing, sys
from incidentsim.cli.home import Home
from incidentsim.config import load_config
Home(load_config())
class Captured:
    fileno = staticmethod(lambda: -1)
    write = staticmethod(len)
    flush = staticmethod(lambda: None)
sys.stderr = Captured()
worker = multiprocessing.get_context("spawn").Process(target=len, args=("",))
worker.start()
worker.join()
sys.exit(worker.exitcode)
"""
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
