"""Reading transcripts: strictly, for replay and scoring; and with repair, for a session that was killed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidentsim.errors import TranscriptError
from incidentsim.text import clean
from incidentsim.transcript.chain import Walk, walk
from incidentsim.transcript.codec import MAX_LINE_BYTES, to_record
from incidentsim.transcript.model import Transcript

MAX_FILE_BYTES = 256 * 1024 * 1024
"""Largest file read, far above a day's session: a bound for files that came from elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A repaired transcript. `torn_path` is where the torn tail was put, None when nothing was torn."""

    transcript: Transcript
    torn_path: Path | None


def read(path: Path) -> Transcript:
    """Return the transcript at `path`; a torn last line is left out and reported in `torn_tail`.

    Raises TranscriptError when the file can't be read, has no header, or its chain is broken before the end.
    """
    data = _load(path)
    found = walk(data)
    tail = data[found.valid_bytes :]
    if not found.lines:
        raise TranscriptError(f"{path}: {found.broken}; no transcript can be recovered from it")
    if tail and not _is_torn(tail):
        raise TranscriptError(f"{path}: {found.broken}; `incidentsim verify` shows the details")
    return _transcript(found, tail)


def recover(path: Path) -> Recovered:
    """Return the transcript at `path` after cutting a torn last line off the file and keeping it beside.

    The tail is appended to `<file>.torn` and synced before the file is cut, so no byte is ever lost.
    """
    transcript = read(path)
    tail = transcript.torn_tail
    if not tail:
        return Recovered(transcript=transcript, torn_path=None)
    torn_path = path.with_name(path.name + ".torn")
    try:
        with torn_path.open("ab") as beside:
            beside.write(tail + b"\n")
            beside.flush()
            os.fsync(beside.fileno())
        os.truncate(path, path.stat().st_size - len(tail))
    except OSError as wrong:
        raise TranscriptError(f"{path}: the torn last line can't be moved aside: {wrong.strerror}") from wrong
    return Recovered(transcript=transcript, torn_path=torn_path)


def clean_values(value: Any) -> Any:
    """Return plain JSON with all text cleaned: a transcript may come from anywhere."""
    if isinstance(value, str):
        return clean(value, limit=MAX_LINE_BYTES, keep_newlines=True)
    if isinstance(value, dict):
        return {clean_values(key): clean_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean_values(item) for item in value]
    return value


def _load(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise TranscriptError(f"{path}: {size} bytes; transcripts have at most {MAX_FILE_BYTES}")
        return path.read_bytes()
    except OSError as wrong:
        raise TranscriptError(f"{path}: {wrong.strerror or wrong}") from wrong


def _is_torn(tail: bytes) -> bool:
    """Say whether `tail` can be what a killed writer left: one piece of a line, with nothing after it.

    A power cut may also leave zeros. A complete line that doesn't verify was changed, not torn.
    """
    return b"\n" not in tail or not tail.strip(b"\0")


def _transcript(found: Walk, tail: bytes) -> Transcript:
    header = clean_values(found.lines[0])
    records = tuple(to_record({**line, "body": clean_values(line.get("body"))}) for line in found.lines[1:])
    return Transcript(header=header, records=records, torn_tail=tail)
