"""How each optional part of a stack becomes a component. Add a kind here, and `build` does the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from incidentsim.world.stack.component import Component
from incidentsim.world.stack.quality import Quality

if TYPE_CHECKING:
    from incidentsim.scenario.parts import QualityPart
    from incidentsim.world.stack.build import Stack


def _quality(stack: Stack, part: QualityPart) -> list[Component]:
    pools = tuple(stack.pools)
    quality = Quality(part, seed=stack.seed, book=stack.book, registry=stack.registry, pools=pools)
    stack.gateway.on_answer.append(quality.answered)
    return [quality]


BUILDERS: dict[str, Callable[[Stack, Any], list[Component]]] = {
    "quality": _quality,
}
"""By kind: from a part to its component, followed by the components that come with it."""
