"""`incidentsim play` from the outside: bad usage, and a dialogue through a real pipe on the real world."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, SCENARIO, CommandLine


def through_a_pipe(typed: str, *arguments: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run `incidentsim play …` in a process of its own with `typed` on its standard input."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "incidentsim", "play", *arguments],
        input=typed, capture_output=True, text=True, cwd=place, env=environment, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--plain",), SCENARIO),
        ((SCENARIO, "--resume", "x"), "leave the scenario out"),
        (("--seed", "3"), "--seed needs a scenario"),
        (("--level", "staff"), "--level needs a scenario"),
        ((SCENARIO, "--plain", "--level", "boss"), "--level"),
        (("--rewind", "x"), "go together"),
        (("--at", "2m"), "go together"),
        ((SCENARIO, "--rewind", "x", "--at", "2m"), "leave SCENARIO"),
        (("--rewind", "nothing", "--at", "2m", "--plain"), "there is no session 'nothing'"),
        (("--resume", "nothing", "--plain"), "there is no session 'nothing'"),
        (("nowhere", "--plain"), "there is no scenario 'nowhere'"),
        ((SCENARIO,), "--plain"),
        ((SCENARIO, "--plain", "--speed", "-1"), "--speed"),
        ((SCENARIO, "--plain", "--seed", "-1"), "--seed"),
    ],
)
def test_bad_usage_is_told(incidentsim: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    """What can't be played ends with 2 and says what to do; nothing is written."""
    done = incidentsim("play", *arguments)
    assert done.code == 2
    assert message in done.err
    assert not Path("data").exists()


def test_a_dialogue_through_a_pipe_and_its_resumption(place: Path) -> None:
    """The page comes, a wait moves the clock, leaving keeps the record, and resuming goes on from there."""
    first = through_a_pipe(
        "ack\nhint\n:wait 30s\n:quit\n", "slow-chat", "--seed", "7", "--plain", "--level", "junior", place=place
    )
    assert first.returncode == 0, first.stderr
    assert "T+00:00 PAGE from " in first.stdout
    assert "page acknowledged" in first.stdout
    assert "Hints: 3, for 2, 3, 5 points of the practice index." in first.stdout
    assert "Hint 1 of 3, for 2 points: " in first.stdout
    assert "\x1b" not in first.stdout
    *_, last = first.stdout.splitlines()
    assert last.startswith("Left at T+00:30.")
    again = through_a_pipe("alerts\nack", "--resume", last.split()[-2], "--plain", place=place)
    assert again.returncode == 0, again.stderr
    assert "at T+00:30, paused" in again.stdout
    assert "the page is acknowledged already" in again.stdout
