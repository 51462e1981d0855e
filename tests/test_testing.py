"""The helpers for authors of scenarios."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from incidentsim.errors import UsageError
from incidentsim.testing import run_commands
from tests.session.fake_world import FakeWorld
from tests.session.stage import scenario


@pytest.fixture(autouse=True)
def small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the small world in the place of the real one."""
    monkeypatch.setitem(sys.modules, "incidentsim.world", SimpleNamespace(World=FakeWorld))


def test_a_fix_shows_in_what_users_felt() -> None:
    """Commands at their times change the counts of bad requests, over the same offered demand."""
    alone = run_commands(scenario(), [])
    fixed = run_commands(scenario(), [("15s", "scale chat-pool 16")])
    assert fixed.offered("ttft") == alone.offered("ttft", "strategic") > 0
    assert fixed.bad("ttft") < alone.bad("ttft")
    assert fixed.causes_present == {"image": True}
    assert fixed.refused == ()


def test_runs_are_repeatable() -> None:
    """Equal seeds give equal digests, other seeds others."""
    digests = [run_commands(scenario(), [], seed=seed).dyn_digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_refused_lines_are_told() -> None:
    """A line that changed nothing is listed with the reason."""
    (line,) = run_commands(scenario(), [("5s", "scale chat-pool 99x")]).refused
    assert line.startswith("scale chat-pool 99x: ")


@pytest.mark.parametrize("commands", [[("soon", "ack")], [("20s", "ack"), ("10s", "alerts")]])
def test_bad_times_are_refused(commands: list[tuple[str, str]]) -> None:
    """Times that are none, or that fall, raise UsageError."""
    with pytest.raises(UsageError):
        run_commands(scenario(), commands)


def test_an_unknown_objective_names_the_known_ones() -> None:
    """Asking for an objective that isn't there lists what there is."""
    with pytest.raises(UsageError, match="ttft/strategic"):
        run_commands(scenario(), []).bad("latency")
