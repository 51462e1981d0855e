"""How each optional part of a stack becomes a component. Add a kind here, and `build` does the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from incidentsim.world.stack.component import Component
from incidentsim.world.stack.data.pipeline import Pipeline
from incidentsim.world.stack.data.ranker import Ranker
from incidentsim.world.stack.golden_prompts import GoldenPrompts
from incidentsim.world.stack.pools.control_plane import ControlPlane
from incidentsim.world.stack.pools.registry_store import WeightsRegistry
from incidentsim.world.stack.quality import Quality
from incidentsim.world.stack.retrieval import Retrieval, Shard
from incidentsim.world.stack.stages.guardrail import Guardrail
from incidentsim.world.stack.stages.preprocessing import Preprocessing
from incidentsim.world.stack.stages.response_cache import ResponseCache

if TYPE_CHECKING:
    from incidentsim.scenario.parts import (
        ControlPlanePart,
        GuardrailPart,
        PipelinePart,
        PreprocessingPart,
        QualityPart,
        RankerPart,
        RegistryPart,
        ResponseCachePart,
        RetrievalPart,
    )
    from incidentsim.world.stack.build import Stack


def _quality(stack: Stack, part: QualityPart) -> list[Component]:
    pools = tuple(stack.pools)
    golden = GoldenPrompts(stack.pods, kernel=stack.kernel, registry=stack.registry, seed=stack.seed)
    quality = Quality(
        part, seed=stack.seed, book=stack.book, registry=stack.registry, pools=pools, golden=golden
    )  # fmt: skip
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


def _pipeline(stack: Stack, part: PipelinePart) -> list[Component]:
    pipeline = Pipeline(part, kernel=stack.kernel, registry=stack.registry, journal=stack.journal)
    return [pipeline, *pipeline.jobs, pipeline.store]


def _ranker(stack: Stack, part: RankerPart) -> list[Component]:
    pipelines = [c for c in stack.components.values() if isinstance(c, Pipeline)]
    return [Ranker(part, pipelines[0].store if pipelines else None, kernel=stack.kernel, gateway=stack.gateway,
                   book=stack.book, registry=stack.registry, seed=stack.seed)]  # fmt: skip


def _retrieval(stack: Stack, part: RetrievalPart) -> list[Component]:
    size = part.vectors // part.shards * part.dimensions * 4  # float32
    shards = [Shard(name, stack.kernel, stack.registry, stack.journal, size_bytes=size) for name in part.children()]
    tenants = {t.id: stack.cast.shown(t.id) for t in stack.scenario.tenants}
    retrieval = Retrieval(
        part, shards, kernel=stack.kernel, gateway=stack.gateway, registry=stack.registry, journal=stack.journal,
        seed=stack.seed, tenants=tenants, built=lambda: stack.settings.set(f"{part.id}.rebuild", "off"),
    )  # fmt: skip
    return [retrieval, *shards]


def _response_cache(stack: Stack, part: ResponseCachePart) -> list[Component]:
    return [ResponseCache(part, kernel=stack.kernel, gateway=stack.gateway, book=stack.book, registry=stack.registry,
                          journal=stack.journal, seed=stack.seed)]  # fmt: skip


BUILDERS: Final[dict[str, Callable[[Stack, Any], list[Component]]]] = {
    "guardrail": _guardrail,
    "pipeline": _pipeline,
    "preprocessing": _preprocessing,
    "ranker": _ranker,
    "retrieval": _retrieval,
    "response-cache": _response_cache,
    "quality": _quality,
    "registry": _registry,
    "control-plane": _control_plane,
}
"""By kind: from a part to its component, followed by the components that come with it."""
