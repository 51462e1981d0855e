"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case
from benchmarks.signatures.rows.data import CASES as DATA
from benchmarks.signatures.rows.retrieval import CASES as RETRIEVAL

CASES: tuple[Case, ...] = (
    *DATA,
    *RETRIEVAL,
)
"""Every case of the catalogue that can be planted."""
