"""The loader takes any file: a short form of `python -m benchmarks.scenario_fuzz`, without its times."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.scenario_fuzz import BOMBS, WAYS, fuzz
from incidentsim.scenario.places import packaged_root


def test_damaged_files_load_or_are_refused(tmp_path: Path) -> None:
    """Thirty files of each way of damage and every named bomb load, or raise ScenarioError and nothing else."""
    found = fuzz(tmp_path / "scenarios", files=30 * len(WAYS), seed=11)
    assert {way: tally.other for way, tally in found.items() if tally.other} == {}
    assert {way: tally.loaded + tally.refused for way, tally in found.items()} == {
        **dict.fromkeys(WAYS, 30), "named bombs": len(BOMBS)
    }  # fmt: skip
    assert found["named bombs"].refused == len(BOMBS)
    assert sum(tally.loaded for tally in found.values()) > 20


@pytest.mark.parametrize("way", WAYS)
def test_every_way_damages_a_file(way: str) -> None:
    """Each way changes most of the files it is given, and the same seed gives the same bytes."""
    root = packaged_root()
    text = (root / ("stacks/chat.yaml" if way == "hostile PromQL" else "slow-chat/scenario.yaml")).read_text("utf-8")
    damaged = [WAYS[way](text, random.Random(seed)) for seed in range(20)]
    assert sum(raw != text.encode() for raw in damaged) > 12
    assert damaged == [WAYS[way](text, random.Random(seed)) for seed in range(20)]
