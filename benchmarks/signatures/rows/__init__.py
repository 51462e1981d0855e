"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case
from benchmarks.signatures.rows import retrieval

CASES: tuple[Case, ...] = (*retrieval.CASES,)
"""Every case of the catalogue that can be planted."""
