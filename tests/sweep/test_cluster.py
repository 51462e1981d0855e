"""A sweep on a real Dask scheduler with two worker processes on this machine, and clusters that are refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'incidentsim[cluster]'")

from incidentsim.errors import IncidentSimError, UsageError  # noqa: E402
from incidentsim.sweep import cluster  # noqa: E402
from incidentsim.sweep.cluster import Cluster  # noqa: E402
from incidentsim.sweep.identity import this_engine  # noqa: E402
from incidentsim.sweep.local import InProcess  # noqa: E402
from incidentsim.sweep.play import run_cell  # noqa: E402
from incidentsim.sweep.run import Grid, sweep  # noqa: E402
from incidentsim.sweep.store import Store  # noqa: E402
from tests.sweep.tiny import tiny  # noqa: E402

ROOT = Path(__file__).parents[2]
WORKERS = 2


@contextmanager
def dask(*arguments: str, until: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a Dask command; gives it with the line of its log that has `until`. It ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        line = next((line for line in process.stderr if until in line), None)
        assert line is not None, f"dask {arguments} ended before it said {until!r}"
        yield process, line
    finally:
        process.terminate()
        process.stderr.read()
        process.stderr.close()
        process.wait()


@contextmanager
def scheduler() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a scheduler on a free port; gives its process and address."""
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
    with dask("scheduler", *options, until="Scheduler at:") as (process, line):
        yield process, line.split("Scheduler at:")[1].strip()


@contextmanager
def worker(address: str, folder: Path, *options: str) -> Iterator[None]:
    """Run a worker process of one thread, without a nanny, that is known to its scheduler."""
    fixed = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder))
    with dask("worker", address, *fixed, *options, until="Registered to:"):
        yield


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a scheduler with two workers; gives its address."""
    folder = tmp_path_factory.mktemp("dask")
    with scheduler() as (_, at), worker(at, folder), worker(at, folder):
        yield at


@pytest.fixture
def grid(tmp_path: Path) -> Grid:
    """Return six cells of the tiny incident."""
    return Grid(scenarios=(tiny(tmp_path / "scenarios"),), players=("do_nothing", "reference"), seeds=(1, 2, 3))


def store(folder: Path, *, score: bool = False) -> Store:
    """Return the store of a folder."""
    return Store(folder, engine=this_engine(), score=score)


def test_a_cluster_gives_what_this_machine_gives(address: str, grid: Grid, tmp_path: Path) -> None:
    """Played by two worker processes, results have the digest and the bytes of those made here."""
    there = sweep(grid, store(tmp_path / "there"), Cluster(address))
    here = sweep(grid, store(tmp_path / "here"), InProcess(run_cell))
    assert there.played == 6
    assert there.failed() == ()
    assert there.digest == here.digest
    assert there.results.read_bytes() == here.results.read_bytes()


@pytest.mark.long
def test_scores_of_a_cluster_are_the_same(address: str, grid: Grid, tmp_path: Path) -> None:
    """Scores that workers made, with baselines kept on the worker, equal those made here."""
    scored = replace(grid, players=("reference",), seeds=(1,), score=True)
    backend = Cluster(address)
    assert backend.slow_scores == ""
    there = sweep(scored, store(tmp_path / "there", score=True), backend)
    here = sweep(scored, store(tmp_path / "here", score=True), InProcess(run_cell))
    assert there.digest == here.digest
    assert all("score" in record.result for record in there.records)


def test_a_worker_without_the_program_is_refused(address: str, tmp_path: Path) -> None:
    """One worker that can't import incidentsim, beside two that can, is named before anything is played."""
    preload = tmp_path / "without.py"
    preload.write_text("import sys\nsys.modules['incidentsim'] = None\n", encoding="utf-8")
    with worker(address, tmp_path, "--preload", str(preload)):
        with pytest.raises(UsageError, match=r"tcp://\S+: no incidentsim that can sweep \(ModuleNotFoundError") as told:
            Cluster(address)
        assert str(told.value).count("tcp://127.0.0.1") == 2


def test_a_worker_with_threads_is_refused(address: str, tmp_path: Path) -> None:
    """A worker that would play two cells side by side in one Python is told how to be started."""
    with worker(address, tmp_path, "--nthreads", "2"), pytest.raises(UsageError, match="2 threads; start it with"):
        Cluster(address)


@pytest.mark.long
def test_a_lost_scheduler_loses_nothing_that_was_finished(
    grid: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the scheduler is killed the sweep ends with an error, and goes on elsewhere with what is missing."""
    monkeypatch.setattr(cluster, "CONNECT_S", 3)
    with scheduler() as (process, at), worker(at, tmp_path):

        def tell(done: int, total: int, what: str) -> None:
            if done == 2:
                process.kill()
                process.wait()

        with pytest.raises(IncidentSimError, match="the same command goes on"):
            sweep(grid, store(tmp_path / "out"), Cluster(at), tell)
    kept = len(store(tmp_path / "out").kept(grid.cells(), {"tiny": grid.scenarios[0].digest}))
    assert 2 <= kept < 6
    rest = sweep(grid, store(tmp_path / "out"), InProcess(run_cell))
    assert rest.played == 6 - kept
    assert rest.digest == sweep(grid, store(tmp_path / "whole"), InProcess(run_cell)).digest


def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address where nothing answers, or that is none, is told as such."""
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    with pytest.raises(UsageError, match="no Dask scheduler answers at 'tcp:"):
        Cluster("tcp://127.0.0.1:9")
    with pytest.raises(UsageError, match="no Dask scheduler answers at 'nonsense:"):
        Cluster("nonsense://x")


def test_a_scheduler_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler that has no worker is told, with the command that starts one."""
    monkeypatch.setattr(cluster, "WORKERS_S", 0.1)
    with scheduler() as (_, at), pytest.raises(UsageError, match=f"has no worker; start some: dask worker {at}"):
        Cluster(at)
