"""Signals of a recorded session: made again by a replay, and kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from incidentsim.errors import DigestMismatch
from incidentsim.session.engine import ENGINE_COMPAT
from incidentsim.session.signals import replayed_signals
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.plays import play_headless
from tests.session.stage import scenario


def test_signals_are_what_dashboards_showed(tmp_path: Path) -> None:
    """Each tile of the overview comes back over prelude and session; a kept copy is read instead of a replay."""
    path = play_headless(tmp_path / "play.jsonl")
    record, worlds = read(path), 0

    def counted(*arguments: object, **options: object) -> FakeWorld:
        nonlocal worlds
        worlds += 1
        return FakeWorld(*arguments, **options)  # type: ignore[arg-type]

    first = replayed_signals(record, scenario(), path, cache=tmp_path / "kept", world_factory=counted)
    assert [signal.key for signal in first] == ["ttft", "tokens", "queue", "kv", "preemptions", "errors"]
    drawn = [signal for signal in first if signal.points]
    assert drawn and all(t_us >= -60_000_000 for signal in drawn for t_us, _ in signal.points)
    assert replayed_signals(record, scenario(), path, cache=tmp_path / "kept", world_factory=counted) == first
    assert worlds == 1
    for kept in (tmp_path / "kept").iterdir():
        kept.write_text("[{}]", encoding="utf-8")
    assert replayed_signals(record, scenario(), path, cache=tmp_path / "kept", world_factory=counted) == first
    assert worlds == 2


def test_another_engines_record_has_no_signals(tmp_path: Path) -> None:
    """A record that this engine can't run is refused, with the engine that it needs."""
    path = play_headless(tmp_path / "play.jsonl")
    record = read(path)
    other = replace(record, header={**record.header, "engine": {"compat": ENGINE_COMPAT + 1}})
    with pytest.raises(DigestMismatch, match=f"compat {ENGINE_COMPAT + 1}"):
        replayed_signals(other, scenario(), path, world_factory=FakeWorld)
