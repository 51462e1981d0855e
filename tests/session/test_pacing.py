"""Pacing: scenario time follows the wall clock, never runs after it, and stands still when paused."""

from __future__ import annotations

import asyncio
from pathlib import Path

from incidentsim.session.headless import play
from incidentsim.session.host import IncidentSession
from incidentsim.session.pacing import LONGEST_GAP_S, LivePacer
from tests.session.stage import start


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def paced(path: Path, *, prelude: bool = True) -> tuple[IncidentSession, LivePacer, Clock]:
    """Return a session with a pacer on a test clock."""
    clock = Clock()
    session = start(path, prelude=prelude)
    return session, LivePacer(session, clock=clock), clock


def run_for(pacer: LivePacer, clock: Clock, seconds: float, *, pulses: int) -> None:
    """Pulse evenly, with more budget than is needed."""
    for _ in range(pulses):
        clock.now_s += seconds / pulses
        pacer.pulse(60.0)


def test_scenario_time_is_wall_time_times_speed(tmp_path: Path) -> None:
    """At x1, x0.5 and x2 the session advances by exactly that share of the wall clock at any pulse rate."""
    session, pacer, clock = paced(tmp_path / "s.jsonl")
    run_for(pacer, clock, 4.0, pulses=40)
    assert abs(session.now_us - 4_000_000) <= 1
    session.control("speed", 0.5)
    run_for(pacer, clock, 4.0, pulses=333)
    assert abs(session.now_us - 6_000_000) <= 2
    session.control("speed", 2)
    run_for(pacer, clock, 4.0, pulses=77)
    assert abs(session.now_us - 14_000_000) <= 3


def test_a_paused_session_stands_still_and_takes_commands(tmp_path: Path) -> None:
    """While paused nothing advances; a command gets the first tick after the resume."""
    session, pacer, clock = paced(tmp_path / "s.jsonl")
    session.control("pause")
    run_for(pacer, clock, 5.0, pulses=50)
    assert session.now_us == 0
    assert session.submit("scale chat-pool 10").t_us == 100_000
    session.control("resume")
    run_for(pacer, clock, 1.0, pulses=10)
    assert abs(session.now_us - 1_000_000) <= 1


def test_time_without_pulses_is_let_go(tmp_path: Path) -> None:
    """After an hour of sleep the session has moved by the longest gap, not by an hour."""
    session, pacer, clock = paced(tmp_path / "s.jsonl")
    clock.now_s += 3600
    pacer.pulse(60.0)
    assert session.now_us == int(LONGEST_GAP_S * 1e6)


def test_a_slow_machine_slips_instead_of_falling_behind(tmp_path: Path) -> None:
    """With no budget each pulse still makes one slice, and what was not reached is not caught up with."""
    session, pacer, clock = paced(tmp_path / "s.jsonl")
    session.control("speed", 1000)
    for _ in range(20):
        clock.now_s += 0.1
        pacer.pulse(0.0)
    assert session.now_us == 20 * 100_000
    session.control("speed", 1)
    run_for(pacer, clock, 1.0, pulses=10)
    assert session.now_us <= 20 * 100_000 + 1_000_000 + int(LONGEST_GAP_S * 1e6)


def test_the_prelude_and_the_highest_speed_run_as_fast_as_they_can(tmp_path: Path) -> None:
    """One pulse with enough budget runs the whole prelude; speed 0 then runs to the end."""
    session, pacer, _ = paced(tmp_path / "s.jsonl", prelude=False)
    pacer.pulse(60.0)
    assert session.now_us == 0
    session.control("speed", 0)
    pacer.pulse(60.0)
    assert session.ended


async def test_waiting_ends_at_its_time_or_with_the_session(tmp_path: Path) -> None:
    """With a pacer `wait_until` returns True when the time is there, False when the session ended before."""
    session, pacer, _ = paced(tmp_path / "s.jsonl")
    door = session.client("candidate")
    session.control("speed", 0)
    early = asyncio.create_task(door.wait_until(30_000_000))
    late = asyncio.create_task(door.wait_until(999_000_000))
    await asyncio.sleep(0)
    await pacer.run()
    assert await early is True
    assert await late is False
    assert await door.wait_until(10) is True


async def test_without_a_pacer_waiting_moves_the_world(tmp_path: Path) -> None:
    """A headless player's wait advances the session itself; what it leaves is run to the end."""
    session = start(tmp_path / "s.jsonl", prelude=False)
    seen: list[int] = []

    async def player(door: object) -> None:
        for target in (5_000_000, 7_000_000, 500_000_000):
            await session.wait_until(target)
            seen.append(session.now_us)

    await play(session, player)
    assert seen == [5_000_000, 7_000_000, 120_000_000]
    assert session.ended
