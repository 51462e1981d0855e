"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case
from benchmarks.signatures.rows.platform import CASES as PLATFORM
from benchmarks.signatures.rows.rollout import CASES as ROLLOUT

CASES: tuple[Case, ...] = (
    *ROLLOUT,
    *PLATFORM,
)  # fmt: skip
"""Every case of the catalogue that can be planted."""
