"""One rule of the score, as `score --explain` prints it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `section` is of docs/design/scoring.md; `weight` what it weighs, as text."""

    id: str
    title: str
    formula: str
    section: str
    weight: str
    why: str
