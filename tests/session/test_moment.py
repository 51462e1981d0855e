"""A recorded session opened as it stood at a moment."""

from __future__ import annotations

from pathlib import Path

from incidentsim.session.moment import open_at
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.plays import play_headless
from tests.session.stage import scenario, start


def test_a_moment_is_shown_as_it_was(tmp_path: Path) -> None:
    """At T+15 the session holds what was known then, and looks at nothing later; nothing can be changed."""
    path = play_headless(tmp_path / "s.jsonl")
    size = path.stat().st_size
    session = open_at(read(path), scenario(), path, 15_000_000, world_factory=FakeWorld)
    live = start(tmp_path / "live.jsonl")
    for t_us, text in ((0, "ack"), (2_030_000, "alerts"), (7_000_000, "scale chat-pool 10")):
        live.step(t_us)
        live.submit(text)
    live.step(15_000_000)
    shown, wanted = session.client("candidate").snapshot(), live.client("candidate").snapshot()
    assert (shown.t_us, shown.tiles, shown.burn) == (15_000_000, wanted.tiles, wanted.burn)
    assert max(event.t_us for event in session.client("candidate").events()) <= 15_000_000
    seen = session.client("candidate").events()
    assert session.client("candidate").events(seen[-2].seq) == seen[-1:]
    assert not session.submit("scale chat-pool 12").accepted
    assert path.stat().st_size == size
