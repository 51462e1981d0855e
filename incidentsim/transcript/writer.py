"""Appending to a transcript: one complete line, handed to the operating system before anyone is told.

The session's recorder owns the one writer of a file; a second process that tries gets an error. `os.write`
without a buffer survives the death of the process; `durability="full"` also waits for the disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from incidentsim.errors import TranscriptError
from incidentsim.transcript.codec import GENESIS, SealedLine, seal
from incidentsim.transcript.model import FORMAT, Record, Transcript

Durability = Literal["normal", "full"]


class TranscriptWriter:
    """The single writer of one file. After an error it refuses everything: what is on disk stays right."""

    __slots__ = ("_durability", "_failed", "_fd", "_head", "_new_salt", "_path", "next_seq")

    def __init__(
        self,
        path: Path,
        fd: int,
        *,
        head: str,
        next_seq: int,
        new_salt: Callable[[], str],
        durability: Durability,
    ) -> None:
        self._path = path
        self._fd = fd
        self._head = head
        self._new_salt = new_salt
        self._durability = durability
        self._failed = False
        self.next_seq = next_seq

    @classmethod
    def create(
        cls,
        path: Path,
        header: dict[str, Any],
        *,
        new_salt: Callable[[], str],
        durability: Durability = "normal",
    ) -> TranscriptWriter:
        """Return a writer of a new file that holds the header. Raises TranscriptError when it exists."""
        writer = cls(
            path,
            _open(path, os.O_CREAT | os.O_EXCL),
            head=GENESIS,
            next_seq=0,
            new_salt=new_salt,
            durability=durability,
        )
        try:
            writer._write(seal({"fmt": FORMAT, **header}, salt=new_salt(), previous=GENESIS))
        except TranscriptError:
            writer.close()
            raise
        if durability == "full":
            _sync_directory(path.parent)
        return writer

    @classmethod
    def reopen(
        cls,
        path: Path,
        transcript: Transcript,
        *,
        new_salt: Callable[[], str],
        durability: Durability = "normal",
    ) -> TranscriptWriter:
        """Return a writer that goes on after the last line of a recovered transcript."""
        last = transcript.records[-1].link if transcript.records else str(transcript.header["link"])
        return cls(
            path,
            _open(path, 0),
            head=last,
            next_seq=len(transcript.records),
            new_salt=new_salt,
            durability=durability,
        )

    def append(
        self, *, t_us: int, k: int, type: str, actor: str, vis: str, body: dict[str, Any], wall_ms: int
    ) -> Record:
        """Write one record and return it; when this returns, a killed process no longer loses it."""
        seq = self.next_seq
        plain = {
            "seq": seq,
            "t": t_us,
            "k": k,
            "type": type,
            "actor": actor,
            "vis": vis,
            "body": body,
            "w": wall_ms,
        }
        line = seal(plain, salt=self._new_salt(), previous=self._head)
        self._write(line)
        self.next_seq = seq + 1
        return Record(
            seq=seq,
            t_us=t_us,
            k=k,
            type=type,
            actor=actor,
            vis=vis,
            body=body,
            wall_ms=wall_ms,
            salt=line.salt,
            leaf=line.leaf,
            link=line.link,
        )

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, line: SealedLine) -> None:
        if self._failed or self._fd < 0:
            raise TranscriptError(f"{self._path}: no longer writable; end the session and resume it")
        view = memoryview(line.data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
            if self._durability == "full":
                getattr(os, "fdatasync", os.fsync)(self._fd)
        except OSError as wrong:
            self._failed = True
            raise TranscriptError(
                f"{self._path}: can't be written: {wrong.strerror}; free some space, then resume the session"
            ) from wrong
        self._head = line.link


def _open(path: Path, flags: int) -> int:
    try:
        fd = os.open(
            path,
            os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | flags,
            0o600,
        )
    except FileExistsError:
        raise TranscriptError(f"{path}: exists already; choose another name, or resume that session") from None
    except OSError as wrong:
        raise TranscriptError(f"{path}: can't be opened for writing: {wrong.strerror}") from wrong
    try:
        _lock(fd)
    except OSError:
        os.close(fd)
        raise TranscriptError(f"{path}: another process is writing this session; end it first") from None
    return fd


def _lock(fd: int) -> None:
    """Take the file for this process until it is closed, where the platform has advisory locks."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
