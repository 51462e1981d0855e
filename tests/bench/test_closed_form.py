"""The closed form made from step tables, and the runs it is compared with (world.md F3, F4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidentsim.bench.closed_form import TabulatedModel
from incidentsim.bench.figure import Settings
from incidentsim.bench.naive import Batch, closed_form
from incidentsim.bench.recorded import (
    HOST_OVERHEAD_PS,
    RTX_4090,
    VLLM_LOG,
    closed_form_percentiles,
    errors,
    load_vllm_log,
    percentile,
    real_engine,
    simulate,
)
from incidentsim.bench.step_tables import VIDUR, load_step_tables
from incidentsim.errors import UsageError
from incidentsim.world.stack.engine.step_model import StepModel


@pytest.mark.parametrize("n", [5, 20, 60])
@pytest.mark.parametrize("context", [300, 900, 1_700])
@pytest.mark.parametrize("chunk", [0, 200, 450])
def test_it_follows_the_tables(n: int, context: int, chunk: int) -> None:
    """Steps like those of the recorded runs take the tables' time within 4 %."""
    tables = load_step_tables(VIDUR)
    chunks = ((0, chunk),) if chunk else ()
    batch = Batch(n=n, kv=n * context, chunks=chunks)
    assert closed_form(TabulatedModel(tables))(batch) == pytest.approx(tables(batch), rel=0.04)


def test_the_closed_form_gives_the_recorded_latencies() -> None:
    """F3 is met: TPOT and E2E within 2 %, TTFT within 5 %, at 50 and 80 % load."""
    figure = closed_form_percentiles(Settings())
    assert figure.ok, figure.to_json()
    assert all(bound.value > 0 for bound in figure.bounds), "the model is not the recorder itself"


def test_the_real_engines_latencies_are_met() -> None:
    """F4 is met, and the host's share per step matters: without it some goal would be missed."""
    figure = real_engine(Settings())
    assert figure.ok, figure.to_json()
    run = load_vllm_log(VLLM_LOG)
    bare = simulate(run.requests, StepModel(RTX_4090), blocks=2_588, max_num_seqs=256, budget=2_048, reserve=False)
    assert HOST_OVERHEAD_PS > 0
    assert max(abs(e) for e in errors(bare.tpot, run.latencies.tpot, (50, 75, 90, 95, 99))) > 8


def test_the_log_holds_the_whole_run() -> None:
    """300 requests in order of arrival, each with its latencies."""
    run = load_vllm_log(VLLM_LOG)
    assert len(run.requests) == len(run.latencies.ttft) == len(run.latencies.e2e) == 300
    assert sorted(run.requests, key=lambda r: r[0]) == list(run.requests)
    assert run.requests[0] == (0, 2_358, 531)
    assert run.latencies.e2e[0] == 17.572162


def test_a_missing_log_is_named(tmp_path: Path) -> None:
    """A log that is not there is a usage error that names the file."""
    with pytest.raises(UsageError, match=r"gone\.csv\.gz"):
        load_vllm_log(tmp_path / "gone.csv.gz")


def test_percentiles_by_hand() -> None:
    """Percentiles are linear between neighbours, and errors are in percent of theirs."""
    assert [percentile([1, 2, 3, 5], p) for p in (0, 50, 90, 100)] == pytest.approx([1, 2.5, 4.4, 5])
    assert errors([3, 1], [2, 2], (0, 50, 100)) == pytest.approx([-50, 0, 50])


def test_the_data_say_where_they_come_from() -> None:
    """The folder of the data names each source with its licence."""
    text = (VIDUR.parent / "README.md").read_text(encoding="utf-8")
    for source in ("microsoft/vidur", "LLMServingSim", "aiconfigurator", "MIT", "Apache-2.0"):
        assert source in text
