"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case
from benchmarks.signatures.rows.caches import CASES as CACHES
from benchmarks.signatures.rows.data import CASES as DATA
from benchmarks.signatures.rows.edge import CASES as EDGE
from benchmarks.signatures.rows.guards import CASES as GUARDS
from benchmarks.signatures.rows.hardware import CASES as HARDWARE
from benchmarks.signatures.rows.observability import CASES as OBSERVABILITY
from benchmarks.signatures.rows.platform import CASES as PLATFORM
from benchmarks.signatures.rows.retrieval import CASES as RETRIEVAL
from benchmarks.signatures.rows.rollout import CASES as ROLLOUT
from benchmarks.signatures.rows.tenants import CASES as TENANTS

CASES: tuple[Case, ...] = (
    *EDGE,
    *TENANTS,
    *GUARDS,
    *CACHES,
    *DATA,
    *OBSERVABILITY,
    *HARDWARE,
    *PLATFORM,
    *RETRIEVAL,
    *ROLLOUT,
)
"""Every case of the catalogue that can be planted."""
