"""Doors: each role gets its projection, and the candidate's never holds the truth."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import get_args

import pytest

from incidentsim.errors import UsageError
from incidentsim.scenario.parts.demand import Slo
from incidentsim.session.host import IncidentSession
from incidentsim.transcript.projection import candidate_copy
from tests.session.fake_world import FakeWorld
from tests.session.stage import made_cast, scenario, start
from tests.transcript.builders import counting_salts

TRUTH = ("secret-why", "checkpoint", "fault", "engine-truth", "root_cause")


async def test_the_candidate_never_sees_the_truth(tmp_path: Path) -> None:
    """Events, snapshot, briefing, views and the copy of the record hold no fault, checkpoint or reason."""
    session = start(tmp_path / "s.jsonl")
    door = session.client("candidate")
    await door.wait_until(30_000_000)
    ack = await door.submit("topology")
    session.step(60_000_000)
    shown = repr((door.events(), door.snapshot(), door.info(), ack))
    copy = candidate_copy(session.recorder.transcript(), commitment_salt="s", new_salt=counting_salts()).decode()
    assert "fault" in {r.type for r in session.recorder.records}
    for word in TRUTH:
        assert word not in shown
        assert word not in copy


def test_the_interviewer_sees_all_and_the_observer_what_the_candidate_sees(tmp_path: Path) -> None:
    """Roles read by the letters of `vis`; there are no others."""
    session = start(tmp_path / "s.jsonl")
    session.step(30_000_000)
    types = {role: [e.type for e in session.client(role).events()] for role in ("candidate", "interviewer", "observer")}
    assert "fault" in types["interviewer"]
    assert types["candidate"] == types["observer"]
    with pytest.raises(UsageError):
        session.client("root")


async def test_only_the_candidate_acts(tmp_path: Path) -> None:
    """Commands and screens of other roles change nothing and are not recorded."""
    session = start(tmp_path / "s.jsonl")
    before = len(session.recorder.records)
    for role in ("observer", "interviewer"):
        door = session.client(role)
        assert not (await door.submit("scale chat-pool 10")).accepted
        await door.view_opened("logs")
    await session.client("observer").control("pause")
    assert len(session.recorder.records) == before


async def test_events_continue_from_a_number(tmp_path: Path) -> None:
    """Asking for events after the last one seen gives exactly the new ones."""
    session = start(tmp_path / "s.jsonl")
    door = session.client("candidate")
    seen = list(door.events())
    for text in ("alerts", "scale chat-pool 10"):
        await door.submit(text)
        await door.wait_until(session.now_us + 1_000_000)
        seen += door.events(seen[-1].seq)
    assert seen == list(door.events())
    assert door.snapshot().last_seq == seen[-1].seq


def test_the_briefing_uses_the_names_of_the_cast(tmp_path: Path) -> None:
    """Ids never show: briefing, page, runbooks and team carry the invented names."""
    cast = made_cast()
    session = start(tmp_path / "s.jsonl", cast=cast)
    info = session.client("candidate").info()
    name = cast.shown("strategic")
    assert info.briefing == f"You are on call for {name}."
    assert info.page == f"chat is slow for {name}"
    assert cast.people["platform"] in info.team[0][1]
    assert name in session.client("candidate").snapshot().runbooks[0][1]
    assert "strategic" not in repr(info)
    assert info.objectives[0].text == "First token: 99 % of requests answered, the first token within 2.5s" or (
        "first token within" in info.objectives[0].text
    )


@pytest.mark.parametrize("kind", get_args(Slo.model_fields["kind"].annotation))
def test_every_kind_of_objective_is_promised_in_its_own_words(tmp_path: Path, kind: str) -> None:
    """What users were promised says what the objective counts; only one kind is about errors."""
    slo = scenario().slos[0].model_copy(update={"kind": kind, "threshold": 2_000_000})
    session = IncidentSession.create(
        scenario().model_copy(update={"slos": (slo,)}), seed=1, cast=made_cast(), path=tmp_path / "s.jsonl",
        world_factory=FakeWorld,
    )  # fmt: skip
    (objective,) = session.client("candidate").info().objectives
    session.close()
    assert ("without error" in objective.text) is (kind == "availability")


def test_the_snapshot_follows_session_and_metrics(tmp_path: Path) -> None:
    """Phase, pause, severity, tiles with their band, burn and cost are as recorded and scraped."""
    session = start(tmp_path / "s.jsonl", prelude=False)
    door = session.client("candidate")
    session.step(-30_000_000)
    assert door.snapshot().phase == "prelude"
    assert all(tile.band is None for tile in door.snapshot().tiles)
    session.step(0)
    session.submit("declare sev1")
    session.control("pause")
    session.step(60_000_000)
    snapshot = door.snapshot()
    assert (snapshot.phase, snapshot.paused, snapshot.severity) == ("live", True, "sev1")
    tiles = {tile.key: tile for tile in snapshot.tiles}
    assert len(tiles) == 6
    assert tiles["queue"].band is not None
    assert tiles["queue"].value is not None
    assert tiles["ttft"].health == "unknown"
    assert snapshot.burn is not None
    assert snapshot.burn > 1
    assert snapshot.cost_per_hour == 28.0
    session.step(120_000_000)
    assert door.snapshot().phase == "ended"
    assert dataclasses.replace(door.snapshot()) == door.snapshot()


def test_logs_page_on_by_index(tmp_path: Path) -> None:
    """Pages of the log continue where the last one ended and count what the filter hid."""
    session = start(tmp_path / "s.jsonl")
    session.step(60_000_000)
    door = session.client("candidate")
    whole = door.logs("", limit=1000)
    after, lines = whole.lines[0].index, [whole.lines[0]]
    while page := door.logs("", after=after, limit=5).lines:
        lines += page
        after = page[-1].index
    assert tuple(lines) == whole.lines
    warned = door.logs("level>=warn", limit=1000)
    assert len(warned.lines) + warned.hidden == len(whole.lines)


def test_charts_stop_at_the_present(tmp_path: Path) -> None:
    """A chart that asks for the future gets curves up to now."""
    session = start(tmp_path / "s.jsonl")
    curves = session.client("candidate").chart("vllm:kv_cache_usage_perc", -30_000_000, 60_000_000, 5_000_000)
    assert [curve.points[-1][0] for curve in curves] == [0, 0]
