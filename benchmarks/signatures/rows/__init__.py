"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case
from benchmarks.signatures.rows.rollout import CASES as ROLLOUT

CASES: tuple[Case, ...] = (
    *ROLLOUT,
)  # fmt: skip
"""Every case of the catalogue that can be planted."""
