"""A killed process loses no acknowledged command (R1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.session.killing import kill_often


@pytest.mark.parametrize("kills", [8, pytest.param(50, marks=pytest.mark.long)])
def test_a_killed_process_loses_no_acknowledged_command(tmp_path: Path, kills: int) -> None:
    """SIGKILL at random moments: 0 acknowledged commands lost, the chain whole, the digests unchanged."""
    outcome = kill_often(tmp_path, kills, seed=kills)
    assert outcome.kills == kills
    assert outcome.acknowledged > 0
    assert outcome.lost == 0
    assert outcome.chain_ok
    assert outcome.same_digests
