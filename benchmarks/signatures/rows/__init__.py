"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case
from benchmarks.signatures.rows.data import CASES as DATA
from benchmarks.signatures.rows.hardware import CASES as HARDWARE
from benchmarks.signatures.rows.platform import CASES as PLATFORM
from benchmarks.signatures.rows.retrieval import CASES as RETRIEVAL
from benchmarks.signatures.rows.rollout import CASES as ROLLOUT

CASES: tuple[Case, ...] = (
    *DATA,
    *HARDWARE,
    *PLATFORM,
    *RETRIEVAL,
    *ROLLOUT,
)
"""Every case of the catalogue that can be planted."""
