"""The engine's scheduling against an independent simulator's recorded runs (world.md F2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidentsim.bench.naive import Batch
from incidentsim.bench.step_tables import RUNS, VIDUR, load_recorded_run, load_step_tables, rerun
from incidentsim.errors import UsageError

TOLERANCE_US = 10
"""The runs were recorded in whole µs of float arithmetic; ours rounds to the µs that holds the instant."""


@pytest.mark.parametrize("name", RUNS)
def test_every_request_is_reproduced(name: str) -> None:
    """Each request's first token and end lie within 10 µs of the record, with as many preemptions."""
    recorded = load_recorded_run(VIDUR, name)
    ours = rerun(recorded, load_step_tables(VIDUR), blocks=RUNS[name])
    off = [
        (i, q.first_us - q.arrived_us - r.ttft_us, q.finished_us - q.arrived_us - r.e2e_us)
        for i, (q, r) in enumerate(zip(ours, recorded, strict=True))
        if abs(q.first_us - q.arrived_us - r.ttft_us) > TOLERANCE_US
        or abs(q.finished_us - q.arrived_us - r.e2e_us) > TOLERANCE_US
    ]
    assert not off
    assert [q.restarts for q in ours] == [r.preemptions for r in recorded]


def test_the_runs_cover_preemption() -> None:
    """The run with few KV blocks holds preemptions, so that recomputation is compared too."""
    assert sum(r.preemptions for r in load_recorded_run(VIDUR, "C_kv2500_6rps")) > 0


def test_a_step_by_hand() -> None:
    """One decode over 64 tokens beside nothing else takes 32 layers of its two table entries."""
    step_ps = load_step_tables(VIDUR)
    expected_ps = round((0.31029 + 0.01284096883) * 32 * 10**9)
    assert step_ps(Batch(n=1, kv=64, chunks=())) == expected_ps


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    """A folder without the tables is a usage error that names the file."""
    with pytest.raises(UsageError, match=r"step_nonattn\.csv\.gz"):
        load_step_tables(tmp_path)
