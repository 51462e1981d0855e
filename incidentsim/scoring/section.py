"""What a debrief is made of: titled sections of lines, each with the transcript numbers it rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One point, with the transcript numbers that show it (none when the point is that something is
    missing)."""

    text: str
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with its points; never empty."""

    title: str
    lines: tuple[Line, ...]
