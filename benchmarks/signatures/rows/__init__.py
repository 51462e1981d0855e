"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case
from benchmarks.signatures.rows import edge, tenants

CASES: tuple[Case, ...] = (*edge.CASES, *tenants.CASES)
"""Every case of the catalogue that can be planted."""
