"""The kinds of disturbances that can be planted, their parameters, and what removes each at the root."""

from __future__ import annotations

from incidentsim.specs.faults.base import COURSE, FaultSpec, Parameter
from incidentsim.specs.faults.caches import CACHE_FAULTS
from incidentsim.specs.faults.configuration import CONFIGURATION_FAULTS
from incidentsim.specs.faults.data import DATA_FAULTS
from incidentsim.specs.faults.edge import EDGE_FAULTS
from incidentsim.specs.faults.guardrail import GUARD_FAULTS
from incidentsim.specs.faults.hardware import HARDWARE_FAULTS
from incidentsim.specs.faults.observability import OBSERVABILITY_FAULTS
from incidentsim.specs.faults.platform import PLATFORM_FAULTS
from incidentsim.specs.faults.retrieval import RETRIEVAL_FAULTS
from incidentsim.specs.faults.rollout import ROLLOUT_FAULTS
from incidentsim.specs.faults.runtime import RUNTIME_FAULTS
from incidentsim.specs.faults.tenants import TENANT_FAULTS

__all__ = ["COURSE", "FAULTS", "FaultSpec", "Parameter"]

FAULTS: dict[str, FaultSpec] = {
    spec.kind: spec
    for spec in (
        *TENANT_FAULTS,
        *EDGE_FAULTS,
        *CONFIGURATION_FAULTS,
        *HARDWARE_FAULTS,
        *RUNTIME_FAULTS,
        *ROLLOUT_FAULTS,
        *PLATFORM_FAULTS,
        *RETRIEVAL_FAULTS,
        *GUARD_FAULTS,
        *OBSERVABILITY_FAULTS,
        *CACHE_FAULTS,
        *DATA_FAULTS,
    )
}
"""Every fault kind, by its name."""
