"""The one place that writes a session's transcript, keeps its records, and folds them into the state."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from incidentsim.session.state import SessionState
from incidentsim.transcript.model import Record, Transcript
from incidentsim.transcript.writer import Durability, TranscriptWriter

EVERYONE = "cig"
"""Visibility of everything but the ground truth."""


def new_salt() -> str:
    """Return 128 random bits in hex, so that a short body can't be guessed from its leaf."""
    return secrets.token_hex(16)


class Recorder:
    """Appends records to the file and to memory, in that order. `records` is the whole session so far."""

    __slots__ = ("_started_ms", "_writer", "header", "path", "records", "state")

    def __init__(
        self,
        path: Path,
        header: dict[str, Any],
        records: list[Record],
        state: SessionState,
        writer: TranscriptWriter | None,
    ) -> None:
        self.path = path
        self.header = header
        self.records = records
        self.state = state
        self._writer = writer
        before = records[-1].wall_ms if records else 0
        self._started_ms = time.monotonic_ns() // 1_000_000 - before

    @classmethod
    def create(
        cls,
        path: Path,
        header: dict[str, Any],
        state: SessionState,
        *,
        durability: Durability = "normal",
        salt: Callable[[], str] = new_salt,
    ) -> Recorder:
        """Return a recorder of a new file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = TranscriptWriter.create(path, header, new_salt=salt, durability=durability)
        return cls(path, header, [], state, writer)

    @classmethod
    def reopen(cls, path: Path, transcript: Transcript, state: SessionState, *, writable: bool) -> Recorder:
        """Return a recorder that goes on after a recovered transcript; its records go into `state`."""
        durability: Durability = "full" if transcript.header["policy"].get("durability") == "full" else "normal"
        writer = (
            TranscriptWriter.reopen(path, transcript, new_salt=new_salt, durability=durability) if writable else None
        )
        for record in transcript.records:
            state.apply(record)
        return cls(path, transcript.header, list(transcript.records), state, writer)

    def append(
        self, type_: str, t_us: int, body: dict[str, Any], *, actor: str, k: int = 0, vis: str = EVERYONE
    ) -> Record:
        """Write one record; when this returns it is on disk, in `records`, and in the state."""
        if self._writer is None:
            raise ValueError("this session is open for reading only")
        wall_ms = time.monotonic_ns() // 1_000_000 - self._started_ms
        record = self._writer.append(t_us=t_us, k=k, type=type_, actor=actor, vis=vis, body=body, wall_ms=wall_ms)
        self.records.append(record)
        self.state.apply(record)
        return record

    def transcript(self) -> Transcript:
        """Return the session so far as a transcript."""
        return Transcript(header=self.header, records=tuple(self.records))

    def close(self) -> None:
        """Let go of the file, so that another process may resume it."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
