"""What a debrief is made of: titled sections of lines, each with the transcript numbers it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One point, with the transcript numbers that show it (none when the point is that something is
    missing). `mark` says how it went where that can be said: an action that helped, a claim that was wrong."""

    text: str
    seqs: tuple[int, ...] = ()
    mark: Literal["", "good", "bad"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with its points; never empty."""

    title: str
    lines: tuple[Line, ...]
