"""The parts of a stack as a file says them, one module a family. `Stack` holds them all."""

from __future__ import annotations

from incidentsim.scenario.parts.base import Model, Part
from incidentsim.scenario.parts.caches import ResponseCachePart
from incidentsim.scenario.parts.data import FeaturePart, JobPart, PipelinePart, RankerPart
from incidentsim.scenario.parts.demand import Client, Slo, Tenant, Workload
from incidentsim.scenario.parts.edge import RoutePart
from incidentsim.scenario.parts.guardrail import GuardrailPart, PreprocessingPart
from incidentsim.scenario.parts.platform import ControlPlanePart, RegistryPart
from incidentsim.scenario.parts.quality import QualityPart
from incidentsim.scenario.parts.retrieval import RetrievalPart
from incidentsim.scenario.parts.serving import AutoscalerPart, PoolPart
from incidentsim.scenario.parts.stack import ComponentPart, ObservabilityPart, Stack
from incidentsim.scenario.parts.variation import Choice, Option, Range, SiblingOf, Variants, Word

__all__ = [
    "AutoscalerPart",
    "Choice",
    "Client",
    "ComponentPart",
    "ControlPlanePart",
    "FeaturePart",
    "GuardrailPart",
    "JobPart",
    "Model",
    "ObservabilityPart",
    "Option",
    "Part",
    "PipelinePart",
    "PoolPart",
    "PreprocessingPart",
    "QualityPart",
    "Range",
    "RankerPart",
    "RegistryPart",
    "ResponseCachePart",
    "RetrievalPart",
    "RoutePart",
    "SiblingOf",
    "Slo",
    "Stack",
    "Tenant",
    "Variants",
    "Word",
    "Workload",
]
