"""Pace, slices, pauses, processes and hash seeds leave no trace in what the world does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from incidentsim.session.host import IncidentSession
from incidentsim.session.pacing import LivePacer
from incidentsim.session.replay import replay
from incidentsim.transcript.recovery import read
from tests.session.fake_world import FakeWorld
from tests.session.plays import SCRIPT, Digests, digests, play_headless
from tests.session.stage import scenario, start
from tests.session.test_pacing import Clock

END_US = 120_000_000


def play_at(path: Path, *, speed: float, gaps_us: list[int], pauses: list[int]) -> Digests:
    """Play the script with a pacer: `gaps_us` of scenario time between pulses, pauses after some commands."""
    clock = Clock()
    session = start(path)
    pacer = LivePacer(session, clock=clock)
    session.control("speed", speed)
    pulse = 0

    def until(target_us: int) -> None:
        # the script's lines come at their times exactly: a person's moment is part of what is compared
        nonlocal pulse
        while session.now_us < target_us:
            gap_us = min(gaps_us[pulse % len(gaps_us)], target_us - session.now_us)
            pulse += 1
            if speed and session.now_us + gap_us < target_us:
                clock.now_s += gap_us / 1e6 / speed
                pacer.pulse(60.0)
            session.step(min(session.now_us + gap_us, target_us), 60.0)

    for place, (t_us, text) in enumerate(SCRIPT):
        until(t_us)
        if place in pauses:
            session.control("pause")
            clock.now_s += 5
            pacer.pulse(60.0)
        session.view_opened(f"screen-{place}")
        session.submit(text)
        if place in pauses:
            session.control("resume")
    until(END_US)
    result = digests(session)
    session.close()
    return result


@settings(max_examples=8, deadline=None)
@given(
    speed=st.sampled_from([0.5, 1.0, 2.0, 0.0]),
    gaps_us=st.lists(st.integers(50_000, 5_000_000), min_size=1, max_size=5),
    pauses=st.lists(st.integers(0, len(SCRIPT) - 1), max_size=4),
)
def test_pace_leaves_no_trace(tmp_path_factory: object, speed: float, gaps_us: list[int], pauses: list[int]) -> None:
    """The same commands at the same times give the same digests for every speed, slicing, pause (R10)."""
    folder = Path(tmp_path_factory.mktemp("pace"))  # type: ignore[attr-defined]
    path = play_headless(folder / "headless.jsonl")
    result = replay(read(path), scenario(), world_factory=FakeWorld)
    wanted = Digests(behaviour=result.behaviour_digest, dyn=result.dyn, tel=result.tel)
    assert play_at(folder / "paced.jsonl", speed=speed, gaps_us=gaps_us, pauses=pauses) == wanted


def test_a_replay_is_bit_identical(tmp_path: Path) -> None:
    """Running a record again gives its facts, its checkpoints and its behaviour digest (R3)."""
    path = play_headless(tmp_path / "s.jsonl")
    result = replay(read(path), scenario(), world_factory=FakeWorld)
    assert result.same
    assert result.end_us == END_US
    assert result.checkpoints == 18


def test_hash_seeds_and_processes_leave_no_trace(tmp_path: Path) -> None:
    """A play and its replay in three processes with other hash seeds have one digest (R3)."""
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.session.plays import play_headless\n"
        "from tests.session.stage import scenario\n"
        "from tests.session.fake_world import FakeWorld\n"
        "from incidentsim.session.replay import replay\n"
        "from incidentsim.transcript.recovery import read\n"
        "r = replay(read(play_headless(Path(sys.argv[1]))), scenario(), world_factory=FakeWorld)\n"
        "print(r.same, r.behaviour_digest, r.dyn, r.tel)\n"
    )
    lines = []
    for seed in ("0", "1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / f"{seed}.jsonl")],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        lines.append(done.stdout)
    assert lines[0].startswith("True ")
    assert lines == [lines[0]] * 3


def test_another_seed_is_another_incident(tmp_path: Path) -> None:
    """The digests do depend on the seed: equal digests elsewhere say something."""
    seen = []
    for seed in (7, 8):
        session: IncidentSession = start(tmp_path / f"{seed}.jsonl", seed=seed)
        session.step(20_000_000)
        seen.append(digests(session))
    assert seen[0].dyn != seen[1].dyn
    assert seen[0].tel != seen[1].tel
    assert seen[0].behaviour != seen[1].behaviour
