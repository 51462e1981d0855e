"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case
from benchmarks.signatures.rows.data import CASES as DATA

CASES: tuple[Case, ...] = (
    *DATA,
)
"""Every case of the catalogue that can be planted."""
