"""Where postmortems are kept in the data directory: the text of each session, and what its checks said.

Used by the `postmortem` verb and by the terminal's editor, so that either tells what changed since the last check,
whichever made it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from incidentsim.errors import UsageError

if TYPE_CHECKING:
    from incidentsim.scoring.postmortem.report import Delta

MAX_BYTES = 1_000_000
"""Largest postmortem that is read: more is a wrong file."""


def memory_path(data: Path, sid: str) -> Path:
    """Return where the checks of a session's postmortem are remembered, one JSON line each."""
    return data / "postmortems" / f"{_safe(sid)}.jsonl"


def text_path(data: Path, sid: str) -> Path:
    """Return where the text written in the terminal is kept."""
    return data / "postmortems" / f"{_safe(sid)}.md"


def read_text(path: Path) -> str:
    """Return a file's text. Raises UsageError for one that is none."""
    raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    if raw is None:
        raise UsageError(f"{path} is larger than {MAX_BYTES:,} bytes: that is no postmortem")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as wrong:
        raise UsageError(f"{path} is not UTF-8 text: {wrong.reason} at byte {wrong.start}") from wrong


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all. Raises UsageError when the place can't be written."""
    part = path.with_suffix(".md.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as wrong:
        raise UsageError(f"the postmortem can't be written to {path}: {wrong.strerror}") from wrong


def last_check(memory: Path, now: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the last remembered check of another text of this session."""
    others = [value for value in _checks(memory) if value.get("digest") != now["digest"]]
    return others[-1] if others else None


def remember(memory: Path, now: Mapping[str, Any]) -> None:
    """Add a check, unless it is the last one there already."""
    checks = _checks(memory)
    if checks and checks[-1] == now:
        return
    memory.parent.mkdir(parents=True, exist_ok=True)
    with memory.open("a", encoding="utf-8") as out:
        out.write(json.dumps(now, ensure_ascii=False, sort_keys=True) + "\n")


def changed(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Delta | None:
    """Return what changed between two checks; None without an earlier one, or with one of another version."""
    from incidentsim.scoring.postmortem.report import delta

    if before is None:
        return None
    try:
        return delta(before, now)
    except (KeyError, TypeError, ValueError):
        return None


def _checks(memory: Path) -> list[dict[str, Any]]:
    try:
        lines = memory.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    out: list[dict[str, Any]] = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            out.append(value)
    return out


def _safe(sid: str) -> str:
    return "".join(c for c in sid if c.isascii() and (c.isalnum() or c in "-_"))[:80] or "session"
