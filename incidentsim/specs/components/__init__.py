"""The kinds of components a stack is built from, with every knob they have, one module a family."""

from __future__ import annotations

from incidentsim.specs.components.base import ComponentSpec, S
from incidentsim.specs.components.caches import CACHES
from incidentsim.specs.components.company import COMPANY, OBSERVABILITY, ORGANISATION
from incidentsim.specs.components.data import DATA
from incidentsim.specs.components.edge import EDGE, GATEWAY, ROUTE, ROUTER, TENANT
from incidentsim.specs.components.guardrail import GUARDS
from incidentsim.specs.components.platform import CONTROL_PLANE, PLATFORM, REGISTRY
from incidentsim.specs.components.quality import QUALITY, QUALITY_KINDS
from incidentsim.specs.components.retrieval import RETRIEVAL_KINDS
from incidentsim.specs.components.serving import AUTOSCALER, NODE, POOL, SERVING

__all__ = ["AUTOSCALER", "COMPONENTS", "CONTROL_PLANE", "GATEWAY", "NODE", "OBSERVABILITY", "ORGANISATION", "POOL",
           "QUALITY", "REGISTRY", "ROUTE", "ROUTER", "TENANT", "ComponentSpec", "S"]  # fmt: skip

COMPONENTS: dict[str, ComponentSpec] = {
    spec.kind: spec
    for spec in (
        *EDGE,
        *SERVING,
        *PLATFORM,
        *GUARDS,
        *CACHES,
        *DATA,
        *RETRIEVAL_KINDS,
        *QUALITY_KINDS,
        *COMPANY,
    )
}
"""Every kind of component, by its kind."""
