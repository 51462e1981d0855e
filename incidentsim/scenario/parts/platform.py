"""The platform below the pools: weights registry, control plane."""

from __future__ import annotations

from typing import Literal

from incidentsim.scenario.fields import Count
from incidentsim.scenario.parts.base import Part


class RegistryPart(Part):
    """Where replicas fetch weights from. With one in the stack, a start takes that and the pool's `warm_up`."""

    kind: Literal["registry"] = "registry"


class ControlPlanePart(Part):
    """The cluster's control plane. `base_requests`: API requests a second of everything that always runs."""

    kind: Literal["control-plane"] = "control-plane"
    base_requests: Count = 900
