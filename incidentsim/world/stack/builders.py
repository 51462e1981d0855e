"""How each optional part of a stack becomes a component. Add a kind here, and `build` does the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from incidentsim.world.stack.component import Component
from incidentsim.world.stack.control_plane import ControlPlane
from incidentsim.world.stack.guardrail import Guardrail
from incidentsim.world.stack.preprocessing import Preprocessing
from incidentsim.world.stack.quality import Quality
from incidentsim.world.stack.registry_store import WeightsRegistry

if TYPE_CHECKING:
    from incidentsim.scenario.parts import (
        ControlPlanePart,
        GuardrailPart,
        PreprocessingPart,
        QualityPart,
        RegistryPart,
    )
    from incidentsim.world.stack.build import Stack


def _quality(stack: Stack, part: QualityPart) -> list[Component]:
    pools = tuple(stack.pools)
    quality = Quality(part, seed=stack.seed, book=stack.book, registry=stack.registry, pools=pools)
    stack.gateway.on_answer.append(quality.answered)
    return [quality]


def _registry(stack: Stack, part: RegistryPart) -> list[Component]:
    made = WeightsRegistry(part, stack.kernel, stack.registry, stack.journal)
    for pool in stack.pools.values():
        pool.launcher.weights = made
    return [made]


def _control_plane(stack: Stack, part: ControlPlanePart) -> list[Component]:
    pools = stack.pools.values()
    made = ControlPlane(part, stack.kernel, pools, seed=stack.seed, registry=stack.registry, journal=stack.journal)
    for pool in pools:
        pool.control = made
    return [made]


def _guardrail(stack: Stack, part: GuardrailPart) -> list[Component]:
    return [Guardrail(part, kernel=stack.kernel, gateway=stack.gateway, book=stack.book, registry=stack.registry,
                      journal=stack.journal, seed=stack.seed)]  # fmt: skip


def _preprocessing(stack: Stack, part: PreprocessingPart) -> list[Component]:
    return [Preprocessing(part, kernel=stack.kernel, gateway=stack.gateway, registry=stack.registry,
                          journal=stack.journal, seed=stack.seed)]  # fmt: skip


BUILDERS: dict[str, Callable[[Stack, Any], list[Component]]] = {
    "guardrail": _guardrail,
    "preprocessing": _preprocessing,
    "quality": _quality,
    "registry": _registry,
    "control-plane": _control_plane,
}
"""By kind: from a part to its component, followed by the components that come with it."""
