"""Routes: which stages and pools a kind of request passes."""

from __future__ import annotations

from pydantic import Field

from incidentsim.scenario.fields import CleanText, Id
from incidentsim.scenario.parts.base import Part


class RoutePart(Part):
    """One kind of request, called `route.<id>` as a component.

    It passes `stages` (ids of components) in their order, then waits for one of `pools`: the first serves it,
    the others are where a fallback or a canary may send it. Without pools it ends after its last stage.
    """

    path: CleanText = "/v1/chat/completions"
    stages: tuple[Id, ...] = Field(default=(), max_length=8)
    pools: tuple[Id, ...] = Field(default=(), max_length=8)
