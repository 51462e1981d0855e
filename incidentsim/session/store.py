"""Where sessions lie: `<data>/sessions/<sid>.jsonl`, results beside them. Used by the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Literal

from incidentsim.errors import TranscriptError, UsageError
from incidentsim.transcript import queries
from incidentsim.transcript.recovery import read


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """One session on disk. `problem` says why it can't be read; then only `path` and `sid` mean anything."""

    path: Path
    sid: str
    scenario: str
    seed: int
    created_utc: str
    state: Literal["finished", "resumable", "broken"]
    end_us: int
    problem: str = ""


def new_session_path(data: Path, scenario_id: str) -> Path:
    """Return the path of a new session's record; its stem is the session id."""
    return data / "sessions" / f"{scenario_id}-{token_hex(4)}.jsonl"


def session_path(data: Path, sid: str) -> Path:
    """Return the path of the session called `sid`, or whose id begins so. Raises UsageError."""
    found = [p for p in _files(data) if p.stem == sid] or [p for p in _files(data) if p.stem.startswith(sid)]
    if len(found) != 1:
        what = (
            f"{len(found)} sessions begin with {sid!r}; give more of the id"
            if found
            else f"there is no session {sid!r}"
        )
        raise UsageError(f"{what}; they lie in {data / 'sessions'}")
    return found[0]


def results_path(transcript: Path) -> Path:
    """Return where the scores of a transcript are kept: an append-only file beside it."""
    return transcript.with_name(transcript.stem + ".results.jsonl")


def list_sessions(data: Path) -> tuple[StoredSession, ...]:
    """Return the sessions of a data directory, newest first; broken ones are listed with their problem."""
    found = [describe(path) for path in _files(data)]
    return tuple(sorted(found, key=lambda s: (s.created_utc, s.sid), reverse=True))


def describe(path: Path) -> StoredSession:
    """Return what can be said of one record without running it."""
    try:
        transcript = read(path)
        header = transcript.header
        return StoredSession(
            path=path,
            sid=path.stem,
            scenario=str(header["scenario"]["id"]),
            seed=int(header["seed"]),
            created_utc=str(header["created_utc"]),
            end_us=queries.end_us(transcript),
            state="finished" if queries.has_ended(transcript) else "resumable",
        )
    except TranscriptError as wrong:
        problem = str(wrong)
    except (KeyError, TypeError, ValueError) as wrong:
        problem = f"{path}: the header is not one of this version ({wrong})"
    return StoredSession(
        path=path,
        sid=path.stem,
        scenario="",
        seed=0,
        created_utc="",
        state="broken",
        end_us=0,
        problem=problem,
    )


def _files(data: Path) -> list[Path]:
    folder = data / "sessions"
    return sorted(p for p in folder.glob("*.jsonl") if not p.name.endswith(".results.jsonl"))
