"""Where a sweep's cells are played and kept, from what a command line says."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from incidentsim.errors import UsageError
from incidentsim.sweep.backend import Backend
from incidentsim.sweep.identity import Engine
from incidentsim.sweep.local import InProcess, Processes
from incidentsim.sweep.play import run_cell


def backend_for(*, dask: str, workers: int) -> Backend:
    """Return the cluster of the scheduler at `dask`, or so many processes here; one is this process itself.

    Raises UsageError for a cluster that can't be used, or when Dask is not installed.
    """
    if not dask:
        return Processes(run_cell, workers) if workers > 1 else InProcess(run_cell)
    if find_spec("distributed") is None:
        raise UsageError("--dask needs Dask: pip install 'incidentsim[cluster]'")
    from incidentsim.sweep.cluster import Cluster

    return Cluster(dask)


def default_folder(data: Path, engine: Engine, *, score: bool) -> Path:
    """Return the folder of all sweeps of one engine without an `--out`: they share cells, and a killed one goes on."""
    return data / "sweeps" / f"{engine.digest[:12]}{'-scored' if score else ''}"
