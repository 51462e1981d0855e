"""Work on a Dask cluster: the backend of `sweep --dask ADDRESS`, and the only module that imports Dask.

A cell is one Dask task with everything it needs, so workers share no files with this machine. Before anything is
played, every worker (and the scheduler, which unpacks tasks too) is asked what it runs: another Python, another
incidentsim or none is refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from distributed import Client, Future, Security, get_worker, wait
from distributed.comm import connect
from distributed.scheduler import KilledWorker

from incidentsim.errors import IncidentSimError, UsageError
from incidentsim.sweep.cell import Cell, Finished, Task
from incidentsim.sweep.identity import Engine, this_engine
from incidentsim.sweep.order import Group, group_of
from incidentsim.sweep.play import run_cell

CONNECT_S = 10
"""Seconds in which a scheduler must answer, at first and after a lost connection."""

WORKERS_S = 30
"""Seconds in which it must have a worker."""

AHEAD = 2
"""Tasks for each worker: one to play, and one that is there when the first ends."""

NANNY = (
    "workers below a nanny may not start processes, so each run of a score is made from its start there, several "
    "times the work; start them with DASK_DISTRIBUTED__WORKER__DAEMON=False in their environment"
)

LOST = "the Dask scheduler is lost: {}; what is finished is kept, and the same command goes on"


class Cluster:
    """The workers of one scheduler, as many as it has at any moment."""

    def __init__(self, address: str) -> None:
        """Connect and check. Raises UsageError when nothing answers there, or what answers can't play the same."""
        for name in ("distributed", "distributed.client", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is raised
        try:
            # a client that can't connect stays half alive and gets in the way of the next one: knock first
            asyncio.run(_knock(address))
            self._client: Client = Client(address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as wrong:
            raise UsageError(f"no Dask scheduler answers at {address!r}: {wrong or type(wrong).__name__}") from None
        try:
            self.slow_scores = "" if _checked(self._client, address) else NANNY
        except BaseException:
            self._client.close()
            raise
        self._running: dict[Future[Any], Cell] = {}
        self._homes: dict[Group, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._running:
            self._client.cancel(list(self._running), force=True)
        self._running.clear()
        self._client.close()

    def room(self) -> int:
        """Return how many more tasks the workers of now want; one where there is none, for the next that comes."""
        return max(AHEAD * len(self._call(self._client.nthreads)), 1) - len(self._running)

    def submit(self, task: Task, /) -> None:
        """Begin a task, where it can on the worker that has its group's baseline."""
        home = self._homes.get(group_of(task.cell))
        where = {"workers": [home], "allow_other_workers": True} if home else {}
        future = self._call(lambda: self._client.submit(play_here, task, pure=False, **where))
        self._running[future] = task.cell

    def finished(self) -> list[Finished]:
        """Wait for the next result; return all that are there. A cell whose workers die again and again has failed.

        Raises IncidentSimError when the scheduler is gone or a task can't be run at all.
        """
        done = self._call(self._wait)
        return [self._result(future, self._running.pop(future)) for future in list(self._running) if future in done]

    def _wait(self) -> Any:
        with self._client.as_current():
            return wait(list(self._running), return_when="FIRST_COMPLETED").done

    def _result(self, future: Future[Any], cell: Cell) -> Finished:
        wrong = self._call(future.exception)
        if wrong is None:
            answer: tuple[str, Finished] = self._call(future.result)
            self._homes[group_of(cell)] = answer[0]
            return answer[1]
        if isinstance(wrong, KilledWorker):
            why = "WorkerDied: each worker that played it died; see the workers' logs"
            return Finished(cell=cell, engine=this_engine().digest, error=why)
        raise IncidentSimError(f"Dask can't play {cell}: {type(wrong).__name__}: {wrong}")

    def _call(self, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except Exception as wrong:
            # Dask raises what it happens to meet when a scheduler goes away: OSError, CancelledError, its own
            raise IncidentSimError(LOST.format(wrong or type(wrong).__name__)) from wrong


def play_here(task: Task) -> tuple[str, Finished]:
    """Play a cell on a Dask worker; return the worker's address with what came of it. Runs made for scoring are kept
    in the worker's own folder, which goes away with it."""
    worker = get_worker()
    cache = Path(worker.local_directory) / "incidentsim-cache"
    return worker.address, run_cell(replace(task, cache=cache))


async def _knock(address: str) -> None:
    security = Security().get_connection_args("client")
    comm = await connect(address, timeout=CONNECT_S, **security)
    await comm.close()


def _checked(client: Client, address: str) -> bool:
    """Return whether all workers may start processes. Raises UsageError when they can't give this machine's results."""
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        raise UsageError(
            f"the Dask scheduler at {address} has no worker; start some: dask worker {address} --nthreads 1"
        ) from None
    mine = this_engine()
    asked = client.get_versions(check=False)
    everywhere = {"the scheduler": asked["scheduler"], **asked["workers"]}
    problems = {who: _python_problem(said, mine) for who, said in everywhere.items()}
    if not any(problems.values()):  # else their Python could not read the question
        probe = _probe()
        answers = {"the scheduler": client.run_on_scheduler(probe), **client.run(probe)}
        problems = {who: _problem(said, mine) for who, said in answers.items()}
    problems |= {
        who: f"{count} threads; start it with --nthreads 1, since threads don't run Python side by side"
        for who, count in client.nthreads().items()
        if count != 1 and not problems.get(who)
    }
    found = [f"  {who}: {problem}" for who, problem in sorted(problems.items()) if problem]
    if found:
        listed = "\n".join(found)
        raise UsageError(
            f"the cluster at {address} can't give the results of this machine:\n{listed}\n"
            "Install the same incidentsim, with the same constraints, on the same Python everywhere"
        )
    return all(said["may_fork"] for who, said in answers.items() if who != "the scheduler")


def _probe() -> Callable[[], dict[str, Any]]:
    """Return the question to a worker. It is defined in here so that it travels as code: a worker without
    incidentsim can answer it."""

    def probe() -> dict[str, Any]:
        import multiprocessing

        try:
            from incidentsim.sweep.identity import this_engine
        except Exception as wrong:
            return {"error": f"{type(wrong).__name__}: {wrong}"}
        return {"engine": this_engine().to_json(), "may_fork": not multiprocessing.current_process().daemon}

    return probe


def _python_problem(said: dict[str, Any] | None, mine: Engine) -> str:
    host = (said or {}).get("host", {})
    version = str(host.get("python", "")).split(".")
    if len(version) < 2:
        return "it does not say which Python it runs"
    theirs = f"{version[0]}.{version[1]}"
    return "" if mine.python.endswith(f" {theirs}") else f"Python {theirs} instead of {mine.python}"


def _problem(said: dict[str, Any], mine: Engine) -> str:
    if "error" in said:
        return f"no incidentsim that can sweep ({said['error']})"
    return mine.differences(said["engine"])
