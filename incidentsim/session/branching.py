"""A tree of forked processes: what several runs share is simulated once, and each goes on from where it differs.

Used by `session.conductor` where the platform has `os.fork`. A forked branch is bit for bit a full run, since
the world is plain state and a fork copies all of it. Only so many processes of a tree run at once: a process
that forks hands its right to run to the child and waits for another one, so that the waiting ones cost memory
(what they don't share) and no time.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import select
import signal
import struct
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from incidentsim.errors import IncidentSimError

_FRAME_BYTES = 512
"""Longest write that POSIX promises not to mix with those of other processes (_POSIX_PIPE_BUF)."""

_HEADER = struct.Struct("<qiH?")
"""Of a frame: process, place, length of the data that follows, and whether it is the last of its message."""

_FAILED = -1
"""Place of a message that holds the error of a branch."""

_READ_BYTES = 65_536

KILLED = "a branch of the re-simulation was killed; try again with less running"


def can_fork() -> bool:
    """Return whether branches can be made here."""
    return hasattr(os, "fork")


class Branches:
    """One process of a tree, as seen from inside: it forks, and reports results. Made by `grow` alone."""

    __slots__ = ("_children", "_conductor", "_life", "_results", "_rights_in", "_rights_out")

    def __init__(self, results: int, rights: tuple[int, int], conductor: int) -> None:
        self._results = results
        self._rights_in, self._rights_out = rights
        self._conductor = conductor
        self._life = -1
        self._children: dict[int, int] = {}

    def report(self, place: int, value: object) -> None:
        """Send a result to whoever called `grow`. `place` is an integer >= 0 of the caller's choosing."""
        self._send(place, pickle.dumps(value))

    def fork(self, function: Callable[[], None]) -> None:
        """Have `function` run in a forked copy of this process; return when this one may go on.

        What `function` raises ends the whole tree: `grow` raises it.
        """
        gc.freeze()  # the collector would otherwise touch, and so copy, every page in every branch
        reading, writing = os.pipe()  # its end tells this process that the child has gone
        pid = os.fork()
        if pid:
            os.close(writing)
            self._children[reading] = pid
            self._await_right()
            return
        # from here on this is the child: it must never return into its parent's program
        for fd in (reading, self._life, *self._children):
            if fd >= 0:
                os.close(fd)
        self._children = {}
        self._life = writing
        self.live(function)

    def live(self, function: Callable[[], None]) -> NoReturn:
        """Run `function`, wait for the children it left, and end this process without any farewell."""
        status = 1
        try:
            try:
                function()
            except IncidentSimError as wrong:
                self._fail(wrong)
            except Exception as wrong:
                self._fail(IncidentSimError(f"{type(wrong).__name__}: {wrong}"))
            self._give_right()
            while self._children:
                self._reap(select.select(list(self._children), [], [])[0])
            status = 0
        finally:
            os._exit(status)  # what the parent's buffers hold is the parent's to write

    def _await_right(self) -> None:
        while True:
            watched = [self._rights_in, self._conductor, *self._children]
            ready = select.select(watched, [], [])[0]
            if self._conductor in ready:
                os._exit(1)  # nobody is left to report to
            self._reap([fd for fd in ready if fd in self._children])
            if self._rights_in in ready:
                with contextlib.suppress(BlockingIOError):  # another process was faster
                    if os.read(self._rights_in, 1):
                        return

    def _give_right(self) -> None:
        os.write(self._rights_out, b".")

    def _reap(self, ended: list[int]) -> None:
        for fd in ended:
            os.close(fd)
            _, status = os.waitpid(self._children.pop(fd), 0)
            if status:
                self._fail(IncidentSimError(KILLED))
                self._give_right()

    def _fail(self, wrong: IncidentSimError) -> None:
        try:
            data = pickle.dumps(wrong)
            pickle.loads(data)
        except Exception:  # an error that can't travel still says what it has to say
            data = pickle.dumps(IncidentSimError(str(wrong)))
        self._send(_FAILED, data)

    def _send(self, place: int, data: bytes) -> None:
        most = _FRAME_BYTES - _HEADER.size
        for start in range(0, len(data), most):
            part = data[start : start + most]
            header = _HEADER.pack(os.getpid(), place, len(part), start + most >= len(data))
            os.write(self._results, header + part)


def grow(root: Callable[[Branches], None], workers: int) -> Iterator[tuple[int, Any]]:
    """Run `root` in a forked copy of this process and yield what it and its branches report, as it comes.

    At most `workers` (>= 1) processes of the tree run at once. Raises the first error of any of them. However
    it is left, no process of the tree remains. Which values come from which process is up to `root`; a process
    that was killed from outside raises IncidentSimError.
    """
    results_in, results_out = os.pipe()
    rights = os.pipe()
    gone, conductor = os.pipe()
    os.set_blocking(rights[0], False)
    os.write(rights[1], b"." * (workers - 1))
    pid = os.fork()
    if not pid:
        # the group is what is killed in the end; the terminal's Ctrl+C is the conductor's to hear
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.close(results_in)
        os.close(conductor)
        branches = Branches(results_out, rights, gone)
        branches.live(lambda: root(branches))
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)  # here as well, so that the group is there whoever comes first
    for fd in (results_out, *rights, gone):
        os.close(fd)
    status = 0
    try:
        for place, data in _messages(results_in):
            value = pickle.loads(data)
            if place == _FAILED:
                raise value
            yield place, value
        status = os.waitpid(pid, 0)[1]
        pid = 0
        if status:
            raise IncidentSimError(KILLED)
    finally:
        os.close(results_in)
        os.close(conductor)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _messages(fd: int) -> Iterator[tuple[int, bytes]]:
    """Yield (place, data) of every whole message until all writers have closed the pipe."""
    buffer = bytearray()
    parts: dict[tuple[int, int], bytearray] = {}
    while chunk := os.read(fd, _READ_BYTES):
        buffer += chunk
        while len(buffer) >= _HEADER.size:
            pid, place, length, last = _HEADER.unpack_from(buffer)
            end = _HEADER.size + length
            if len(buffer) < end:
                break
            parts.setdefault((pid, place), bytearray()).extend(buffer[_HEADER.size : end])
            del buffer[:end]
            if last:
                yield place, bytes(parts.pop((pid, place)))
