"""Whether a transcript's chain holds, and if not, which line breaks it first, and how.

`verify` is for people and the command line: it reports. Reading and recovery use the same walk.
A chain shows any change; it can't show that the end was cut off or that all was rewritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from incidentsim.errors import TranscriptError
from incidentsim.transcript.codec import GENESIS, decode, is_redacted, leaf_hash, link_hash, problem_in_event
from incidentsim.transcript.model import FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first line that doesn't hold: its number in the file (the header is 1) and what is wrong."""

    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line} {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The valid beginning of a file: its lines, the bytes they take, the last link, and why it ended."""

    lines: tuple[dict[str, Any], ...]
    valid_bytes: int
    head: str
    broken: Break | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """The verdict on one file. `head` is the last link; `redacted` are the numbers of emptied records."""

    ok: bool
    lines: int
    head: str
    redacted: tuple[int, ...]
    broken: Break | None


def verify(data: bytes) -> ChainReport:
    """Check every line of a transcript file; never raises for what the file holds."""
    found = walk(data)
    redacted = tuple(line["seq"] for line in found.lines[1:] if is_redacted(line))
    return ChainReport(
        ok=found.broken is None,
        lines=len(found.lines),
        head=found.head,
        redacted=redacted,
        broken=found.broken,
    )


def walk(data: bytes) -> Walk:
    """Follow the chain from the header to the first line that doesn't hold."""
    lines: list[dict[str, Any]] = []
    head, position = GENESIS, 0
    broken = Break(line=1, problem="is missing: the file is empty") if not data else None
    while position < len(data) and broken is None:
        end = data.find(b"\n", position)
        if end < 0:
            broken = Break(line=len(lines) + 1, problem="is torn: it has no line feed at its end")
            break
        try:
            line = decode(data[position:end])
            head = _follow(line, len(lines), head)
        except TranscriptError as wrong:
            broken = Break(line=len(lines) + 1, problem=str(wrong))
            break
        lines.append(line)
        position = end + 1
    return Walk(lines=tuple(lines), valid_bytes=position, head=head, broken=broken)


def _follow(line: dict[str, Any], index: int, previous: str) -> str:
    """Return the link after `line`, the `index`-th of the file. Raises TranscriptError."""
    if index == 0:
        problem = "" if line.get("fmt") == FORMAT else f"is not the header of a {FORMAT} file"
        problem = problem or ("" if _is_text(line, "salt", "leaf", "link") else "lacks its salt, leaf or link")
    else:
        problem = problem_in_event(line)
        if not problem and line["seq"] != index - 1:
            problem = f"has the number {line['seq']} where {index - 1} is due: a line was moved, added or removed"
    if problem:
        raise TranscriptError(problem)
    if not is_redacted(line) and leaf_hash(line, line["salt"]) != line["leaf"]:
        raise TranscriptError("was changed: its content doesn't match its leaf hash")
    link = link_hash(previous, line["leaf"])
    if link != line["link"]:
        raise TranscriptError("breaks the chain: its link doesn't follow from the line before")
    return link


def _is_text(line: dict[str, Any], *keys: str) -> bool:
    return all(isinstance(line.get(key), str) for key in keys)
