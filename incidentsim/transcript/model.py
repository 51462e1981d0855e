"""A transcript in memory: the header, its records, and what was torn off at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from incidentsim.commands.model import Command

FORMAT = "incidentsim-transcript/1"
"""Name of the format, in every header."""

REDACTED = "redacted"
"""Type of a record whose content was taken out; its place in the chain stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line after the header.

    `t_us` is the scenario time it belongs to (for a command: the tick it applies at, in order `k`), `seq` its
    number in the file, `vis` who may see it (c candidate, i interviewer, g ground truth), `wall_ms` when it
    was written, in milliseconds since the first line. A redacted record keeps `seq`, `leaf` and `link`.
    """

    seq: int
    t_us: int
    k: int
    type: str
    actor: str
    vis: str
    body: dict[str, Any]
    wall_ms: int
    salt: str
    leaf: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A whole transcript, its chain already verified.

    `header` is the first line as it stands; `torn_tail` the bytes after the last complete valid line, empty
    unless the writer was killed in the middle of a line.
    """

    header: dict[str, Any]
    records: tuple[Record, ...]
    torn_tail: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCommand:
    """A command the world was given: `ref` is its record's number; it applied at `t_us`, `k`-th there."""

    t_us: int
    k: int
    ref: int
    command: Command = field(default_factory=lambda: Command(verb=""))
