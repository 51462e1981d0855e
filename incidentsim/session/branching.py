"""Several plans from one run: the part they share is simulated once, then the process forks for each plan.

Used by `session.resimulation` where the platform has `os.fork`. It happens in a helper process of its own,
started afresh, because a program with threads and an open terminal must not be forked. A forked branch is bit
for bit a full run: the world is plain state, and a fork copies all of it.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from incidentsim.errors import IncidentSimError

_READ_BYTES = 65_536


class Sender(Protocol):
    """The end of a pipe that takes (place, result) pairs, and last (-1, None) or (-1, the error)."""

    def send(self, item: tuple[int, object]) -> None: ...
    def close(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class _Branch:
    """A forked child at work: which plan it runs, and what it has sent so far."""

    place: int
    pid: int
    data: bytearray = field(default_factory=bytearray)


def can_fork() -> bool:
    """Return whether branches can be made here."""
    return hasattr(os, "fork")


def branch(finish: Sequence[Callable[[], object]], workers: int, sender: Sender) -> None:
    """Run each of `finish` in a forked copy of this process, `workers` at a time; send results as they come.

    Everything `finish` reaches is shared as it is now. The first error ends the work and is sent.
    """
    gc.collect()
    gc.freeze()  # the collector would otherwise touch, and so copy, every page in every branch
    waiting = list(enumerate(finish))
    running: dict[int, _Branch] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                place, function = waiting.pop(0)
                fd, pid = _fork(function)
                running[fd] = _Branch(place=place, pid=pid)
            for fd in select.select(list(running), [], [])[0]:
                chunk = os.read(fd, _READ_BYTES)
                if chunk:
                    running[fd].data += chunk
                else:
                    done = running.pop(fd)
                    sender.send((done.place, _result(fd, done)))
    finally:
        _stop(running)


def _result(fd: int, done: _Branch) -> object:
    """Return what a branch that closed its pipe came to. Raises the project's error that ended it."""
    os.close(fd)
    os.waitpid(done.pid, 0)
    if not done.data:
        raise IncidentSimError("a branch of the re-simulation was killed; try again with less running")
    ok, value = pickle.loads(done.data)
    if not ok:
        raise value
    return value


def _fork(function: Callable[[], object]) -> tuple[int, int]:
    """Return the pipe and the process id of a child that runs `function` and writes what came of it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return reading, pid
    # from here on this is the child: it must never return into the caller's program
    try:
        os.close(reading)
        try:
            data = pickle.dumps((True, function()))
        except IncidentSimError as wrong:
            data = pickle.dumps((False, wrong))
        except Exception as wrong:
            data = pickle.dumps((False, IncidentSimError(f"{type(wrong).__name__}: {wrong}")))
        view = memoryview(data)
        while view:
            view = view[os.write(writing, view) :]
    finally:
        os._exit(0)


def _stop(running: dict[int, _Branch]) -> None:
    for fd, left in running.items():
        os.close(fd)
        os.kill(left.pid, 9)
        os.waitpid(left.pid, 0)
