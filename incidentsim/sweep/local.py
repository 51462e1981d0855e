"""Work on processes of this machine, or in this process: the backend of a sweep without a cluster.

Also what `incidentsim run` plays a range of seeds on. Processes are fresh interpreters, since the caller may have
threads; they end with the one that started them, however it ends.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from types import TracebackType
from typing import Generic, Self, TypeVar

from incidentsim.errors import IncidentSimError

T = TypeVar("T")
R = TypeVar("R")

DIED = (
    "a worker process died (killed, or out of memory); what is finished is kept: "
    "the same command goes on, with fewer --workers if memory is short"
)


class InProcess(Generic[T, R]):
    """Does one thing at a time, in this process, when its result is asked for."""

    slow_scores = ""

    def __init__(self, function: Callable[[T], R]) -> None:
        self._function = function
        self._waiting: deque[T] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.clear()

    def room(self) -> int:
        """Return 1 when nothing waits."""
        return 1 - len(self._waiting)

    def submit(self, task: T, /) -> None:
        """Have it wait."""
        self._waiting.append(task)

    def finished(self) -> list[R]:
        """Do what has waited longest."""
        return [self._function(self._waiting.popleft())] if self._waiting else []


class Processes(Generic[T, R]):
    """Does as many things at once as it has processes. `function` and what it is given must be picklable.

    Leaving it with an error ends the processes at once.
    """

    slow_scores = ""

    def __init__(self, function: Callable[[T], R], workers: int) -> None:
        self._function = function
        self._workers = workers
        self._others = set(multiprocessing.active_children())
        self._scratch = tempfile.TemporaryDirectory(prefix="incidentsim-")
        # not a multiprocessing.Pool: its processes may not start those that re-simulate
        self._pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(self._scratch.name,)
        )
        self._running: set[Future[R]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._scratch:
            if kind is None:
                self._pool.shutdown()
                return
            self._pool.shutdown(wait=False, cancel_futures=True)
            mine = [child for child in multiprocessing.active_children() if child not in self._others]
            for child in mine:
                child.terminate()
            for child in mine:
                child.join()

    def room(self) -> int:
        """Return how many processes are free."""
        return self._workers - len(self._running)

    def submit(self, task: T, /) -> None:
        """Begin a task. Raises IncidentSimError when a process has died."""
        try:
            self._running.add(self._pool.submit(self._function, task))
        except BrokenProcessPool:
            raise IncidentSimError(DIED) from None

    def finished(self) -> list[R]:
        """Wait for the next result; return all that are there. Raises IncidentSimError when a process has died."""
        done, self._running = wait(self._running, return_when=FIRST_COMPLETED)
        try:
            return [future.result() for future in done]
        except BrokenProcessPool:
            raise IncidentSimError(DIED) from None


def _begin(scratch: str) -> None:
    """Set up a worker: Ctrl+C is the parent's to hear, and without the parent there is nothing to do.

    Its temporary files lie in one folder, so that none is left by a worker that is ended in the middle of something.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = scratch
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()


def _end_with_parent(scratch: str) -> None:
    """Wait until the parent is gone; then end this process, and remove the folder.

    In this order where there is `fork`: as long as this process lives, its main thread can make things there again.
    Every worker does it, so the last one to go leaves nothing, whatever the others still made meanwhile.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        if hasattr(os, "fork"):
            reader, writer = os.pipe()
            if os.fork():
                os._exit(1)
            os.close(writer)
            os.read(reader, 1)  # ends when the last thread of the process that was forked has let go of its end
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)
