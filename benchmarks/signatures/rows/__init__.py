"""All cases, one module a family."""

from __future__ import annotations

from benchmarks.signatures.case import Case

CASES: tuple[Case, ...] = ()
"""Every case of the catalogue that can be planted."""
